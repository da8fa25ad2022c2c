"""The first step of reading an access token: what it says, once it is known to be ours, in time and for this API."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from erpnet_identity.audit.causes import Cause
from erpnet_identity.keys import jwt

from . import claims
from .access_tokens import TYP, digest
from .exceptions import InvalidCredential
from .principal import Kind

NOT_BEFORE_TOLERANCE = 60  # seconds; none on `exp` (TK-105)


@dataclass(slots=True)  # not frozen, as every call makes one: see docs/decisions/hot-paths.md
class ParsedToken:
    """What a verified access token says, and the ``checksum`` that the database finds it by.

    ``account_id`` is whom it was issued for: the person who signed in, or the system user that the service runs as.
    """

    kind: Kind
    checksum: str
    token_id: str
    client_id: str
    account_id: str | None
    scopes: frozenset[str]


def parse(token: str, *, audience: str, now: datetime) -> ParsedToken:
    """What the text of an access token says (TK-105). No statement.

    Raises ``InvalidCredential`` for one that is not signed by this instance, not valid at ``now`` or not addressed to
    ``audience``.
    """
    try:
        payload = jwt.verify(token, typ=TYP, now=now)
    except jwt.BadToken as error:
        raise InvalidCredential(error.cause) from None
    scopes = _checked_scopes(payload, audience=audience, now=now)
    is_service = claims.is_of_service(payload)
    return ParsedToken(
        kind=Kind.SERVICE if is_service else Kind.USER,
        checksum=digest(token),
        token_id=str(payload.get("jti", "")),
        client_id=str(payload.get("client_id", "")),
        account_id=payload.get("client_system_user_id" if is_service else "id"),
        scopes=scopes,
    )


def _checked_scopes(payload: dict[str, Any], *, audience: str, now: datetime) -> frozenset[str]:
    """The scopes of a token whose other claims are in order. Raises ``InvalidCredential``."""
    seconds = now.timestamp()
    scope = payload.get("scope")
    if isinstance(scope, str):  # RFC 9068's form, which an instance may choose (TK-25)
        scope = scope.split(" ")
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
    return frozenset(scope)
