"""Live sessions, as calls would have left them."""

import itertools
from datetime import timedelta

from django.utils import timezone

from erpnet_identity.erp_sessions.lifetimes import absolute_end
from erpnet_identity.erp_sessions.models import ErpSession, Kind
from tests.factories.users import UserFactory

_numbers = itertools.count()


def live_session(user=None, *applications, opened=0, idle=0, is_service=False, **fields):
    """A session that was opened and last used that many minutes ago."""
    now = timezone.now()
    opened_at = now - timedelta(minutes=max(opened, idle))
    values = {
        "kind": Kind.SERVICE if is_service else Kind.INTERACTIVE,
        "key": f"key-{next(_numbers)}",
        "user": user or UserFactory(),
        "applications": " ".join(str(application.pk) for application in applications),
        "address": "10.0.0.1",
        "opened_at": opened_at,
        "last_seen_at": now - timedelta(minutes=idle),
        "expires_at": absolute_end(opened_at=opened_at, is_service=is_service),
    }
    return ErpSession.objects.create(**(values | fields))
