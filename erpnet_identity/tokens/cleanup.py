"""Which tokens and grants have had their day (OPS-11). ``operations.cleanup`` removes them."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from .models import AccessToken, Grant, RefreshToken


def expired(now: datetime) -> dict[str, QuerySet[Any]]:
    """What may go, by its name for people. In this order: a grant goes when nothing refers to it any more.

    Used refresh tokens stay as long as their grant, so that the reuse of an old one is noticed to the end (TK-55).
    """
    of_grant = {"grant": OuterRef("pk")}
    return {
        "access tokens": AccessToken.objects.filter(expires__lt=now, refresh_token=None).order_by("expires"),
        "refresh tokens": RefreshToken.objects.filter(grant__keep_until__lt=now).order_by(),
        "grants": Grant.objects.filter(
            ~Exists(AccessToken.objects.filter(**of_grant)),
            ~Exists(RefreshToken.objects.filter(**of_grant)),
            keep_until__lt=now,
        ).order_by("keep_until"),
    }
