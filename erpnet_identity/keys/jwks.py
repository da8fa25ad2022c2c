"""The published key set (RFC 7517)."""

import time
from datetime import datetime
from typing import Any

from django.utils import timezone

from . import services


def key_set(now: datetime) -> dict[str, Any]:
    """``{"keys": […]}``: the public parts of every published key (ID-20, ID-21). No query on a warm process."""
    return {"keys": [row.public_jwk for row in services.ring().published(now)]}


# The last answer of `published_kids`: from which ring, until when it holds (process clock), what it was.
_latest: tuple[services.Ring, float, tuple[str, ...]] | None = None


def published_kids() -> tuple[str, ...]:
    """The ids of the keys in the set now, in its order; at most a second old."""
    global _latest
    ring, clock = services.ring(), time.monotonic()
    if _latest is None or _latest[0] is not ring or clock > _latest[1]:
        _latest = (ring, clock + 1.0, tuple(row.kid for row in ring.published(timezone.now())))
    return _latest[2]
