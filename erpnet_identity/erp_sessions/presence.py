"""Who is calling right now, as this process knows it, written down at most every 30 seconds.

A call on a live session must not cost a write, and no session that is in use may end because nobody wrote that it is.
Both hold: a call that finds the stored time half a minute old writes it at once, and what a worker has seen since is
written by its background thread, long before the 20 minutes are over. A worker that is killed takes at most half a
minute of counting with it.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Value
from django.db.models.functions import Greatest

from .models import ErpSession

WRITE_EVERY = timedelta(seconds=30)


@dataclass(slots=True)
class _Visits:
    """One session in this process. ``seen_at`` is the truth, ``written_at`` what the database knows at least."""

    seen_at: datetime
    written_at: datetime
    running: int = 0
    requests: int = 0
    bytes_up: int = 0
    bytes_down: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing left to write."""
        counted = self.requests or self.bytes_up or self.bytes_down
        return not self.running and not counted and self.seen_at <= self.written_at


_visits: dict[UUID, _Visits] = {}
_lock = threading.Lock()


def begin(session_id: UUID, *, now: datetime, written_at: datetime, is_counted: bool = False) -> None:
    """A request of the session begins: its timer restarts (SE-31). ``written_at`` is the stored time; ``is_counted``
    says that the row counts this request already."""
    with _lock:
        visits = _visits.get(session_id)
        if visits is None:
            visits = _visits[session_id] = _Visits(seen_at=now, written_at=written_at)
        visits.running += 1
        visits.requests += not is_counted
        visits.seen_at = max(visits.seen_at, now)
        visits.written_at = max(visits.written_at, written_at)


def end(session_id: UUID, *, now: datetime, bytes_up: int, bytes_down: int) -> None:
    """A request of the session ends: its timer restarts once more (SE-31)."""
    with _lock:
        visits = _visits.get(session_id)
        if visits is None:  # everything was forgotten meanwhile
            return
        visits.running -= 1
        visits.seen_at = max(visits.seen_at, now)
        visits.bytes_up += bytes_up
        visits.bytes_down += bytes_down


def write(
    session_id: UUID,
    *,
    now: datetime,
    seen_at: datetime,
    changes: dict[str, Any] | None = None,
    only_open: bool = False,
) -> bool:
    """Store when the session was last seen, ``changes`` to further columns, and what was counted since the last time.

    One statement. Returns False when there is no such row or, with ``only_open``, when it has been closed; then nothing
    was written and nothing is forgotten.
    """
    with _lock:
        visits = _visits.get(session_id) or _Visits(seen_at=seen_at, written_at=seen_at)
        requests, bytes_up, bytes_down = visits.requests, visits.bytes_up, visits.bytes_down
        visits.requests = visits.bytes_up = visits.bytes_down = 0
    is_written = False
    try:
        rows = ErpSession.objects.filter(pk=session_id)
        is_written = bool(
            (rows.open() if only_open else rows).update(
                # Another worker may have written a later time.
                last_seen_at=Greatest(F("last_seen_at"), Value(seen_at)),
                requests=F("requests") + requests,
                bytes_up=F("bytes_up") + bytes_up,
                bytes_down=F("bytes_down") + bytes_down,
                **(changes or {}),
            )
        )
    finally:
        with _lock:
            if is_written:
                visits.written_at = max(visits.written_at, now)
            else:
                visits.requests += requests
                visits.bytes_up += bytes_up
                visits.bytes_down += bytes_down
    return is_written


def flush(*, now: datetime, everything: bool = False) -> int:
    """Write what has waited for half a minute, or ``everything``; returns how many sessions were written."""
    with _lock:
        due = [
            # A request that is under way keeps its session alive.
            (session_id, now if visits.running else visits.seen_at)
            for session_id, visits in _visits.items()
            if not visits.is_settled and (everything or now - visits.written_at >= WRITE_EVERY)
        ]
    number = 0
    for session_id, seen_at in due:
        if write(session_id, now=now, seen_at=seen_at):
            number += 1
        else:
            forget(session_id)  # the row is gone
    with _lock:
        for session_id in [session_id for session_id, visits in _visits.items() if visits.is_settled]:
            del _visits[session_id]
    return number


def forget(session_id: UUID) -> None:
    """Know nothing of a session that no request is using any more."""
    with _lock:
        visits = _visits.get(session_id)
        if visits is None:
            return
        if visits.running:
            visits.requests = visits.bytes_up = visits.bytes_down = 0
            visits.written_at = visits.seen_at
        else:
            del _visits[session_id]


def forget_all() -> None:
    """Know nothing any more, in this process."""
    with _lock:
        _visits.clear()
