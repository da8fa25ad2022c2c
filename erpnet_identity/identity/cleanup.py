"""Which sessions are long over (OPS-11). ``operations.cleanup`` removes them."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet

from .models import IdentitySession

# Until then an administrator still sees in the list that the user signed out, and a code of the last minutes finds its
# session.
KEPT = timedelta(days=1)


def expired(now: datetime) -> dict[str, QuerySet[Any]]:
    """What may go, by its name for people. Refresh tokens do not need the session that they came from (TK-60)."""
    long_ago = now - KEPT
    return {
        "identity sessions": IdentitySession.objects.filter(
            Q(expires__lt=long_ago) | Q(ended_at__lt=long_ago)
        ).order_by(),
        "browser sessions": Session.objects.filter(expire_date__lt=now).order_by("expire_date"),
    }
