"""Client authentication: which application sends a request, and its proof (RFC 6749 §2.3, ID-95, ID-100 to ID-108,
TA-50 to TA-53).

``authenticate`` is the one call for every endpoint that applications send their credentials to. Its steps are the
sections below.
"""

import base64
import binascii
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes

import structlog
from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import timezone

from erpnet_identity.audit import context
from erpnet_identity.audit.causes import Cause
from erpnet_identity.platform.compiled import CompiledQuery
from erpnet_identity.platform.rate_limited_warnings import RateLimitedWarning
from erpnet_identity.platform.throttle import Throttle
from erpnet_identity.users.models import User
from trusted_apps import secrets
from trusted_apps.models import LAST_USED_COARSENESS, ClientSecret, TrustedApplication

from .form import FormPost
from .refusal import OAuthRefusal, TooManyFailures

# What a client that used the Basic header reads beside a refusal.
CHALLENGE = 'Basic realm="erpnet", charset="UTF-8"'


def authenticate(post: FormPost, *, must_be_confidential: bool = False) -> TrustedApplication:
    """The enabled application that sent ``post``: a confidential one that proves itself by a secret, or a public one
    that names itself and sends none (OP-137), unless it ``must_be_confidential``.

    One query, and now and then a write of the time of last use. To be called outside of a transaction: a secret that
    may be a guess waits. Raises ``OAuthRefusal``. It says what was sent twice or is missing; credentials that are wrong
    get the same one whatever is wrong with them (ID-107).
    """
    try:
        credentials = _read(post)
        if must_be_confidential:
            _require_both(credentials)
        _slow_down_guesses(credentials)
        return _verify(credentials, now=timezone.now(), allow_public=not must_be_confidential)
    except _Unproved as unproved:
        raise _failure(post, unproved) from None


# ── reading the credentials ───────────────────────────────────────────────────────────────────────────

MAX_LENGTH = 4096  # characters of an id and a secret together
# How many colons of a pair may be the one after the client id. A request with more is read up to here.
MAX_COLONS = 8


class _Unproved(Exception):
    """The application is not proved to be the one that it says. ``cause`` tells the operator why; the caller is told
    nothing."""

    def __init__(self, cause: Cause, client_id: str = "", application: TrustedApplication | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.client_id = client_id
        self.application = application


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """A client id and a secret as sent. A Basic header can be read in several ways; ``readings`` are the pairs to try,
    the standard's first. An empty secret counts as none (ID-104)."""

    readings: tuple[tuple[str, str], ...]

    @property
    def _clearest(self) -> tuple[str, str]:
        # One that names a client and a secret, if any does.
        return next(filter(all, self.readings), self.readings[0])

    @property
    def client_id(self) -> str:
        return self._clearest[0]

    @property
    def secret(self) -> str:
        return self._clearest[1]


def _read(post: FormPost) -> ClientCredentials:
    """The credentials of a Basic header or of the form, never of both (OP-135, ID-106)."""
    form_id, form_secret = post.get("client_id"), post.get("client_secret")
    if not post.authorization:
        return ClientCredentials(((form_id, form_secret),))
    readings = parse_basic(post.authorization)
    if readings is None:
        raise _Unproved(Cause.BASIC_HEADER_MALFORMED, form_id)
    if form_secret or (form_id and all(form_id != client_id for client_id, _ in readings)):
        raise OAuthRefusal(
            "invalid_request",
            "Only one way of client authentication may be used",
            Cause.SECRET_SENT_TWICE,
            client_id=form_id,
        )
    return ClientCredentials(readings)


def parse_basic(header: str) -> tuple[tuple[str, str], ...] | None:
    """The readings of an ``Authorization`` header, or None when it is not readable Basic.

    Id and secret are form-url-decoded as RFC 6749 §2.3.1 demands; where that changes anything the raw pair follows,
    because some libraries do not encode, and then the raw pairs at the further colons, because a client id may hold
    some (ID-102).
    """
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    if ":" not in text or "\x00" in text or len(text) > MAX_LENGTH:
        return None
    colons = [place for place, character in enumerate(text) if character == ":"][:MAX_COLONS]
    raw = [(text[:colon], text[colon + 1 :]) for colon in colons]
    decoded_id, decoded_secret = map(_form_decoded, raw[0])
    if decoded_id is None or decoded_secret is None:
        return tuple(raw)
    return tuple(dict.fromkeys([(decoded_id, decoded_secret), *raw]))


def _form_decoded(text: str) -> str | None:
    try:
        decoded = unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\x00" in decoded else decoded


def _require_both(credentials: ClientCredentials) -> None:
    """What is missing is said (ID-242, ID-243), where the grants of users answer ``invalid_client`` (ID-108)."""
    client_id, secret = credentials.client_id, credentials.secret
    if not client_id and not secret:
        raise OAuthRefusal("invalid_grant", "Client credentials are invalid or missing", Cause.CREDENTIALS_MISSING)
    if not client_id:
        raise OAuthRefusal("invalid_request", "Missing client_id", Cause.CLIENT_ID_MISSING)
    if not secret:
        raise OAuthRefusal("invalid_request", "Missing client_secret", Cause.SECRET_MISSING, client_id=client_id)


# ── counting failures, slowing down guesses ───────────────────────────────────────────────────────────
#
# A right secret passes, whatever others did from the same address or in the application's name: otherwise anybody could
# stop a service by failing. Failures are counted per address, per client id and for both together; beyond the limit of
# any of them further *failures* answer 429. That alone would not slow down guessing, since the right guess still shows:
# so once an address has failed too often for one client id, its secrets that could be guessed at all (``weakness``) are
# looked at one at a time, with a pause before each. Those that we make cannot be guessed and never wait. A right answer
# costs no look at the cache (docs/decisions/token-throttle.md).

_failures = Throttle(
    "token-failures",
    warn=RateLimitedWarning(
        structlog.get_logger("erpnet.throttle"), "the cache is away; failed authentications are not counted"
    ),
)

PAUSE = 0.5  # seconds
# One request of a process pauses at a time: a guesser must not hold the threads of everybody.
_turn = threading.Lock()


def _slow_down_guesses(credentials: ClientCredentials) -> None:
    """Wait when a secret may be a guess, or refuse when another one waits already. Before anything is looked up."""
    if not _failures.blocks_anything():
        return
    caller = context.current().caller
    is_guess = any(
        secret and secrets.weakness(secret) is not None and _failures.is_blocked(_pair(caller, client_id))
        for client_id, secret in credentials.readings
    )
    if not is_guess:
        return
    if not _turn.acquire(blocking=False):
        raise TooManyFailures(retry_after=_failures.retry_after())
    try:
        time.sleep(PAUSE)
    finally:
        _turn.release()


def _failure(post: FormPost, unproved: _Unproved) -> OAuthRefusal:
    """Count one failed authentication; the refusal that it is answered with. Only who used the header gets the
    challenge that belongs to it (RFC 6749 §5.2, ID-105)."""
    if _is_one_too_many(context.current().caller, unproved.client_id):
        return TooManyFailures(retry_after=_failures.retry_after())
    return OAuthRefusal(
        "invalid_client",
        "Invalid client_id or client_secret",
        unproved.cause,
        status_code=401 if post.authorization else 400,
        headers={"WWW-Authenticate": CHALLENGE} if post.authorization else {},
        client_id=unproved.client_id,
        application=unproved.application,
    )


def _is_one_too_many(caller: str, client_id: str) -> bool:
    limit = settings.TOKEN_FAILURES_PER_MINUTE
    pair = _pair(caller, client_id)
    counted = _failures.count(f"address:{caller}", *([pair, f"client:{client_id}"] if client_id else []))
    if counted is None:
        return False
    if client_id and counted[1] >= limit:
        _failures.block(pair)
    return max(counted) > limit


def _pair(caller: str, client_id: str) -> str:
    return f"pair:{caller} {client_id}"


# ── verifying the credentials ─────────────────────────────────────────────────────────────────────────

# Compared with when there is nothing else to compare with, so that an unknown client costs the same (OP-136).
_HASH_OF_NOTHING = secrets.digest("")


def _columns(model: type[Model], *names: str) -> list[str]:
    # In the order of the model, which is how `from_db` takes them.
    return [field.attname for field in model._meta.concrete_fields if field.attname in names]


# What is asked of the rows here and by the grants. The rest (notes, addresses, password) stays in the database and
# would be read if anything asked for it.
_APPLICATION = _columns(
    TrustedApplication,
    *("id", "client_id", "client_type", "name", "scope", "is_enabled", "last_used"),
    *("allows_internal_users", "allows_community_users", "allows_service", "system_user_id"),
    *("refresh_tokens_from", "identity_scopes_imply_access", "is_first_party"),
)
_USER = _columns(User, "id", "login", "name", "user_type", "is_admin", "is_active")
_SECRET = ["id", "secret_hash", "expires", "disabled_at", "last_used"]


def _rows_of(*client_ids: str) -> QuerySet[Any, Any]:
    # One row per secret, one row without any: the application, its system user and its secrets in one query.
    columns = (*_APPLICATION, *(f"system_user__{name}" for name in _USER), *(f"secrets__{name}" for name in _SECRET))
    return TrustedApplication.objects.filter(client_id__in=client_ids).order_by().values_list(*columns)


_look_up = CompiledQuery(2, _rows_of)
# For a header with several colons, each of which may end the id: still one query.
_look_up_many = CompiledQuery(MAX_COLONS + 1, _rows_of)


def _rows(client_ids: list[str]) -> list[tuple[Any, ...]]:
    query, places = (_look_up, 2) if len(client_ids) <= 2 else (_look_up_many, MAX_COLONS + 1)
    return query.rows(*client_ids, *[client_ids[-1]] * (places - len(client_ids)))


@dataclass(frozen=True, slots=True)
class _Secret:
    """One registered secret of an application."""

    id: Any
    hash: str
    expires: datetime | None
    disabled_at: datetime | None
    last_used: datetime | None

    def is_usable(self, now: datetime) -> bool:
        return self.disabled_at is None and (self.expires is None or self.expires > now)


def _find(client_ids: list[str]) -> dict[str, tuple[TrustedApplication, list[_Secret]]]:
    """The applications of these client ids, each with its secrets."""
    found: dict[str, tuple[TrustedApplication, list[_Secret]]] = {}
    for row in _rows(client_ids):
        of_application, rest = row[: len(_APPLICATION)], row[len(_APPLICATION) :]
        of_user, of_secret = rest[: len(_USER)], rest[len(_USER) :]
        application = TrustedApplication.from_db("default", _APPLICATION, of_application)
        if application.system_user_id is not None:
            application.system_user = User.from_db("default", _USER, of_user)
        _, stored = found.setdefault(application.client_id, (application, []))
        if of_secret[0] is not None:
            stored.append(_Secret(*of_secret))
    return found


def _verify(credentials: ClientCredentials, *, now: datetime, allow_public: bool) -> TrustedApplication:
    """The application of the first reading that is right. Every reading compares at least one hash, in constant time.
    Raises ``_Unproved`` with the cause of the last reading."""
    known = _find([client_id for client_id, _ in credentials.readings])
    cause, named = Cause.CLIENT_UNKNOWN, None
    for client_id, secret in credentials.readings:
        application, stored = known.get(client_id, (None, []))
        matching = [each for each in stored if secrets.matches(secret, each.hash) and secret]
        if not stored:
            secrets.matches(secret, _HASH_OF_NOTHING)
        if application is None:
            continue
        named = named or application
        if allow_public and application.is_public and not secret:
            if not application.is_enabled:
                raise _Unproved(Cause.APPLICATION_DISABLED, credentials.client_id, application)
            _remember_use(application, None, now)
            return application
        usable = next((each for each in matching if each.is_usable(now)), None)
        refused = _cause(application, stored, secret, matching, usable)
        if refused is None:
            _remember_use(application, usable, now)
            return application
        cause = refused
    raise _Unproved(cause, credentials.client_id, named)


def _cause(
    application: TrustedApplication,
    stored: list[_Secret],
    secret: str,
    matching: list[_Secret],
    usable: _Secret | None,
) -> Cause | None:
    """Why this reading is refused, or None. The order is that of importance to the administrator (DR-05)."""
    if application.is_public:
        return Cause.SECRET_FROM_PUBLIC_CLIENT if secret else Cause.PUBLIC_CLIENT
    if not application.is_confidential:
        return Cause.CLIENT_TYPE_NONE
    if not secret:
        return Cause.SECRET_MISSING
    if not stored:
        return Cause.SECRET_NOT_REGISTERED
    if not matching:
        return Cause.SECRET_HASH_SENT if any(each.hash == secret for each in stored) else Cause.SECRET_WRONG
    if usable is None:
        return Cause.SECRET_RETIRED if all(each.disabled_at for each in matching) else Cause.SECRET_EXPIRED
    if not application.is_enabled:
        return Cause.APPLICATION_DISABLED
    return None


def _remember_use(application: TrustedApplication, secret: _Secret | None, now: datetime) -> None:
    """Write the time of last use, coarsely: a write on every token would be the dearest part of it."""
    stale = now - LAST_USED_COARSENESS
    if secret is not None and (secret.last_used is None or secret.last_used < stale):
        ClientSecret.objects.filter(pk=secret.id).update(last_used=now)
    if application.last_used is None or application.last_used < stale:
        TrustedApplication.objects.filter(pk=application.pk).update(last_used=now)
