"""The front page of the instance and the list of changes (IS-08, IS-09)."""

from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from erpnet_identity.identity import sessions
from erpnet_identity.identity.page import keep_private
from erpnet_identity.operations.version import VERSION
from erpnet_identity.tenancy.appearance import appearance
from erpnet_identity.users.models import User

from .. import changelog, sites


def _visitor(request: HttpRequest) -> User | None:
    """Who is signed in at this browser. Nobody while the database is away: these pages are shown also then."""
    try:
        session = sessions.current(request, now=timezone.now())
    except DatabaseError:
        return None
    return session.user if session is not None else None


def _page(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    # The request is a plain value, which the language menu reads the address from: what context processors add would
    # ask the database once more.
    everywhere = {"version": VERSION, "request": request, "visitor": _visitor(request)}
    return keep_private(HttpResponse(render_to_string(template, {**everywhere, **context})))


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """The way to sign in, or who is signed in; version, what's new, the public sites. Nothing about other users,
    applications and configuration."""
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
