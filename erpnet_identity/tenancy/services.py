"""Changes of what the instance is called, with their trace."""

from typing import Any

from django.db import transaction

from erpnet_identity.audit import events
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.services import record

from . import logo
from .models import Instance, forget


def stored_instance() -> Instance:
    """The row of the instance, or a new one with the defaults that is not stored yet."""
    return Instance.objects.first() or Instance()


@transaction.atomic
def set_name(name: str, *, actor: Actor, source: dict[str, Any] | None = None) -> bool:
    """Change the database name (TK-37). Returns whether anything changed; raises ``ValidationError``.

    Tokens that were issued keep the old name; other processes use the new one within ten seconds.
    """
    return update_instance({"name": name}, actor=actor, source=source)


@transaction.atomic
def update_instance(values: dict[str, str], *, actor: Actor, source: dict[str, Any] | None = None) -> bool:
    """Change what the instance is called and shows of itself. Returns whether anything changed; raises
    ``ValidationError``. Other processes use the new values within ten seconds."""
    instance = Instance.objects.select_for_update().first() or Instance()
    changes = {}
    for name, value in values.items():
        if (old := getattr(instance, name)) != value:
            changes[name] = {"old": _shown(name, old), "new": value}
            setattr(instance, name, value)
    if not changes:
        return False
    instance.clean_fields()
    instance.save()
    for name, change in changes.items():
        change["new"] = _shown(name, change["new"])
    record(events.INSTANCE_UPDATED, actor=actor, detail={"changes": changes, **(source or {})})
    transaction.on_commit(forget)
    return True


def _shown(name: str, value: str) -> str:
    """A value as the trail keeps it: of a picture what it is, and not itself."""
    return str(logo.read(value) or "") if name == "logo" else value
