"""The licence pool and the kept seats: changed together, since each limits the other (SE-71)."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from erpnet_identity.audit import events
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.services import record
from erpnet_identity.users.models import User

from .models import License, ReservedSeat


def stored_pool() -> tuple[int | None, dict[Any, str]]:
    """The number of concurrent licences (None: unlimited) and the accounts with a kept seat: key → login."""
    slots = License.objects.values_list("slots", flat=True).first()
    return slots, dict(ReservedSeat.objects.values_list("user_id", "user__login"))


def validate_pool(slots: int | None, seats: int) -> None:
    """Raises ``ValidationError`` keyed ``seats`` when more seats are kept than there are licences (SE-71)."""
    if slots is not None and seats > slots:
        raise ValidationError({"seats": f"{seats} seats cannot be kept: there are {slots} concurrent licences."})


@transaction.atomic
def set_pool(
    slots: int | None, reserved: Iterable[User], *, actor: Actor, source: dict[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """Store the number of licences and who has a seat kept (SE-55, SE-65). No live session is closed (SE-61, SE-72).

    Returns what changed, name → old and new value; empty means that nothing was written. Raises ``ValidationError``.
    """
    # The row that every opening of a session locks: no session is admitted by the old numbers meanwhile (SE-56).
    license_row = License.objects.select_for_update().first() or License(slots=None)
    wanted = {user.pk: user for user in reserved}
    validate_pool(slots, len(wanted))
    stored = dict(ReservedSeat.objects.values_list("user_id", "user__login"))
    changes: dict[str, dict[str, Any]] = {}
    if license_row.slots != slots:
        changes["concurrent_licenses"] = {"old": license_row.slots, "new": slots}
        license_row.slots = slots
        license_row.save()
    if stored.keys() != wanted.keys():
        changes["reserved_seats"] = {
            "old": sorted(stored.values()),
            "new": sorted(user.login for user in wanted.values()),
        }
        ReservedSeat.objects.filter(user_id__in=stored.keys() - wanted.keys()).delete()
        ReservedSeat.objects.bulk_create(ReservedSeat(user_id=key) for key in wanted.keys() - stored.keys())
    if changes:
        record(events.INSTANCE_UPDATED, actor=actor, detail={"changes": changes, **(source or {})})
    return changes
