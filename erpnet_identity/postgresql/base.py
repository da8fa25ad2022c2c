"""The database wrapper that ``ENGINE`` names."""

import time
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL with health checks for connections that rested.

    Django asks every kept connection ``SELECT 1`` before the first statement of each request, one round trip more. A
    connection that answered less than a second ago is taken to be alive: when the database goes away, the requests
    that are under way fail in any case, and each connection fails at most once more.
    """

    HEALTHY_FOR = 1.0  # seconds

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._answered_at = float("-inf")

    def close_if_health_check_failed(self) -> None:
        if time.monotonic() - self._answered_at < self.HEALTHY_FOR:
            self.health_check_done = True
        super().close_if_health_check_failed()
        self._answered_at = time.monotonic()

    def close(self) -> None:
        self._answered_at = float("-inf")
        super().close()
