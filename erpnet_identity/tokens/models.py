"""The toolkit's token models, plus what this product's tokens must carry. No row holds a usable token."""

from django.db import models
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
    TokenChecksumField,
)


class Grant(AbstractGrant):
    """An authorization code, waiting to be exchanged."""

    sid = models.CharField("identity session", max_length=32, blank=True, default="")

    class Meta(AbstractGrant.Meta):
        abstract = False


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
    """A refresh token: its digest and its family."""

    sid = models.CharField("identity session", max_length=32, blank=True, default="")

    class Meta(AbstractRefreshToken.Meta):
        abstract = False


class IDToken(AbstractIDToken):
    """Kept because the toolkit's models refer to it; an ID token is verified by its signature, not by a row."""

    class Meta(AbstractIDToken.Meta):
        abstract = False
