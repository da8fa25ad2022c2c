"""The production server, started as an operator starts it."""

import http.client
import signal
import socket
import threading
import time
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from erpnet_identity.operations import ports, workers
from tests.support.server import free_port, get, manage, serving


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A migrated database file."""
    url = f"sqlite:///{tmp_path_factory.mktemp('serve') / 'instance.sqlite3'}"
    result = manage("migrate", "--verbosity=0", DATABASE_URL=url)
    assert result.returncode == 0, result.stderr
    return url


@pytest.mark.contract("OPS-07", "OPS-08", "API-18", "IS-32")
def test_serves_and_stops_after_the_running_request(database, tmp_path):
    port = free_port()
    log = tmp_path / "log"
    answers = []
    with serving(
        port,
        "serve",
        f"--port={port}",
        log=log,
        DATABASE_URL=database,
        INSTANCE_URL=f"http://127.0.0.1:{port}",
        DJANGO_SETTINGS_MODULE="tests.support.slow_settings",
        LOG_FORMAT="json",
    ) as process:
        assert get(port, "/health/ready")[0] == 200
        # Static files are served without having been collected.
        status, sheet = get(port, "/static/erp/site.css")
        assert status == 200
        assert b"--erp-ink" in sheet
        # An address of 8,000 bytes, which gunicorn would refuse (API-18).
        assert get(port, "/tools/sha256?secret=" + "s" * 8000)[0] == 200
        # A connection that a browser keeps open does not keep the server alive.
        idle = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        idle.request("GET", "/tools/ver")
        response = idle.getresponse()
        assert response.headers["Content-Length"] == str(len(response.read()))

        running = threading.Thread(target=lambda: answers.append(get(port, "/slow")))
        running.start()
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        running.join(20)
        assert process.wait(20) == 0
        idle.close()
    assert answers == [(200, b"finished")]
    text = log.read_text()
    assert '"event": "serving"' in text
    assert "ssss" not in text
    assert "Warning" not in text
    assert '"level": "error"' not in text


@pytest.mark.contract("OPS-07")
def test_two_workers(database, tmp_path):
    port = free_port()
    with serving(
        port, "serve", f"--port={port}", "--workers=2", log=tmp_path / "log", DATABASE_URL=database
    ) as process:
        assert get(port, "/health/ready")[0] == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.contract("OPS-07")
@pytest.mark.parametrize("moment", [0.0, 0.02, 0.1])
def test_told_to_stop_while_it_starts(database, tmp_path, moment):
    """A worker that is still importing must not miss the signal and keep its parent waiting."""
    port = free_port()
    arguments = ("serve", f"--port={port}", "--workers=2")
    log = tmp_path / "log"
    with serving(port, *arguments, log=log, ready=False, DATABASE_URL=database) as process:
        deadline = time.monotonic() + 60
        while "serving" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(moment)
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    assert process.returncode in (0, -signal.SIGTERM)


@pytest.mark.contract("OPS-07")
def test_a_port_that_is_in_use():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=f"Cannot listen on 127.0.0.1 port {port}: another program .*--port"):
            call_command("serve", port=port)


def test_no_workers():
    with pytest.raises(CommandError, match="at least one"):
        call_command("serve", workers=0)


@pytest.mark.contract("OPS-07")
@pytest.mark.parametrize(
    ("vendor", "wanted", "processors", "expected"),
    [("sqlite", 0, 8, 1), ("postgresql", 0, 8, 8), ("postgresql", 3, 8, 3), ("sqlite", 2, 8, 2)],
)
def test_how_many_processes(monkeypatch, settings, vendor, wanted, processors, expected):
    monkeypatch.setattr(workers, "connection", SimpleNamespace(vendor=vendor))
    monkeypatch.setattr(workers, "processors", lambda: processors)
    settings.WORKERS = wanted
    assert workers.worker_count() == expected


def test_the_port_is_free_again_at_once():
    port = free_port()
    assert ports.ensure_free("127.0.0.1", port) == port


def status_of(port, target, **headers):
    """The status of a request with this target, and the seconds until it came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    began = time.monotonic()
    try:
        connection.putrequest("GET", target, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        return connection.getresponse().status, time.monotonic() - began
    finally:
        connection.close()


@pytest.mark.contract("API-18")
def test_the_head_of_a_request_has_a_limit(database, tmp_path):
    """What a proxy passes and what the API allows goes through; what nobody needs is refused before it costs anything,
    and a text made to be slow to look at is not slow."""
    port = free_port()
    ordinary = {"Authorization": f"Bearer {'a' * 1500}", "Cookie": "b" * 4000, "User-Agent": "c" * 300}
    with serving(port, "serve", f"--port={port}", log=tmp_path / "log", DATABASE_URL=database):
        address = "/api/domain/odata/Crm_Sales_Customers?$filter="
        for length in (8_000, 16_384):
            assert status_of(port, address.ljust(length, "x"), **ordinary)[0] == 401
        assert status_of(port, "/tools/ver", Cookie="b" * 16_000)[0] == 200
        for target, headers in (
            ("/" + "eyJ" * 20_000, {}),
            ("/", {"Host": "eyJ" * 40_000}),
            ("/", {"X": "x" * 70_000}),
        ):
            status, seconds = status_of(port, target, **headers)
            assert (status, seconds < 2) == (431, True)
        for target, headers, expected in (("/" + "eyJ" * 5_000, {}, 404), ("/", {"Host": "eyJ" * 10_000}, 400)):
            status, seconds = status_of(port, target, **headers)
            assert (status, seconds < 2) == (expected, True)
        assert status_of(port, "/health/live")[0] == 200
