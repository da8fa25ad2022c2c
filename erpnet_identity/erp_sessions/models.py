"""The license pool, who has a seat kept, and the live sessions that are counted against them."""

import uuid
from datetime import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from erpnet_identity.audit.causes import Cause
from erpnet_identity.users.models import MAY_CALL_APIS

from . import lifetimes


class License(models.Model):
    """The pool of concurrent licenses (SE-55). At most one row; ``slots`` empty means unlimited.

    ``kept_from_services`` is the share, in percent, that services never take (SE-63).
    """

    SINGLETON = 1
    KEPT_FROM_SERVICES = 20

    id = models.PositiveSmallIntegerField(primary_key=True, default=SINGLETON, editable=False)
    slots = models.PositiveIntegerField("concurrent licenses", null=True, blank=True)
    kept_from_services = models.PositiveSmallIntegerField(
        "percent that services never take",
        default=KEPT_FROM_SERVICES,
        # In the database as well: the version before this one may still be serving and adding rows (OPS-12).
        db_default=KEPT_FROM_SERVICES,
        validators=[MaxValueValidator(100)],
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="license_is_one_row")]

    def __str__(self) -> str:
        return "unlimited" if self.slots is None else str(self.slots)


class ReservedSeatQuerySet(models.QuerySet["ReservedSeat"]):
    """Questions about many seats."""

    def of_use(self) -> "ReservedSeatQuerySet":
        """Those of accounts that can call an API as they are now. The others hold nothing back (SE-71)."""
        return self.filter(user__is_active=True, user__user_type__in=MAY_CALL_APIS)

    def of_no_use(self) -> "ReservedSeatQuerySet":
        """Those of accounts of a type that never calls an API: the type was changed after the seat was reserved."""
        return self.exclude(user__user_type__in=MAY_CALL_APIS)


class ReservedSeat(models.Model):
    """A license slot kept free for one account (SE-65)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reserved_seat")

    objects = ReservedSeatQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.user)


class Kind(models.IntegerChoices):
    """Who is connected (SE-10 to SE-15)."""

    INTERACTIVE = 0, "interactive"
    SERVICE = 1, "service"


class Reason(models.TextChoices):
    """Why a session ended (SE-46)."""

    IDLE = Cause.IDLE, "idle for 20 minutes"
    ABSOLUTE = Cause.ABSOLUTE, "one hour after it was opened"
    SIGN_OUT = Cause.SIGN_OUT, "signed out"
    ADMINISTRATOR = Cause.ADMINISTRATOR, "closed by an administrator"
    CLEARED = Cause.CLEARED, "all sessions closed"
    USER = Cause.USER, "account deactivated"
    APPLICATION = Cause.APPLICATION, "application deleted"
    IDENTITY = Cause.IDENTITY, "another account under the same key"


class ErpSessionQuerySet(models.QuerySet["ErpSession"]):
    """Questions about many sessions."""

    def open(self) -> "ErpSessionQuerySet":
        """Those that nobody has closed yet; the timers may have ended some of them."""
        return self.filter(closed_at=None)

    def live(self, now: datetime) -> "ErpSessionQuerySet":
        """Those that hold a slot at ``now``."""
        return self.open().exclude(_over(now))

    def over(self, now: datetime) -> "ErpSessionQuerySet":
        """Those that the timers have ended and nobody has closed yet."""
        return self.open().filter(_over(now))


def _over(now: datetime) -> Q:
    # Not `expires_at__lte` alone: what is NULL must be false under `exclude` as well.
    return Q(last_seen_at__lte=now - lifetimes.IDLE_LIMIT) | Q(expires_at__isnull=False, expires_at__lte=now)


class ErpSession(models.Model):
    """One live connection and the slot that it holds (SE-06, SE-09). A closed row is kept for a while: it says who was
    connected, and that a token that is used again had been signed out (SE-52).

    ``last_seen_at`` is written at most every 30 seconds (``presence``); everything else that is counted comes with it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.PositiveSmallIntegerField("kind", choices=Kind.choices)
    # What calls of one session have in common: the `sid`, or the `jti` of a service's token (SE-10, SE-11).
    key = models.CharField("session key", max_length=64)
    # Without a constraint in the database, which would lock the account's row while the pool's is held: a transaction
    # that changes accounts and the pool in one go would wait for us, and we for them.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="erp_sessions",
        verbose_name="user",
        db_constraint=False,
    )
    # The keys of the applications that were seen in it, in this order, separated by spaces (SE-20).
    applications = models.TextField("applications", default="")
    address = models.CharField("address", max_length=64, blank=True, default="")
    user_agent = models.CharField("device", max_length=254, blank=True, default="")
    # Used from a second address within five minutes of the first (SE-75).
    shared_at = models.DateTimeField("used from two addresses", null=True, blank=True)
    other_address = models.CharField("other address", max_length=64, blank=True, default="")
    opened_at = models.DateTimeField("opened")
    last_seen_at = models.DateTimeField("last request")
    expires_at = models.DateTimeField("absolute expiry", null=True, blank=True)
    closed_at = models.DateTimeField("closed", null=True, blank=True)
    close_reason = models.CharField("why it ended", max_length=16, choices=Reason.choices, blank=True, default="")
    requests = models.PositiveBigIntegerField("requests", default=0)
    bytes_up = models.PositiveBigIntegerField("bytes up", default=0)
    bytes_down = models.PositiveBigIntegerField("bytes down", default=0)

    objects = ErpSessionQuerySet.as_manager()

    class Meta:
        verbose_name = "API session"
        ordering = ["-opened_at"]
        constraints = [
            # One open session for each key, however many ask at the same moment (SE-05).
            models.UniqueConstraint(fields=["kind", "key"], condition=Q(closed_at=None), name="erp_session_open_unique")
        ]
        indexes = [
            models.Index(fields=["key"], condition=~Q(closed_at=None), name="erp_session_closed_by_key"),
            models.Index(fields=["closed_at"], name="erp_session_closed_at"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} session {self.pk}"

    @property
    def ends_at(self) -> datetime:
        """When the timers end it if nobody calls again."""
        return lifetimes.ends_at(last_seen_at=self.last_seen_at, expires_at=self.expires_at)

    @property
    def application_ids(self) -> list[str]:
        """The keys of the applications that used it."""
        return self.applications.split()


class SlotUsage(models.Model):
    """What one hour saw: it survives the sessions, and the chart is drawn from it. ``hour`` is its beginning (UTC).

    ``until`` says how far ``peak``, ``opened`` and ``slots`` have been counted; refusals are counted as they happen.
    """

    hour = models.DateTimeField("hour", primary_key=True)
    until = models.DateTimeField("counted until", null=True)
    peak = models.PositiveIntegerField("most sessions at a time", default=0)
    slots = models.PositiveIntegerField("concurrent licenses", null=True)
    # The most seats that were kept for absent accounts, looked at once a minute: who is absent leaves no row.
    kept = models.PositiveIntegerField("most seats kept for absent accounts", default=0, db_default=0)
    opened = models.PositiveIntegerField("sessions opened", default=0)
    refused = models.PositiveIntegerField("refused for want of a license", default=0)

    class Meta:
        verbose_name = "hour of use"
        verbose_name_plural = "hours of use"
        ordering = ["hour"]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}:00"


class PoolChange(models.Model):
    """The pool has had another size since ``at``: so that the chart shows every hour with the limit it had."""

    at = models.DateTimeField("changed", db_index=True)
    old_slots = models.PositiveIntegerField("concurrent licenses before", null=True)
    slots = models.PositiveIntegerField("concurrent licenses since", null=True)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}: {self.slots}"
