"""The database wrapper that ``ENGINE`` names."""

import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db.backends.postgresql import base


class _Silence:
    """While the database does not even refuse connections, one thread of this process waits for it and the others do
    not: with all threads waiting, nobody would be left to say that we are alive."""

    SLOW = 1.0  # seconds after which an attempt that failed was not refused but unanswered

    def __init__(self) -> None:
        self._is_silent = False
        self._attempt = threading.Lock()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Around one attempt to connect. Raises at once while another thread's is waiting in silence."""
        waits_alone = self._is_silent
        if waits_alone and not self._attempt.acquire(blocking=False):
            raise psycopg.OperationalError("the database does not answer, and another request is waiting for it")
        started = time.monotonic()
        try:
            yield
            self._is_silent = False
        except psycopg.Error:
            self._is_silent = time.monotonic() - started >= self.SLOW
            raise
        finally:
            if waits_alone:
                self._attempt.release()


_silence = _Silence()


def _has_unread(connection: Any) -> bool:
    """Whether an idle connection has something to read: that it was closed, or why it is about to be. Costs a
    microsecond, where asking the database costs a round trip."""
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL with health checks for connections that rested or have been closed.

    Django asks every kept connection ``SELECT 1`` before the first statement of each request, one round trip more. A
    connection that answered less than a second ago and has nothing to read is taken to be alive. So a request that
    begins after the database is back finds out in time that its connection is of before, however short the restart was;
    the requests that were under way fail in any case.
    """

    HEALTHY_FOR = 1.0  # seconds

    health_check_enabled: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._answered_at = float("-inf")

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        with _silence.attempt():
            return super().get_new_connection(conn_params)

    def close_if_health_check_failed(self) -> None:
        if time.monotonic() - self._answered_at < self.HEALTHY_FOR and not self._is_suspect():
            self.health_check_done = True
        super().close_if_health_check_failed()
        self._answered_at = time.monotonic()

    def _is_suspect(self) -> bool:
        if self.connection is None or self.health_check_done or not self.health_check_enabled:
            return False
        return self.connection.closed or _has_unread(self.connection)

    def close(self) -> None:
        self._answered_at = float("-inf")
        super().close()
