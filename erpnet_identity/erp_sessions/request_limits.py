"""What a session is doing right now, counted across all workers in the shared cache (SE-80 to SE-82).

One look at the cache when a request begins, one when it ends. Each running request is a member of its session's set,
with a time at which it counts no more, so that a worker that is killed blocks nobody for long; a request that runs
longer is renewed by its worker. Without a shared cache the counts are those of this process: the only one, then.
"""

import itertools
import math
import os
import secrets
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from django.core.cache import caches

from erpnet_identity.audit.causes import Cause

if TYPE_CHECKING:
    from erpnet_identity.platform.redis_cache import RedisCache

WINDOW = 60  # seconds that requests per minute are counted over, from the first of them on
LEASE = 120  # seconds after which a request that nobody renewed counts no more
SOON = 1  # seconds to wait when too many requests run at once: nobody knows when one of them ends
RPM, CONCURRENT = Cause.SESSION_RPM, Cause.SESSION_CONCURRENT_REQUESTS
# What refuses a request, empty when it may go on.
_Refused = Cause | Literal[""]


@dataclass(frozen=True, slots=True)
class Entry:
    """The answer to a request that wants in. ``refused`` names the limit, empty when it may; ``wait`` is in seconds."""

    session_key: str
    member: str
    refused: _Refused = ""
    wait: int = 0


class _Counter(Protocol):
    def enter(self, session: str, member: str, now: float, rpm: int, concurrent: int) -> tuple[_Refused, float]:
        """What refuses the request, and when the current minute began."""

    def leave(self, session: str, member: str) -> None:
        """The request has ended."""

    def renew(self, entries: Iterable[tuple[str, str]], now: float) -> None:
        """These requests are still running."""

    def running(self, sessions: list[str], now: float) -> list[int]:
        """How many requests of each session are running."""


@dataclass(slots=True)
class _Session:
    began: float
    requests: int = 0
    members: set[str] = field(default_factory=set)


class LocalCounter:
    """Counts in this process."""

    MOST = 10_000  # sessions that are remembered before those at rest are dropped

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}

    def enter(self, session: str, member: str, now: float, rpm: int, concurrent: int) -> tuple[_Refused, float]:
        with self._lock:
            if len(self._sessions) >= self.MOST:
                for key in [key for key, at in self._sessions.items() if not at.members and now - at.began >= WINDOW]:
                    del self._sessions[key]
            known = self._sessions.setdefault(session, _Session(now))
            if now - known.began >= WINDOW:
                known.began, known.requests = now, 0
            known.requests += 1
            if rpm and known.requests > rpm:
                return RPM, known.began
            if concurrent and len(known.members) >= concurrent:
                return CONCURRENT, known.began
            known.members.add(member)
            return "", known.began

    def leave(self, session: str, member: str) -> None:
        with self._lock:
            known = self._sessions.get(session)
            if known is not None:
                known.members.discard(member)

    def renew(self, entries: Iterable[tuple[str, str]], now: float) -> None:
        """What runs in this process is known; nothing is ever forgotten too early."""

    def running(self, sessions: list[str], now: float) -> list[int]:
        with self._lock:
            return [len(self._sessions[key].members) if key in self._sessions else 0 for key in sessions]


# Times come from the caller: one clock decides about the minute and tells the client how long to wait.
_ENTER = """
local now, member = tonumber(ARGV[1]), ARGV[2]
local rpm, concurrent = tonumber(ARGV[3]), tonumber(ARGV[4])
local window, lease = tonumber(ARGV[5]), tonumber(ARGV[6])
local began = redis.call('HGET', KEYS[1], 'began')
if not began or now - tonumber(began) >= window then
  began = ARGV[1]
  redis.call('HSET', KEYS[1], 'began', began, 'requests', 0)
  redis.call('EXPIRE', KEYS[1], window * 2)
end
local requests = redis.call('HINCRBY', KEYS[1], 'requests', 1)
if rpm > 0 and requests > rpm then return {1, began} end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if concurrent > 0 and redis.call('ZCARD', KEYS[2]) >= concurrent then return {2, began} end
redis.call('ZADD', KEYS[2], now + lease, member)
redis.call('EXPIRE', KEYS[2], lease * 2)
return {0, began}
"""
_REFUSALS: tuple[_Refused, ...] = ("", RPM, CONCURRENT)


class RedisCounter:
    """Counts in Redis: one step for all workers, whatever happens at the same moment. For one thread."""

    def __init__(self, cache: "RedisCache") -> None:
        # An instance without Redis does not load its library.
        from redis.exceptions import NoScriptError

        from erpnet_identity.platform.redis_cache import Line

        self._forgotten = NoScriptError
        self._cache = cache
        self._client: Any = cache._cache.get_client(None, write=True)
        self._script = self._client.register_script(_ENTER).sha
        self._line = Line(self._client)

    def _keys(self, session: str) -> tuple[str, str]:
        # In braces: both belong together wherever a cluster keeps them.
        return self._cache.make_key(f"{{session:{session}}}:minute"), self._cache.make_key(
            f"{{session:{session}}}:running"
        )

    def enter(self, session: str, member: str, now: float, rpm: int, concurrent: int) -> tuple[_Refused, float]:
        # The whole of it: a minute that begins a little later than its first request has 61 seconds for that one.
        arguments = (2, *self._keys(session), repr(now), member, rpm, concurrent, WINDOW, LEASE)
        try:
            verdict, began = self._line.call("EVALSHA", self._script, *arguments)
        except self._forgotten:  # the first of all, or Redis was restarted
            verdict, began = self._line.call("EVAL", _ENTER, *arguments)
        return _REFUSALS[int(verdict)], float(began)

    def leave(self, session: str, member: str) -> None:
        # It arrives before the next request of the caller that gets the answer; there is nothing to wait for.
        self._line.send("ZREM", self._keys(session)[1], member)

    def renew(self, entries: Iterable[tuple[str, str]], now: float) -> None:
        for session, member in entries:
            self._client.zadd(self._keys(session)[1], {member: now + LEASE}, xx=True)
            self._client.expire(self._keys(session)[1], 2 * LEASE)

    def running(self, sessions: list[str], now: float) -> list[int]:
        pipeline = self._client.pipeline(transaction=False)
        for session in sessions:
            pipeline.zcount(self._keys(session)[1], f"({now!r}", "+inf")
        return [int(number) for number in pipeline.execute()]


_local = LocalCounter()
_worker = secrets.token_hex(8)
_numbers = itertools.count()
_entered: dict[str, str] = {}  # member → session, of the requests that are running in this process


def _be_another_worker() -> None:
    """A forked process must not count under the name of its parent: two requests with one name are one to Redis."""
    global _worker
    _worker = secrets.token_hex(8)
    forget_all()


os.register_at_fork(after_in_child=_be_another_worker)


def _counter() -> _Counter:
    cache: Any = caches["default"]
    backend = sys.modules.get("erpnet_identity.platform.redis_cache")
    if backend is None or not isinstance(cache, backend.RedisCache):
        return _local
    # Django has one cache object for each thread, and the counter goes with it.
    if not hasattr(cache, "request_limits"):
        cache.request_limits = RedisCounter(cache)
    counter: _Counter = cache.request_limits
    return counter


def enter(session_key: str, *, now: float, rpm: int, concurrent: int) -> Entry:
    """A request of the session wants in; 0 switches a limit off. Raises what the cache raises."""
    member = f"{_worker}{next(_numbers)}"
    refused, began = _counter().enter(session_key, member, now, rpm, concurrent)
    if refused:
        wait = max(1, math.ceil(began + WINDOW - now)) if refused == RPM else SOON
        return Entry(session_key, member, refused, wait)
    _entered[member] = session_key
    return Entry(session_key, member)


def leave(entry: Entry) -> None:
    """A request that was let in has ended. Raises what the cache raises; then its lease runs out."""
    _entered.pop(entry.member, None)
    _counter().leave(entry.session_key, entry.member)


def renew(*, now: float) -> None:
    """Tell the others that what runs in this process is still running."""
    entries = [(session, member) for member, session in list(_entered.items())]
    if entries:
        _counter().renew(entries, now)


def running(session_keys: list[str], *, now: float) -> list[int]:
    """How many requests of each session are running, on all workers. Raises what the cache raises."""
    return _counter().running(session_keys, now) if session_keys else []


def forget_all() -> None:
    """Count anew, in this process."""
    global _local
    _local = LocalCounter()
    _entered.clear()
