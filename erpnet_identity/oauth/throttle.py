"""Slowing down guesses at client secrets (ID-95, OP-234).

Counted per address and per client id in the cache. An address that failed too often is refused before its
credentials are looked at. A client id that failed too often, from whatever addresses, only makes further *failures*
answer 429: a right secret still works, because otherwise anybody could lock an app out by failing in its name.
"""

import time

import structlog
from django.conf import settings
from django.core.cache import cache

log = structlog.get_logger("erpnet.throttle")

WINDOW = 60  # seconds
_last_complaint = 0.0


def _key(kind: str, value: str) -> str:
    # The window's number is part of the key: counters expire by themselves and need no reset.
    return f"token-failures:{kind}:{int(time.time()) // WINDOW}:{value.encode().hex()[:200]}"


def retry_after() -> int:
    """Seconds until the current window ends."""
    return WINDOW - int(time.time()) % WINDOW


def _complain(error: Exception) -> None:
    # Once a minute, not once a call: a cache that is away must not fill the log as well (OPS-03).
    global _last_complaint
    now = time.monotonic()
    if now - _last_complaint > 60:
        _last_complaint = now
        log.warning("the cache is away; failed authentications are not counted", error=type(error).__name__)


def address_is_blocked(address: str) -> bool:
    """Whether this address has used up its failures for the current minute."""
    try:
        return int(cache.get(_key("address", address), 0)) >= settings.TOKEN_FAILURES_PER_MINUTE
    except Exception as error:  # any failure of the cache: tokens go on being issued
        _complain(error)
        return False


def _count(key: str) -> int:
    cache.add(key, 0, timeout=2 * WINDOW)
    return cache.incr(key)


def count_failure(address: str, client_id: str) -> bool:
    """Count one failed client authentication; True when it was one too many and answers 429."""
    limit = settings.TOKEN_FAILURES_PER_MINUTE
    try:
        failures = [_count(_key("address", address))]
        if client_id:
            failures.append(_count(_key("client", client_id)))
    except Exception as error:
        _complain(error)
        return False
    return any(number > limit for number in failures)
