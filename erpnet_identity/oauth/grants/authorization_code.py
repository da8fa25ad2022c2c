"""The authorization code grant: tokens for a user's sign-in (RFC 6749 §4.1.3, ID-110 to ID-116)."""

from erpnet_identity.audit import events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.identity import session_checks
from erpnet_identity.tokens import grants
from erpnet_identity.tokens.models import Grant

from ..refusal import OAuthRefusal
from ..token_request import TokenRequest
from ..token_response import TokenResponse
from .user_tokens import check_permission, invalid_grant, issue


def respond(request: TokenRequest) -> TokenResponse:
    """The tokens for a code, which is used up. A ``scope`` parameter is ignored (ID-116).

    Within a transaction of the caller, which an ``OAuthRefusal`` must not undo: a second use revokes what the first one
    gave (ID-114).
    """
    check_permission(request, request.code)
    if not request.code:
        raise OAuthRefusal("invalid_request", "Missing code", Cause.CODE_MISSING)
    try:
        grant = _redeem(request)
    except grants.GrantRefused as refused:
        raise invalid_grant(request, refused) from None
    return issue(
        request,
        grant,
        grants.granted_scopes(grant, request.application),
        event=events.TOKEN_ISSUED,
        # Only with a grant that can be renewed (TK-50).
        refresh_token=grants.new_credential() if grant.refresh_expires is not None else "",
        nonce=grant.nonce,
        s_hash=grant.state_hash,
    )


def _redeem(request: TokenRequest) -> Grant:
    """The grant that began with the code, while its sign-in holds. Raises ``GrantRefused``."""
    application = request.application
    grant = grants.redeem_code(
        request.code,
        application=application,
        redirect_uri=request.redirect_uri,
        code_verifier=request.code_verifier,
        now=request.now,
    )
    cause = session_checks.why_void(
        grant.sid, application=application, user=grant.user, redirect_uri=grant.redirect_uri
    )
    if cause:
        raise grants.GrantRefused(cause, grants.INVALID_CODE, grant)
    return grant
