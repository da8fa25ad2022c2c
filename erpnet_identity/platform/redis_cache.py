"""Django's Redis cache, quick to use and quick to give up (OPS-03).

What depends on shared counting degrades when Redis is away; a request must never wait for that. Redis' own client
would try four times with growing pauses, half a second in all, at every call.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis
from django.core.cache.backends.redis import RedisCache as DjangoRedisCache
from django.core.cache.backends.redis import RedisCacheClient
from redis.backoff import NoBackoff
from redis.retry import Retry

from .json_values import JsonSerializer

TIMEOUT = 0.5  # seconds, to connect and to answer
PAUSE = 1.0  # seconds without another attempt after one that failed
_pause_ends = 0.0  # one for the process: what one thread has found out the others need not


_AWAY = (redis.ConnectionError, redis.TimeoutError)


def _unless_away(ask: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Fails at once while the last failure is fresh."""
    global _pause_ends
    if time.monotonic() < _pause_ends:
        raise redis.ConnectionError("Redis did not answer a moment ago")
    try:
        return ask(*args, **options)
    except _AWAY:
        _pause_ends = time.monotonic() + PAUSE
        raise


class _Redis(redis.Redis):
    def execute_command(self, *args: Any, **options: Any) -> Any:
        return _unless_away(super().execute_command, *args, **options)


class _Client(RedisCacheClient):
    def __init__(self, servers: Any, **options: Any) -> None:
        # One more attempt: a connection that was idle while Redis restarted is found dead only by using it.
        defaults = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT, "retry": Retry(NoBackoff(), 1)}
        # Whatever the options of the address say: a pickle that another program put into Redis would be run.
        super().__init__(servers, **{**defaults, **options, "serializer": JsonSerializer})
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


class Line:
    """A connection of one thread for what every request asks: without the book-keeping of a pool, and with commands
    whose answer nobody waits for. Asking twice through the client costs twice as much."""

    RESTED = 1.0  # seconds after which the connection may have been lost

    def __init__(self, client: redis.Redis) -> None:
        self._pool = client.connection_pool
        self._connection: Any = None
        self._process = 0
        self._unread = 0
        self._used_at = 0.0

    def call(self, *command: Any) -> Any:
        """The answer to a command. Raises what the client raises."""
        return _unless_away(self._twice, command, True)

    def send(self, *command: Any) -> None:
        """Send a command. Its answer is left for the next ``ask``, unless the connection has rested: then only an
        answer says that the command has arrived."""
        _unless_away(self._twice, command, time.monotonic() - self._used_at > self.RESTED)

    def _twice(self, command: tuple[Any, ...], waits: bool) -> Any:
        try:
            return self._send(command, waits)
        except _AWAY:
            return self._send(command, True)  # once more, as the client does

    def _send(self, command: tuple[Any, ...], waits: bool) -> Any:
        connection = self._connection
        if connection is None or self._process != os.getpid():
            connection = self._connection = self._pool.connection_class(**self._pool.connection_kwargs)
            self._process, self._unread = os.getpid(), 0
        try:
            connection.send_packed_command(connection.pack_command(*command), check_health=False)
            self._unread += 1
            self._used_at = time.monotonic()
            return self._answer(connection) if waits else None
        except redis.ResponseError:
            raise  # is an answer too
        except BaseException:
            # Nobody knows any more which answer belongs to what.
            self._connection = None
            raise

    def _answer(self, connection: Any) -> Any:
        """The last one. Those before it were to commands that nobody waited for."""
        while self._unread > 1:
            self._unread -= 1
            with suppress(redis.ResponseError):
                connection.read_response()
        self._unread -= 1
        return connection.read_response()


def forget_failure() -> None:
    """Try again at the next call, in this process."""
    global _pause_ends
    _pause_ends = 0.0
