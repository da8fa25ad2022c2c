"""Starting and stopping what is measured. Only processes started here are ever stopped."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Memory:
    """Of one worker process, in MiB. PSS counts what workers share only once."""

    rss: float
    pss: float


@dataclass(frozen=True)
class Server:
    """A running server: its address and its process."""

    url: str
    pid: int

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(pid) for pid in children if "resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_text()]

    def cpu_seconds(self) -> float:
        """What all workers have computed so far."""
        ticks = 0
        for pid in self.workers():
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> list[Memory]:
        return [_memory(pid) for pid in self.workers()]


def _memory(pid: int) -> Memory:
    fields = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split(":")
        fields[name] = int(value.split()[0]) / 1024
    return Memory(rss=fields["Rss"], pss=fields["Pss"])


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def product(*, environment: dict[str, str], workers: int, log: Path, root: Path = ROOT) -> Iterator[Server]:
    """Serve the product as it is served in production."""
    port = free_port()
    command = [sys.executable, "manage.py", "serve", "--port", str(port), "--workers", str(workers)]
    with _running(command, environment, port, log, root) as server:
        yield server


@contextmanager
def granian(
    application: str, *, environment: dict[str, str], workers: int, threads: int, log: Path
) -> Iterator[Server]:
    """Serve a WSGI application on a free loopback port until the block ends."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "granian", application),
        *("--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", str(threads), "--no-ws", "--log-level", "warning"),
    ]
    with _running(command, environment, port, log, ROOT) as server:
        yield server


@contextmanager
def _running(command: list[str], environment: dict[str, str], port: int, log: Path, root: Path) -> Iterator[Server]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=root, env={**os.environ, **environment}, stdout=output, stderr=output, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(url, process, log)
        yield Server(url, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(150):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{url}/health/live", timeout=5).close()
        except HTTPError:
            return  # any answer will do
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"the server at {url} did not start:\n{log.read_text()[-4000:]}")
