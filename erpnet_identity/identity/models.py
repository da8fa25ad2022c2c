"""Identity sessions and consents."""

import secrets
from datetime import datetime

from django.conf import settings
from django.db import models


def new_sid() -> str:
    """A ``sid``: 32 upper-case hexadecimal characters, 128 random bits (ID-70)."""
    return secrets.token_hex(16).upper()


class IdentitySession(models.Model):
    """One browser's sign-in. Its ``sid`` is in every token that comes from it, whichever application asked (ID-72)."""

    sid = models.CharField("sid", max_length=32, primary_key=True, default=new_sid, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identity_sessions", verbose_name="user"
    )
    # When this browser was authenticated, not when the account last was (OP-100).
    auth_time = models.DateTimeField("signed in")
    amr = models.JSONField("authentication methods", default=list)
    idp = models.CharField("identity provider", max_length=64, default="local")
    created = models.DateTimeField("began")
    expires = models.DateTimeField("expires")
    is_remembered = models.BooleanField("remembered", default=False)
    ended_at = models.DateTimeField("ended", null=True, blank=True)
    address = models.CharField("address", max_length=64, blank=True)
    user_agent = models.CharField("browser", max_length=254, blank=True)

    class Meta:
        verbose_name = "identity session"
        ordering = ["-auth_time"]
        indexes = [
            models.Index(fields=["expires"], name="identity_session_expires"),
            models.Index(fields=["ended_at"], name="identity_session_ended", condition=~models.Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return self.sid

    def is_live(self, now: datetime) -> bool:
        """Whether the browser is still signed in. The end is absolute: use does not move it (ID-70)."""
        return self.ended_at is None and self.expires > now


class Consent(models.Model):
    """What a person allows an application, remembered until it is withdrawn (TA-29, ID-81 to ID-83, OP-105).

    One row for each person and application. ``scopes`` only grows while it is valid; ``version`` counts the answers,
    and the audit trail holds each of them.
    """

    application = models.ForeignKey(
        settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
        on_delete=models.CASCADE,
        related_name="consents",
        verbose_name="application",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="consents", verbose_name="user"
    )
    scope = models.TextField("scope")
    version = models.PositiveIntegerField("version", default=1)
    granted_at = models.DateTimeField("granted")
    revoked_at = models.DateTimeField("withdrawn", null=True, blank=True)

    class Meta:
        verbose_name = "consent"
        ordering = ["-granted_at"]
        constraints = [models.UniqueConstraint(fields=["user", "application"], name="consent_unique")]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.application_id}"

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that are allowed now: none once the consent is withdrawn."""
        return frozenset() if self.revoked_at is not None else frozenset(self.scope.split())
