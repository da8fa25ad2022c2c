"""The license pool and the reserved seats: changed together, since each limits the other (SE-71)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from erpnet_identity.audit import events
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.services import record
from erpnet_identity.users.models import MAY_CALL_APIS, User

from .models import License, PoolChange, ReservedSeat


@dataclass(frozen=True, slots=True)
class PoolSize:
    """``slots`` is the number of concurrent licenses, None for unlimited; ``kept_from_services`` the share in percent
    that services never take (SE-55, SE-63)."""

    slots: int | None
    kept_from_services: int = License.KEPT_FROM_SERVICES


def stored_size() -> PoolSize:
    """The pool as it is stored. Without a row it is unlimited."""
    found = License.objects.values_list("slots", "kept_from_services").first()
    return PoolSize(*found) if found is not None else PoolSize(None)


def stored_pool() -> tuple[int | None, dict[Any, str]]:
    """The number of concurrent licenses (None: unlimited) and the accounts with a reserved seat: key → login.
    Accounts that can never use one are not among them."""
    seats = ReservedSeat.objects.filter(user__user_type__in=MAY_CALL_APIS)
    return stored_size().slots, dict(seats.values_list("user_id", "user__login"))


def validate_pool(slots: int | None, seats: int) -> None:
    """Raises ``ValidationError`` keyed ``seats`` when more seats are reserved than there are licenses (SE-71)."""
    if slots is not None and seats > slots:
        kept = "1 seat" if seats == 1 else f"{seats} seats"
        there = "is 1 concurrent license" if slots == 1 else f"are {slots} concurrent licenses"
        raise ValidationError({"seats": f"{kept} cannot be kept: there {there}."})


def lock_pool() -> PoolSize:
    """Hold the one lock that every opening of a session and every change of the pool takes (SE-56); returns its size.
    Until the transaction ends nobody else opens a session.

    It is the last lock that anybody takes: its holder waits for nothing but single statements. So accounts that a
    seat is given to are locked before.
    """
    rows = License.objects.select_for_update().filter(pk=License.SINGLETON).values_list("slots", "kept_from_services")
    found = list(rows)
    if not found:
        License.objects.bulk_create([License(slots=None)], ignore_conflicts=True)
        found = list(rows.all())
    return PoolSize(*found[0])


@transaction.atomic
def set_pool(
    slots: int | None,
    reserved: Iterable[User],
    *,
    actor: Actor,
    kept_from_services: int | None = None,
    source: dict[str, Any] | None = None,
) -> dict[str, dict[str, Any]]:
    """Store the number of licenses, who has a seat kept, and the share that services never take, None to leave that as
    it is (SE-55, SE-63, SE-65). No live session is closed (SE-61, SE-72).

    Returns what changed, name → old and new value; empty means that nothing was written. Raises ``ValidationError``.
    """
    wanted = {user.pk: user for user in reserved}
    _hold(wanted.keys() - set(ReservedSeat.objects.values_list("user_id", flat=True)))
    old = lock_pool()
    return _store(old, _resized(old, slots, kept_from_services), wanted, actor=actor, source=source)


def _resized(old: PoolSize, slots: int | None, kept_from_services: int | None) -> PoolSize:
    return PoolSize(slots, old.kept_from_services if kept_from_services is None else kept_from_services)


def _store(
    old: PoolSize,
    new: PoolSize,
    wanted: dict[Any, User],
    *,
    actor: Actor,
    source: dict[str, Any] | None = None,
) -> dict[str, dict[str, Any]]:
    """As ``set_pool``, with the pool locked: no session is admitted by the old numbers meanwhile."""
    validate_pool(new.slots, len(wanted))
    License(slots=new.slots, kept_from_services=new.kept_from_services).clean_fields()
    stored = dict(ReservedSeat.objects.values_list("user_id", "user__login"))
    changes: dict[str, dict[str, Any]] = {}
    if old.slots != new.slots:
        changes["concurrent_licenses"] = {"old": old.slots, "new": new.slots}
        PoolChange.objects.create(at=timezone.now(), old_slots=old.slots, slots=new.slots)
    if old.kept_from_services != new.kept_from_services:
        changes["kept_from_services_percent"] = {"old": old.kept_from_services, "new": new.kept_from_services}
    if changes:
        License.objects.filter(pk=License.SINGLETON).update(slots=new.slots, kept_from_services=new.kept_from_services)
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


@transaction.atomic
def set_slots(slots: int | None, *, actor: Actor, kept_from_services: int | None = None) -> bool:
    """Change the number of concurrent licenses, or the share that services never take, and keep the seats. Returns
    whether anything changed; raises ``ValidationError`` (SE-63, SE-71)."""
    old = lock_pool()
    return bool(_store(old, _resized(old, slots, kept_from_services), _holders(), actor=actor))


@transaction.atomic
def reserve_seat(user: User, *, actor: Actor) -> bool:
    """Keep a seat for one more account (SE-65). Returns whether it had none; raises ``ValidationError`` (SE-71)."""
    _hold([user.pk])
    size = lock_pool()
    return bool(_store(size, size, {**_holders(), user.pk: user}, actor=actor))


@transaction.atomic
def give_up_seat(user: User, *, actor: Actor) -> bool:
    """Keep no seat for this account any more. Returns whether it had one."""
    size = lock_pool()
    return bool(_store(size, size, {key: holder for key, holder in _holders().items() if key != user.pk}, actor=actor))


def _hold(keys: Iterable[Any]) -> None:
    """Lock accounts before the pool: storing a seat locks its account, and the holder of that one may want the pool."""
    list(User.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk").values_list("pk"))


def _holders() -> dict[Any, User]:
    return {user.pk: user for user in User.objects.filter(reserved_seat__isnull=False)}
