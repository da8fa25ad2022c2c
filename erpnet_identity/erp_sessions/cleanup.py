"""Which sessions are long over (OPS-11). ``operations.cleanup`` removes them."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from .models import ErpSession, SlotUsage

# Until then an administrator sees who was connected, and a token that is used again finds that it was signed out.
KEPT = timedelta(days=2)
USAGE_KEPT = timedelta(days=400)


def expired(now: datetime) -> dict[str, QuerySet[Any]]:
    """What may go, by its name for people."""
    return {
        "API sessions": ErpSession.objects.filter(closed_at__lt=now - KEPT).order_by("closed_at"),
        "hours of use": SlotUsage.objects.filter(hour__lt=now - USAGE_KEPT).order_by("hour"),
    }
