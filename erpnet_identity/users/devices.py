"""Devices at which an account has signed in before: others who lock it do not lock those (ID-191).

A browser that signed in rightly keeps a signed note of it. With the note a right password is let in while guessing from
elsewhere has locked the account or its address. The note has its own limit, so that a thief of one gains as many
guesses as the limit allows and no more. Why: docs/decisions/known-devices.md
"""

import secrets
from datetime import timedelta

import structlog
from django.conf import settings
from django.core import signing
from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from erpnet_identity.platform.rate_limited_warnings import RateLimitedWarning
from erpnet_identity.platform.throttle import Throttle

from .models import User

AGE = timedelta(days=180)
MOST_ACCOUNTS = 5  # of one browser; the oldest is forgotten
_COUNTED = "_device_counted"
_SALT = "erpnet.users.devices"
_tries = Throttle(
    "device-tries",
    window=settings.LOCKOUT_SECONDS,
    warn=RateLimitedWarning(
        structlog.get_logger("erpnet.throttle"), "the cache is away; known devices are like others"
    ),
)


def remember(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Note at this browser that ``user`` has just shown a right password."""
    device, accounts = _read(request)
    accounts.pop(user.pk.hex, None)
    accounts[user.pk.hex] = timezone.now().timestamp()
    kept = dict(list(accounts.items())[-MOST_ACCOUNTS:])
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps([device or secrets.token_urlsafe(12), kept], salt=_SALT),
        max_age=AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def may_try(request: HttpRequest | None, user: User) -> bool:
    """Whether a lock does not count here: counts the attempt of a device that knows the account, once in a request and
    before anything is said about its password. False for any other device, beyond the limit, and while nobody can
    count."""
    if request is None or not _knows(request, user):
        return False
    if not hasattr(request, _COUNTED):
        device, _ = _read(request)
        setattr(request, _COUNTED, _tries.count(f"{device}:{user.pk.hex}"))
    counted: list[int] | None = getattr(request, _COUNTED)
    return counted is not None and counted[0] <= settings.SIGN_IN_FAILURES


def account_named(request: HttpRequest, name: str) -> User | None:
    """The account with this login or e-mail address that this browser knows, or None. One statement, none without a
    note."""
    _, accounts = _read(request)
    if not accounts or not name or "\x00" in name:
        return None
    return User.objects.filter(Q(folded_login=name) | Q(folded_email=name), pk__in=list(accounts)).first()


def _knows(request: HttpRequest, user: User) -> bool:
    """A note of before a new password, or of before the account was switched off, says nothing any more."""
    since = _read(request)[1].get(user.pk.hex)
    ended = user.refresh_tokens_from
    return since is not None and (ended is None or since >= ended.timestamp())


def _read(request: HttpRequest) -> tuple[str, dict[str, float]]:
    """The name of the device, and the moment of the last sign-in of each account; nothing when the note is not ours."""
    try:
        device, accounts = signing.loads(request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=_SALT, max_age=AGE)
    except signing.BadSignature:
        return "", {}
    return device, accounts
