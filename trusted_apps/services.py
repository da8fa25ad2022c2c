"""Changes of the registry: one transaction each, the trace inside, a secret returned once."""

import uuid
from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import transaction
from django.utils import timezone

from erpnet_identity.audit import events
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.services import record
from erpnet_identity.users import subjects

from . import secrets
from .attributes import ATTRIBUTES
from .models import ClientSecret, TrustedApplication
from .rules import refuse_login
from .signals import application_deleted

MAX_SECRET_LENGTH = 1000


def _value(application: TrustedApplication, field: str) -> Any:
    """An attribute as people read it in the trace."""
    value = getattr(application, field)
    if field == "system_user":
        return value.login if value is not None else None
    if field in ("redirect_uris", "post_logout_redirect_uris"):
        return value.split()
    if field in ("client_type", "reference_tokens"):
        return getattr(application, f"get_{field}_display")()
    return value


def changes_between(old: TrustedApplication, new: TrustedApplication) -> dict[str, dict[str, Any]]:
    """The attributes in which two states of a record differ: documented name → old and new value (TA-73)."""
    return {
        attribute.erp_name: {"old": _value(old, attribute.field), "new": _value(new, attribute.field)}
        for attribute in ATTRIBUTES
        if _value(old, attribute.field) != _value(new, attribute.field)
    }


@transaction.atomic
def save_application(
    application: TrustedApplication, *, actor: Actor, source: dict[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """Validate and store a new or changed record (TA-30 to TA-47) and record what changed (TA-73).

    Returns the changed attributes by documented name; empty means that nothing was written. ``source`` is added to
    the event's detail. Raises ``ValidationError`` with every violation, keyed by field.
    """
    if application._state.adding:
        subjects.lock()
    application.full_clean()
    detail = source or {}
    if application._state.adding:
        application.save(force_insert=True)
        values = {attribute.erp_name: _value(application, attribute.field) for attribute in ATTRIBUTES}
        record(
            events.APPLICATION_REGISTERED,
            actor=actor,
            application=application,
            detail={"values": {name: value for name, value in values.items() if value not in (None, "", [])}, **detail},
        )
        return {name: {"old": None, "new": value} for name, value in values.items()}
    stored = (
        TrustedApplication.objects.select_for_update(of=("self",)).select_related("system_user").get(pk=application.pk)
    )
    changes = changes_between(stored, application)
    if not changes:
        return {}
    if "ApplicationUri" in changes:
        subjects.lock()
        refuse_login(application)  # once more: another transaction may have held the lock until now
    application.object_version = stored.object_version + 1
    # Only the attributes: the coarse time of last use is written by others.
    application.save(update_fields=[*(attribute.field for attribute in ATTRIBUTES), "object_version", "updated"])
    switch = changes.get("IsEnabled")
    others = {name: change for name, change in changes.items() if name != "IsEnabled"}
    if switch is not None:
        name = events.APPLICATION_ENABLED if switch["new"] else events.APPLICATION_DISABLED
        record(name, actor=actor, application=application, detail=detail)
    if others:
        record(events.APPLICATION_UPDATED, actor=actor, application=application, detail={"changes": others, **detail})
    return changes


@transaction.atomic
def set_enabled(
    application: TrustedApplication, enabled: bool, *, actor: Actor, source: dict[str, Any] | None = None
) -> bool:
    """Throw the kill switch or take it back (TA-70, TA-71). Returns whether anything changed.

    Writes nothing but the switch, so that a record which an older rule accepted can always be disabled.
    """
    stored = TrustedApplication.objects.select_for_update().get(pk=application.pk)
    application.is_enabled = enabled
    if stored.is_enabled == enabled:
        return False
    stored.is_enabled = enabled
    stored.object_version += 1
    stored.save(update_fields=["is_enabled", "object_version", "updated"])
    application.object_version = stored.object_version
    name = events.APPLICATION_ENABLED if enabled else events.APPLICATION_DISABLED
    record(name, actor=actor, application=stored, detail=source)
    return True


@transaction.atomic
def delete_application(application: TrustedApplication, *, actor: Actor) -> None:
    """Remove a record with its secrets and tokens; its API sessions are closed (TA-72). Raises ``ValidationError`` for
    an internal record."""
    if application.is_internal:
        raise ValidationError("The product's own applications cannot be deleted.", code="internal")
    stored = TrustedApplication.objects.select_for_update().get(pk=application.pk)
    record(events.APPLICATION_DELETED, actor=actor, application=stored, detail={"name": stored.name})
    application_deleted.send(TrustedApplication, application_id=stored.pk, actor=actor)
    stored.delete()


def free_secret_name(application: TrustedApplication, wanted: str = "") -> str:
    """``wanted`` or, when that is empty, a name that no secret of the application has yet."""
    if wanted:
        return wanted
    taken = set(application.secrets.values_list("name", flat=True))
    if "default" not in taken:
        return "default"
    number = 2
    while f"secret {number}" in taken:
        number += 1
    return f"secret {number}"


@transaction.atomic
def add_secret(
    application: TrustedApplication,
    *,
    actor: Actor,
    name: str = "",
    secret: str | None = None,
    secret_hash: str | None = None,
    expires: datetime | None = None,
    key: uuid.UUID | None = None,
    source: dict[str, Any] | None = None,
) -> tuple[ClientSecret, str | None]:
    """Give an application one more secret: a generated one, one that a person chose, or a hash from elsewhere.

    ``key`` becomes the key of the row: a caller that may be asked twice for the same thing sets it and notices.
    Returns the row and, for a generated secret only, the plain value: here and nowhere else (TA-56). Raises
    ``ValidationError`` (TA-33, TA-35, a name or a secret that the application already has).
    """
    generated = None
    if secret_hash is None:
        if secret is None:
            generated = secret = secrets.generate()
        if not secret or "\x00" in secret or len(secret) > MAX_SECRET_LENGTH:
            raise ValidationError({"secret": f"A secret has 1 to {MAX_SECRET_LENGTH:,} characters."})
        secret_hash = secrets.digest(secret)
    row = ClientSecret(
        id=key or uuid.uuid4(),
        application=application,
        name=free_secret_name(application, name),
        secret_hash=secret_hash,
        expires=expires,
    )
    row.full_clean()
    row.save(force_insert=True)
    record(
        events.APPLICATION_SECRET_ADDED,
        actor=actor,
        application=application,
        # Only the fact of the change (TA-73).
        detail={
            "secret_id": str(row.pk),
            "secret_name": row.name,
            "expires": expires.isoformat() if expires else None,
            "generated": generated is not None,
            **(source or {}),
        },
    )
    return row, generated


def _locked(row: ClientSecret) -> ClientSecret:
    """The stored secret, locked after its application: everywhere in this order, so that nobody waits in a circle."""
    application = TrustedApplication.objects.select_for_update().get(pk=row.application_id)
    stored = ClientSecret.objects.select_for_update().get(pk=row.pk)
    stored.application = application
    return stored


def _end_refresh_tokens(application: TrustedApplication, now: datetime) -> None:
    """Void what was granted until now, because a secret that was good no longer is (TA-54, TK-57).

    That is the moment at which a rotation is complete: the old secret stops. Adding a second one beside it ends
    nothing, because several are valid at once so that a rotation needs no outage. A thief of the old secret together
    with refresh tokens keeps neither.
    """
    application.refresh_tokens_from = now
    application.save(update_fields=["refresh_tokens_from"])


@transaction.atomic
def set_secret_expiry(
    row: ClientSecret, expires: datetime | None, *, actor: Actor, source: dict[str, Any] | None = None
) -> bool:
    """Let a secret end at another moment, or never; one that has passed ends it now. Returns whether anything
    changed."""
    stored = _locked(row)
    now = timezone.now()
    was_usable = stored.is_usable(now)
    old, stored.expires = stored.expires, expires
    row.expires = expires
    if old == expires:
        return False
    stored.save(update_fields=["expires"])
    if was_usable and not stored.is_usable(now):
        _end_refresh_tokens(stored.application, now)
    record(
        events.APPLICATION_SECRET_UPDATED,
        actor=actor,
        application=stored.application,
        detail={
            "secret_id": str(stored.pk),
            "secret_name": stored.name,
            "expires": {"old": old and old.isoformat(), "new": expires and expires.isoformat()},
            **(source or {}),
        },
    )
    return True


@transaction.atomic
def retire_secret(row: ClientSecret, *, actor: Actor, source: dict[str, Any] | None = None, stops: bool = True) -> bool:
    """Stop accepting a secret from the next request on (TA-53); what was granted until now must be granted anew
    (TA-54). Returns whether anything changed.

    ``stops`` is false when the caller goes on to store the same secret under another name, or when nobody could use it
    yet: then nothing was rotated.
    """
    stored = _locked(row)
    if stored.disabled_at is not None:
        return False
    now = timezone.now()
    if stops and stored.is_usable(now):
        _end_refresh_tokens(stored.application, now)
    stored.disabled_at = row.disabled_at = now
    stored.save(update_fields=["disabled_at"])
    record(
        events.APPLICATION_SECRET_RETIRED,
        actor=actor,
        application=stored.application,
        detail={"secret_id": str(stored.pk), "secret_name": stored.name, **(source or {})},
    )
    return True


@transaction.atomic
def remove_secret(row: ClientSecret, *, actor: Actor, source: dict[str, Any] | None = None, stops: bool = True) -> bool:
    """Delete a secret that is no longer wanted in the list. One that is still valid stops like a retired one;
    ``stops`` as there. Returns whether it was still there."""
    try:
        stored = _locked(row)
    except ObjectDoesNotExist:
        return False
    now = timezone.now()
    if stops and stored.is_usable(now):
        _end_refresh_tokens(stored.application, now)
    record(
        events.APPLICATION_SECRET_REMOVED,
        actor=actor,
        application=stored.application,
        detail={"secret_id": str(stored.pk), "secret_name": stored.name, **(source or {})},
    )
    stored.delete()
    return True
