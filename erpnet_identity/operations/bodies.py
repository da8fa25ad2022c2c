"""Bodies of requests on their way to this process (OPS-07).

Nothing waits for a body: each piece that has come is put away by the thread that brings it, the last one is followed by
the answer in the same thread, and a body that takes longer than `Limits` allows is given up. Where there are too many,
the slowest one gives way to the next: who sends at once is always let in, however many others do not.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import structlog

log = structlog.get_logger("erpnet.server")

_REFUSALS = {
    400: "The body of the request ended before its end.",
    408: "The body of the request did not arrive in time.",
    503: "Too many requests are being sent at once.",
}
_LOOK_EVERY = 0.2  # seconds between two looks at the time of bodies
_CONTEXT = Context()  # of granian's calls, which nothing looks at


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
    """A body that is on its way: what has come of it, and when it is given up."""

    watcher: Any
    pieces: Any  # granian's, one after the other
    length: int | None  # as announced
    file: IO[bytes]
    began: float
    deadline: float
    awaited: Any = None  # the next piece, while nobody has it
    received: int = 0
    ended: bool = False  # granian has said so once


class _Refused(Exception):
    """The front answers with this status."""


class Bodies:
    """All of one process. ``arrived`` is called with each request and its body. While ``is_busy`` no thread can bring a
    piece that has come."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        limits: Limits,
        arrived: Callable[[Any, Body], None],
        is_busy: Callable[[], bool],
    ) -> None:
        self._loop = loop
        self._limits = limits
        self._arrived = arrived
        self._is_busy = is_busy
        self._lock = threading.Lock()  # of what follows, and of everything in it
        # In the order in which they began. What takes one out answers it.
        self._reading: dict[_Reading, None] = {}
        self._received = 0  # by all of them
        self._stopping = False
        loop.call_later(_LOOK_EVERY, self._look)

    def begin(self, watcher: Any, announced: str | None) -> None:
        """A request has begun whose body has the ``announced`` length, if any."""
        try:
            length = int(announced) if announced else None
            if length is not None and length > self._limits.longest:
                self._arrived(watcher, Body(BytesIO(), length))
                return
            reading = self._new_reading(watcher, length)
        except Exception as error:
            log.error("a body could not be read", exc_info=error)
            refuse(watcher.proto, 503)
            return
        if reading is None:
            refuse(watcher.proto, 503)
        else:
            self._ask(reading)

    def _new_reading(self, watcher: Any, length: int | None) -> _Reading | None:
        """A place among the bodies that are on their way; none when the process is stopping."""
        now = time.monotonic()
        small = length is not None and length <= self._limits.in_memory
        file: IO[bytes] = BytesIO() if small else SpooledTemporaryFile(self._limits.in_memory)  # noqa: SIM115
        reading = _Reading(watcher, aiter(watcher.proto), length, file, now, now + self._limits.first_byte)
        given_up = []
        with self._lock:
            if self._stopping:
                return None
            while len(self._reading) >= self._limits.bodies:
                slowest = next(iter(self._reading))
                if now - slowest.began < self._limits.patience:
                    break  # as many may come at once as there are connections
                self._take_out(slowest)
                given_up.append(slowest)
            self._reading[reading] = None
        for slow in given_up:
            _not_waited_for(slow, 503)
        return reading

    def _look(self) -> None:
        """Give up the bodies whose time is over. In the event loop, for ever."""
        self._loop.call_later(_LOOK_EVERY, self._look)
        if not self._reading:
            return
        now = time.monotonic()
        with self._lock:
            if self._is_busy():  # the time is not that of the senders
                for reading in self._reading:
                    reading.deadline += _LOOK_EVERY
            late = [reading for reading in self._reading if reading.deadline <= now]
            for reading in late:
                self._take_out(reading)
        for reading in late:
            _not_waited_for(reading, 408)

    def _take_out(self, reading: _Reading) -> None:
        """The body is not on its way any more: it has come, or nobody waits for it. With the lock; the caller answers
        it after that."""
        del self._reading[reading]
        self._received -= reading.received

    def _ask(self, reading: _Reading) -> None:
        """Take pieces until one has not come yet; `_go_on` is called when it has."""
        while True:
            try:
                awaited = anext(reading.pieces)
            except StopAsyncIteration:
                self._end(reading, 400 if reading.length is not None else None)
                return
            except Exception as error:
                log.error("a body could not be read", exc_info=error)
                self._end(reading, 503)
                return
            with self._lock:
                gone = reading not in self._reading  # has given way in the meantime
                waits = not gone and not awaited.done()
                if waits:
                    reading.awaited = awaited
            if gone:
                awaited.cancel()
                return
            if waits:
                break
            if not self._put_away(reading, awaited):
                return
        awaited.add_done_callback(partial(self._go_on, reading), context=_CONTEXT)

    def _go_on(self, reading: _Reading, awaited: Any) -> None:
        if self._put_away(reading, awaited):
            self._ask(reading)

    def _put_away(self, reading: _Reading, awaited: Any) -> bool:
        """Keep the piece that has come. False: the body is complete, or given up, and has been answered."""
        status: int | None = None
        given_up: list[_Reading] = []
        try:
            with self._lock:
                if reading not in self._reading:  # has given way
                    return False
                reading.awaited = None
                if not self._write(reading, awaited.result(), given_up):
                    return True
        except _Refused as refusal:
            status = refusal.args[0]
        except Exception as error:  # the folder of temporary files is full, for example
            log.error("a body could not be kept", exc_info=error)
            status = 503
        finally:
            for other in given_up:
                _not_waited_for(other, 503)
        self._end(reading, status)
        return False

    def _write(self, reading: _Reading, piece: bytes, given_up: list[_Reading]) -> bool:
        """Write the piece into the file. True: it was the last one. Raises ``_Refused``. With the lock."""
        if not piece:
            # The end. A second one: the caller went away before it, or sent trailers.
            if reading.ended:
                raise _Refused(400)
            reading.ended = True
            return False
        if not reading.received:
            reading.deadline += self._limits.whole - self._limits.first_byte
        self._make_room(reading, len(piece), given_up)
        if reading.received > self._limits.longest:
            return True  # its length was not announced
        reading.file.write(piece)
        return reading.received == reading.length

    def _make_room(self, reading: _Reading, size: int, given_up: list[_Reading]) -> None:
        """Count what has come. Where all together hold too much, those that hold most give way."""
        reading.received += size
        self._received += size
        while self._received > self._limits.together:
            largest = max(self._reading, key=lambda each: each.received)
            if largest is reading:
                raise _Refused(503)
            self._take_out(largest)
            given_up.append(largest)

    def _end(self, reading: _Reading, status: int | None) -> None:
        """The body has come, or is refused with the ``status``."""
        with self._lock:
            if reading not in self._reading:
                return
            self._take_out(reading)
        if status is not None:
            _not_waited_for(reading, status)
            return
        reading.file.seek(0)
        self._arrived(reading.watcher, Body(reading.file, reading.received))

    def stop(self) -> None:
        """Wait for no more bodies. Requests that have arrived are answered."""
        with self._lock:
            self._stopping = True
            given_up = list(self._reading)
            for reading in given_up:
                self._take_out(reading)
        for reading in given_up:
            _not_waited_for(reading, 503)


def _not_waited_for(reading: _Reading, status: int) -> None:
    """Answer a body that was taken out. Without the lock: a piece that is cancelled is told about at once."""
    if reading.awaited is not None:
        reading.awaited.cancel()
        reading.awaited = None  # the two would keep each other and the request, whose connection could not end
    reading.file.close()
    log.info("a body was not waited for", status=status, address=host_of(reading.watcher.scope.client))
    refuse(reading.watcher.proto, status)


def refuse(proto: Any, status: int) -> None:
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


def host_of(address: str) -> str:
    """The host of ``host:port``; of an IPv6 host without its brackets."""
    return address.rpartition(":")[0].strip("[]")
