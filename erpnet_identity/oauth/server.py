"""The OAuth server object: only the grants that this product offers exist in it."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from django.db import transaction
from django.utils import timezone
from oauthlib.oauth2.rfc6749.endpoints.token import TokenEndpoint
from oauthlib.oauth2.rfc6749.grant_types.base import GrantTypeBase
from oauthlib.oauth2.rfc6749.request_validator import RequestValidator

from .audit import record_refused_token_request
from .grants import authorization_code, client_credentials, refresh_token
from .refusal import OAuthRefusal
from .token_request import TokenRequest
from .token_response import TokenResponse

GRANTS: dict[str, Callable[[TokenRequest], TokenResponse]] = {
    "authorization_code": authorization_code.respond,
    "client_credentials": client_credentials.respond,
    "refresh_token": refresh_token.respond,
}
GRANT_TYPES_SUPPORTED = tuple(GRANTS)
# The use of a code or of a refresh token and what came of it are one change. The token of a service is stored in one
# statement, which needs no transaction.
_ONE_CHANGE = frozenset({"authorization_code", "refresh_token"})


class TokenGrant(GrantTypeBase):
    """A grant type where oauthlib looks for one: client authentication, grant, response.

    One class for all of them and none of oauthlib's: those look for the code before they know who is asking, cannot
    issue a token without a refresh token, ask for one stored grant in seven questions, and keep what they have found
    out as attributes of the request.
    """

    request_validator: Any

    def create_token_response(self, request: Any, token_handler: Any) -> tuple[dict[str, str], str, int]:
        """Headers, body and status."""
        try:
            self.request_validator.authenticate_client(request)
        except OAuthRefusal as refusal:
            return self._refuse(request, refusal)
        with transaction.atomic() if request.grant_type in _ONE_CHANGE else nullcontext():
            token_request = TokenRequest.of(request.client, dict(request.decoded_body), now=timezone.now())
            try:
                response = GRANTS[request.grant_type](token_request)
            except OAuthRefusal as refusal:
                # It does not leave the transaction as an error: what a replay has revoked stays revoked (ID-114).
                return self._refuse(request, refusal)
        return self._get_default_headers(), json.dumps(response.parameters()), 200

    def _refuse(self, request: Any, refusal: OAuthRefusal) -> tuple[dict[str, str], str, int]:
        record_refused_token_request(refusal, grant_type=request.grant_type, application=request.client)
        return {**self._get_default_headers(), **refusal.headers}, refusal.json, refusal.status_code


class Server(TokenEndpoint):
    """oauthlib's token endpoint with the offered grants registered, and nothing else: what is not there cannot be
    switched on by mistake (OP-161, OP-225)."""

    def __init__(self, request_validator: RequestValidator, **kwargs: Any) -> None:
        grant = TokenGrant(request_validator)
        TokenEndpoint.__init__(
            self,
            # No grant for a type that is not registered: the view has refused it (ID-245).
            default_grant_type=None,
            # The grants make their tokens themselves.
            default_token_type=None,
            grant_types=dict.fromkeys(GRANTS, grant),
        )
