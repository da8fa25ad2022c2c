"""Minting access tokens and finding out whether one is still good."""

import hashlib
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import TextField, Value

from erpnet_identity.audit.causes import Cause
from erpnet_identity.keys import jwt
from erpnet_identity.platform.compiled import CompiledQuery
from erpnet_identity.tenancy.models import database_name
from erpnet_identity.users.models import User, UserType
from trusted_apps.models import TrustedApplication

from . import claims
from .exceptions import InvalidCredential
from .models import AccessToken, Grant
from .principal import Kind, Principal

TYP = "at+jwt"
NOT_BEFORE_TOLERANCE = 60  # seconds; none on `exp` (TK-105)

_STATE = (
    "revoked_at",
    "expires",
    "application_id",
    "application__client_id",
    "application__is_enabled",
)
_SERVICE_STATE = (
    *_STATE,
    "application__client_type",
    "application__allows_service",
    "application__system_user_id",
    "application__system_user__login",
    "application__system_user__name",
    "application__system_user__user_type",
    "application__system_user__is_admin",
    "application__system_user__is_active",
)
_USER_STATE = (
    *_STATE,
    "sid",
    "grant__revoked_at",
    "user_id",
    "user__login",
    "user__name",
    "user__user_type",
    "user__is_admin",
    "user__is_active",
)


def _state_query(fields: tuple[str, ...], beside: Any) -> CompiledQuery:
    columns = (*fields, Value(None, output_field=TextField()) if beside is None else beside)
    return CompiledQuery(1, lambda checksum: AccessToken.objects.filter(token_checksum=checksum).values_list(*columns))


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


class Reader:
    """Finds out whom an access token stands for.

    ``of_user`` and ``of_service`` are expressions over the row of a person's and of a service's token. What they give
    is the principal's ``beside``: what the resource server must know next comes in the same statement.
    """

    def __init__(self, *, of_user: Any = None, of_service: Any = None) -> None:
        self._user_state = _state_query(_USER_STATE, of_user)
        self._service_state = _state_query(_SERVICE_STATE, of_service)

    def read(self, token: str, *, audience: str, now: datetime) -> Principal:
        """The caller that this access token stands for, as the database knows it now (TK-105, TK-106).

        One query. Raises ``InvalidCredential`` with the cause.
        """
        try:
            payload = jwt.verify(token, typ=TYP, now=now)
        except jwt.BadToken as error:
            raise InvalidCredential(error.cause) from None
        _check_claims(payload, audience=audience, now=now)
        query = self._service_state if claims.is_of_service(payload) else self._user_state
        return _principal(payload, query.rows(digest(token)), now)


read = Reader().read


def _principal(payload: dict[str, Any], rows: list[tuple[Any, ...]], now: datetime) -> Principal:
    """The caller of a verified token, from what is stored of it. Raises ``InvalidCredential``."""
    token_id = str(payload.get("jti", ""))
    client_id = str(payload.get("client_id", ""))
    is_service = claims.is_of_service(payload)

    def refuse(cause: Cause) -> InvalidCredential:
        return InvalidCredential(cause, client_id=client_id, token_id=token_id)

    if not rows:
        raise refuse(Cause.TOKEN_UNKNOWN)
    revoked_at, expires, application_id, row_client_id, enabled, *rest, beside = rows[0]
    if revoked_at is not None:
        raise refuse(Cause.TOKEN_REVOKED)
    if expires <= now:
        raise refuse(Cause.TOKEN_EXPIRED)
    if not enabled:
        raise refuse(Cause.APPLICATION_DISABLED)
    if is_service:
        client_type, allows_service, *account = rest
        sid = ""
        if client_type != "confidential" or not allows_service:
            raise refuse(Cause.SERVICE_ACCESS_WITHDRAWN)
        # The token runs as the account it was issued for or not at all (ID-135).
        if str(account[0]) != payload.get("client_system_user_id"):
            raise refuse(Cause.SYSTEM_USER_CHANGED)
    else:
        sid, grant_revoked_at, *account = rest
        if grant_revoked_at is not None:
            raise refuse(Cause.TOKEN_REVOKED)
        if str(account[0]) != payload.get("id"):
            raise refuse(Cause.USER_CHANGED)
    user_id, login, name, user_type, is_admin, is_active = account
    if not is_active:
        raise refuse(Cause.USER_INACTIVE)
    return Principal(
        kind=Kind.SERVICE if is_service else Kind.USER,
        user_id=str(user_id),
        login=login,
        name=name,
        user_type=user_type,
        is_admin=is_admin,
        application_id=str(application_id),
        client_id=row_client_id,
        scopes=frozenset(payload["scope"]),
        token_id=token_id,
        sid=sid,
        beside=beside,
    )


def _check_claims(payload: dict[str, Any], *, audience: str, now: datetime) -> None:
    seconds = now.timestamp()
    scope = payload.get("scope")
    if isinstance(scope, str):  # RFC 9068's form, which an instance may choose (TK-25)
        payload["scope"] = scope = scope.split(" ")
    aud = payload.get("aud")
    audiences = [aud] if isinstance(aud, str) else aud
    if payload.get("iss") != settings.ISSUER:
        raise InvalidCredential(Cause.TOKEN_ISSUER)
    if not isinstance(scope, list) or not isinstance(audiences, list):
        raise InvalidCredential(Cause.TOKEN_MALFORMED)
    if not isinstance(payload.get("exp"), int) or seconds >= payload["exp"]:
        raise InvalidCredential(Cause.TOKEN_EXPIRED, client_id=str(payload.get("client_id", "")))
    not_before = payload.get("nbf", 0)
    if not isinstance(not_before, int) or seconds < not_before - NOT_BEFORE_TOLERANCE:
        raise InvalidCredential(Cause.TOKEN_NOT_YET_VALID)
    if audience not in audiences:
        # Without a scope for data it is not addressed to any data API (TK-41), which its developer should read.
        for_nothing = audiences == [claims.resources_audience(settings.ISSUER)]
        cause = Cause.TOKEN_WITHOUT_SCOPE if for_nothing else Cause.TOKEN_AUDIENCE
        raise InvalidCredential(cause, client_id=str(payload.get("client_id", "")))
