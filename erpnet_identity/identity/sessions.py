"""The identity session of a browser: begun by a sign-in, found by its cookie, ended absolutely (ID-70 to ID-77)."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from erpnet_identity.audit import context, events
from erpnet_identity.audit.services import record
from erpnet_identity.users.models import User
from erpnet_identity.users.services import actor_for

from .models import IdentitySession

# Where the browser's server-side session keeps the sid.
SID = "sid"
_CACHED = "_identity_session"
PASSWORD = ("pwd",)
# What a repeated sign-in writes: not the end, which another tab may just be setting.
_RENEWED = ("auth_time", "amr", "expires", "is_remembered", "address", "user_agent")


def lifetime(*, is_remembered: bool) -> timedelta:
    """How long a sign-in holds, however often it is used (ID-70)."""
    seconds = settings.REMEMBERED_SESSION_SECONDS if is_remembered else settings.IDENTITY_SESSION_SECONDS
    return timedelta(seconds=seconds)


def current(request: HttpRequest, *, now: datetime) -> IdentitySession | None:
    """The live identity session of this browser, with its ``user``, or None. One query, once per request.

    Both must hold: Django's session, which ends with a changed password, and ours, which can be ended from outside.
    """
    if not hasattr(request, _CACHED):
        setattr(request, _CACHED, _find(request))
    session: IdentitySession | None = getattr(request, _CACHED)
    return session if session is not None and session.is_live(now) else None


def is_signed_in(request: HttpRequest) -> bool:
    """Whether this browser has a live identity session now."""
    return current(request, now=timezone.now()) is not None


def _find(request: HttpRequest) -> IdentitySession | None:
    user = request.user
    return of_person(request, user) if isinstance(user, User) else None


def of_person(request: HttpRequest, user: User) -> IdentitySession | None:
    """The identity session that this browser keeps, if it is this person's, live or not. One query."""
    sid = request.session.get(SID)
    session = IdentitySession.objects.filter(sid=sid).first() if sid else None
    if session is None or session.user_id != user.pk:
        return None
    session.user = user
    return session


@transaction.atomic
def begin(
    request: HttpRequest, user: User, *, now: datetime, is_remembered: bool = False, amr: tuple[str, ...] = PASSWORD
) -> IdentitySession:
    """Note that ``user`` has just signed in at this browser.

    The same person keeps the session and its ``sid`` and gets a new ``auth_time`` (ID-75); anybody else starts a new
    one (ID-76). Only a sign-in moves the end, and none brings it nearer.
    """
    # Waits for a change of the account that is being made: who was let in just before it is out just after it (ID-190).
    may_sign_in = User.objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True).exists()
    found = of_person(request, user)
    if found is not None and found.is_live(now):
        session, is_new = found, False
    else:
        session, is_new = IdentitySession(user=user, created=now, expires=now), True
    session.auth_time, session.amr = now, list(amr)
    session.is_remembered = session.is_remembered or is_remembered
    session.expires = max(session.expires, now + lifetime(is_remembered=is_remembered))
    origin = context.current()
    session.address, session.user_agent = origin.address[:64], origin.user_agent[:254]
    if not may_sign_in:
        session.ended_at = now
    written = _RENEWED if may_sign_in else (*_RENEWED, "ended_at")
    session.save(force_insert=is_new, update_fields=None if is_new else written)
    record(
        events.USER_SIGNED_IN,
        actor=actor_for(user),
        user=user,
        sid=session.sid,
        detail={"amr": session.amr, "idp": session.idp, "again": not is_new, "remembered": session.is_remembered},
    )
    if not is_new:
        # Django gives a new key only to a person who was not signed in (OP-104).
        request.session.cycle_key()
    request.session[SID] = session.sid
    request.session.set_expiry(session.expires)
    setattr(request, _CACHED, session)
    return session


def on_signed_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Django's signal: whatever signs a user in, a sign-in page, the admin site, an external provider."""
    begin(request, user, now=timezone.now(), is_remembered=getattr(request, "remember_sign_in", False))
