"""Requests per minute, counted per session in the shared cache (SE-80, SE-81, SE-86)."""

import time
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache
from rest_framework.throttling import BaseThrottle

from erpnet_identity.audit.complaints import Complaint

log = structlog.get_logger("erpnet.throttle")

WINDOW = 60  # seconds
# One number in the cache holds both when the window began and how many requests it has seen, so that counting is
# one step for all processes and the caller can be told how long to wait.
_COUNT_BITS = 24
_complain = Complaint(log, "the cache is away; API requests are not counted")


def count(session_key: str, now: float) -> tuple[int, int]:
    """Count one request of a session: how many there were in its current minute, and when that began."""
    key = f"session-rpm:{session_key}"
    first = (int(now) << _COUNT_BITS) + 1
    for _ in range(2):
        try:
            value = cache.incr(key)
        except ValueError:  # the first request of a minute
            value = first
            if not cache.add(key, value, timeout=WINDOW):
                continue  # another process was first
        if now - (value >> _COUNT_BITS) >= WINDOW:
            # The minute is over by our clock, from which the caller was told how long to wait; the cache's may lag.
            value = first
            cache.set(key, value, timeout=WINDOW)
        return value & ((1 << _COUNT_BITS) - 1), value >> _COUNT_BITS
    return 1, int(now)


class SessionRate(BaseThrottle):
    """The limit of one session (``ERPNET_SESSION_RPM``; 0 switches it off)."""

    _wait = 0

    def allow_request(self, request: Any, view: Any) -> bool:
        limit = settings.SESSION_RPM
        if not limit:
            return True
        now = time.time()
        try:
            number, began = count(request.auth.session_key, now)
        except Exception as error:  # any failure of the cache: the call is let through
            _complain(error)
            return True
        self._wait = max(1, began + WINDOW - int(now))
        return number <= limit

    def wait(self) -> float | None:
        return self._wait
