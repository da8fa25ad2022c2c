"""Between the server and the application: a request takes a thread when all of it has arrived (OPS-07).

A thread that waits for somebody's network is a thread that answers nobody: four callers who announce a body and do not
send it would stop a process. So bodies are read by the event loop, as many as `Limits` allows, each within its time;
a request without a body goes to the threads at once and never sees the loop. Where there are too many, the slowest one
gives way to the next: who sends at once is always let in, however many others do not.
"""

import asyncio
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from io import BytesIO
from queue import SimpleQueue
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import structlog

log = structlog.get_logger("erpnet.server")

Headers = list[tuple[str, str]]
_REFUSALS = {
    400: "The body of the request ended before its end.",
    408: "The body of the request did not arrive in time.",
    503: "Too many requests are being sent at once.",
}
# Up to here the whole of a file is given to the server in one piece, which then sends it without a thread of ours.
_IN_ONE_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process grants bodies that are on their way. Times in seconds, sizes in bytes. Beyond ``bodies``
    those give way that have taken longer than ``patience``, beyond ``together`` the longest."""

    longest: int  # one that is longer is not read: the application refuses it in its own words
    first_byte: float = 10.0
    whole: float = 60.0
    bodies: int = 512
    patience: float = 1.0
    together: int = 256 * 1024 * 1024
    in_memory: int = 64 * 1024  # of each; the rest lies in a temporary file


@dataclass(frozen=True, slots=True)
class Body:
    """A body that has arrived, or only its length where it is not wanted."""

    file: IO[bytes]
    length: int


@dataclass(slots=True, eq=False)
class _Reading:
    """A body that is on its way: since when, and how much of it has come."""

    began: float
    task: asyncio.Task[None] | None = None
    received: int = 0


class _Refused(Exception):
    """The front answers with this status."""


class Front:
    """Runs a WSGI ``application`` on a fixed number of ``threads``. ``schedule`` is what granian's RSGI worker calls
    for each request; the rest happens here."""

    def __init__(self, application: Any, *, loop: asyncio.AbstractEventLoop, threads: int, limits: Limits) -> None:
        self._application = application
        self._loop = loop
        self._limits = limits
        self._ready: SimpleQueue[tuple[Any, Body | None]] = SimpleQueue()
        # In the order in which they began.
        self._reading: dict[_Reading, None] = {}
        self._received = 0  # by all of them
        self._stopping = False
        for number in range(threads):
            threading.Thread(target=self._work, name=f"request-{number + 1}", daemon=True).start()

    def schedule(self, watcher: Any) -> None:
        """A request has begun. In granian's thread: must neither wait nor raise."""
        headers = watcher.scope.headers
        if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
            self._ready.put((watcher, None))
            return
        try:
            self._loop.call_soon_threadsafe(self._begin, watcher)
        except RuntimeError:  # the loop has ended
            _refuse(watcher.proto, 503)

    def stop(self) -> None:
        """Wait for no more bodies. Requests that have arrived are answered. In the event loop."""
        self._stopping = True
        for reading in list(self._reading):
            self._give_up(reading)

    # The event loop: bodies.

    def _begin(self, watcher: Any) -> None:
        if self._stopping:
            _refuse(watcher.proto, 503)
            return
        reading = _Reading(self._loop.time())
        while len(self._reading) >= self._limits.bodies:
            slowest = next(iter(self._reading))
            if reading.began - slowest.began < self._limits.patience:
                break  # as many may come at once as there are connections
            self._give_up(slowest)
        self._reading[reading] = None
        reading.task = self._loop.create_task(self._read(watcher, reading))
        reading.task.add_done_callback(partial(self._end, watcher, reading))

    def _give_up(self, reading: _Reading) -> None:
        """Wait for this body no longer. What it held is free at once."""
        self._leave(reading)
        if reading.task is not None:
            reading.task.cancel()

    def _leave(self, reading: _Reading) -> None:
        if reading in self._reading:
            del self._reading[reading]
            self._received -= reading.received

    def _end(self, watcher: Any, reading: _Reading, task: asyncio.Task[None]) -> None:
        self._leave(reading)
        reading.task = None  # the two would keep each other and the request, whose connection could not end
        if task.cancelled():  # before it has begun to run
            _not_waited_for(watcher, 503)

    async def _read(self, watcher: Any, reading: _Reading) -> None:
        try:
            body = await self._body(watcher.proto, watcher.scope.headers.get("content-length"), reading)
        except _Refused as refusal:
            _not_waited_for(watcher, refusal.args[0])
        except asyncio.CancelledError:
            _not_waited_for(watcher, 503)
        except Exception as error:  # the folder of temporary files is full, for example
            log.error("a body could not be kept", exc_info=error)
            _refuse(watcher.proto, 503)
        else:
            self._ready.put((watcher, body))

    async def _body(self, proto: Any, announced: str | None, reading: _Reading) -> Body:
        """The body, or only its length where it is too long. Raises ``_Refused``."""
        length = int(announced) if announced else None
        if length is not None and length > self._limits.longest:
            return Body(BytesIO(), length)
        small = length is not None and length <= self._limits.in_memory
        file: IO[bytes] = BytesIO() if small else SpooledTemporaryFile(self._limits.in_memory)  # noqa: SIM115
        try:
            await self._receive(proto, file, length, reading)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return Body(file, reading.received)

    async def _receive(self, proto: Any, file: IO[bytes], length: int | None, reading: _Reading) -> None:
        """Write the body into ``file``. Raises ``_Refused``."""
        empty = 0
        try:
            async with asyncio.timeout_at(reading.began + self._limits.first_byte) as deadline:
                async for chunk in proto:
                    if not reading.received:
                        deadline.reschedule(reading.began + self._limits.whole)
                    # An empty piece is the end. A second one: the caller went away before it, or sent trailers.
                    empty += not chunk
                    if empty > 1:
                        raise _Refused(400)
                    self._make_room(reading, len(chunk))
                    if reading.received > self._limits.longest:
                        return  # its length was not announced
                    file.write(chunk)
                    if reading.received == length:
                        return
        except TimeoutError:
            raise _Refused(408) from None
        if length is not None:
            raise _Refused(400)

    def _make_room(self, reading: _Reading, size: int) -> None:
        """Count what has come. Where all together hold too much, those that hold most give way."""
        reading.received += size
        self._received += size
        while self._received > self._limits.together:
            largest = max(self._reading, key=lambda each: each.received)
            if largest is reading:
                raise _Refused(503)
            self._give_up(largest)

    # The threads: requests.

    def _work(self) -> None:
        while True:
            watcher, body = self._ready.get()
            try:
                self._answer(watcher.scope, watcher.proto, body)
            except BaseException as error:  # whatever it was, the thread goes on
                log.error("a request failed in the server", exc_info=error)
                watcher.proto.response_empty(500, [])
            finally:
                if body is not None:
                    body.file.close()
                # While the thread rests, nothing of this request does.
                del watcher, body

    def _answer(self, scope: Any, proto: Any, body: Body | None) -> None:
        started: list[Any] = []

        def start_response(status: str, headers: Headers, exc_info: Any = None) -> None:
            started[:] = (int(status[:3]), headers)

        response: Iterable[bytes] = self._application(environ(scope, body), start_response)
        try:
            status, headers = started
            if _is_short(response, headers):
                proto.response_bytes(status, headers, b"".join(response))
            else:
                transport = proto.response_stream(status, headers)
                for chunk in response:
                    transport.send_bytes(chunk)
        finally:
            if (close := getattr(response, "close", None)) is not None:
                close()


def _is_short(response: Any, headers: Headers) -> bool:
    if not getattr(response, "streaming", True):
        return True
    return any(name.lower() == "content-length" and int(value) <= _IN_ONE_PIECE for name, value in headers)


def _not_waited_for(watcher: Any, status: int) -> None:
    log.info("a body was not waited for", status=status, address=_host(watcher.scope.client))
    _refuse(watcher.proto, status)


def _refuse(proto: Any, status: int) -> None:
    """Answer and end the connection: what is still to come of the body is not read."""
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
        ("Connection", "close"),
    ]
    if status == 503:
        headers.append(("Retry-After", "5"))
    proto.response_bytes(status, headers, _REFUSALS[status].encode())


def _host(address: str) -> str:
    """The host of ``host:port``; of an IPv6 host without its brackets."""
    return address.rpartition(":")[0].strip("[]")


@lru_cache(maxsize=512)
def _variable(header: str) -> str:
    """The WSGI variable of a header, empty for those that have none."""
    # `X_Forwarded_For` would read as `X-Forwarded-For` although no proxy has looked at it.
    if "_" in header or header in ("content-length", "transfer-encoding"):
        return ""
    name = header.upper().replace("-", "_")
    return name if name == "CONTENT_TYPE" else f"HTTP_{name}"


def environ(scope: Any, body: Body | None) -> dict[str, Any]:
    """What WSGI says of a request (PEP 3333). Nothing of the environment of the process: it holds secrets."""
    server, _, port = scope.server.rpartition(":")
    variables: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": "HTTP/1.0" if scope.http_version == "1" else f"HTTP/{scope.http_version}",
        "SERVER_SOFTWARE": "Granian",
        "REMOTE_ADDR": _host(scope.client),
        "HTTP_HOST": "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body.file if body is not None else _NOTHING,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if body is not None:
        variables["CONTENT_LENGTH"] = str(body.length)
    for header, value in scope.headers.items():
        if name := _variable(header):
            known = variables.get(name)
            variables[name] = f"{known},{value}" if known else value
    if not variables["HTTP_HOST"]:
        variables["HTTP_HOST"] = scope.authority or ""
    return variables


class _Nothing:
    """A body that is not there."""

    def read(self, size: int = -1) -> bytes:
        return b""

    readline = read

    def readlines(self, hint: int = -1) -> list[bytes]:
        return []

    def __iter__(self) -> Any:
        return iter(())


_NOTHING = _Nothing()
