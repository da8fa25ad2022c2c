"""The refresh token grant: new tokens for a sign-in that goes on (RFC 6749 §6, ID-120 to ID-126)."""

from erpnet_identity.audit import events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.tokens import renewals
from erpnet_identity.tokens.grants import GrantRefused, WiderScope, granted_scopes
from trusted_apps import scopes

from ..refusal import OAuthRefusal
from ..scope_descriptions import invalid_scope
from ..token_request import TokenRequest
from ..token_response import TokenResponse
from .user_tokens import check_permission, invalid_grant, issue


def respond(request: TokenRequest) -> TokenResponse:
    """The tokens for a refresh token, which is used up. ``scope`` may narrow this one access token (ID-124, OP-157).

    Within a transaction of the caller, which an ``OAuthRefusal`` must not undo: a late second use revokes the grant
    (TK-55).
    """
    check_permission(request, request.refresh_token)
    if not request.refresh_token:
        raise OAuthRefusal("invalid_request", "Missing refresh_token", Cause.REFRESH_TOKEN_MISSING)
    asked = scopes.split(request.scope)
    try:
        renewal = renewals.rotate(request.refresh_token, application=request.application, asked=asked, now=request.now)
    except GrantRefused as refused:
        raise invalid_grant(request, refused) from None
    except WiderScope as wider:
        raise invalid_scope(wider.names, cause=Cause.SCOPE_NOT_GRANTED) from None
    return issue(
        request,
        renewal.grant,
        granted_scopes(renewal.grant, request.application, asked),
        event=events.TOKEN_REFRESHED_AGAIN if renewal.is_repeated else events.TOKEN_REFRESHED,
        refresh_token=renewal.refresh_token,
        is_stored=renewal.is_repeated,
    )
