"""Who gets into the Instance Manager: administrators who are signed in at this browser (IS-80, IS-81).

A view of the site takes a ``Visit``, which only the guard makes: mounted without it, a view fails and shows nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from erpnet_identity.audit.context import Actor
from erpnet_identity.identity import page as pages
from erpnet_identity.identity import sessions
from erpnet_identity.identity.errand import Errand
from erpnet_identity.users.models import User
from erpnet_identity.users.services import actor_for

READ = ("GET", "HEAD")
READ_AND_CHANGE = (*READ, "POST")


@dataclass(frozen=True, slots=True)
class Visit:
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
            "sign_out_url": reverse("oauth2_provider:rp-initiated-logout"),
        }
        return pages.page(self.request, template, {**everywhere, **context})


ManageView = Callable[..., HttpResponse]


class SeeOther(HttpResponseRedirect):
    """After a change: a page that can be loaded again without changing anything (RFC 9110 §15.4.4)."""

    status_code = 303


def administrators_only(view: ManageView, methods: tuple[str, ...]) -> Callable[..., HttpResponse]:
    """Let administrators in and nobody else. Whoever is not signed in is sent to do so first, and finds the page that
    was wanted afterwards; a change that came without a sign-in is not made."""

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        now = timezone.now()
        session = sessions.current(request, now=now)
        if session is None:
            sign_in = Errand(next=request.get_full_path()).link("identity:signin")
            return pages.keep_private(SeeOther(sign_in) if request.method == "POST" else HttpResponseRedirect(sign_in))
        if not session.user.is_staff:
            return _refused(request, session.user)
        if request.method not in methods:
            return pages.keep_private(HttpResponseNotAllowed(methods))
        return pages.keep_private(view(Visit(request, session.user, now), **kwargs))

    return guarded


def _refused(request: HttpRequest, user: User) -> HttpResponse:
    other = Errand(next=reverse("manage:home")).link("identity:signin", other="1")
    context = {"person": user, "other_url": other, "account_url": reverse("identity:home")}
    return pages.page(request, "manage/forbidden.html", context, status=403)
