"""Who is signed in at this browser: the page that says so, and the one that asks whether to go on as that person."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from .. import sessions
from .. import sign_in_context as contexts
from ..guards import not_signed_in
from ..page import comes_back, keep_private, page
from ..signed_request import InvalidSignedRequest


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Who is signed in, and since when."""
    now = timezone.now()
    if (refusal := not_signed_in(request, now=now, wanted=reverse("identity:home"))) is not None:
        return refusal
    session = sessions.current(request, now=now)
    assert session is not None
    context = {
        "user": session.user,
        "signed_in_at": session.auth_time,
        "change_password_url": reverse("identity:password-change"),
        "signout_url": reverse("oauth2_provider:rp-initiated-logout"),
    }
    return page(request, "identity/home.html", context)


@comes_back
@require_http_methods(["GET", "HEAD", "POST"])
def select_account(request: HttpRequest) -> HttpResponse:
    """The account that is signed in, or another (OP-96)."""
    try:
        sign_in = contexts.read(request)
    except InvalidSignedRequest:
        return contexts.lost(request)
    if sign_in.signed_request is None:
        return _to(reverse("identity:home"))
    session = sessions.current(request, now=timezone.now())
    if session is None:
        return _to(sign_in.link("identity:signin"))
    # The form holds the request with the choice already made. Should another user have signed in in another window
    # since, that choice is not of this session, and the person is asked again.
    is_of_this_session = sign_in.signed_request.chosen == session.sid
    if request.method == "POST" and request.POST.get("choice") == "continue" and is_of_this_session:
        return _to(contexts.resume_url(sign_in.sealed))
    contexts.speak_its_language(request, sign_in)
    context = {
        "application": sign_in.application,
        "user": session.user,
        "request_token": sign_in.signed_request.with_choice(session.sid).seal(),
        "action": reverse("identity:select-account"),
        "other_url": sign_in.link("identity:signin", other="1"),
        "cancel_url": sign_in.cancel_url,
    }
    return page(request, "identity/select_account.html", context, leads_away=True)


def _to(address: str) -> HttpResponse:
    return keep_private(HttpResponseRedirect(address))
