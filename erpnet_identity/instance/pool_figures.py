"""The licence pool in numbers, as it is at one moment (SE-62). Three statements."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import BooleanField, Case, Count, Exists, OuterRef, Q, Value, When

from erpnet_identity.erp_sessions.models import ErpSession, ErpSessionQuerySet, Kind, License, ReservedSeat


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """``slots`` is the number of concurrent licences, None for unlimited; ``reserved`` counts the accounts with a
    reserved seat, ``absent`` those of them who are active and not connected: so many slots are kept for them."""

    slots: int | None
    people: int
    services: int
    shared: int
    reserved: int
    absent: int

    @property
    def live(self) -> int:
        """Sessions that hold a slot."""
        return self.people + self.services

    @property
    def kept(self) -> int:
        """Slots that nobody uses and only the absent may take. Fewer than ``absent`` when the pool is too full for all
        of them (SE-72)."""
        return self.absent if self.slots is None else min(self.absent, max(0, self.slots - self.live))

    @property
    def free(self) -> int:
        """Slots that anybody can take (SE-67). Zero in an unlimited pool, where the question does not arise."""
        return 0 if self.slots is None else max(0, self.slots - self.live - self.absent)

    @property
    def is_exhausted(self) -> bool:
        """Whether a new caller without a reserved seat is refused (SE-58)."""
        return self.slots is not None and self.free == 0

    @property
    def surplus(self) -> int:
        """Sessions that are live although the pool has become smaller since (SE-61)."""
        return 0 if self.slots is None else max(0, self.live - self.slots)


def sessions_of(reference: str, now: datetime) -> ErpSessionQuerySet:
    """The live sessions of the account that the outer query calls ``reference``."""
    return ErpSession.objects.live(now).filter(user=OuterRef(reference))


def pool_figures(*, now: datetime) -> PoolFigures:
    """The pool at ``now``: by the timers, whether or not somebody has closed what they ended."""
    live = ErpSession.objects.live(now).aggregate(
        people=Count("pk", filter=Q(kind=Kind.INTERACTIVE)),
        services=Count("pk", filter=Q(kind=Kind.SERVICE)),
        shared=Count("pk", filter=Q(shared_at__isnull=False)),
    )
    is_absent = Case(
        When(~Exists(sessions_of("user", now)), user__is_active=True, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    seats = ReservedSeat.objects.annotate(is_absent=is_absent).aggregate(
        reserved=Count("pk"), absent=Count("pk", filter=Q(is_absent=True))
    )
    slots = License.objects.values_list("slots", flat=True).first()
    return PoolFigures(slots=slots, **live, **seats)
