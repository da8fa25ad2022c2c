"""What brought a person to the pages of sign-in: an application's request that waits, or a page of our own.

It travels in the address and in hidden fields from page to page, so that nothing is lost by a failed attempt, by
signing in as somebody else or by a forgotten password (OP-73, OP-95).
"""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import get_script_prefix, reverse

from erpnet_identity.edge.language import follow_wish
from trusted_apps.models import TrustedApplication

from .page import keep_private
from .pending import NotPending, PendingRequest, unseal

_REMEMBERED = "errand"
# A path on this host and nothing else: no second slash or backslash, which browsers take for another host, no control
# characters, which they drop (ID-67, OP-103).
_OWN_PATH = re.compile(r"/(?!/)[!-\[\]-~]{0,1000}")


@dataclass(frozen=True, slots=True)
class Errand:
    """``sealed`` is the text of ``pending``, ``application`` the one that waits. ``next`` is a path on this host.
    ``is_other`` says that the person wants another account than the one that is signed in."""

    sealed: str = ""
    pending: PendingRequest | None = None
    application: TrustedApplication | None = None
    next: str = ""
    is_other: bool = False

    @property
    def onward(self) -> str:
        """Where a sign-in leads."""
        if self.pending is not None:
            return resume_url(self.sealed)
        return self.next or reverse("identity:home")

    @property
    def cancel_url(self) -> str:
        """Where Cancel leads: back to the application (ID-65). Empty when none is waiting."""
        return _with("oauth2_provider:cancel", {"request": self.sealed}) if self.pending is not None else ""

    def get(self, name: str) -> str:
        """A parameter of the waiting request, empty without one."""
        return self.pending.parameters.get(name, "") if self.pending is not None else ""

    def link(self, name: str, **more: str) -> str:
        """The address of one of our pages, with the errand in it."""
        return _with(name, {"request": self.sealed, "next": self.next, **more})


def read(request: HttpRequest) -> Errand:
    """The errand of a request. Raises ``NotPending`` when it names a waiting request that cannot go on.

    One that is too old is an errand all the same: the person signs in, and where it leads on they say what it was for.
    """
    sealed, wanted = _parameter(request, "request"), _parameter(request, "next")
    pending = application = None
    if sealed:
        pending = _whenever(sealed)
        client_id = pending.parameters.get("client_id", "")
        application = TrustedApplication.objects.filter(client_id=client_id, is_enabled=True).first()
        if application is None:
            raise NotPending  # taken away or switched off meanwhile: nobody types a password for it
    return Errand(
        sealed=sealed,
        pending=pending,
        application=application,
        next=wanted if _is_own(wanted) else "",
        is_other="other" in request.GET,
    )


def _is_own(path: str) -> bool:
    # What else lies on this host may be somebody else's (OPS-13).
    return bool(_OWN_PATH.fullmatch(path)) and path.startswith(get_script_prefix())


def _whenever(sealed: str) -> PendingRequest:
    """The request in a seal of ours, however old. Raises ``NotPending``."""
    try:
        return unseal(sealed)
    except NotPending as lost:
        if lost.expired is None:
            raise
        return lost.expired


def resume_url(sealed: str) -> str:
    """Where a waiting request goes on."""
    return _with("oauth2_provider:resume", {"request": sealed})


def lost(request: HttpRequest) -> HttpResponse:
    """The answer when the request that should wait is none: where it would go on they say what is wrong with it."""
    return keep_private(HttpResponseRedirect(resume_url(_parameter(request, "request"))))


def remember(request: HttpRequest, errand: Errand) -> None:
    """Keep the errand in the session of this browser: the link in a mail is often opened in it, and would be very long
    with the errand in it."""
    if errand.sealed or errand.next:
        request.session[_REMEMBERED] = [errand.sealed, errand.next]


def recall(request: HttpRequest) -> Errand:
    """The errand that was remembered, an empty one if there is none."""
    sealed, wanted = request.session.get(_REMEMBERED, ["", ""])
    try:
        return Errand(sealed=sealed, pending=_whenever(sealed) if sealed else None, next=wanted)
    except NotPending:
        return Errand()


def forget(request: HttpRequest) -> None:
    """Remember no errand any more."""
    request.session.pop(_REMEMBERED, None)


def speak_its_language(request: HttpRequest, errand: Errand) -> None:
    """Show this page in the language that the application asked for (ID-43), unless the person has just chosen one."""
    follow_wish(request, errand.get("ui_locales"))


def _parameter(request: HttpRequest, name: str) -> str:
    return request.POST.get(name) or request.GET.get(name, "")


def _with(name: str, parameters: dict[str, str]) -> str:
    query = urlencode({key: value for key, value in parameters.items() if value})
    return reverse(name) + (f"?{query}" if query else "")
