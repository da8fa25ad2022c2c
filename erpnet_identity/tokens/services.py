"""Ending what came from a sign-in, on somebody's order and with its trace."""

from datetime import datetime

from django.db import transaction

from erpnet_identity.audit import events
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.services import record

from . import grants
from .models import Grant


@transaction.atomic
def revoke_grant(grant: Grant, *, actor: Actor, now: datetime) -> bool:
    """End every token of a grant at once, access tokens too (TK-57, OP-252). Returns whether it was valid until now."""
    locked = Grant.objects.select_for_update(of=("self",)).select_related("application", "user")
    stored = locked.filter(pk=grant.pk).first()
    if stored is None or stored.revoked_at is not None:
        return False
    grants.revoke(stored, now=now)
    grant.revoked_at = now
    record(
        events.TOKEN_REVOKED,
        actor=actor,
        application=stored.application,
        user=stored.user,
        sid=stored.sid,
        detail={"scope": stored.scope},
    )
    return True
