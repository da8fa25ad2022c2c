"""The OAuth server object: only the grants that this product offers exist in it."""

from typing import Any

from django.conf import settings
from oauthlib.oauth2.rfc6749.endpoints.token import TokenEndpoint
from oauthlib.oauth2.rfc6749.grant_types.client_credentials import ClientCredentialsGrant
from oauthlib.oauth2.rfc6749.request_validator import RequestValidator
from oauthlib.oauth2.rfc6749.tokens import BearerToken

GRANT_TYPES_SUPPORTED = ("client_credentials",)


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
            grant_types={"client_credentials": ClientCredentialsGrant(request_validator)},
            default_token_type=self.bearer,
        )
