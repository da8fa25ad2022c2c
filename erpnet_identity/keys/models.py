"""A signing key. Its state follows from times alone, so that rotation needs no job and no restart."""

from django.db import models


class SigningKey(models.Model):
    """One RSA key pair (ID-20 to ID-24). The private part is stored encrypted and is read only in ``keys``.

    A key is *announced* until ``activates_at``, *active* until the next key activates, then *retired*, and stays
    published until every token that it signed has expired. A revoked key is neither published nor accepted.
    """

    kid = models.CharField("key id", max_length=32, unique=True)
    private_key = models.TextField("private key, encrypted")
    public_jwk = models.JSONField("public key")
    created = models.DateTimeField()
    activates_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    # The first key of an instance carries True here, all others null: of several workers that start at the same
    # moment on an empty database exactly one creates it.
    is_first = models.BooleanField(null=True, unique=True)

    class Meta:
        ordering = ["activates_at", "id"]

    def __str__(self) -> str:
        return self.kid
