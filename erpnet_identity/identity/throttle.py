"""Slowing down guesses at passwords and requests for mail, by address (OP-234). What guessing does to an account is
the business of its lockout (ID-191)."""

import structlog
from django.conf import settings
from django.http import HttpRequest

from erpnet_identity.audit import context
from erpnet_identity.platform.rate_limited_warnings import RateLimitedWarning
from erpnet_identity.platform.spelling import fold
from erpnet_identity.platform.throttle import Throttle
from erpnet_identity.users import devices

RESETS_PER_ADDRESS = 10  # in a minute
RESETS_PER_EMAIL = 3  # in a quarter of an hour: more mail than this helps nobody
_warn = RateLimitedWarning(
    structlog.get_logger("erpnet.throttle"), "the cache is away; failed sign-ins are not counted"
)
_failures = Throttle("sign-in-failures", warn=_warn)
_resets = Throttle("reset-requests", warn=_warn)
_mails = Throttle("reset-mails", window=900, warn=_warn)


def seconds_to_wait(address: str) -> int:
    """How long the address has to wait before it may try a password again; 0 when it may."""
    return _failures.retry_after() if _failures.is_blocked(address) else 0


def person_must_wait(request: HttpRequest, name: str) -> int:
    """The same for a password of this login or e-mail address: a device at which the account has signed in before does
    not wait for what others do from its address (ID-191)."""
    wait = seconds_to_wait(context.current().caller)
    if not wait:
        return 0
    known = devices.account_named(request, name)
    return 0 if known is not None and devices.may_try(request, known) else wait


def count_failure(address: str) -> bool:
    """Count a failed sign-in; True when it was one too many and answers 429.

    From the limit on the address is refused for the rest of the minute, right passwords included: a caller that guesses
    must not learn which of them was right.
    """
    limit = settings.SIGN_IN_FAILURES_PER_MINUTE
    counted = _failures.count(address)
    if counted is None:
        return False
    if counted[0] >= limit:
        _failures.block(address)
    return counted[0] > limit


def reset_must_wait(address: str) -> int:
    """Count a request for a reset link; the seconds to wait when it was one too many, else 0."""
    counted = _resets.count(address)
    return _resets.retry_after() if counted is not None and counted[0] > RESETS_PER_ADDRESS else 0


def may_mail(email: str) -> bool:
    """Count a reset link for this e-mail address, whether or not anybody has it; False for one too many."""
    counted = _mails.count(fold(email))
    return counted is None or counted[0] <= RESETS_PER_EMAIL
