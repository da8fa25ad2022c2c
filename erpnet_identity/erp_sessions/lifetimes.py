"""When an API session ends by itself. Pure (SE-30 to SE-35)."""

from datetime import datetime, timedelta

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


def may_open(*, slots: int | None, live: int, absent: int, holds_seat: bool) -> bool:
    """Whether one more session may open (SE-67).

    ``slots``: concurrent licences, None for unlimited. ``live``: sessions that are live. ``absent``: accounts with a
    reserved seat and no live session. ``holds_seat``: the caller is one of those.
    """
    if slots is None:
        return True
    return live < slots if holds_seat else live + absent < slots
