"""A token request (RFC 6749 §4.1.3, §4.4.2, §6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from erpnet_identity.audit.context import Actor
from trusted_apps.models import TrustedApplication


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What an authenticated application asks for, and when. A parameter that was not sent is empty."""

    application: TrustedApplication
    now: datetime
    grant_type: str
    scope: str = ""
    code: str = ""
    redirect_uri: str = ""
    code_verifier: str = ""
    refresh_token: str = ""

    @classmethod
    def of(cls, application: TrustedApplication, parameters: Mapping[str, str], *, now: datetime) -> "TokenRequest":
        """The request of ``application`` with the parameters of a form; those that no grant knows are ignored."""
        return cls(
            application,
            now,
            grant_type=parameters.get("grant_type", ""),
            scope=parameters.get("scope", ""),
            code=parameters.get("code", ""),
            redirect_uri=parameters.get("redirect_uri", ""),
            code_verifier=parameters.get("code_verifier", ""),
            refresh_token=parameters.get("refresh_token", ""),
        )

    @property
    def actor(self) -> Actor:
        """Who acts, for the audit trail: the application, at any grant."""
        return Actor("application", str(self.application.pk), self.application.client_id)
