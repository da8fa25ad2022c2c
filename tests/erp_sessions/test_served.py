"""The pool behind the real server with several workers, some of which are killed.

``SESSION_OPENINGS=5000`` goes on for longer.
"""

import http.client
import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection
from django.utils import timezone

from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions import pool, services
from erpnet_identity.erp_sessions.models import ErpSession
from tests.support.chance import chance
from tests.support.processes import in_threads, looking_on
from tests.support.server import free_port, serving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("postgresql")]

SLOTS, WORKERS, CALLERS = 10, 3, 14
KILLS = int(os.environ.get("SESSION_OPENINGS", "100")) // 250 or 2
# The server takes a worker that dies sooner after its start for one that cannot start at all.
CHILDHOOD = 6.0
PAUSE = CHILDHOOD / (WORKERS - 1)


def database_url():
    told = connection.settings_dict
    password = f":{quote(told['PASSWORD'], safe='')}" if told["PASSWORD"] else ""
    return f"postgres://{told['USER']}{password}@{told['HOST']}:{told['PORT']}/{told['NAME']}"


def workers_of(process):
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if "resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_text()]


def get(port, token):
    """The status of one call, or what happened instead of an answer."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        client.request(
            "GET", "/api/domain/odata/Crm_Sales_Customers?$top=1", headers={"Authorization": f"Bearer {token}"}
        )
        response = client.getresponse()
        response.read()
        return response.status
    except (OSError, http.client.HTTPException):
        return "cut off"
    finally:
        client.close()


def taken():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM erp_sessions_erpsession WHERE closed_at IS NULL")
        return cursor.fetchone()[0]


@pytest.mark.stress
@pytest.mark.contract("SE-48", "SE-56", "SE-59", "SE-60", "SE-82", "OPS-07")
def test_workers_are_killed_under_load(service_app, service_token, tmp_path):
    tokens = [service_token(service_app) for _ in range(CALLERS)]
    pool.set_slots(SLOTS, kept_from_services=0, actor=SYSTEM)
    port = free_port()
    stop = threading.Event()
    answers = Counter()
    luck = chance("disturb")

    def call(number):
        if number == CALLERS:
            return disturb()
        pauses = chance("call", number)
        while not stop.is_set():
            answers[get(port, tokens[number])] += 1
            time.sleep(pauses.random() / 50)

    def disturb():
        born = dict.fromkeys(workers_of(process), 0.0)
        kill_at, killed = time.monotonic() + PAUSE, 0
        try:
            while killed < KILLS or time.monotonic() < kill_at:
                time.sleep(luck.random() / 20)
                if sessions := list(ErpSession.objects.open().values_list("pk", flat=True)):
                    services.close_chosen([luck.choice(sessions)], now=timezone.now(), actor=SYSTEM)
                now = time.monotonic()
                grown_up = [pid for pid in workers_of(process) if now - born.setdefault(pid, now) > CHILDHOOD]
                if killed < KILLS and now > kill_at and grown_up:
                    os.kill(luck.choice(grown_up), signal.SIGKILL)
                    kill_at, killed = now + PAUSE, killed + 1
        finally:
            stop.set()

    log = tmp_path / "log"
    with serving(
        port,
        "serve",
        f"--port={port}",
        f"--workers={WORKERS}",
        log=log,
        DATABASE_URL=database_url(),
        CACHE_URL=os.environ.get("TEST_CACHE_URL", "locmemcache://"),
        INSTANCE_URL="http://127.0.0.1:8000",
        ERPNET_DOMAIN_API='{"RateLimits": {"SessionRpm": 0}}',
    ) as process:
        began = workers_of(process)
        assert len(began) == WORKERS
        with looking_on(taken) as report:
            in_threads(CALLERS + 1, call)
        seen, times = report
        assert max(seen) == SLOTS, "it was full, and never more than that"
        assert set(workers_of(process)) != set(began)
        print(f"{dict(answers)}, {KILLS} killed, looked {times} times")
        assert set(answers) <= {200, 503, "cut off"}
        assert answers[200] > 100
        assert answers[503]
        # Only what the dead were just answering was cut off.
        assert answers["cut off"] <= KILLS * CALLERS

        # Nothing is blocked by the dead: the pool fills up again at once, to the last slot and no further.
        services.close_all(now=timezone.now(), actor=SYSTEM)
        started = time.monotonic()
        statuses = [get(port, token) for token in tokens]
        assert time.monotonic() - started < 10
        assert statuses == [200] * SLOTS + [503] * (CALLERS - SLOTS)
    services.close_all(now=timezone.now(), actor=SYSTEM)
    rows = sorted(str(key) for key in ErpSession.objects.values_list("pk", flat=True))
    for name in ("erp_session.opened", "erp_session.closed"):
        found = AuditEvent.objects.filter(name=name).values_list("detail", flat=True)
        assert sorted(detail["session"] for detail in found) == rows
    assert '"level": "error"' not in log.read_text()
