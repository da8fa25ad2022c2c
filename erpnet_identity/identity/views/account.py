"""Who is signed in at this browser: the page that says so, and the one that asks whether to go on as that person."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from .. import errand as errands
from .. import sessions
from ..errand import Errand
from ..page import comes_back, keep_private, page
from ..pending import NotPending


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Who is signed in, and since when."""
    session = sessions.current(request, now=timezone.now())
    if session is None:
        return _to(Errand(next=reverse("identity:home")).link("identity:signin"))
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
        errand = errands.read(request)
    except NotPending:
        return errands.lost(request)
    if errand.pending is None:
        return _to(reverse("identity:home"))
    session = sessions.current(request, now=timezone.now())
    if session is None:
        return _to(errand.link("identity:signin"))
    # The form holds the request with the choice already made. Should somebody else have signed in in another window
    # since, that choice is not of this session, and the person is asked again.
    is_of_this_session = errand.pending.chosen == session.sid
    if request.method == "POST" and request.POST.get("choice") == "continue" and is_of_this_session:
        return _to(errands.resume_url(errand.sealed))
    errands.speak_its_language(request, errand)
    context = {
        "application": errand.application,
        "user": session.user,
        "request_token": errand.pending.with_choice(session.sid).seal(),
        "action": reverse("identity:select-account"),
        "other_url": errand.link("identity:signin", other="1"),
        "cancel_url": errand.cancel_url,
    }
    return page(request, "identity/select_account.html", context, leads_away=True)


def _to(address: str) -> HttpResponse:
    return keep_private(HttpResponseRedirect(address))
