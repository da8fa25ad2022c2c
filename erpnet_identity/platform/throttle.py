"""Counting what may not happen too often, across workers, in the cache (ID-95, OP-234).

Counters live for one window of time, whose number is part of their key: they expire by themselves and need no reset.
What a worker has found out to be over its limit it remembers until the window ends, so that refusing costs no look at
the cache. When the cache is away nothing is counted and everything goes on (OPS-03).
"""

import hashlib
import time
from collections.abc import Callable

from django.core.cache import cache

# More keys than this are not remembered at a time; the counts in the cache stay right.
MOST_BLOCKED = 10_000
_all: list["Throttle"] = []


class Throttle:
    """One kind of event. ``warn`` is told, with the exception, when the cache is away."""

    def __init__(self, name: str, *, window: int = 60, warn: Callable[[Exception], None]) -> None:
        self._name = name
        self._window = window  # seconds
        self._warn = warn
        # Key → the window in which it is blocked.
        self._blocked: dict[str, int] = {}
        _all.append(self)

    def _now(self) -> int:
        return int(time.time()) // self._window

    def window(self) -> int:
        """The number of the current window."""
        return self._now()

    def retry_after(self) -> int:
        """Seconds until the current window ends."""
        return self._window - int(time.time()) % self._window

    def is_blocked(self, key: str) -> bool:
        """Whether this worker knows that nothing more is allowed in the current window."""
        return self._blocked.get(key) == self._now()

    def blocks_anything(self) -> bool:
        """Whether this worker has had to block anything lately."""
        return bool(self._blocked)

    def block(self, key: str) -> None:
        """Allow nothing more in the current window, in this worker."""
        window = self._now()
        if len(self._blocked) >= MOST_BLOCKED:
            for known in [known for known, since in list(self._blocked.items()) if since != window] or list(
                self._blocked
            ):
                self._blocked.pop(known, None)
        self._blocked[key] = window

    def count(self, *keys: str) -> list[int] | None:
        """Count one event under each key; how many there were in this window, None when the cache is away."""
        try:
            return [self._count(key) for key in keys]
        except Exception as error:
            # Whatever is wrong with the cache, sign-in and tokens do not depend on it.
            self._warn(error)
            return None

    def take(self, key: str, window: int) -> int | None:
        """How many there were under ``key`` in a window that is over, for the first worker that asks; None for all
        others. Raises what the cache raises."""
        stored = self._stored(key, window)
        if not cache.add(f"{stored}:taken", 1, timeout=2 * self._window):
            return None
        return int(cache.get(stored) or 0)

    def _stored(self, key: str, window: int) -> str:
        # Hashed, because what callers send may be longer than a key of the cache.
        digest = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
        return f"{self._name}:{window}:{digest}"

    def _count(self, key: str) -> int:
        stored = self._stored(key, self._now())
        cache.add(stored, 0, timeout=2 * self._window)
        return cache.incr(stored)

    def forget(self) -> None:
        """Know nothing that is blocked any more, in this process."""
        self._blocked.clear()


def forget_all() -> None:
    """The same for every throttle of this process."""
    for throttle in _all:
        throttle.forget()
