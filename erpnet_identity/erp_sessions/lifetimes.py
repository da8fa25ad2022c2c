"""When an API session ends by itself, and whether one may begin. Pure (SE-30 to SE-35, SE-63, SE-64, SE-67)."""

from datetime import datetime, timedelta

from erpnet_identity.audit.causes import Cause

IDLE_LIMIT = timedelta(minutes=20)  # after the last request (SE-30)
SERVICE_LIMIT = timedelta(hours=1)  # after the opening, however busy (SE-32)


def absolute_end(*, opened_at: datetime, is_service: bool) -> datetime | None:
    """When a session ends in spite of constant use; None for one that activity keeps open (SE-32 to SE-34)."""
    return opened_at + SERVICE_LIMIT if is_service else None


def ends_at(*, last_seen_at: datetime, expires_at: datetime | None) -> datetime:
    """When the session ends if nobody calls again. ``expires_at`` is its absolute end, if it has one."""
    idle = last_seen_at + IDLE_LIMIT
    return idle if expires_at is None else min(idle, expires_at)


def is_over(*, last_seen_at: datetime, expires_at: datetime | None, now: datetime) -> bool:
    """Whether the timers have ended the session: at the limit itself it counts as closed (SE-31)."""
    return ends_at(last_seen_at=last_seen_at, expires_at=expires_at) <= now


def slots_for_services(slots: int, kept_from_services: int) -> int:
    """How many slots services may hold at most: the others, ``kept_from_services`` percent rounded down, are for people
    (SE-63)."""
    return slots - slots * kept_from_services // 100


def what_refuses(
    *,
    slots: int | None,
    live: int,
    absent: int,
    holds_seat: bool,
    services: int | None = None,
    kept_from_services: int = 0,
    of_application: int = 0,
    limit: int | None = None,
) -> Cause | None:
    """What keeps one more session from opening; None when it may open (SE-63, SE-64, SE-67).

    ``slots``: concurrent licenses, None for unlimited. ``live``: sessions that are live. ``absent``: accounts with a
    reserved seat and no live session. ``holds_seat``: the caller is one of those; its seat is stronger than every other
    rule, because that is what it was reserved for. ``services``: live sessions of services when the caller is one,
    else None; ``kept_from_services`` the share in percent that is not for them. ``of_application``: live sessions that
    the caller's application has opened, and ``limit`` how many these may be, None for any number.
    """
    if holds_seat and (slots is None or live < slots):
        return None
    if limit is not None and of_application >= limit:
        return Cause.APPLICATION_LIMIT
    if slots is None:
        return None
    if holds_seat or live + absent >= slots:
        return Cause.NO_FREE_SLOT
    if services is not None and services >= slots_for_services(slots, kept_from_services):
        return Cause.KEPT_FROM_SERVICES
    return None
