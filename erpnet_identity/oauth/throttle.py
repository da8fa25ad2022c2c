"""Slowing down guesses at client secrets (ID-95, OP-234).

A right secret passes, whatever others did from the same address or in the application's name: otherwise anybody could
stop a service by failing. Failures are counted per address, per client id and for both together; beyond the limit of
any of them further *failures* answer 429. That alone would not slow down guessing, since the right guess still shows:
so once an address has failed too often for one client id, its secrets that could be guessed at all (``weakness``) are
looked at one at a time, with a pause before each. Those that we make cannot be guessed and never wait. A right answer
costs no look at the cache (docs/decisions/token-throttle.md).
"""

import threading
import time

import structlog
from django.conf import settings
from django.http import HttpRequest

from erpnet_identity.audit import context
from erpnet_identity.audit.complaints import Complaint
from erpnet_identity.edge.throttle import Throttle
from trusted_apps.secrets import weakness

from . import credentials

_failures = Throttle(
    "token-failures",
    complain=Complaint(
        structlog.get_logger("erpnet.throttle"), "the cache is away; failed authentications are not counted"
    ),
)
retry_after = _failures.retry_after


PAUSE = 0.5  # seconds
# One request of a process pauses at a time: a guesser must not hold the threads of everybody.
_turn = threading.Lock()


def may_go_on(request: HttpRequest, fields: dict[str, str]) -> bool:
    """Whether to look at the credentials of a token request now; False answers 429. Waits when they may be a guess.

    Called outside of every transaction, and before anything is looked up.
    """
    if not _failures.blocks_anything():
        return True
    try:
        presented = credentials.read(request.META.get("HTTP_AUTHORIZATION", ""), fields)
    except (credentials.BadBasicHeader, credentials.SeveralMethods):
        return True  # refused without a look at any secret
    caller = context.current().caller
    is_guess = any(
        secret and weakness(secret) is not None and _failures.is_blocked(_pair(caller, client_id))
        for client_id, secret in presented.alternatives
    )
    return not is_guess or _wait_for_turn()


def _wait_for_turn() -> bool:
    if not _turn.acquire(blocking=False):
        return False
    try:
        time.sleep(PAUSE)
    finally:
        _turn.release()
    return True


def _pair(caller: str, client_id: str) -> str:
    return f"pair:{caller} {client_id}"


def count_failure(caller: str, client_id: str) -> bool:
    """Count one failed client authentication; True when it was one too many and answers 429."""
    limit = settings.TOKEN_FAILURES_PER_MINUTE
    pair = _pair(caller, client_id)
    counted = _failures.count(f"address:{caller}", *([pair, f"client:{client_id}"] if client_id else []))
    if counted is None:
        return False
    if client_id and counted[1] >= limit:
        _failures.block(pair)
    return max(counted) > limit
