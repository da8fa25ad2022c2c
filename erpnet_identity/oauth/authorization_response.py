"""The answer of the authorization endpoint, success or error, in the response mode of the request (ID-55 to ID-59,
OP-70 to OP-78)."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from erpnet_identity.edge.policy import NO_REFERRER
from erpnet_identity.identity.page import keep_private, page, tell_origin_only
from trusted_apps.redirects import with_query

from .authorization_request import FORM_POST, FRAGMENT, RefusedRequest, ReplyTo


def answer(request: HttpRequest, reply_to: ReplyTo, parameters: dict[str, str]) -> HttpResponse:
    """Hand ``parameters`` to the application: by redirect, or by a form that the browser sends (ID-57, ID-58).

    ``state`` and ``iss`` are added here, so that no answer is without them (OP-73, OP-226).
    """
    if reply_to.state is not None:
        parameters["state"] = reply_to.state
    parameters["iss"] = settings.ISSUER
    if reply_to.mode == FORM_POST:
        context = {"action": reply_to.redirect_uri, "parameters": parameters}
        response = page(request, "oauth/form_post.html", context, leads_away=True)
        # Its address may be that of the request; the application is told our host, which it compares (OP-76).
        return tell_origin_only(response)
    response = _redirect(_address(reply_to, parameters))
    # No code, no token and no address with one of them is told to the next page (OP-230).
    response["Referrer-Policy"] = NO_REFERRER
    return response


def refuse(request: HttpRequest, refused: RefusedRequest) -> HttpResponse:
    """Tell the application what is wrong (ID-49, OP-71)."""
    return answer(request, refused.reply_to, {"error": refused.error, "error_description": refused.description})


def _address(reply_to: ReplyTo, parameters: dict[str, str]) -> str:
    uri, encoded = reply_to.redirect_uri, urlencode(parameters)
    if reply_to.mode == FRAGMENT:
        return f"{uri}#{encoded}"
    return with_query(uri, encoded)


def _redirect(address: str) -> HttpResponse:
    # Not Django's class: it knows only the schemes of one list, and an application's own scheme is its own (TA-42).
    # The address was compared with the registered ones, character for character.
    response = HttpResponse(status=302)
    response["Location"] = address
    return keep_private(response)
