"""Minting ID tokens: who signed in, for one application, for five minutes (TK-45 to TK-48)."""

from datetime import datetime

from django.conf import settings

from erpnet_identity.keys import jwt
from trusted_apps.models import TrustedApplication

from . import claims
from .access_tokens import person_claims, sign_in_of
from .models import Grant

TYP = "JWT"


def mint(application: TrustedApplication, grant: Grant, *, now: datetime, about: list[str], **hashes: str) -> str:
    """A signed ID token for ``grant``. ``about`` names what it says of the person beyond ``sub``; ``hashes`` are the
    ``nonce`` and the hashes that bind it to what it travels with, left out when empty."""
    payload = claims.id_token_claims(
        issuer=settings.ISSUER,
        client_id=application.client_id,
        person=person_claims(grant.user),
        sign_in=sign_in_of(grant),
        issued_at=now,
        lifetime=settings.ID_TOKEN_SECONDS,
        about=about,
        acr=grant.acr,
        **hashes,
    )
    return jwt.sign(payload, typ=TYP, now=now)
