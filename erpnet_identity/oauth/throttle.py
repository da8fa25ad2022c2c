"""Slowing down guesses at client secrets (ID-95, OP-234).

Failures are counted per address and per client id, across workers, in the cache. The count of an address comes back
with each failure; a worker that hears of one too many refuses the address for the rest of the minute before it looks
at credentials. So a right answer costs no look at the cache, and an address gets at most one more guess per worker
than the limit allows.

A client id that failed too often, from whatever addresses, only makes further *failures* answer 429: a right secret
still works, because otherwise anybody could lock an app out by failing in its name.
"""

import hashlib
import time

import structlog
from django.conf import settings
from django.core.cache import cache

from erpnet_identity.audit.complaints import Complaint

log = structlog.get_logger("erpnet.throttle")

WINDOW = 60  # seconds
# More addresses than this are not remembered at a time; the count in the cache stays right.
MOST_BLOCKED = 10_000
# Address → the window in which it is blocked.
_blocked: dict[str, int] = {}
_complain = Complaint(log, "the cache is away; failed authentications are not counted")


def _window() -> int:
    return int(time.time()) // WINDOW


def _key(kind: str, value: str) -> str:
    # The window's number is part of the key: counters expire by themselves and need no reset. Hashed, because a client
    # id may be longer than a key of the cache.
    return f"token-failures:{kind}:{_window()}:{hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()}"


def retry_after() -> int:
    """Seconds until the current window ends."""
    return WINDOW - int(time.time()) % WINDOW


def address_is_blocked(address: str) -> bool:
    """Whether this worker knows that the address has used up its failures for the current minute."""
    return _blocked.get(address) == _window()


def _block(address: str) -> None:
    window = _window()
    if len(_blocked) >= MOST_BLOCKED:
        for known in [known for known, since in list(_blocked.items()) if since != window] or list(_blocked):
            _blocked.pop(known, None)
    _blocked[address] = window


def _count(key: str) -> int:
    cache.add(key, 0, timeout=2 * WINDOW)
    return cache.incr(key)


def count_failure(address: str, client_id: str) -> bool:
    """Count one failed client authentication; True when it was one too many and answers 429."""
    limit = settings.TOKEN_FAILURES_PER_MINUTE
    try:
        of_address = _count(_key("address", address))
        of_client = _count(_key("client", client_id)) if client_id else 0
    except Exception as error:
        # Any failure of the cache: tokens go on being issued (OPS-03).
        _complain(error)
        return False
    if of_address >= limit:
        _block(address)
    return of_address > limit or of_client > limit


def forget() -> None:
    """Know no blocked address any more, in this process."""
    _blocked.clear()
