"""Django's Redis cache, quick to use and quick to give up (OPS-03).

What depends on shared counting degrades when Redis is away; a request must never wait for that. Redis' own client
would try four times with growing pauses, half a second in all, at every call.
"""

import time
from typing import Any

import redis
from django.core.cache.backends.redis import RedisCache as DjangoRedisCache
from django.core.cache.backends.redis import RedisCacheClient
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT = 0.5  # seconds, to connect and to answer
PAUSE = 1.0  # seconds without another attempt after one that failed
_pause_ends = 0.0  # one for the process: what one thread has found out the others need not


class _Redis(redis.Redis):
    """Fails at once while the last failure is fresh."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        global _pause_ends
        if time.monotonic() < _pause_ends:
            raise redis.ConnectionError("Redis did not answer a moment ago")
        try:
            return super().execute_command(*args, **options)
        except (redis.ConnectionError, redis.TimeoutError):
            _pause_ends = time.monotonic() + PAUSE
            raise


class _Client(RedisCacheClient):
    def __init__(self, servers: Any, **options: Any) -> None:
        # One more attempt: a connection that was idle while Redis restarted is found dead only by using it.
        defaults = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT, "retry": Retry(NoBackoff(), 1)}
        super().__init__(servers, **{**defaults, **options})
        self._clients: dict[int, _Redis] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> _Redis:
        # Django makes a client for every call, which costs three times what the call costs.
        index = self._get_connection_pool_index(write)  # type: ignore[attr-defined]
        client = self._clients.get(index)
        if client is None:
            pool = self._get_connection_pool(write)  # type: ignore[attr-defined]
            client = self._clients[index] = _Redis(connection_pool=pool)
        return client


class RedisCache(DjangoRedisCache):
    """``CACHE_URL=redis://…`` uses this backend."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client


def forget_failure() -> None:
    """Try again at the next call, in this process."""
    global _pause_ends
    _pause_ends = 0.0
