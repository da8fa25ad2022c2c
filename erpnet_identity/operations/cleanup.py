"""Removing what has expired in small batches: by a command, and a little at a time by the server itself (OPS-11).

Each room says what of its own may go; this is the only place that knows all of them.
"""

import random
import threading
import time
from contextlib import nullcontext
from datetime import datetime
from typing import Any

import structlog
from django.core.cache import cache
from django.db import close_old_connections, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from erpnet_identity.erp_sessions import cleanup as erp_sessions
from erpnet_identity.erp_sessions.services import close_expired
from erpnet_identity.erp_sessions.usage import summarise
from erpnet_identity.identity import cleanup as identity
from erpnet_identity.tokens import cleanup as tokens

log = structlog.get_logger("erpnet.cleanup")

BATCH = 500
_INTERVAL = 60.0
_LOCK = "cleanup:lock"


def expired(now: datetime) -> dict[str, QuerySet[Any]]:
    """Everything that may go, by its name for people, in the order in which it may."""
    return {**tokens.expired(now), **identity.expired(now), **erp_sessions.expired(now)}


def remove(rows: QuerySet[Any], *, batch: int = BATCH) -> int:
    """Delete at most ``batch`` of these rows in one short statement; returns how many. There is no cascade.

    Rows that another transaction holds are passed over, so that no request waits for the clean-up.
    """
    has_locks = connection.features.has_select_for_update_skip_locked
    with transaction.atomic() if has_locks else nullcontext():
        chosen = rows.select_for_update(skip_locked=True, of=("self",)) if has_locks else rows
        keys = list(chosen.values_list("pk", flat=True)[:batch])
        return rows.model._base_manager.filter(pk__in=keys)._raw_delete(using="default") if keys else 0


def remove_expired(*, batch: int = BATCH) -> dict[str, int]:
    """One batch of everything; returns how many rows of each kind went."""
    return {name: remove(rows, batch=batch) for name, rows in expired(timezone.now()).items()}


def remove_all_expired(*, pause: float = 0.05) -> dict[str, int]:
    """Delete all that has expired, batch by batch with a pause in between; returns how many rows of each kind."""
    now = timezone.now()
    keep_count(now)
    totals = {}
    for name, rows in expired(now).items():
        totals[name] = 0
        while removed := remove(rows.all()):
            totals[name] += removed
            if removed < BATCH:
                break
            time.sleep(pause)
    return totals


def keep_count(now: datetime) -> None:
    """Close the API sessions that the timers have ended, so that the trail says so without delay, and count the use of
    slots, before anything is removed that it is counted from."""
    close_expired(now=now)
    summarise(now=now)


def take_turn() -> int:
    """One batch of everything, if no other process had its turn lately; returns how many rows went. Never raises: the
    server must outlive a database or a cache that is away for a while."""
    try:
        # One process of all is enough; without a shared cache each process takes a turn.
        if not cache.add(_LOCK, 1, timeout=_INTERVAL / 2):
            return 0
        keep_count(timezone.now())
        removed = {name: number for name, number in remove_expired().items() if number}
    except Exception as error:
        log.warning("clean-up failed", error=type(error).__name__)
        return 0
    if removed:
        log.info("removed what has expired", **{name.replace(" ", "_"): number for name, number in removed.items()})
    return sum(removed.values())


def _run() -> None:
    while True:
        time.sleep(_INTERVAL * random.uniform(0.5, 1.5))  # noqa: S311 - spreads the workers, guards nothing
        close_old_connections()
        take_turn()
        connection.close()


def start_in_background() -> None:
    """Begin cleaning in a daemon thread of this server process."""
    threading.Thread(target=_run, name="cleanup", daemon=True).start()
