"""Pages for people: never cached, never framed, and with forms that may reach one application (ID-04, OP-80)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from erpnet_identity.edge import form_tokens
from erpnet_identity.edge.policy import LEADING_AWAY, ORIGIN_ONLY


def keep_private(response: HttpResponse) -> HttpResponse:
    """Mark an answer as one person's, at one moment."""
    response["Cache-Control"] = "no-store"
    response["Pragma"] = "no-cache"
    return response


def comes_back(view: form_tokens.View) -> form_tokens.View:
    """Mark a view, or the class of one: it answers a form whose token is void with its page, with what was typed and
    a word about it (``instance/stale.html``)."""
    show = view.as_view() if isinstance(view, type) else view  # type: ignore[attr-defined]

    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        _ = request.POST  # Django reads it only while the request is a POST
        request.method = "GET"
        response: HttpResponse = show(request, *args, **kwargs)
        if response.status_code == 200:
            response.status_code = 403
        return response

    return form_tokens.answers_stale(answer)(view)


def tell_origin_only(response: HttpResponse) -> HttpResponse:
    """Mark an answer whose address is a secret or holds one: no other page is told more of it than our host."""
    response["Referrer-Policy"] = ORIGIN_ONLY
    return response


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    status: int = 200,
    leads_away: bool = False,
) -> HttpResponse:
    """Render a page. ``leads_away`` says that its form leads to an application in the end."""
    response = keep_private(render(request, template, context, status=status))
    if leads_away:
        response["Content-Security-Policy"] = LEADING_AWAY
    return response
