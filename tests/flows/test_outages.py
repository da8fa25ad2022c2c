"""PostgreSQL and Redis are really stopped and started again, while the served product is under load (OPS-14)."""

import http.client
import json
import re
import threading
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from hashlib import sha256
from urllib.parse import urlencode

import psycopg
import pytest

from tests.support.server import free_port, manage, serving
from tests.support.services import private_services

CLIENT = {"grant_type": "client_credentials", "client_id": "ServiceDemoClient", "client_secret": "DEMO"}
WORKERS = 2
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Site:
    """The served product and its callers."""

    def __init__(self, port, log):
        self.port, self.log = port, log

    def ask(self, method, path, body=None, headers=None, timeout=20):
        """Status, headers and text of one request over a connection of its own."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            client.request(method, path, body, headers or {})
            response = client.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            client.close()

    def token(self):
        return self.ask("POST", "/id/connect/token", urlencode(CLIENT), FORM)

    def api(self, token):
        return self.ask(
            "GET", "/api/domain/odata/Crm_Sales_Customers?$top=1", headers={"Authorization": f"Bearer {token}"}
        )

    def page(self):
        # A session that is not known has to be looked up.
        name = f"erpnet-{sha256(f'http://127.0.0.1:{self.port}'.encode()).hexdigest()[:8]}"
        return self.ask("GET", "/id/", headers={"Cookie": f"{name}=abcdefghijklmnopqrstuvwxyz012345"})

    def live(self):
        return self.ask("GET", "/health/live")

    def ready(self):
        status, _, text = self.ask("GET", "/health/ready")
        return status, json.loads(text)

    def written(self):
        return self.log.read_text()


class Load:
    """Callers that go on until the block ends; what they were answered stands in ``answers``, by phase."""

    def __init__(self, site):
        self._site = site
        self.phase = "before"
        self.answers = defaultdict(Counter)
        self.slowest = defaultdict(float)
        self.bodies = {}
        self._stop = threading.Event()
        self.api_token = json.loads(site.token()[2])["access_token"]

    def _call(self, name, ask):
        while not self._stop.is_set():
            phase, started = self.phase, time.monotonic()
            try:
                status, headers, text = ask()
            except (OSError, http.client.HTTPException) as error:
                status, headers, text = type(error).__name__, {}, ""
            lasted = time.monotonic() - started
            if phase == self.phase:
                self.answers[phase][name, status] += 1
                self.slowest[phase] = max(self.slowest[phase], lasted)
                self.bodies.setdefault((phase, name, status), (headers, text))
            time.sleep(0.005)

    @contextmanager
    def running(self):
        asks = {
            "token": self._site.token,
            "api": lambda: self._site.api(self.api_token),
            "page": self._site.page,
            "live": self._site.live,
        }
        threads = [
            threading.Thread(target=self._call, args=(name, ask)) for name, ask in asks.items() for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(30)

    def statuses(self, phase, *names):
        return {status for (name, status) in self.answers[phase] if not names or name in names}

    def report(self):
        for phase, counts in self.answers.items():
            told = ", ".join(f"{name} {status}: {number}" for (name, status), number in sorted(counts.items(), key=str))
            print(f"{phase}: {told}; slowest {self.slowest[phase]:.2f} s")


@pytest.fixture(scope="module")
def services():
    with private_services(max_connections=40) as (database, cache):
        prepared = manage("quickstart", "--no-serve", DATABASE_URL=database.url, CACHE_URL=cache.url)
        assert prepared.returncode == 0, prepared.stderr
        yield database, cache


@pytest.fixture
def site(services, tmp_path):
    database, cache = services
    port, log = free_port(), tmp_path / "log"
    arguments = ("serve", "--port", str(port), "--workers", str(WORKERS))
    address = f"http://127.0.0.1:{port}"
    variables = {
        "DATABASE_URL": database.url,
        "CACHE_URL": cache.url,
        "INSTANCE_URL": address,
        # One token for all the load; how many requests run at once is still counted in Redis.
        "ERPNET_DOMAIN_API": '{"RateLimits": {"SessionRpm": 0}}',
    }
    with serving(port, *arguments, log=log, **variables):
        yield Site(port, log)


def lines_with(text, words):
    return [line for line in text.splitlines() if words in line]


@pytest.mark.contract("OPS-14")
def test_the_database_is_stopped_and_started(services, site):
    database, _ = services
    load = Load(site)
    with load.running():
        time.sleep(1.5)
        load.phase = "going"
        database.stop()
        load.phase = "away"
        time.sleep(3)
        away = site.ready()
        load.phase = "coming"
        database.start()
        # The first requests of all, on every thread of every worker.
        load.phase = "back"
        first = [site.token()[0] for _ in range(3)]
        time.sleep(2)
        back = site.ready()
    load.report()

    assert load.statuses("before") == {200, 302}
    assert load.statuses("going", "token", "api", "page") <= {200, 302, 503}
    assert load.statuses("away", "token", "api", "page") == {503}
    assert load.statuses("away", "live") == {200}
    assert load.slowest["away"] < 5
    assert first == [200, 200, 200]
    assert load.statuses("back") == {200, 302}
    assert away[0] == 503
    assert back[0] == 200

    headers, text = load.bodies["away", "token", 503]
    assert json.loads(text)["error"] == "temporarily_unavailable"
    assert headers["Cache-Control"] == "no-store"
    assert int(headers["Retry-After"]) > 0
    headers, text = load.bodies["away", "api", 503]
    error = json.loads(text)["error"]
    assert (error["code"], error["type"]) == (503, "ServiceUnavailable")
    assert int(headers["Retry-After"]) > 0
    headers, text = load.bodies["away", "page", 503]
    assert "Back in a moment" in text
    assert 'id="error-again" href="/id' in text
    assert int(headers["Retry-After"]) > 0

    written = site.written()
    assert "Traceback" not in written
    # One a minute and process, whatever the number of requests.
    told = lines_with(written, "the database is not available")
    assert 1 <= len(told) <= WORKERS
    # Whichever of these the first request met.
    reasons = ("refused", "terminating", "closed", "starting up", "shutting down")
    assert any(reason in told[0] for reason in reasons), told
    assert len(re.findall("warning", written)) < 10 * WORKERS


@pytest.mark.contract("OPS-14")
def test_a_restart_under_load(services, site):
    """What most restarts are: too short to be noticed by whoever asks a second later."""
    database, _ = services
    load = Load(site)
    with load.running():
        time.sleep(1)
        for number in range(3):
            load.phase = f"restart {number}"
            database.stop()
            database.start()
            load.phase = f"back {number}"
            time.sleep(1)
    load.report()
    for number in range(3):
        assert load.statuses(f"restart {number}") <= {200, 302, 503}
        assert load.statuses(f"back {number}") == {200, 302}
    assert "Traceback" not in site.written()


@pytest.mark.contract("OPS-03", "OPS-08", "OPS-14")
def test_redis_is_stopped_and_started(services, site):
    _, cache = services
    load = Load(site)
    with load.running():
        time.sleep(1)
        load.phase = "going"
        cache.stop()
        load.phase = "away"
        time.sleep(3)
        away = site.ready()
        load.phase = "coming"
        cache.start()
        load.phase = "back"
        time.sleep(2)
        back = site.ready()
    load.report()

    for phase in ("before", "going", "away", "coming", "back"):
        assert load.statuses(phase) <= {200, 302}, phase
    assert load.slowest["away"] < 5
    assert (away[0], away[1]["degraded"], away[1]["failing"]) == (200, ["cache"], [])
    assert (back[0], back[1]["degraded"]) == (200, [])
    assert "Traceback" not in site.written()


@pytest.mark.contract("OPS-14")
def test_too_many_clients(services, site):
    """Others have taken every connection that PostgreSQL gives."""
    database, _ = services
    held = taken_from(database, 100)
    try:
        take_all(database, held)
        statuses = Counter(site.token()[0] for _ in range(40))
        assert set(statuses) == {503}
        assert site.live()[0] == 200
    finally:
        for connection in held:
            connection.close()
    assert site.token()[0] == 200
    written = site.written()
    assert "Traceback" not in written
    assert "too many clients" in written or "reserved" in written, written


def take_all(database, held):
    """Cut off every connection that is not held here, and take its place."""
    with held[0].cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND NOT pid = ANY(%s)",
            ([connection.info.backend_pid for connection in held],),
        )
        freed = cursor.rowcount
    held += taken_from(database, freed + 5)


def taken_from(database, most):
    """Connections, until there is none left."""
    found = []
    while len(found) < most:
        try:
            found.append(database.connect())
        except psycopg.OperationalError:
            break
    return found
