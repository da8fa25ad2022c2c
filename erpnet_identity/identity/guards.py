"""Who gets into a page for people. Each guard gives the answer to a request that may not go on, None to one that may:

- ``not_signed_in``: this browser has an identity session (the pages of the own account);
- ``not_an_administrator``: and it is one of an administrator (``/admin/`` and ``/manage``; TA-48, IS-80);
- ``not_recently_signed_in``: and, for a change, the password was given a short time ago (TA-48).
"""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from erpnet_identity.audit import events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.refusals import record_refusal
from erpnet_identity.users.models import User
from erpnet_identity.users.services import actor_for

from . import confirmation, sessions
from .page import keep_private, page
from .sign_in_context import SignInContext


class SeeOther(HttpResponseRedirect):
    """After a POST: a page that can be loaded again without changing anything (RFC 9110 §15.4.4)."""

    status_code = 303


def not_signed_in(request: HttpRequest, *, now: datetime, wanted: str = "") -> HttpResponse | None:
    """A browser without an identity session is sent to sign in and finds the page that was ``wanted``, the same as a
    rule, afterwards; a change that came without a sign-in is not made."""
    if sessions.current(request, now=now) is not None:
        return None
    sign_in = SignInContext(next=wanted or request.get_full_path()).link("identity:signin")
    return keep_private(SeeOther(sign_in) if request.method == "POST" else HttpResponseRedirect(sign_in))


def not_an_administrator(request: HttpRequest, *, now: datetime) -> HttpResponse | None:
    """Any other user learns who is signed in here and how to change that."""
    session = sessions.current(request, now=now)
    if session is None:
        return not_signed_in(request, now=now)
    return None if session.user.is_staff else _refused(request, session.user, session.sid)


def not_recently_signed_in(request: HttpRequest, *, now: datetime) -> HttpResponse | None:
    """The request is that of a signed-in administrator, and its form token has been checked. A change asks for the
    password where the sign-in is not recent; a right one lets it go on."""
    return confirmation.question(request, now=now)


def _refused(request: HttpRequest, user: User, sid: str) -> HttpResponse:
    record_refusal(
        events.ADMINISTRATION_REFUSED,
        Cause.NOT_AN_ADMINISTRATOR,
        is_known=True,
        actor=actor_for(user),
        user=user,
        sid=sid,
        detail={"path": request.path_info[:200]},
    )
    back = request.get_full_path() if request.method in ("GET", "HEAD") else ""
    other = SignInContext(next=back or reverse("manage:home")).link("identity:signin", other="1")
    context = {"person": user, "other_url": other, "account_url": reverse("identity:home")}
    return page(request, "identity/administrators_only.html", context, status=403)
