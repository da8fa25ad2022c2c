"""Django's own middleware for browser sites, stepping aside at the endpoints for programs.

A subclass per class keeps the usual list in the settings readable, and Django's checks recognise it.
"""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware import common, csrf

from . import form_tokens, paths


class _BrowserOnly:
    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if request.is_machine:  # type: ignore[attr-defined]
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class SessionMiddleware(_BrowserOnly, sessions.SessionMiddleware):
    """Sessions for browser sites only."""


class CommonMiddleware(_BrowserOnly, common.CommonMiddleware):
    """Host check, content length and slashes for browser sites only; the APIs never redirect (API-01)."""

    def process_request(self, request: HttpRequest) -> Any:
        """Serve every address for people with and without a slash at its end, and directly: a form that is sent there
        would be lost on a redirect (IS-03)."""
        answer = super().process_request(request)
        served = paths.as_served(request.path_info)
        if served != request.path_info:
            # Below whatever path the instance is mounted at.
            prefix = request.path.removesuffix(request.path_info)
            request.path_info, request.path = served, f"{prefix}{served}"
        return answer


class CsrfViewMiddleware(_BrowserOnly, csrf.CsrfViewMiddleware):
    """Form tokens for browser sites only: nothing but a credential in a header counts at an API.

    A form that came from a page of ours, which the browser vouches for, and whose token is void all the same is marked
    ``request.is_stale_form``: its page was opened at another time or by another user, and nobody forged it.
    """

    def process_request(self, request: HttpRequest) -> None:
        try:
            secret = super()._get_secret(request)  # type: ignore[misc]
        except csrf.InvalidTokenFormat:
            csrf.rotate_token(request)
        else:
            if secret is not None:
                request.META["CSRF_COOKIE"] = secret
        form_tokens.keep_secret(request)

    def _get_secret(self, request: HttpRequest) -> str | None:
        secret = super()._get_secret(request)  # type: ignore[misc]
        if secret is None:
            return None
        return form_tokens.bound(secret, request, getattr(request, "_form_key", None))

    def _check_token(self, request: HttpRequest) -> None:
        try:
            super()._check_token(request)  # type: ignore[misc]
        except csrf.RejectRequest:
            # A page that was open when SECRET_KEY was replaced (OPS-04).
            for key in settings.SECRET_KEY_FALLBACKS:
                request._form_key = key  # type: ignore[attr-defined]
                with suppress(csrf.RejectRequest):
                    super()._check_token(request)  # type: ignore[misc]
                    return
            # Origin, or the referrer of old browsers over HTTPS, was compared before this.
            request.is_stale_form = "HTTP_ORIGIN" in request.META or request.is_secure()  # type: ignore[attr-defined]
            raise

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        # `login()` has made a new secret, which the decorator of a view may even have sent already.
        if (kept := form_tokens.kept_secret(request)) is not None:
            request.META["CSRF_COOKIE"] = kept
            if settings.CSRF_COOKIE_NAME in response.cookies:
                request.META["CSRF_COOKIE_NEEDS_UPDATE"] = True
        answer: HttpResponseBase = super().process_response(request, response)
        return answer

    def process_view(
        self,
        request: HttpRequest,
        callback: Any,
        callback_args: tuple[Any, ...],
        callback_kwargs: dict[str, Any],
    ) -> Any:
        if request.is_machine:  # type: ignore[attr-defined]
            return None
        return super().process_view(request, callback, callback_args, callback_kwargs)


class AuthenticationMiddleware(_BrowserOnly, auth.AuthenticationMiddleware):
    """The signed-in person of a browser site."""


class MessageMiddleware(_BrowserOnly, messages.MessageMiddleware):
    """One-time notices of a browser site."""
