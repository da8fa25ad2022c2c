"""Finding and authenticating the application of a token request (ID-100 to ID-107, TA-50 to TA-53)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet

from erpnet_identity.compiled import CompiledQuery
from erpnet_identity.users.models import User
from trusted_apps import secrets
from trusted_apps.models import LAST_USED_COARSENESS, ClientSecret, TrustedApplication

from .credentials import MAX_COLONS, ClientCredentials

# Compared with when there is nothing else to compare with, so that an unknown client costs the same (OP-136).
_NOBODYS_HASH = secrets.digest("")


def _columns(model: type[Model], *names: str) -> list[str]:
    # In the order of the model, which is how `from_db` takes them.
    return [field.attname for field in model._meta.concrete_fields if field.attname in names]


# What a token request asks of the rows. The rest (notes, addresses, password) stays in the database and would be read
# if anything asked for it.
_APPLICATION = _columns(
    TrustedApplication,
    *("id", "client_id", "client_type", "name", "scope", "is_enabled", "last_used"),
    *("allows_internal_users", "allows_community_users", "allows_service", "system_user_id"),
    *("refresh_tokens_from", "identity_scopes_imply_access", "is_first_party"),
)
_USER = _columns(User, "id", "login", "name", "user_type", "is_admin", "is_active")
_SECRET = ["id", "secret_hash", "expires", "disabled_at", "last_used"]
# One row per secret, one row without any: the application, its system user and its secrets in one query.


def _rows_of(*client_ids: str) -> QuerySet[Any, Any]:
    columns = (*_APPLICATION, *(f"system_user__{name}" for name in _USER), *(f"secrets__{name}" for name in _SECRET))
    return TrustedApplication.objects.filter(client_id__in=client_ids).order_by().values_list(*columns)


_look_up = CompiledQuery(2, _rows_of)
# For a header with several colons, each of which may end the id: still one query.
_look_up_many = CompiledQuery(MAX_COLONS + 1, _rows_of)


def _rows(client_ids: list[str]) -> list[tuple[Any, ...]]:
    query, places = (_look_up, 2) if len(client_ids) <= 2 else (_look_up_many, MAX_COLONS + 1)
    return query.rows(*client_ids, *[client_ids[-1]] * (places - len(client_ids)))


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An application with one of its secrets, or with none (``secret_id`` is None)."""

    application: TrustedApplication
    secret_id: Any
    secret_hash: str | None
    expires: datetime | None
    disabled_at: datetime | None
    last_used: datetime | None

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> "_Candidate":
        application = TrustedApplication.from_db("default", _APPLICATION, row[: len(_APPLICATION)])
        user = row[len(_APPLICATION) : len(_APPLICATION) + len(_USER)]
        if application.system_user_id is not None:
            application.system_user = User.from_db("default", _USER, user)
        return cls(application, *row[len(_APPLICATION) + len(_USER) :])

    def is_usable(self, now: datetime) -> bool:
        return (
            self.secret_hash is not None and self.disabled_at is None and (self.expires is None or self.expires > now)
        )


class Refused(Exception):
    """The client is not who it says. ``cause`` tells the operator why; the caller is told nothing (ID-107)."""

    def __init__(self, cause: str, application: TrustedApplication | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.application = application


def authenticate(credentials: ClientCredentials, *, now: datetime, allow_public: bool = False) -> TrustedApplication:
    """The confidential, enabled application whose secret was presented. One query. Raises ``Refused``.

    With ``allow_public`` also the public, enabled application that is named and presents no secret (OP-137). Every
    path compares at least one hash, in constant time.
    """
    ids = [client_id for client_id, _ in credentials.alternatives]
    everyone = [_Candidate.from_row(row) for row in _rows(ids)]
    cause, found = "client_unknown", None
    for client_id, secret in credentials.alternatives:
        candidates = [candidate for candidate in everyone if candidate.application.client_id == client_id]
        if not candidates:
            secrets.matches(secret, _NOBODYS_HASH)
            continue
        found = found or candidates[0].application
        matching = [
            each for each in candidates if secrets.matches(secret, each.secret_hash or _NOBODYS_HASH) and secret
        ]
        if allow_public and not secret and candidates[0].application.is_public:
            if not candidates[0].application.is_enabled:
                raise Refused("application_disabled", candidates[0].application)
            _remember_application(candidates[0].application, now)
            return candidates[0].application
        good = next((each for each in matching if each.is_usable(now)), None)
        cause = _cause(candidates, matching, secret, good)
        if not cause:
            assert good is not None
            _remember_use(good, now)
            return good.application
    raise Refused(cause, found)


def _cause(candidates: list[_Candidate], matching: list[_Candidate], secret: str, good: _Candidate | None) -> str:
    """Why this pair is refused, or an empty text. The order is that of importance to the administrator (DR-05)."""
    application = candidates[0].application
    if application.is_public:
        return "secret_from_public_client" if secret else "public_client"
    if not application.is_confidential:
        return "client_type_none"
    if not secret:
        return "secret_missing"
    if candidates[0].secret_id is None:
        return "secret_not_registered"
    if not matching:
        return "secret_hash_sent" if any(each.secret_hash == secret for each in candidates) else "secret_wrong"
    if good is None:
        return "secret_retired" if all(each.disabled_at for each in matching) else "secret_expired"
    if not application.is_enabled:
        return "application_disabled"
    return ""


def _remember_use(used: _Candidate, now: datetime) -> None:
    """Write the time of last use, coarsely: a write on every token would be the dearest part of it."""
    stale = now - LAST_USED_COARSENESS
    if used.last_used is None or used.last_used < stale:
        ClientSecret.objects.filter(pk=used.secret_id).update(last_used=now)
    _remember_application(used.application, now)


def _remember_application(application: TrustedApplication, now: datetime) -> None:
    stale = now - LAST_USED_COARSENESS
    if application.last_used is None or application.last_used < stale:
        TrustedApplication.objects.filter(pk=application.pk).update(last_used=now)
