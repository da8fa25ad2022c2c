"""Finding and authenticating the application of a token request (ID-100 to ID-107, TA-50 to TA-53)."""

from datetime import datetime
from typing import Any

from django.db.models import F

from trusted_apps import secrets
from trusted_apps.models import LAST_USED_COARSENESS, ClientSecret, TrustedApplication

from .credentials import ClientCredentials

# Compared with when there is nothing else to compare with, so that an unknown client costs the same (OP-136).
_NOBODYS_HASH = secrets.digest("")


class Refused(Exception):
    """The client is not who it says. ``cause`` tells the operator why; the caller is told nothing (ID-107)."""

    def __init__(self, cause: str, application: TrustedApplication | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.application = application


def authenticate(credentials: ClientCredentials, *, now: datetime) -> TrustedApplication:
    """The confidential, enabled application whose secret was presented. One query. Raises ``Refused``.

    Every path compares at least one hash, in constant time.
    """
    ids = {client_id for client_id, _ in credentials.alternatives}
    # One row per secret, one row without any: the application, its system user and its secrets in one query.
    rows: list[Any] = list(
        TrustedApplication.objects.filter(client_id__in=ids)
        .select_related("system_user")
        .annotate(
            secret_pk=F("secrets__pk"),
            secret_hash=F("secrets__secret_hash"),
            secret_expires=F("secrets__expires"),
            secret_disabled_at=F("secrets__disabled_at"),
            secret_last_used=F("secrets__last_used"),
        )
        .order_by()
    )
    cause, found = "client_unknown", None
    for client_id, secret in credentials.alternatives:
        candidates = [row for row in rows if row.client_id == client_id]
        if not candidates:
            secrets.matches(secret, _NOBODYS_HASH)
            continue
        found = found or candidates[0]
        matching = [row for row in candidates if secrets.matches(secret, row.secret_hash or _NOBODYS_HASH)]
        good = next((row for row in matching if row.secret_hash and _is_usable(row, now)), None)
        cause = _cause(candidates, matching, secret, good is not None)
        if not cause:
            assert good is not None
            _remember_use(good, now)
            return good
    raise Refused(cause, found)


def _is_usable(row: Any, now: datetime) -> bool:
    return row.secret_disabled_at is None and (row.secret_expires is None or row.secret_expires > now)


def _cause(candidates: list[Any], matching: list[Any], secret: str, has_good_secret: bool) -> str:
    """Why this pair is refused, or an empty text. The order is that of importance to the administrator (DR-05)."""
    application = candidates[0]
    if application.is_public:
        return "secret_from_public_client"
    if not application.is_confidential:
        return "client_type_none"
    if application.secret_pk is None:
        return "secret_not_registered"
    if not matching:
        return "secret_hash_sent" if any(row.secret_hash == secret for row in candidates) else "secret_wrong"
    if not has_good_secret:
        return "secret_retired" if all(row.secret_disabled_at for row in matching) else "secret_expired"
    if not application.is_enabled:
        return "application_disabled"
    return ""


def _remember_use(row: Any, now: datetime) -> None:
    """Write the time of last use, coarsely: a write on every token would be the dearest part of it."""
    stale = now - LAST_USED_COARSENESS
    if row.secret_last_used is None or row.secret_last_used < stale:
        ClientSecret.objects.filter(pk=row.secret_pk).update(last_used=now)
    if row.last_used is None or row.last_used < stale:
        TrustedApplication.objects.filter(pk=row.pk).update(last_used=now)
