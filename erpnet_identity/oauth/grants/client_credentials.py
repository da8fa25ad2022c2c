"""The client credentials grant: a token for a service, which runs as its system user (RFC 6749 §4.4, ID-130 to
ID-135)."""

from datetime import UTC, datetime

from oauth2_provider.models import set_token_value

from erpnet_identity.audit import events
from erpnet_identity.audit import services as audit
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.platform.compiled import CompiledInsert
from erpnet_identity.tokens.access_tokens import mint_service_token
from erpnet_identity.tokens.models import AccessToken
from trusted_apps.models import TrustedApplication
from trusted_apps.scopes import InvalidScope, grant_to_service

from ..refusal import unauthorized_client
from ..scope_descriptions import invalid_scope
from ..token_request import TokenRequest
from ..token_response import TokenResponse

_insert = CompiledInsert(AccessToken, AuditEvent)


def respond(request: TokenRequest) -> TokenResponse:
    """An access token for the application itself. There is no refresh token.

    Its row and its event are stored in one statement, both or neither (AU-03). Raises ``OAuthRefusal``.
    """
    application = request.application
    _check_permission(application)
    scopes = _granted_scopes(request)
    access_token, claims = mint_service_token(application, scopes, now=request.now)
    row = AccessToken(
        application=application,
        scope=" ".join(scopes),
        expires=datetime.fromtimestamp(claims["exp"], tz=UTC),
        jti=claims["jti"],
    )
    set_token_value(row, access_token)
    event = audit.prepare(
        events.TOKEN_ISSUED,
        actor=request.actor,
        application=application,
        user=application.system_user,
        token_id=row.jti,
        detail={"grant_type": request.grant_type, "scope": row.scope},
    )
    _insert.insert(row, event)
    return TokenResponse(access_token, expires_in=claims["exp"] - claims["iat"], scope=row.scope)


def _check_permission(application: TrustedApplication) -> None:
    """Whether the application may act as a service now (ID-241)."""
    if application.allows_grant_type(application.GRANT_CLIENT_CREDENTIALS):
        return
    if not application.allows_service:
        cause = Cause.GRANT_NOT_ALLOWED
    elif application.system_user is None:
        cause = Cause.SYSTEM_USER_MISSING
    else:
        cause = Cause.SYSTEM_USER_INACTIVE if not application.system_user.is_active else Cause.SYSTEM_USER_TYPE
    raise unauthorized_client(cause)


def _granted_scopes(request: TokenRequest) -> list[str]:
    """The scopes of the token: those asked for, or all of the application when it asks for none (TK-86 to TK-104)."""
    try:
        return grant_to_service(request.scope, request.application.scope)
    except InvalidScope as error:
        raise invalid_scope(error.names, cause=Cause.SCOPE_NOT_ALLOWED) from None
