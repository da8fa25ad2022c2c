"""Slowing down guesses at client secrets (ID-95, OP-234).

Failures are counted per address and per client id. The count of an address comes back with each failure; a worker that
hears of one too many refuses the address for the rest of the minute before it looks at credentials. So a right answer
costs no look at the cache, and an address gets at most one more guess per worker than the limit allows.

A client id that failed too often, from whatever addresses, only makes further *failures* answer 429: a right secret
still works, because otherwise anybody could lock an app out by failing in its name.
"""

import structlog
from django.conf import settings

from erpnet_identity.audit.complaints import Complaint
from erpnet_identity.edge.throttle import Throttle

_failures = Throttle(
    "token-failures",
    complain=Complaint(
        structlog.get_logger("erpnet.throttle"), "the cache is away; failed authentications are not counted"
    ),
)
retry_after = _failures.retry_after


def address_is_blocked(address: str) -> bool:
    """Whether this worker knows that the address has used up its failures for the current minute."""
    return _failures.is_blocked(address)


def count_failure(address: str, client_id: str) -> bool:
    """Count one failed client authentication; True when it was one too many and answers 429."""
    limit = settings.TOKEN_FAILURES_PER_MINUTE
    counted = _failures.count(f"address:{address}", *([f"client:{client_id}"] if client_id else []))
    if counted is None:
        return False
    if counted[0] >= limit:
        _failures.block(address)
    return max(counted) > limit
