"""What the grants of users have in common: who may use them, which tokens they give, how a credential is refused
(ID-110 to ID-126)."""

from datetime import UTC, datetime
from typing import Any

from oauth2_provider.models import set_token_value

from erpnet_identity.audit import services as audit
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.platform.compiled import CompiledInsert
from erpnet_identity.tokens import claims, id_tokens, services
from erpnet_identity.tokens.access_tokens import mint_user_token
from erpnet_identity.tokens.grants import GrantRefused, is_own
from erpnet_identity.tokens.models import AccessToken, Grant, RefreshToken
from trusted_apps.scopes import OPENID

from ..claims_request import wanted
from ..refusal import OAuthRefusal, unauthorized_client
from ..token_request import TokenRequest
from ..token_response import TokenResponse

_insert = CompiledInsert(AccessToken, AuditEvent)
_insert_with_refresh_token = CompiledInsert(AccessToken, RefreshToken, AuditEvent)


def check_permission(request: TokenRequest, credential: str) -> None:
    """Whether users may sign in through the application (ID-227). One that has lost its last flag keeps the
    ``credential`` that it got until then, so that it learns that just this is no longer valid (ID-115, ID-123). Raises
    ``OAuthRefusal``."""
    if not request.application.allows_sign_in and not (credential and is_own(credential, request.application)):
        raise unauthorized_client(Cause.GRANT_NOT_ALLOWED)


def issue(
    request: TokenRequest,
    grant: Grant,
    scopes: list[str],
    *,
    event: str,
    refresh_token: str = "",
    is_stored: bool = False,
    nonce: str = "",
    s_hash: str = "",
) -> TokenResponse:
    """The tokens of a grant that was found good: an access token, an ID token when ``openid`` was granted (TK-45,
    ID-125), and ``refresh_token`` unless it is empty.

    Their digests are stored with the event, in one statement; that of a refresh token which ``is_stored`` is there
    already. ``nonce`` and ``s_hash`` bind the ID token to the authorization request.
    """
    access_token, payload = mint_user_token(request.application, grant, scopes, now=request.now)
    id_token = ""
    if OPENID in scopes:
        at_hash = claims.left_half_hash(access_token)
        about = [*claims.claims_of_scopes(scopes, claims.ID_TOKEN_CLAIMS), *wanted(grant.claims, "id_token")]
        id_token = id_tokens.mint(
            request.application,
            grant,
            now=request.now,
            about=list(dict.fromkeys(about)),
            nonce=nonce,
            at_hash=at_hash,
            s_hash=s_hash,
        )
    whose: dict[str, Any] = {"application": request.application, "user": grant.user, "sid": grant.sid}
    row = AccessToken(
        **whose,
        grant=grant,
        scope=" ".join(scopes),
        expires=datetime.fromtimestamp(payload["exp"], tz=UTC),
        jti=payload["jti"],
    )
    set_token_value(row, access_token)
    trace = audit.prepare(
        event,
        **whose,
        actor=request.actor,
        token_id=row.jti,
        detail={"grant_type": request.grant_type, "scope": row.scope},
    )
    if refresh_token and not is_stored:
        refresh_row = RefreshToken(**whose, grant=grant)
        set_token_value(refresh_row, refresh_token)
        _insert_with_refresh_token.insert(row, refresh_row, trace)
    else:
        _insert.insert(row, trace)
    return TokenResponse(
        access_token,
        expires_in=payload["exp"] - payload["iat"],
        scope=row.scope,
        refresh_token=refresh_token,
        id_token=id_token,
    )


def invalid_grant(request: TokenRequest, refused: GrantRefused) -> OAuthRefusal:
    """The refusal of a credential that cannot be used. When this very use has revoked the grant, that is recorded."""
    grant = refused.grant
    if grant is None:
        return OAuthRefusal(refused.error, refused.description, refused.cause)
    if refused.has_revoked:
        services.record_revoked(grant, request.application, actor=request.actor, cause=refused.cause)
    if grant.application_id != request.application.pk:
        # Of another application's grant the trail of this one says nothing.
        return OAuthRefusal(refused.error, refused.description, refused.cause)
    return OAuthRefusal(refused.error, refused.description, refused.cause, user=grant.user, sid=grant.sid)
