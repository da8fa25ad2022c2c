"""Drives one workload over keep-alive connections and says what happened: with wrk where it is installed, else with
the small client below. Both run as processes of their own, so that their share of the machine can be told."""

import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from . import flows

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("workload.lua")


@dataclass(frozen=True)
class Request:
    """What a workload sends, again and again."""

    url: str
    method: str = "GET"
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """One measurement. Latencies in milliseconds; ``client_share`` is the generator's part of one core."""

    per_second: float
    p50: float
    p99: float
    failed: int
    client_share: float


def generator() -> str:
    return "wrk" if shutil.which("wrk") else "the bundled Python client"


def run(request: "Request | flows.Flow", *, connections: int, seconds: float) -> Sample:
    """Send ``request`` over ``connections`` for ``seconds``, or walk a flow as often as possible."""
    if isinstance(request, flows.Flow):
        return _measure(flows.command(request, connections=connections, seconds=seconds), dict(os.environ))
    environment = {
        **os.environ,
        "BENCH_METHOD": request.method,
        "BENCH_BODY": request.body,
        "BENCH_HEADERS": "\n".join(f"{name}: {value}" for name, value in request.headers.items()),
    }
    if wrk := shutil.which("wrk"):
        # wrk counts in whole seconds.
        command = [wrk, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(SCRIPT), request.url]
    else:
        command = [sys.executable, "-m", "tests.benchmarks.load", request.url, str(connections), str(seconds)]
    return _measure(command, environment)


def _measure(command: list[str], environment: dict[str, str]) -> Sample:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} … failed:\n{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = json.loads(done.stdout.strip().splitlines()[-1])
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Sample(
        per_second=result["requests"] / result["seconds"],
        p50=result["p50"],
        p99=result["p99"],
        failed=result["failed"],
        client_share=used / result["seconds"],
    )


class Connection(asyncio.Protocol):
    """Sends the request, waits for the whole answer, sends it again."""

    def __init__(self, raw: bytes, latencies: list[float], failures: list[bytes]) -> None:
        self.raw, self.latencies, self.failures = raw, latencies, failures
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.started = time.perf_counter()
        self.transport.write(self.raw)

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        head, separator, body = self.buffer.partition(b"\r\n\r\n")
        if not separator or not self.is_complete(head.lower(), body):
            return
        self.latencies.append(time.perf_counter() - self.started)
        if head[9:10] not in b"23":
            self.failures.append(head[9:12])
        self.buffer = b""
        self.send()

    @staticmethod
    def is_complete(head: bytes, body: bytes) -> bool:
        position = head.find(b"content-length:")
        if position >= 0:
            return len(body) >= int(head[position + 15 :].split(b"\r\n", 1)[0])
        return body.endswith(b"0\r\n\r\n")

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            self.failures.append(b"lost")


def raw_request(url: str) -> bytes:
    """The bytes of the request that the environment describes."""
    parts = urlsplit(url)
    body = os.environ["BENCH_BODY"].encode()
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{os.environ['BENCH_METHOD']} {path} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [line for line in os.environ["BENCH_HEADERS"].splitlines() if line]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def drive(url: str, connections: int, seconds: float) -> None:
    parts = urlsplit(url)
    latencies: list[float] = []
    failures: list[bytes] = []
    raw = raw_request(url)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(raw, latencies, failures), parts.hostname, parts.port)
    await asyncio.sleep(seconds)
    elapsed = time.perf_counter() - started
    latencies.sort()
    result = {
        "requests": len(latencies),
        "seconds": elapsed,
        "failed": len(failures),
        "p50": latencies[len(latencies) // 2] * 1000,
        "p99": latencies[len(latencies) * 99 // 100] * 1000,
    }
    print(json.dumps(result), flush=True)
    os._exit(0)  # the connections are busy; nobody waits for them


if __name__ == "__main__":
    asyncio.run(drive(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
