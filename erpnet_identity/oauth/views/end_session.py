"""``{issuer}/connect/endsession`` (OpenID Connect RP-Initiated Logout 1.0, ID-150 to ID-161, OP-190 to OP-201)."""

from functools import partial
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from erpnet_identity.audit import events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.refusals import record_refusal
from erpnet_identity.edge.form_tokens import answers_stale, of_nobody
from erpnet_identity.edge.language import follow_wish
from erpnet_identity.edge.policy import NO_REFERRER
from erpnet_identity.identity import sessions, signout
from erpnet_identity.identity.models import IdentitySession
from erpnet_identity.identity.page import keep_private, page, tell_origin_only
from erpnet_identity.identity.texts import SIGN_OUT_CANNOT_GO_ON

from .. import sign_out_request
from ..error_page import error_page
from ..sign_out_request import BadSignOut, SignOutRequest
from ..text import printable


@of_nobody
@csrf_exempt
@require_http_methods(["GET", "POST"])
def end_session(request: HttpRequest) -> HttpResponse:
    """Sign out at once with a hint of this session, else after a question (ID-152, ID-153)."""
    try:
        parameters = sign_out_request.read(request)
        if request.method == "POST":
            # A form of another site comes without our cookie; the redirect brings it (ID-69).
            return _to(f"{request.path}?{urlencode(parameters)}", status=303)
        wanted = sign_out_request.parse(parameters)
    except BadSignOut as bad:
        _record(request, bad.cause, client_id=bad.client_id)
        answer = error_page(request, bad.error, bad.description, cause=bad.cause, heading=SIGN_OUT_CANNOT_GO_ON)
        return _without_referrer(answer)
    if refused := wanted.refused_address:
        _record(request, wanted.cause, client_id=wanted.client_id, uri=refused)
    session = sessions.current(request, now=timezone.now())
    if session is not None and not wanted.is_of(session):
        return _ask(request, session, wanted)
    # Also without a session: one that was ended elsewhere may have left a cookie that still opens something.
    signout.sign_out(request, asked_by=wanted.application)
    if wanted.hint is not None and wanted.return_url:
        return _to(wanted.return_url, status=302)
    return _signed_out(request, wanted, was_nobody=session is None)


def _ask_again(request: HttpRequest) -> HttpResponse:
    """Another user is signed in by now, or none."""
    wanted = sign_out_request.unseal(request.POST.get("request", ""))
    session = sessions.current(request, now=timezone.now())
    return _done(wanted) if session is None else _ask(request, session, wanted)


@answers_stale(_ask_again)
@of_nobody
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """The person said yes (ID-153). Leads back to the application, or to a page that may be loaded again (ID-154)."""
    if request.method != "POST":
        # Another language chosen after the form was refused: ask again.
        return _to(reverse("oauth2_provider:rp-initiated-logout"), status=302)
    wanted = sign_out_request.unseal(request.POST.get("request", ""))
    session = sessions.current(request, now=timezone.now())
    if session is not None and wanted.sid not in ("", session.sid):
        return _ask(request, session, wanted)  # the question was about another person
    signout.sign_out(request, asked_by=wanted.application)
    return _done(wanted)


def _done(wanted: SignOutRequest) -> HttpResponse:
    if back := wanted.return_url:
        return _to(back, status=303)
    return _to(f"{reverse('oauth2_provider:signed-out')}?{urlencode({'request': wanted.seal()})}", status=303)


@require_GET
def signed_out(request: HttpRequest) -> HttpResponse:
    """What a person sees who said yes and is not led back."""
    wanted = sign_out_request.unseal(request.GET.get("request", ""))
    follow_wish(request, wanted.languages)
    return _signed_out(request, wanted)


def _to(address: str, *, status: int) -> HttpResponse:
    # Not Django's class: it knows only the schemes of one list, and an application's own scheme is its own (TA-42).
    response = HttpResponse(status=status)
    response["Location"] = address
    return keep_private(response)


def _ask(request: HttpRequest, session: IdentitySession, wanted: SignOutRequest) -> HttpResponse:
    context = {
        "application": wanted.application,
        "user": session.user,
        "action": reverse("oauth2_provider:end-session-confirm"),
        "state_token": wanted.seal(session.sid),
        "stay_url": reverse("identity:home"),
    }
    # The address may hold an ID token (OP-230).
    return tell_origin_only(page(request, "oauth/sign_out.html", context, leads_away=bool(wanted.return_url)))


def _signed_out(request: HttpRequest, wanted: SignOutRequest, *, was_nobody: bool = False) -> HttpResponse:
    context = {
        "was_nobody": was_nobody,
        "refused_address": printable(wanted.refused_address, 500),
        "application": wanted.application,
        "return_url": wanted.return_url,
        "signin_url": reverse("identity:signin"),
    }
    return _without_referrer(page(request, "oauth/signed_out.html", context))


def _without_referrer(response: HttpResponse) -> HttpResponse:
    # These pages hold no form, which `no-referrer` would break.
    response["Referrer-Policy"] = NO_REFERRER
    return response


def _record(request: HttpRequest, cause: Cause, *, client_id: str, uri: str = "") -> None:
    """The trace of a request that was not followed, or not all the way (DR-01)."""
    client_id = printable(client_id, 254)
    record_refusal(
        events.USER_SIGN_OUT_REFUSED,
        cause,
        unless=partial(sessions.is_signed_in, request),
        actor=Actor("application", "", client_id),
        client_id=client_id,
        detail={"post_logout_redirect_uri": uri[:500]} if uri else None,
    )
