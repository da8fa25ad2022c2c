"""Who gets into the Instance Manager: administrators who are signed in at this browser (IS-80, IS-81).

A view of the site takes an ``AdminRequest``, which only the guard makes: mounted without it, a view fails and shows
nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone

from erpnet_identity.audit.context import Actor
from erpnet_identity.edge.language import in_english
from erpnet_identity.identity import guards, sessions
from erpnet_identity.identity import page as pages
from erpnet_identity.identity.guards import SeeOther
from erpnet_identity.users.models import User
from erpnet_identity.users.services import actor_for

__all__ = ["READ", "READ_AND_CHANGE", "AdminRequest", "SeeOther", "administrators_only"]
READ = ("GET", "HEAD")
READ_AND_CHANGE = (*READ, "POST")


@dataclass(frozen=True, slots=True)
class AdminRequest:
    """What an administrator asks for, and when."""

    request: HttpRequest
    administrator: User
    now: datetime

    @property
    def actor(self) -> Actor:
        """The actor of what this administrator changes."""
        return actor_for(self.administrator)

    @property
    def changes(self) -> bool:
        """Whether something is to be changed. The form's token has been checked by then (IS-95)."""
        return self.request.method == "POST"

    def page(self, template: str, context: dict[str, Any]) -> HttpResponse:
        """A page of the site."""
        everywhere = {
            "administrator": self.administrator,
            "now": self.now,
        }
        return pages.page(self.request, template, {**everywhere, **context})


ManageView = Callable[..., HttpResponse]


def administrators_only(view: ManageView, methods: tuple[str, ...]) -> Callable[..., HttpResponse]:
    """Let administrators in and nobody else. A user who is not signed in is sent to do so first, and finds the page
    that was wanted afterwards; a change that came without a sign-in is not made. The page itself is English."""
    english = in_english(view)

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        now = timezone.now()
        if (refusal := guards.not_an_administrator(request, now=now)) is not None:
            return refusal
        session = sessions.current(request, now=now)
        assert session is not None
        if request.method not in methods:
            return pages.keep_private(HttpResponseNotAllowed(methods))
        if (asked := guards.not_recently_signed_in(request, now=now)) is not None:
            return asked
        return pages.keep_private(english(AdminRequest(request, session.user, now), **kwargs))

    return guarded
