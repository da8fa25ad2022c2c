"""What brought a person to the pages of sign-in: an application's request that waits, or a page of our own.

It travels in the address and in hidden fields from page to page, so that nothing is lost by a failed attempt, by
signing in as another user or by a forgotten password (OP-73, OP-95).
"""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import get_script_prefix, reverse

from erpnet_identity.edge.language import follow_wish
from trusted_apps.models import TrustedApplication

from .page import keep_private
from .signed_request import InvalidSignedRequest, SignedRequest, unseal

_REMEMBERED = "sign_in_context"
# A path on this host and nothing else: no second slash or backslash, which browsers take for another host, no control
# characters, which they drop (ID-67, OP-103).
_OWN_PATH = re.compile(r"/(?!/)[!-\[\]-~]{0,1000}")


@dataclass(frozen=True, slots=True)
class SignInContext:
    """``sealed`` is the text of ``signed_request``, ``application`` the one that waits. ``next`` is a path on this
    host. ``is_other`` says that the person wants another account than the one that is signed in."""

    sealed: str = ""
    signed_request: SignedRequest | None = None
    application: TrustedApplication | None = None
    next: str = ""
    is_other: bool = False

    @property
    def onward(self) -> str:
        """Where a sign-in leads."""
        if self.signed_request is not None:
            return resume_url(self.sealed)
        return self.next or reverse("identity:home")

    @property
    def cancel_url(self) -> str:
        """Where Cancel leads: back to the application (ID-65). Empty when none is waiting."""
        return _with("oauth2_provider:cancel", {"request": self.sealed}) if self.signed_request is not None else ""

    def get(self, name: str) -> str:
        """A parameter of the waiting request, empty without one."""
        return self.signed_request.parameters.get(name, "") if self.signed_request is not None else ""

    def link(self, name: str, **more: str) -> str:
        """The address of one of our pages, with the sign-in context in it."""
        return _with(name, {"request": self.sealed, "next": self.next, **more})


def read(request: HttpRequest) -> SignInContext:
    """The sign-in context of a request. Raises ``InvalidSignedRequest`` when it names a request that cannot go on.

    One that is too old is a sign-in context all the same: the user signs in, and is told where it leads on what it was
    for.
    """
    sealed, wanted = _parameter(request, "request"), _parameter(request, "next")
    signed_request = application = None
    if sealed:
        signed_request = _whenever(sealed)
        client_id = signed_request.parameters.get("client_id", "")
        application = TrustedApplication.objects.filter(client_id=client_id, is_enabled=True).first()
        if application is None:
            raise InvalidSignedRequest  # taken away or switched off meanwhile: nobody types a password for it
    return SignInContext(
        sealed=sealed,
        signed_request=signed_request,
        application=application,
        next=wanted if _is_own(wanted) else "",
        is_other="other" in request.GET,
    )


def _is_own(path: str) -> bool:
    # What else lies on this host may belong to other programs (OPS-13).
    return bool(_OWN_PATH.fullmatch(path)) and path.startswith(get_script_prefix())


def _whenever(sealed: str) -> SignedRequest:
    """The request in a seal of ours, however old. Raises ``InvalidSignedRequest``."""
    try:
        return unseal(sealed)
    except InvalidSignedRequest as lost:
        if lost.expired is None:
            raise
        return lost.expired


def resume_url(sealed: str) -> str:
    """Where a waiting request goes on."""
    return _with("oauth2_provider:resume", {"request": sealed})


def lost(request: HttpRequest) -> HttpResponse:
    """The answer when the request that should wait is none: where it would go on they say what is wrong with it."""
    return keep_private(HttpResponseRedirect(resume_url(_parameter(request, "request"))))


def remember(request: HttpRequest, sign_in: SignInContext) -> None:
    """Keep the sign-in context in the session of this browser: the link in a mail is often opened in it, and would be
    very long with the sign-in context in it."""
    if sign_in.sealed or sign_in.next:
        request.session[_REMEMBERED] = [sign_in.sealed, sign_in.next]


def recall(request: HttpRequest) -> SignInContext:
    """The sign-in context that was remembered, an empty one if there is none."""
    sealed, wanted = request.session.get(_REMEMBERED, ["", ""])
    try:
        return SignInContext(sealed=sealed, signed_request=_whenever(sealed) if sealed else None, next=wanted)
    except InvalidSignedRequest:
        return SignInContext()


def forget(request: HttpRequest) -> None:
    """Remember no sign-in context any more."""
    request.session.pop(_REMEMBERED, None)


def speak_its_language(request: HttpRequest, sign_in: SignInContext) -> None:
    """Show this page in the language that the application asked for (ID-43), unless the person has just chosen one."""
    follow_wish(request, sign_in.get("ui_locales"))


def _parameter(request: HttpRequest, name: str) -> str:
    return request.POST.get(name) or request.GET.get(name, "")


def _with(name: str, parameters: dict[str, str]) -> str:
    query = urlencode({key: value for key, value in parameters.items() if value})
    return reverse(name) + (f"?{query}" if query else "")
