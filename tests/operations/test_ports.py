"""A port to listen on: read, found free, and refused with its cause."""

import errno
import os
import re
import socket
import time

import pytest
from django.core.management import CommandError, call_command

from erpnet_identity.operations import ports
from tests.support.server import get, manage, serving


@pytest.mark.parametrize("text", ["99999", "-5", "x", "", "65536", "１", "8000 "])
@pytest.mark.parametrize("command", ["serve", "quickstart"])
def test_what_is_no_port(command, text):
    with pytest.raises(CommandError, match=r"--port: .* is no port: expected a whole number from 0 to 65535"):
        call_command(command, f"--port={text}")


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.EACCES, "this account may not; ports below 1024 belong to root. Name another with --port."),
        (errno.EADDRINUSE, "another program uses it. Name another with --port."),
        (errno.EADDRNOTAVAIL, "Cannot assign requested address. Name another with --host."),
    ],
)
def test_why_a_port_cannot_be_used(monkeypatch, number, sentence):
    """Not every refusal means that the port is in use."""

    def bind(self, address):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(ports.socket, "socket", type("Refusing", (socket.socket,), {"bind": bind}))
    with pytest.raises(CommandError, match=rf"Cannot listen on 127.0.0.1 port 81: {sentence}$"):
        call_command("serve", port=81)


def test_a_host_that_is_none():
    with pytest.raises(CommandError, match=r"no\.such\.host\.invalid port 8000: .*Name another with --host\.$"):
        call_command("serve", host="no.such.host.invalid")


def test_any_free_port_is_named(tmp_path):
    log = tmp_path / "log"
    database = f"sqlite:///{tmp_path / 'instance.sqlite3'}"
    assert manage("migrate", "--verbosity=0", DATABASE_URL=database).returncode == 0
    with serving(0, "serve", "--port=0", log=log, ready=False, LOG_LEVEL="ERROR", DATABASE_URL=database) as process:
        deadline = time.monotonic() + 60
        while not (found := re.search(r"^Serving on http://127\.0\.0\.1:(\d+)\.$", log.read_text(), re.M)):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        port = int(found[1])
        assert port
        while time.monotonic() < deadline:
            try:
                assert get(port, "/health/live")[0] == 200
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise AssertionError(log.read_text())
