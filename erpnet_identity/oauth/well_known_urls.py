"""Addresses below the root of the host that are known to everybody (RFC 8615)."""

from django.conf import settings
from django.urls import path
from django.views.generic import RedirectView

from .views import discovery

_password_change = RedirectView.as_view(pattern_name="identity:password-change")

urlpatterns = [
    # The metadata of an issuer with a path (RFC 8414 §3.1, ID-16).
    path(f".well-known/oauth-authorization-server{settings.FORCE_SCRIPT_NAME or ''}/id", discovery.discovery),
    # Where a password manager sends a person whose password has become known (W3C "A Well-Known URL for Changing
    # Passwords").
    path(".well-known/change-password", _password_change),
    path(".well-known/change-password/", _password_change),
]
