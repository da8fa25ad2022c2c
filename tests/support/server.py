"""The product's commands in processes of their own, as an operator starts them."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(**variables):
    """What a process needs of ours, and nothing of what this test run was given."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    return {
        **kept,
        "SECRET_KEY": "a-process-of-its-own-0123456789abcdefghijklmnop",
        "KEY_ENCRYPTION_KEYS": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
        # A deprecated call in the product must not hide in a process of its own.
        "PYTHONWARNINGS": "error::DeprecationWarning:erpnet_identity",
        **variables,
    }


def manage(*arguments, **variables):
    """Run ``manage.py`` to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE * 2,
    )


def get(port, path, timeout=PATIENCE):
    """Status and body of a request, over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@contextmanager
def serving(port, *arguments, log, ready=True, **variables):
    """A process that serves on ``port``; its output goes to the file ``log``. Ended with SIGTERM if it still runs."""
    with Path(log).open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment(**variables),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            if ready:
                wait_until_it_answers(process, port, log)
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                # With its workers, which would go on for ever.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise


def wait_until_it_answers(process, port, log):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, Path(log).read_text()
        try:
            if get(port, "/health/live", timeout=5)[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"no answer on port {port}: {Path(log).read_text()}")
