"""Events that anybody can cause as often as they like, without proving who they are: written up to a budget per caller
and minute, and counted beyond it in one event a minute (AU-11).

The budget holds for all workers together, which count in the cache; when it is away each worker counts for itself.
Nothing of a caller who is known is ever left out: such events are written with ``services.record``.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import close_old_connections, connection, transaction

from erpnet_identity.platform.rate_limited_warnings import RateLimitedWarning
from erpnet_identity.platform.throttle import Throttle

from . import context, events
from .causes import Cause
from .context import SYSTEM, Actor, Origin
from .models import AuditEvent
from .services import record

log = structlog.get_logger("erpnet.audit")

_WINDOW = 60  # seconds
# More callers than this are not told apart within a minute; what goes beyond is counted under no address.
MOST_CALLERS = 10_000
# How long after the end of a minute its counts are written: what was counted at its last moment has arrived.
_GRACE = 1.5  # seconds
_budget = Throttle(
    "unauthenticated-events",
    window=_WINDOW,
    warn=RateLimitedWarning(log, "the cache is away; events of unauthenticated callers are counted alone"),
)
_throttled = Throttle(
    "throttled-events",
    window=_WINDOW,
    warn=RateLimitedWarning(log, "the cache is away; callers that are slowed down are counted alone"),
)


@dataclass(slots=True)
class _LeftOut:
    """What was not written of one caller in one minute. ``alone`` were counted while the cache was away."""

    origin: Origin
    number: int = 0
    alone: int = 0


_lock = threading.Lock()
_left_out: dict[tuple[int, str], _LeftOut] = {}
_alone: dict[tuple[int, str], int] = {}


def record_unauthenticated(
    name: str, *, unless: Callable[[], bool] = lambda: False, **values: Any
) -> AuditEvent | None:
    """Write one event of a caller who has proved nothing, or count it when the budget is used up; then None.

    Takes what ``services.record`` takes. ``unless`` says whether the caller is known after all, by a session for
    example; it is asked only when the budget is used up.
    """
    window, caller = _budget.window(), context.current().caller
    counted = _budget.count(caller)
    number = counted[0] if counted is not None else _count_alone(window, caller)
    if number <= settings.STRANGER_EVENTS_PER_MINUTE or unless():
        return record(name, **values)
    _leave_out(window, caller, is_alone=counted is None)
    return None


def _count_alone(window: int, caller: str) -> int:
    with _lock:
        for key in [key for key in _alone if key[0] != window]:
            del _alone[key]
        if len(_alone) >= MOST_CALLERS:
            caller = ""
        number = _alone[window, caller] = _alone.get((window, caller), 0) + 1
        return number


def _leave_out(window: int, caller: str, *, is_alone: bool) -> None:
    origin = context.current()
    origin.noted.append("")
    with _lock:
        if (window, caller) not in _left_out and len(_left_out) >= MOST_CALLERS:
            origin = Origin(origin.correlation_id)
            caller = ""
        entry = _left_out.setdefault((window, caller), _LeftOut(origin))
        entry.number += 1
        entry.alone += is_alone


def record_throttled(*, status: int, method: str, path: str) -> None:
    """Write that a caller is being slowed down: once a minute for each, so that the correlation id of an answer 429
    leads to its cause and nobody can fill the trail with refusals."""
    caller = context.current().caller
    if _throttled.is_blocked(caller):
        return
    _throttled.block(caller)
    counted = _throttled.count(caller)
    if counted is None or counted[0] == 1:
        record(
            events.REQUEST_THROTTLED,
            outcome="refused",
            actor=Actor("", "", ""),
            cause=Cause.TOO_MANY_ATTEMPTS,
            detail={"status": status, "method": method, "path": path},
        )


def write_counts(*, everything: bool = False) -> int:
    """Write how many events were left out in the minutes that are over, and with ``everything`` in the current one too;
    returns how many events this took. Of all workers only one writes for a caller and a minute."""
    now = _budget.window()
    with _lock:
        due = {key: _left_out.pop(key) for key in list(_left_out) if everything or key[0] < now}
    return sum(_write(window, caller, entry) for (window, caller), entry in due.items())


def _write(window: int, caller: str, entry: _LeftOut) -> bool:
    number = _number(window, caller, entry)
    if number <= 0:
        return False
    since = datetime.fromtimestamp(window * _WINDOW, UTC)
    token = context.enter(Origin(entry.origin.correlation_id, caller, entry.origin.user_agent))
    try:
        with transaction.atomic():
            record(
                events.REFUSALS_COUNTED,
                outcome="refused",
                actor=SYSTEM,
                detail={"number": number, "minute": since.strftime("%Y-%m-%dT%H:%MZ")},
            )
    finally:
        context.leave(token)
    return True


def _number(window: int, caller: str, entry: _LeftOut) -> int:
    """How many to write: of what all workers left out for the first that asks, and of what was counted alone."""
    if not caller:
        return entry.number
    try:
        total = _budget.take(caller, window)
    except Exception as error:  # the cache is away: every worker speaks for itself
        log.warning("events of unauthenticated callers are counted by each worker alone", error=type(error).__name__)
        return entry.number
    return entry.alone if total is None else max(total - settings.STRANGER_EVENTS_PER_MINUTE, 0) + entry.alone


def _run() -> None:
    while True:
        time.sleep(_budget.retry_after() + _GRACE)
        if not _left_out:
            continue
        close_old_connections()
        take_turn()
        connection.close()


def take_turn(*, everything: bool = False) -> None:
    """The same for a server, which must outlive a database that is away for a while: never raises."""
    try:
        write_counts(everything=everything)
    except Exception as error:
        log.warning(
            "how many events of unauthenticated callers there were could not be written", error=type(error).__name__
        )


def start() -> None:
    """Begin to write counts in a daemon thread of this server process."""
    threading.Thread(target=_run, name="unauthenticated", daemon=True).start()


def forget_all() -> None:
    """Know of nothing that was left out, in this process."""
    with _lock:
        _left_out.clear()
        _alone.clear()
