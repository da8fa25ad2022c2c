"""From the toolkit's request to ``tokens.access_tokens``."""

import secrets
from typing import Any

from django.utils import timezone

from erpnet_identity.tokens.access_tokens import mint_service_token


def generate(request: Any, refresh_token: bool = False) -> str:
    """The access token of this request; its claims are left on the request for the row that is stored next."""
    token, request.access_token_claims = mint_service_token(request.client, list(request.scopes), now=timezone.now())
    return token


def generate_refresh_token(request: Any, refresh_token: bool = True) -> str:
    """An opaque refresh token (TK-58): without this setting oauthlib would make a signed one."""
    return secrets.token_hex(32).upper()
