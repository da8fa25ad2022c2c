"""The license pool in numbers, as it is at one moment (SE-62). Three statements."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import BooleanField, Case, Count, Exists, OuterRef, Q, Value, When
from django.db.models.functions import Left

from erpnet_identity.erp_sessions.lifetimes import slots_for_services
from erpnet_identity.erp_sessions.models import ErpSession, ErpSessionQuerySet, Kind, ReservedSeat
from erpnet_identity.erp_sessions.pool import stored_size
from erpnet_identity.users.models import MAY_CALL_APIS, UserType
from trusted_apps.models import TrustedApplication


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """``slots`` is the number of concurrent licenses, None for unlimited; ``people`` and ``services`` count sessions,
    ``service_applications`` the services that these belong to; ``reserved`` counts the accounts with a reserved seat,
    ``absent`` those of them who are active and not connected: so many slots are kept for them. ``absent_services`` of
    these are accounts of services. ``kept_from_services`` is the share, in percent, that services never take."""

    slots: int | None
    people: int
    services: int
    shared: int
    reserved: int
    absent: int
    service_applications: int = 0
    absent_services: int = 0
    kept_from_services: int = 0

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
    def for_people(self) -> int:
        """Slots that services never take (SE-63)."""
        return 0 if self.slots is None else self.slots - slots_for_services(self.slots, self.kept_from_services)

    @property
    def free_for_services(self) -> int:
        """Slots that a service without a reserved seat can take."""
        return 0 if self.slots is None else max(0, min(self.free, self.slots - self.for_people - self.services))

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
    """The pool at ``now``: by the timers, whether or not what they ended has been closed."""
    live = ErpSession.objects.live(now).aggregate(
        people=Count("pk", filter=Q(kind=Kind.INTERACTIVE)),
        services=Count("pk", filter=Q(kind=Kind.SERVICE)),
        # A service's session has one application: its token is nobody else's (SE-11).
        service_applications=Count("applications", filter=Q(kind=Kind.SERVICE), distinct=True),
        shared=Count("pk", filter=Q(shared_at__isnull=False)),
    )
    is_absent = Case(
        When(
            ~Exists(sessions_of("user", now)),
            user__is_active=True,
            user__user_type__in=MAY_CALL_APIS,
            then=Value(True),
        ),
        default=Value(False),
        output_field=BooleanField(),
    )
    seats = ReservedSeat.objects.annotate(is_absent=is_absent).aggregate(
        reserved=Count("pk"),
        absent=Count("pk", filter=Q(is_absent=True)),
        absent_services=Count("pk", filter=Q(is_absent=True, user__user_type=UserType.SYSTEM)),
    )
    size = stored_size()
    return PoolFigures(slots=size.slots, kept_from_services=size.kept_from_services, **live, **seats)


@dataclass(frozen=True, slots=True)
class Use:
    """How many live sessions an application has opened, and how many these may be."""

    application: TrustedApplication
    live: int

    @property
    def is_at_limit(self) -> bool:
        limit = self.application.slot_limit
        return limit is not None and self.live >= limit


def use_by_application(*, now: datetime, most: int) -> list[Use]:
    """The applications that have opened live sessions or have a limit, those with the most sessions first (SE-64). Two
    statements."""
    opener = Left("applications", 36)  # the application that opened a session stands first in it
    rows = ErpSession.objects.live(now).order_by().annotate(opener=opener).values_list("opener")
    counts = dict(rows.annotate(number=Count("pk")).values_list("opener", "number"))
    applications = TrustedApplication.objects.filter(Q(pk__in=[key for key in counts if key]) | ~Q(slot_limit=None))
    rows_shown = applications.only("id", "name", "client_id", "slot_limit")
    uses = [Use(application, counts.get(str(application.pk), 0)) for application in rows_shown]
    return sorted(uses, key=lambda use: (-use.live, use.application.name.lower()))[:most]
