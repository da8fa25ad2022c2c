"""Removing expired tokens in small batches: by a command, and a little at a time by the server itself (OPS-11)."""

import random
import threading
import time

import structlog
from django.core.cache import cache
from django.db import close_old_connections, connection
from django.utils import timezone

from .models import AccessToken

log = structlog.get_logger("erpnet.cleanup")

BATCH = 500
_INTERVAL = 60.0
_LOCK = "cleanup:lock"


def remove_expired(*, batch: int = BATCH) -> int:
    """Delete at most ``batch`` expired access tokens in one short statement; returns how many.

    Rows that another transaction holds are passed over, so that no request waits for the clean-up.
    """
    expired = AccessToken.objects.filter(expires__lt=timezone.now(), refresh_token=None).order_by("expires")
    if connection.features.has_select_for_update_skip_locked:
        from django.db import transaction

        with transaction.atomic():
            keys = list(expired.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)[:batch])
            return AccessToken.objects.filter(pk__in=keys)._raw_delete(using="default") if keys else 0
    keys = list(expired.values_list("pk", flat=True)[:batch])
    return AccessToken.objects.filter(pk__in=keys)._raw_delete(using="default") if keys else 0


def remove_all_expired(*, pause: float = 0.05) -> int:
    """Delete every expired token, batch by batch with a pause in between; returns how many."""
    total = 0
    while removed := remove_expired():
        total += removed
        if removed < BATCH:
            break
        time.sleep(pause)
    return total


def take_turn() -> int:
    """One batch, if no other process had its turn lately; returns how many rows went. Never raises: the server must
    outlive a database or a cache that is away for a while."""
    try:
        # One process of all is enough; without a shared cache each process takes a turn.
        if not cache.add(_LOCK, 1, timeout=_INTERVAL / 2):
            return 0
        removed = remove_expired()
    except Exception as error:
        log.warning("clean-up failed", error=type(error).__name__)
        return 0
    if removed:
        log.info("expired tokens removed", count=removed)
    return removed


def _run() -> None:
    while True:
        time.sleep(_INTERVAL * random.uniform(0.5, 1.5))  # noqa: S311 - spreads the workers, guards nothing
        close_old_connections()
        take_turn()
        connection.close()


def start_in_background() -> None:
    """Begin cleaning in a daemon thread of this server process."""
    threading.Thread(target=_run, name="cleanup", daemon=True).start()
