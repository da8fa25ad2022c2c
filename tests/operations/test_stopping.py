"""Every way of telling the server to stop ends all of its processes within three seconds."""

import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

import pytest

from tests.support.server import ROOT, environment, free_port, get, manage, wait_until_it_answers

pytestmark = [
    pytest.mark.contract("OPS-07"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc and uses a terminal of its own"),
]
LIMIT = 3.0


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('stopping') / 'instance.sqlite3'}"
    assert manage("migrate", "--verbosity=0", DATABASE_URL=url).returncode == 0
    return url


class Terminal:
    """A server with two workers in a terminal of its own."""

    def __init__(self, process, keyboard):
        self.process = process
        self.keyboard = keyboard
        self.workers = [int(pid) for pid in _read(f"/proc/{process.pid}/task/{process.pid}/children").split()]

    def close(self):
        if self.keyboard is not None:
            os.close(self.keyboard)
            self.keyboard = None

    def alive(self):
        self.process.poll()
        states = {pid: _read(f"/proc/{pid}/stat").rpartition(")")[2].split() for pid in self.workers}
        running = [pid for pid, state in states.items() if state and state[0] != "Z"]
        return running + ([self.process.pid] if self.process.returncode is None else [])

    def wait(self):
        """The seconds until every process was gone."""
        began = time.monotonic()
        while self.alive() and time.monotonic() < began + 10:
            time.sleep(0.02)
        return time.monotonic() - began


def _read(path):
    try:
        return Path(path).read_text()
    except OSError:
        return ""


@contextmanager
def in_a_terminal(port, log, **variables):
    keyboard, screen = os.openpty()

    def take_terminal():
        os.setsid()
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # a run under `nohup` hands down that it is ignored
        fcntl.ioctl(screen, termios.TIOCSCTTY, 0)

    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", f"--port={port}", "--workers=2"],
            cwd=ROOT,
            env=environment(INSTANCE_URL=f"http://127.0.0.1:{port}", **variables),
            stdin=screen,
            stdout=output,
            stderr=output,
            preexec_fn=take_terminal,
        )
    os.close(screen)
    terminal = None
    try:
        wait_until_it_answers(process, port, log)
        terminal = Terminal(process, keyboard)
        assert len(terminal.workers) == 2
        yield terminal
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if terminal is None:
            os.close(keyboard)
        else:
            terminal.close()


@contextmanager
def load(port):
    """Callers of every kind until the block ends: busy ones, one that rests, one that is slow to send."""
    ends = threading.Event()

    def call():
        while not ends.is_set():
            with suppress(OSError, http.client.HTTPException):
                get(port, "/tools/ver", timeout=5)

    threads = [threading.Thread(target=call) for _ in range(4)]
    with ExitStack() as stack:
        resting = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        resting.sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        for beginning in (
            b"",
            b"GET / HTT",
            b"POST /id/connect/token HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\na",
        ):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            slow.sendall(beginning)
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        try:
            yield
        finally:
            ends.set()
            for thread in threads:
                thread.join()


WAYS = {
    "Ctrl-C": lambda terminal: os.write(terminal.keyboard, b"\x03"),
    "Ctrl-C twice": lambda terminal: os.write(terminal.keyboard, b"\x03\x03"),
    "closed terminal": Terminal.close,
    "SIGINT": lambda terminal: terminal.process.send_signal(signal.SIGINT),
    "SIGTERM": lambda terminal: terminal.process.send_signal(signal.SIGTERM),
    "SIGTERM to all": lambda terminal: os.killpg(terminal.process.pid, signal.SIGTERM),
    "killed parent": lambda terminal: terminal.process.kill(),
}


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
@pytest.mark.parametrize("way", WAYS)
def test_everything_ends(database, tmp_path, way, busy):
    port = free_port()
    log = tmp_path / "log"
    with in_a_terminal(port, log, DATABASE_URL=database) as terminal, load(port) if busy else nullcontext():
        WAYS[way](terminal)
        assert terminal.wait() < LIMIT, (terminal.alive(), log.read_text())
        assert terminal.process.returncode == (-signal.SIGKILL if way == "killed parent" else 0)
    text = log.read_text()
    assert "Traceback" not in text
    assert "Unexpected" not in text
    with pytest.raises(OSError):
        get(port, "/health/live", timeout=1)


def test_a_request_that_takes_too_long_is_cut_off(database, tmp_path):
    """Running requests finish, and nobody waits for one that does not."""
    port = free_port()
    log = tmp_path / "log"
    answers = []

    def call():
        with suppress(OSError, http.client.HTTPException):
            answers.append(get(port, "/slow?seconds=20"))

    slow_site = {"DJANGO_SETTINGS_MODULE": "tests.support.slow_settings"}
    with in_a_terminal(port, log, DATABASE_URL=database, **slow_site) as terminal:
        caller = threading.Thread(target=call)
        caller.start()
        time.sleep(0.5)
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait() < LIMIT
        assert terminal.process.returncode == 0
        caller.join(5)
    assert answers == []
    assert "requests were still running" in log.read_text()


def test_a_worker_that_dies_is_replaced(database, tmp_path):
    port = free_port()
    log = tmp_path / "log"
    with in_a_terminal(port, log, DATABASE_URL=database) as terminal:
        os.kill(terminal.workers[0], signal.SIGKILL)
        parent = terminal.process.pid
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            now = _read(f"/proc/{parent}/task/{parent}/children").split()
            if len(now) == 2 and str(terminal.workers[0]) not in now:
                break
            time.sleep(0.05)
        terminal.workers = [int(pid) for pid in now]
        assert len(terminal.workers) == 2
        assert get(port, "/health/live")[0] == 200
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait() < LIMIT
