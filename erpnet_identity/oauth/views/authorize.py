"""``{issuer}/connect/authorize`` and the pages' way back to it (RFC 6749 §3.1, OIDC Core §3.1.2)."""

from collections.abc import Callable
from datetime import datetime
from functools import partial, wraps
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from erpnet_identity.audit.causes import Cause
from erpnet_identity.edge.form_tokens import answers_stale
from erpnet_identity.edge.language import follow_wish
from erpnet_identity.identity import sessions
from erpnet_identity.identity.page import keep_private
from erpnet_identity.identity.signed_request import InvalidSignedRequest, SignedRequest, unseal
from trusted_apps.models import TrustedApplication
from trusted_apps.redirects import front_page

from .. import audit, authorization_request, authorization_response
from ..authorization import Authorization
from ..authorization_request import BadRequest, RefusedRequest
from ..error_page import error_page


def _answers_errors(view: Callable[[HttpRequest, datetime], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Show what is wrong with a request to the person, or tell it to the application (ID-46, ID-49)."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            return view(request, timezone.now())
        except BadRequest as bad:
            audit.record_bad_request(bad, unless=partial(sessions.is_signed_in, request))
            return error_page(request, bad.error, bad.description, cause=bad.cause, address=bad.redirect_uri)
        except RefusedRequest as refused:
            audit.record_refused_request(refused, unless=partial(sessions.is_signed_in, request))
            return authorization_response.refuse(request, refused)
        except InvalidSignedRequest as lost:
            # The page was open for too long, or its address was cut off on the way.
            if lost.expired is None:
                return error_page(request, "invalid_request", "The request is damaged", cause=Cause.REQUEST_DAMAGED)
            return _expired(request, lost.expired)

    return answer


def _expired(request: HttpRequest, signed_request: SignedRequest) -> HttpResponse:
    """What it was for, and the way back there: the application begins anew, and nobody signs in twice."""
    known = TrustedApplication.objects.filter(client_id=signed_request.parameters.get("client_id", ""), is_enabled=True)
    application = known.first()
    uri = signed_request.parameters.get("redirect_uri", "")
    is_registered = application is not None and application.redirect_uri_allowed(uri)
    return error_page(
        request,
        "request_expired",
        "The request is too old",
        cause=Cause.REQUEST_EXPIRED,
        application=application,
        return_url=front_page(uri) if is_registered else "",
    )


@csrf_exempt
@require_http_methods(["GET", "POST"])
@_answers_errors
def authorize(request: HttpRequest, now: datetime) -> HttpResponse:
    """An authorization request. Everything that can be checked is checked before anyone is asked anything (ID-51)."""
    parameters, repeated = authorization_request.read(request)
    parsed = authorization_request.parse(parameters, repeated, now=now)
    if request.method == "POST":
        return _again_with_cookies(request, parameters)
    return Authorization(request, parsed, now).proceed()


def _again_with_cookies(request: HttpRequest, parameters: dict[str, str]) -> HttpResponse:
    # A form of another site is sent without the cookie of the identity session; the redirect that follows is a plain
    # navigation and brings it (ID-69). 303 turns the POST into a GET (OP-78).
    response = HttpResponse(status=303)
    response["Location"] = f"{request.path}?{urlencode(parameters)}"
    return keep_private(response)


def _continued(request: HttpRequest, text: str, now: datetime) -> Authorization:
    # Checked again from the start: the application may have changed while a page was open.
    waiting = unseal(text)
    follow_wish(request, waiting.parameters.get("ui_locales", ""))
    return Authorization(request, authorization_request.parse(waiting.parameters, now=now), now, waiting)


@require_GET
@_answers_errors
def resume(request: HttpRequest, now: datetime) -> HttpResponse:
    """Where the sign-in page and the account page lead."""
    return _continued(request, request.GET.get("request", ""), now).proceed()


@require_GET
@_answers_errors
def cancel(request: HttpRequest, now: datetime) -> HttpResponse:
    """Where Cancel leads: back to the application with ``access_denied`` (ID-65)."""
    return _continued(request, request.GET.get("request", ""), now).cancel()


def _ask_again(request: HttpRequest) -> HttpResponse:
    """The person, or the browser, is not the one of before: the question is asked once more."""
    sealed = request.POST.get("request", "")
    response = HttpResponse(status=303)
    response["Location"] = f"{reverse('oauth2_provider:resume')}?{urlencode({'request': sealed})}"
    return keep_private(response)


@answers_stale(_ask_again)
@require_POST
@_answers_errors
def consent(request: HttpRequest, now: datetime) -> HttpResponse:
    """The answer to the consent page (ID-81, ID-84)."""
    authorization = _continued(request, request.POST.get("request", ""), now)
    return authorization.answer_consent(
        is_allowed=request.POST.get("answer") == "allow", shown=request.POST.get("shown", "")
    )
