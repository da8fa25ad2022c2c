"""Ending an identity session: the cookie, then what hangs on its ``sid`` (ID-157)."""

from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from erpnet_identity.audit import events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.services import record
from erpnet_identity.erp_sessions.models import Reason
from erpnet_identity.erp_sessions.services import close_signed_out
from erpnet_identity.tokens import grants
from erpnet_identity.users.models import User
from erpnet_identity.users.services import actor_for
from trusted_apps.models import TrustedApplication

from . import sessions
from .models import IdentitySession

_ASKED_BY = "_sign_out_asked_by"


@transaction.atomic
def end_session(
    session: IdentitySession,
    *,
    now: datetime,
    actor: Actor | None = None,
    asked_by: TrustedApplication | None = None,
    cause: Cause = Cause.BY_ADMINISTRATOR,
    reason: Reason = Reason.SIGN_OUT,
) -> bool:
    """End the session, the API session of its ``sid`` and every refresh token of it, in this order (ID-157). Access
    tokens stay valid until they expire (ID-158). Returns whether nobody had ended it before.

    ``actor`` is who does it for the person and ``cause`` why; ``asked_by`` is the application that the person came
    from, if any. ``reason`` is why the API session ends (SE-46).
    Services' tokens have no ``sid`` and are never touched (ID-160).
    """
    stored = IdentitySession.objects.select_for_update(of=("self",)).select_related("user").get(pk=session.pk)
    if stored.ended_at is not None:
        return False
    stored.ended_at = session.ended_at = now
    stored.save(update_fields=["ended_at"])
    close_signed_out(stored.sid, now=now, actor=actor or actor_for(stored.user), reason=reason)
    grants.end_renewal(now=now, sid=stored.sid)
    # Once more when everybody can see that the session is over: a code that was issued and redeemed between the line
    # above and that moment was not there to be ended. From then on no code of this session is redeemed.
    transaction.on_commit(partial(grants.end_renewal, now=now, sid=stored.sid), robust=True)
    record(
        events.USER_SIGNED_OUT,
        actor=actor or actor_for(stored.user),
        application=asked_by,
        user=stored.user,
        sid=stored.sid,
        cause=cause if actor else None,
    )
    return True


def sign_out(request: HttpRequest, *, asked_by: TrustedApplication | None = None) -> None:
    """Sign this browser out. Nothing happens to a browser that is not signed in (ID-161)."""
    setattr(request, _ASKED_BY, asked_by)
    logout(request)  # sends the signal below before it forgets who it was


def on_signed_out(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Django's signal: whatever signs a user out."""
    session = sessions.of_person(request, user) if isinstance(user, User) else None
    if session is not None:
        end_session(session, now=timezone.now(), asked_by=getattr(request, _ASKED_BY, None))


def on_sign_in_ended(sender: Any, user: User, actor: Actor, cause: Cause, **kwargs: Any) -> None:
    """The signal of ``users``: nobody stays signed in with an account that may not sign in any more, and nobody is
    signed in again when it may (ID-190)."""
    now = timezone.now()
    for session in IdentitySession.objects.filter(user=user, ended_at=None, expires__gt=now).order_by("pk"):
        end_session(session, now=now, actor=actor, cause=cause, reason=Reason.USER)
