"""Between the server and the application: a request takes a thread when all of it has arrived (OPS-07).

A thread that waits for a caller's network is a thread that answers nobody: four callers who announce a body and do not
send it would stop a process. `bodies` says what becomes of those that are on their way.

Requests stay in granian's threads from their head to their answer: handing one to another thread costs a twelfth of an
API call, and three times as much where an event loop lies between.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from functools import lru_cache
from threading import get_ident
from typing import Any

import structlog

from .bodies import Bodies, Body, Limits, host_of, refuse

log = structlog.get_logger("erpnet.server")

Headers = list[tuple[str, str]]
# Up to here the whole of a file is given to the server in one piece, which then sends it without a thread of ours.
_IN_ONE_PIECE = 1024 * 1024


class InPlace:
    """The event loop that granian tells about pieces of bodies: whatever it is asked to call is called at once, in
    granian's thread."""

    def call_soon_threadsafe(self, call: Callable[..., object], *arguments: Any, context: Context) -> None:
        call(*arguments)

    call_soon = call_soon_threadsafe


class Front:
    """Runs a WSGI ``application``. ``schedule`` is what granian's RSGI worker calls for each request; the rest happens
    here. ``pieces_loop`` is the event loop to give to that worker.

    Where granian cannot tell about pieces in its own threads (Windows), the worker's event ``loop`` hears of them, and
    as many ``threads`` of ours answer.
    """

    def __init__(
        self,
        application: Any,
        *,
        loop: asyncio.AbstractEventLoop,
        threads: int,
        limits: Limits,
        in_place: bool = os.name == "posix",
    ) -> None:
        self._application = application
        self.pieces_loop: Any = InPlace() if in_place else loop
        self._loop = loop
        self._threads = None if in_place else ThreadPoolExecutor(threads)
        self._answering: set[int] = set()  # the threads that do
        self._bodies = Bodies(loop, limits, self._hand_over, lambda: len(self._answering) >= threads)

    def schedule(self, watcher: Any) -> None:
        """A request has begun. In one of granian's threads: must not raise."""
        headers = watcher.scope.headers
        announced = headers.get("content-length")
        if (announced is None or announced == "0") and "transfer-encoding" not in headers:
            self._hand_over(watcher, None)
        elif self._threads is None:
            self._bodies.begin(watcher, announced)
        else:
            try:
                self._loop.call_soon_threadsafe(self._bodies.begin, watcher, announced)
            except RuntimeError:  # the loop has ended
                refuse(watcher.proto, 503)

    def stop(self) -> None:
        """Wait for no more bodies. Requests that have arrived are answered."""
        self._bodies.stop()

    def _hand_over(self, watcher: Any, body: Body | None) -> None:
        if self._threads is None:
            self._answer(watcher, body)
            return
        try:
            self._threads.submit(self._answer, watcher, body)
        except RuntimeError:  # the interpreter is ending
            refuse(watcher.proto, 503)

    def _answer(self, watcher: Any, body: Body | None) -> None:
        thread = get_ident()
        self._answering.add(thread)
        try:
            self._run(watcher.scope, watcher.proto, body)
        except BaseException as error:  # whatever it was, the thread goes on
            log.error("a request failed in the server", exc_info=error)
            watcher.proto.response_empty(500, [])
        finally:
            self._answering.discard(thread)
            if body is not None:
                body.file.close()

    def _run(self, scope: Any, proto: Any, body: Body | None) -> None:
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
        "REMOTE_ADDR": host_of(scope.client),
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
