"""The published key set (RFC 7517)."""

from datetime import datetime
from typing import Any

from . import services


def key_set(now: datetime) -> dict[str, Any]:
    """``{"keys": […]}``: the public parts of every published key (ID-20, ID-21). No query on a warm process."""
    return {"keys": [row.public_jwk for row in services.ring().published(now)]}
