"""The front page of the instance and the list of changes (IS-08, IS-09)."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

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
def whats_new(request: HttpRequest) -> HttpResponse:
    """The list of changes as a page."""
    return _page(request, "instance/whats_new.html", {"releases": changelog.releases()})
