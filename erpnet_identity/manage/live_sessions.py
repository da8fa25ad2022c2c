"""The live sessions as the list shows them: one page of rows, whatever their number (IS-90, SE-09).

Four statements for a page: how many, the rows with their accounts, the names of the applications, and one look at the
cache for what is running.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Q

from erpnet_identity.erp_sessions import request_limits
from erpnet_identity.erp_sessions.models import ErpSession, ErpSessionQuerySet, Kind, ReservedSeat
from erpnet_identity.platform.rate_limited_warnings import RateLimitedWarning
from trusted_apps.models import TrustedApplication

from . import device

ON_A_PAGE = 50
# What may be asked for besides a text.
SHOW = {
    "": ("All sessions", Q()),
    "people": ("Interactive", Q(kind=Kind.INTERACTIVE)),
    "services": ("Services", Q(kind=Kind.SERVICE)),
    "reserved": ("With a reserved seat", Q(has_seat=True)),
    "shared": ("Used from two addresses", Q(shared_at__isnull=False)),
}

log = structlog.get_logger("erpnet.instance")
_warn = RateLimitedWarning(log, "the cache is away; running requests are not shown")


@dataclass(frozen=True, slots=True)
class LiveSession:
    """One row. ``running`` is None when nobody knows; ``applications`` stand in the order in which they came."""

    session: Any
    applications: list[TrustedApplication]
    running: int | None
    now: datetime

    @property
    def is_service(self) -> bool:
        return bool(self.session.kind == Kind.SERVICE)

    @property
    def idle(self) -> timedelta:
        """How long nobody has called, as far as it is stored. With a call that is running it is busy instead."""
        return max(timedelta(), self.now - self.session.last_seen_at)

    @property
    def is_fresh(self) -> bool:
        """Whether a program called a moment ago: the stored time is up to half a minute behind."""
        return self.idle < timedelta(minutes=1)

    @property
    def since(self) -> timedelta:
        return max(timedelta(), self.now - self.session.opened_at)

    @property
    def left(self) -> timedelta:
        """How long it goes on if nobody calls again."""
        return max(timedelta(), self.session.ends_at - self.now)

    @property
    def device(self) -> str:
        return device.in_short(self.session.user_agent)


def find(*, text: str, show: str, now: datetime) -> ErpSessionQuerySet:
    """The live sessions whose account has ``text`` in its login or name, the newest first."""
    rows = ErpSession.objects.live(now).annotate(has_seat=Exists(ReservedSeat.objects.filter(user=OuterRef("user"))))
    if text:
        rows = rows.filter(Q(user__folded_login__contains=text) | Q(user__folded_name__contains=text))
    _, condition = SHOW[show]
    return rows.filter(condition).select_related("user").order_by("-opened_at", "pk")


def page_of(rows: ErpSessionQuerySet, number: Any, *, now: datetime) -> tuple[Page[Any], list[LiveSession]]:
    """One page of ``rows``: the nearest that there is to ``number``."""
    page = Paginator(rows, ON_A_PAGE).get_page(number)
    return page, described(list(page.object_list), now=now)


def described(sessions: list[Any], *, now: datetime) -> list[LiveSession]:
    """These sessions with what does not stand in their rows."""
    applications = _applications(key for session in sessions for key in session.application_ids)
    running = _running([session.key for session in sessions])
    return [
        LiveSession(
            session=session,
            applications=[applications[key] for key in session.application_ids if key in applications],
            running=number,
            now=now,
        )
        for session, number in zip(sessions, running, strict=True)
    ]


def _applications(keys: Iterable[str]) -> dict[str, TrustedApplication]:
    wanted = {UUID(key) for key in keys}
    if not wanted:
        return {}
    rows = TrustedApplication.objects.filter(pk__in=wanted).only("id", "name", "client_id")
    return {str(row.pk): row for row in rows}


def _running(keys: list[str]) -> list[int] | list[None]:
    try:
        return request_limits.running(keys, now=time.time())
    except Exception as error:  # any failure of the cache
        _warn(error)
        return [None] * len(keys)
