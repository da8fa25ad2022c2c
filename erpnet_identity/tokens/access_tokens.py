"""Minting access tokens."""

import hashlib
from datetime import datetime
from typing import Any

from django.conf import settings

from erpnet_identity.keys import jwt
from erpnet_identity.tenancy.models import database_name
from erpnet_identity.users.models import User, UserType
from trusted_apps.models import TrustedApplication

from . import claims
from .models import Grant

TYP = "at+jwt"


def mint_service_token(
    application: TrustedApplication, scopes: list[str], *, now: datetime
) -> tuple[str, dict[str, Any]]:
    """A signed access token for the application's system user, and its claims (ID-130 to ID-135).

    The caller stores the row; until it is stored the token is refused everywhere.
    """
    user = application.system_user
    assert user is not None  # the grant is refused before this when there is none
    payload = claims.service_claims(
        issuer=settings.ISSUER,
        database=database_name(),
        client_id=application.client_id,
        scopes=scopes,
        scope_as_text=settings.SCOPE_CLAIM == "string",
        system_user_id=str(user.pk),
        system_user_login=user.login,
        system_user_type=UserType(user.user_type).label,
        token_id=claims.new_token_id(),
        issued_at=now,
        lifetime=settings.ACCESS_TOKEN_SECONDS,
    )
    return jwt.sign(payload, typ=TYP, now=now), payload


# The columns that `person_claims` reads.
PERSON_COLUMNS = ("id", "login", "name", "email", "email_confirmed", "locale", "user_type", "is_admin")


def person_claims(user: User) -> claims.Person:
    """What tokens may say of this account."""
    return claims.Person(
        id=str(user.pk),
        login=user.login,
        name=user.name,
        email=user.email,
        email_verified=user.email_confirmed,
        locale=user.locale,
        user_type=user.type_name,
        is_admin=user.is_admin,
        database=database_name(),
    )


def sign_in_of(grant: Grant) -> claims.SignIn:
    """How the person of this grant signed in."""
    return claims.SignIn(grant.sid, grant.auth_time, grant.amr, grant.idp)


def mint_user_token(
    application: TrustedApplication, grant: Grant, scopes: list[str], *, now: datetime
) -> tuple[str, dict[str, Any]]:
    """A signed access token for the person of ``grant``, and its claims (TK-20 to TK-43).

    The caller stores the row; until it is stored the token is refused everywhere.
    """
    payload = claims.user_claims(
        issuer=settings.ISSUER,
        client_id=application.client_id,
        scopes=scopes,
        scope_as_text=settings.SCOPE_CLAIM == "string",
        person=person_claims(grant.user),
        sign_in=sign_in_of(grant),
        token_id=claims.new_token_id(),
        issued_at=now,
        lifetime=settings.ACCESS_TOKEN_SECONDS,
    )
    return jwt.sign(payload, typ=TYP, now=now), payload


def digest(token: str) -> str:
    """How a row knows its token: the hexadecimal SHA-256, as the toolkit computes it."""
    return hashlib.sha256(token.encode("ascii", "replace")).hexdigest()
