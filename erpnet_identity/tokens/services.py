"""Ending what came from a sign-in, by order, and with its event."""

from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from erpnet_identity.audit import events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.services import record
from erpnet_identity.users.models import User
from trusted_apps.models import TrustedApplication

from . import grants
from .models import AccessToken, Grant


@transaction.atomic
def revoke_grant(grant: Grant, *, actor: Actor, now: datetime) -> bool:
    """End every token of a grant at once, access tokens too (TK-57, OP-252). Returns whether it was valid until now."""
    locked = Grant.objects.select_for_update(of=("self",)).select_related("application", "user")
    stored = locked.filter(pk=grant.pk).first()
    if stored is None or not grants.revoke(stored, now=now):
        return False
    grant.revoked_at = now
    record_revoked(stored, stored.application, actor=actor)
    return True


def on_access_ended(sender: Any, user: User, actor: Actor, cause: Cause, **kwargs: Any) -> None:
    """The signal of ``users``: end every token of the person's sign-ins, in the transaction of the change, and those of
    services that ran as an account that may not run any more."""
    ended = grants.revoke_all(now=timezone.now(), user=user)
    if not user.may_run_services:
        ended += _revoke_service_tokens(user)
        # Once more when everybody can see the change: a token that was being issued meanwhile was not there yet.
        transaction.on_commit(partial(_revoke_service_tokens, user), robust=True)
    if ended:
        record(events.TOKEN_REVOKED, actor=actor, cause=cause, user=user, detail={"ended": ended})


def _revoke_service_tokens(user: User) -> int:
    """End the tokens of services that run as this account (ID-190); how many."""
    now = timezone.now()
    rows = AccessToken.objects.filter(application__system_user=user, user=None, revoked_at=None, expires__gt=now)
    return rows.update(revoked_at=now)


def record_revoked(grant: Grant, application: TrustedApplication, *, actor: Actor, cause: Cause | None = None) -> None:
    """Leave the trace of a grant that was just revoked (AU-01)."""
    record(
        events.TOKEN_REVOKED,
        actor=actor,
        application=application,
        user=grant.user,
        sid=grant.sid,
        cause=cause,
        detail={"scope": grant.scope},
    )
