"""The running instance as a manifest (MF-05)."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError

from erpnet_identity.erp_sessions.models import ReservedSeat
from erpnet_identity.erp_sessions.pool import stored_pool, stored_size
from erpnet_identity.tenancy.services import stored_instance
from erpnet_identity.users.models import User
from trusted_apps.attributes import ATTRIBUTES
from trusted_apps.models import ClientSecret, TrustedApplication

from . import accounts, emitter, secret_list
from .schema import APPEARANCE, VERSION

_NAMED = ("client_type", "reference_tokens")


def export(*, with_secrets: bool = True) -> str:
    """The manifest of the running instance, every value written out, in a stable order.

    Not in it: the product's own applications, seats of accounts that never call an API, retired secrets of
    applications that cannot keep one, passwords that nothing can be compared with, and what is not configuration
    (times, versions, failed sign-ins).
    """
    slots, seats = stored_pool()
    instance = stored_instance()
    document: dict[str, Any] = {
        "version": VERSION,
        "instance": {
            "name": instance.name,
            "concurrent_licenses": slots,
            "kept_from_services_percent": stored_size().kept_from_services,
            "reserved_seats": sorted(seats.values(), key=_order),
            **{key: getattr(instance, key) for key in APPEARANCE},
        },
        "users": [_user(user, with_secrets) for user in _users()],
        "applications": [_application(row, with_secrets) for row in _applications()],
    }
    rows = [row for key, value in document.items() for row in emitter.lines(key, value, "")]
    return "\n".join(rows) + "\n"


def export_warnings() -> Iterator[str]:
    """Sentences about stored objects that today's rules would refuse, so that ``apply`` would refuse them too."""
    for user in _users():
        yield from _refusals(f"user {user.login}", user, exclude=["password"])
    for seat in ReservedSeat.objects.of_no_use().select_related("user").order_by("user__login"):
        kind = seat.user.type_name
        yield f"user {seat.user.login}: left out of reserved_seats, because accounts of type {kind} never use one"
    for application in _applications():
        yield from _refusals(f"application {application.client_id}", application, exclude=["system_user"])


def _refusals(label: str, row: Any, exclude: list[str]) -> Iterator[str]:
    try:
        row.full_clean(exclude=exclude, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        yield f"{label}: apply would refuse this: {' '.join(error.messages)}"


def _order(name: str) -> tuple[str, str]:
    # Not the database's idea of letter case: the order must be the same on every database.
    return name.lower(), name


def _users() -> list[User]:
    return sorted(User.objects.all(), key=lambda user: _order(user.login))


def _applications() -> list[TrustedApplication]:
    rows = TrustedApplication.objects.select_related("system_user").prefetch_related("secrets")
    return sorted((row for row in rows if not row.is_internal), key=lambda row: _order(row.client_id))


def _user(user: User, with_secrets: bool) -> dict[str, Any]:
    values: dict[str, Any] = {"login": user.login, "id": str(user.pk)}
    for key, field in accounts.FIELDS.items():
        values[key] = user.type_name if key == "type" else getattr(user, field)
    if with_secrets and accounts.can_be_checked(user.password):
        values["password_hash"] = user.password
    return values


def _application(row: TrustedApplication, with_secrets: bool) -> dict[str, Any]:
    values: dict[str, Any] = {"application_uri": row.client_id, "id": str(row.pk)}
    for attribute in ATTRIBUTES:
        values[attribute.key] = _value(row, attribute.field)
        if attribute.field == "client_type" and with_secrets:
            values |= _secrets(row)
    return values


def _value(row: TrustedApplication, field: str) -> Any:
    if field == "redirect_uris":
        return row.redirect_uri_list
    if field == "post_logout_redirect_uris":
        return row.post_logout_redirect_uri_list
    if field == "system_user":
        return row.system_user.login if row.system_user is not None else None
    return getattr(row, f"get_{field}_display")() if field in _NAMED else getattr(row, field)


def _secrets(row: TrustedApplication) -> dict[str, Any]:
    """The short form exactly when there is one secret that it can describe."""
    if row.is_public:
        return {"secrets": []}
    stored = sorted(row.secrets.all(), key=lambda secret: secret.name)
    if len(stored) == 1 and _is_simple(stored[0]):
        return {"secret_hash": stored[0].secret_hash}
    return {
        "secrets": [
            {
                "name": secret.name,
                "secret_hash": secret.secret_hash,
                "expires": secret.expires,
                "is_enabled": secret.disabled_at is None,
            }
            for secret in stored
        ]
    }


def _is_simple(secret: ClientSecret) -> bool:
    return secret.name == secret_list.DEFAULT_NAME and secret.expires is None and secret.disabled_at is None
