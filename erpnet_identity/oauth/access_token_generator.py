"""From the toolkit's request to ``tokens``."""

from typing import Any

from django.utils import timezone

from erpnet_identity.tokens.access_tokens import mint_service_token, mint_user_token
from erpnet_identity.tokens.grants import new_credential


def generate(request: Any, refresh_token: bool = False) -> str:
    """The access token of this request; its claims are left on the request for the row that is stored next."""
    grant = getattr(request, "stored_grant", None)
    if grant is None:
        token, claims = mint_service_token(request.client, list(request.scopes), now=timezone.now())
    else:
        token, claims = mint_user_token(request.client, grant, list(request.scopes), now=request.now)
    request.access_token_claims = claims
    return token


def generate_refresh_token(request: Any, refresh_token: bool = True) -> str:
    """An opaque refresh token (TK-58): the one that follows a token that was used. Without it oauthlib would
    make a signed one."""
    renewal = getattr(request, "renewal", None)
    return new_credential() if renewal is None else renewal.refresh_token
