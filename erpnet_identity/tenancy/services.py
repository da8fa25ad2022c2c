"""Changes of what the instance is called, with their trace."""

from typing import Any

from django.db import transaction

from erpnet_identity.audit import events
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.services import record

from .models import Instance, forget_database_name


def stored_instance() -> Instance:
    """The row of the instance, or a new one with the defaults that is not stored yet."""
    return Instance.objects.first() or Instance()


@transaction.atomic
def set_name(name: str, *, actor: Actor, source: dict[str, Any] | None = None) -> bool:
    """Change the database name (TK-37). Returns whether anything changed; raises ``ValidationError``.

    Tokens that were issued keep the old name; other processes use the new one within ten seconds.
    """
    instance = Instance.objects.select_for_update().first() or Instance()
    old, instance.name = instance.name, name
    if old == name:
        return False
    instance.clean_fields()
    instance.save()
    record(
        events.INSTANCE_UPDATED,
        actor=actor,
        detail={"changes": {"name": {"old": old, "new": name}}, **(source or {})},
    )
    transaction.on_commit(forget_database_name)
    return True
