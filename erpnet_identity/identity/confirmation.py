"""Changes by administrators ask for the password again when the sign-in is not recent (TA-48): a person who sits down
at a browser that has been signed in for days, or has copied its cookie, sets no passwords and makes no secrets.

The question comes with everything that was typed, so that a form that took long is sent once the password is right.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from erpnet_identity.audit import context
from erpnet_identity.users.forms import MAX_PASSWORD

from . import sessions, throttle
from .models import IdentitySession
from .page import page

PASSWORD = "confirmation-password"
LOGIN = "confirmation-login"
_SAFE = ("GET", "HEAD", "OPTIONS")
# Tokens of forms belong to the page that they come with.
_NOT_CARRIED = (PASSWORD, LOGIN, "csrfmiddlewaretoken")


def question(request: HttpRequest, *, now: datetime) -> HttpResponse | None:
    """What stands between an administrator and the change that this request asks for; None when nothing does.

    The request is that of a signed-in administrator, and its form token has been checked. A right password renews the
    sign-in of this browser, and the request goes on as if it had come like that.
    """
    session = sessions.current(request, now=now)
    if request.method in _SAFE or session is None:
        return None
    if now - session.auth_time > timedelta(seconds=settings.ADMINISTRATION_SECONDS):
        if PASSWORD not in request.POST:
            return _ask(request, session)
        refusal = _check(request, session, now=now)
        if refusal is not None:
            return refusal
    if PASSWORD in request.POST:
        request.POST = _carried(request)
    return None


def _check(request: HttpRequest, session: IdentitySession, *, now: datetime) -> HttpResponse | None:
    """The answer to a wrong password, None after a right one. Counted like every other attempt (ID-191, OP-234)."""
    user = session.user
    if wait := throttle.person_must_wait(request, user.login):
        return _ask(request, session, wait=wait)
    found = authenticate(request, username=user.login, password=request.POST[PASSWORD][: MAX_PASSWORD + 1])
    if found is None or found.pk != user.pk:
        throttle.count_failure(context.current().caller)
        return _ask(request, session, is_wrong=True)
    sessions.begin(request, user, now=now)
    return None


def _carried(request: HttpRequest) -> Any:
    fields = request.POST.copy()
    for name in _NOT_CARRIED:
        fields.pop(name, None)
    return fields


def _ask(request: HttpRequest, session: IdentitySession, *, is_wrong: bool = False, wait: int = 0) -> HttpResponse:
    typed = [(name, value) for name, values in _carried(request).lists() for value in values]
    is_manage = request.path.startswith(reverse("manage:home"))
    content = {
        "person": session.user,
        "typed": typed,
        "is_wrong": is_wrong,
        "wait": wait,
        "minutes": settings.ADMINISTRATION_SECONDS // 60,
        "password_field": PASSWORD,
        "login_field": LOGIN,
        "cancel_url": reverse("manage:home" if is_manage else "admin:index"),
    }
    response = page(request, "identity/confirmation.html", content, status=429 if wait else 200)
    if wait:
        response["Retry-After"] = str(wait)
    return response
