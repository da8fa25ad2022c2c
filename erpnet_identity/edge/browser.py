"""Django's own middleware for browser sites, stepping aside at the endpoints for programs.

A subclass per class keeps the usual list in the settings readable, and Django's checks recognise it.
"""

from typing import Any

from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest
from django.middleware import common, csrf


class _BrowserOnly:
    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if request.is_machine:  # type: ignore[attr-defined]
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class SessionMiddleware(_BrowserOnly, sessions.SessionMiddleware):
    """Sessions for browser sites only."""


class CommonMiddleware(_BrowserOnly, common.CommonMiddleware):
    """Host check and content length for browser sites only; the APIs never redirect (API-01)."""


class CsrfViewMiddleware(_BrowserOnly, csrf.CsrfViewMiddleware):
    """Form tokens for browser sites only: nothing but a credential in a header counts at an API."""

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
