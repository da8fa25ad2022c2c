"""The OAuth server object: only the grants that this product offers exist in it."""

import json
from typing import Any

from django.conf import settings
from django.db import transaction
from oauthlib.oauth2.rfc6749.endpoints.token import TokenEndpoint
from oauthlib.oauth2.rfc6749.errors import OAuth2Error
from oauthlib.oauth2.rfc6749.grant_types.base import GrantTypeBase
from oauthlib.oauth2.rfc6749.grant_types.client_credentials import ClientCredentialsGrant
from oauthlib.oauth2.rfc6749.request_validator import RequestValidator
from oauthlib.oauth2.rfc6749.tokens import BearerToken

GRANT_TYPES_SUPPORTED = ("authorization_code", "client_credentials", "refresh_token")


class _PersonGrant(GrantTypeBase):
    """A grant that a person stands behind.

    oauthlib's own two classes look for the code before they know who is asking, cannot issue a token without a refresh
    token, and ask for one stored grant in seven questions; here the validator answers once.
    """

    request_validator: Any

    def create_token_response(self, request: Any, token_handler: Any) -> tuple[dict[str, str], str, int]:
        """Headers, body and status."""
        headers: dict[str, str] = self._get_default_headers()
        validator = self.request_validator
        try:
            validator.authenticate_client(request)
        except OAuth2Error as error:
            return {**headers, **error.headers}, error.json, error.status_code
        # The use of a code or a refresh token and what came of it are one change. A refusal does not leave the
        # transaction as an error: what a replay has revoked stays revoked (ID-114).
        with transaction.atomic():
            try:
                self.validate_token_request(request)
            except OAuth2Error as error:
                return {**headers, **error.headers}, error.json, error.status_code
            token = token_handler.create_token(request, refresh_token=validator.may_renew(request))
            validator.add_id_token(token, request)
            validator.save_bearer_token(token, request)
        return headers, json.dumps(token), 200

    def validate_token_request(self, request: Any) -> None:
        """May the client use this grant? The grants add: is the credential good? Raises ``OAuth2Error``."""
        validator = self.request_validator
        validator.validate_grant_type(request.client_id, request.grant_type, request.client, request)


class CodeGrant(_PersonGrant):
    """``authorization_code`` (RFC 6749 §4.1.3, ID-110 to ID-116)."""

    def validate_token_request(self, request: Any) -> None:
        super().validate_token_request(request)
        self.request_validator.validate_code(request.client_id, request.code, request.client, request)


class RefreshGrant(_PersonGrant):
    """``refresh_token`` (RFC 6749 §6, ID-120 to ID-126)."""

    def validate_token_request(self, request: Any) -> None:
        super().validate_token_request(request)
        self.request_validator.validate_refresh_token(request.refresh_token, request.client, request)


class Server(TokenEndpoint):
    """oauthlib's token endpoint with the offered grants registered, and nothing else: what is not there cannot be
    switched on by mistake (OP-161, OP-225)."""

    def __init__(
        self,
        request_validator: RequestValidator,
        token_expires_in: Any = None,
        token_generator: Any = None,
        refresh_token_generator: Any = None,
        **kwargs: Any,
    ) -> None:
        # The lifetime is read when a token is made, like that of its claims, so that the two cannot differ.
        self.bearer = BearerToken(
            request_validator, token_generator, lambda _request: settings.ACCESS_TOKEN_SECONDS, refresh_token_generator
        )
        TokenEndpoint.__init__(
            self,
            default_grant_type="client_credentials",
            grant_types={
                "authorization_code": CodeGrant(request_validator),
                "client_credentials": ClientCredentialsGrant(request_validator),
                "refresh_token": RefreshGrant(request_validator),
            },
            default_token_type=self.bearer,
        )
