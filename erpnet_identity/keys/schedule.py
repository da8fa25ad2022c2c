"""When a key signs and how long it stays published. Pure (ID-23, OP-23)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

ANNOUNCE = timedelta(hours=24)
KEEP = timedelta(hours=24)


class Scheduled(Protocol):
    """What the schedule needs to know of a key."""

    @property
    def activates_at(self) -> datetime: ...

    @property
    def revoked_at(self) -> datetime | None: ...


K = TypeVar("K", bound=Scheduled)


def active(keys: Sequence[K], now: datetime) -> K | None:
    """The key that signs: the newest that is activated and not revoked."""
    started = [key for key in keys if key.revoked_at is None and key.activates_at <= now]
    return max(started, key=lambda key: key.activates_at, default=None)


def published(keys: Sequence[K], now: datetime) -> list[K]:
    """The keys that belong into the key set: announced, active, and retired less than ``KEEP`` ago."""
    usable = sorted((key for key in keys if key.revoked_at is None), key=lambda key: key.activates_at)
    result = []
    for position, key in enumerate(usable):
        successor = usable[position + 1] if position + 1 < len(usable) else None
        if successor is None or now < successor.activates_at + KEEP:
            result.append(key)
    return result
