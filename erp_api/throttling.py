"""The limits of one session, counted across all workers (SE-80 to SE-82, SE-86)."""

import time
from typing import Any

import structlog
from django.conf import settings
from rest_framework.throttling import BaseThrottle

from erpnet_identity.erp_sessions import request_limits
from erpnet_identity.platform.rate_limited_warnings import RateLimitedWarning

from .exceptions import TooManyRequests

log = structlog.get_logger("erpnet.throttle")

_warn = RateLimitedWarning(log, "the cache is away; API requests are not counted")


class SessionLimits(BaseThrottle):
    """``SessionRpm`` and ``SessionConcurrentRequests``. What was let in stands in the view's ``entry``."""

    def allow_request(self, request: Any, view: Any) -> bool:
        """Raises ``TooManyRequests``. When the cache is away the call is let through (SE-82)."""
        rpm, concurrent = settings.SESSION_RPM, settings.SESSION_CONCURRENT_REQUESTS
        if not rpm and not concurrent:
            return True
        try:
            entry = request_limits.enter(request.user.session_key, now=time.time(), rpm=rpm, concurrent=concurrent)
        except Exception as error:  # any failure of the cache
            _warn(error)
            return True
        if entry.refused:
            raise TooManyRequests(entry.refused, entry.wait)
        view.entry = entry
        return True


def leave(entry: request_limits.Entry) -> None:
    """The request has ended. Never raises: what cannot be told to the cache expires there."""
    try:
        request_limits.leave(entry)
    except Exception as error:
        _warn(error)
