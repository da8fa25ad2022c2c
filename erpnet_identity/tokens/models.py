"""The toolkit's token models, plus what this product's tokens must carry. No row holds a usable token."""

from django.db import models
from django.db.models import Q
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
    TokenChecksumField,
)


class Grant(AbstractGrant):
    """What one person granted one application in one sign-in.

    It begins as an authorization code, of which only the digest is stored, and then holds together every token that
    comes from it (RFC 6749 §1.3): revoking the row ends all of them at once, and its lock puts two uses of one code,
    two uses of one refresh token, and a sign-out in the middle of either into an order.
    """

    # Only the digest (ID-60). Unique by a constraint and not by the field, for the reason given at AccessToken.
    code = models.CharField("code digest", max_length=64)
    nonce = models.CharField("nonce", max_length=512, blank=True, default="")
    sid = models.CharField("identity session", max_length=32, blank=True, default="")
    # When and how the person signed in: tokens repeat it, however often they are renewed (ID-125, OP-158).
    auth_time = models.DateTimeField("signed in")
    amr = models.JSONField("authentication methods", default=list)
    idp = models.CharField("identity provider", max_length=64, default="local")
    acr = models.CharField("authentication context", max_length=128, blank=True, default="")
    state_hash = models.CharField("hash of the state", max_length=43, blank=True, default="")
    # What kind of client it was given to: another kind must not inherit it (ID-123).
    client_type = models.CharField("client type", max_length=16)
    used_at = models.DateTimeField("code used", null=True, blank=True)
    revoked_at = models.DateTimeField("revoked", null=True, blank=True)
    # A sign-out ends renewal and leaves access tokens to expire (ID-157, ID-158).
    refresh_ended_at = models.DateTimeField("renewal ended", null=True, blank=True)
    refresh_expires = models.DateTimeField("renewal expires", null=True, blank=True)
    # Nothing that came from it is valid after this moment: then the row may go.
    keep_until = models.DateTimeField("kept until")

    class Meta(AbstractGrant.Meta):
        abstract = False
        indexes = [
            models.Index(fields=["keep_until"], name="grant_keep_until"),
            models.Index(fields=["sid"], name="grant_sid", condition=~Q(sid="")),
            models.Index(fields=["user", "application"], name="grant_user_application"),
        ]
        constraints = [models.UniqueConstraint(fields=["code"], name="grant_code_unique")]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.application_id}"


class AccessToken(AbstractAccessToken):
    """An issued access token: its digest, its ``jti`` and whom it was issued to.

    A service token has no user: it runs as the system user that the application has when it is used (ID-135).
    """

    # Unique by a constraint and not by the field: for a unique text field PostgreSQL gets a second index for LIKE,
    # which nobody asks for and every insert pays for.
    token_checksum = TokenChecksumField("token checksum", max_length=64)
    jti = models.CharField("token id", max_length=32)
    sid = models.CharField("identity session", max_length=32, blank=True, default="")
    revoked_at = models.DateTimeField("revoked", null=True, blank=True)
    grant = models.ForeignKey(Grant, null=True, blank=True, on_delete=models.CASCADE, related_name="access_tokens")

    class Meta(AbstractAccessToken.Meta):
        abstract = False
        indexes = [models.Index(fields=["expires"], name="access_token_expires")]
        constraints = [
            models.UniqueConstraint(fields=["token_checksum"], name="access_token_checksum_unique"),
            models.UniqueConstraint(fields=["jti"], name="access_token_jti_unique"),
        ]

    def __str__(self) -> str:
        return self.jti


class RefreshToken(AbstractRefreshToken):
    """One refresh token: its digest and whether it was used. Everything else is its grant's (TK-53, TK-59)."""

    sid = models.CharField("identity session", max_length=32, blank=True, default="")
    grant = models.ForeignKey(Grant, null=True, on_delete=models.CASCADE, related_name="refresh_tokens")
    used_at = models.DateTimeField("used", null=True, blank=True)

    class Meta(AbstractRefreshToken.Meta):
        abstract = False
        # The family is the grant; what the toolkit looks tokens up by is replaced by one unique digest.
        unique_together = ()  # type: ignore[assignment]
        indexes = []
        constraints = [models.UniqueConstraint(fields=["token_checksum"], name="refresh_token_checksum_unique")]

    def __str__(self) -> str:
        return f"refresh token {self.pk}"


class IDToken(AbstractIDToken):
    """Kept because the toolkit's models refer to it; an ID token is verified by its signature, not by a row."""

    class Meta(AbstractIDToken.Meta):
        abstract = False
