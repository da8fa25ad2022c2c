"""The documented set-ups of an application, as starting points for a form. Pure (TA-90 to TA-94)."""

from dataclasses import dataclass, field
from typing import Any

from . import scopes


@dataclass(frozen=True, slots=True)
class Preset:
    """``key`` stands in the address, ``sentence`` says whom it is for, ``needs`` what is left to fill in."""

    key: str
    title: str
    sentence: str
    needs: str
    initial: dict[str, Any] = field(default_factory=dict)


PRESETS = (
    Preset(
        "web",
        "Web application",
        "Internal users sign in and the server of the application calls the APIs on their behalf.",
        "Its redirect URIs and, after saving, a secret.",
        {
            "client_type": "confidential",
            "allows_internal_users": True,
            "scope": [scopes.READ],
        },
    ),
    Preset(
        "spa",
        "Single-page, mobile or desktop app",
        "Internal users sign in; the app runs on their device, cannot keep a secret and proves itself with PKCE.",
        "Its redirect URIs.",
        {
            "client_type": "public",
            "allows_internal_users": True,
            "scope": [scopes.READ],
        },
    ),
    Preset(
        "service",
        "Service",
        "A job or an integration works without a person, as one system user.",
        "Its system user and, after saving, a secret.",
        {
            "client_type": "confidential",
            "allows_service": True,
            "scope": [scopes.READ, scopes.UPDATE],
        },
    ),
    Preset(
        "hybrid",
        "Web portal with a service",
        "Customers and employees sign in, and the back end of the portal works as one system user.",
        "Its redirect URIs, its system user and, after saving, a secret.",
        {
            "client_type": "confidential",
            "allows_internal_users": True,
            "allows_community_users": True,
            "allows_service": True,
            "scope": [scopes.READ, scopes.UPDATE],
        },
    ),
    Preset(
        "signin",
        "Sign-in only",
        "The application learns who signed in and gets no access to data.",
        "Its redirect URIs and, after saving, a secret.",
        {
            "client_type": "confidential",
            "allows_internal_users": True,
            "allows_community_users": True,
            "scope": [],
        },
    ),
)


def named(key: str) -> Preset | None:
    """The preset of this name, None for any other text."""
    return next((preset for preset in PRESETS if preset.key == key), None)
