"""The front page of the instance and the list of changes (IS-08, IS-09)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from erpnet_identity.tenancy.appearance import appearance

from .. import changelog, sites
from ..version import VERSION


def _page(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    # The request is a plain value, which the language menu reads the address from. Nothing on these pages depends on
    # who asks, so no context processor looks at a session.
    response = HttpResponse(render_to_string(template, {"version": VERSION, "request": request, **context}))
    response["Cache-Control"] = "public, max-age=10"
    return response


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Version, what's new, the public sites; nothing about users, applications and configuration."""
    return _page(request, "instance/landing.html", {"instance": sites.describe()})


@require_safe
def logo(request: HttpRequest, mark: str) -> HttpResponse:
    """The instance's own logo. Its address changes with it, so browsers keep it for good."""
    picture = appearance().logo
    if picture is None or picture.mark != mark:
        raise Http404
    response = HttpResponse(picture.content, content_type=picture.media_type)
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@require_safe
def whats_new(request: HttpRequest) -> HttpResponse:
    """The list of changes as a page."""
    return _page(request, "instance/whats_new.html", {"releases": changelog.releases(), "asks_nothing": True})
