"""The toolkit's validator, as an adapter."""

from typing import Any

from oauth2_provider.oauth2_validators import OAuth2Validator

from . import client_authentication
from .form import FormPost


class Validator(OAuth2Validator):
    """What the toolkit asks, and where it is answered. No rule is in here.

    ==========================  ==============================================================
    hook                        answer
    ==========================  ==============================================================
    ``authenticate_client``     calls ``client_authentication.authenticate``
    ``validate_grant_type``     not asked: the first step of every module of ``oauth.grants``
    ``validate_scopes``         not asked: a step of ``grants.client_credentials``
    ``validate_code``           not asked: a step of ``grants.authorization_code``
    ``confirm_redirect_uri``    not asked: the same
    ``validate_refresh_token``  not asked: a step of ``grants.refresh_token``
    ``save_bearer_token``       not asked: the last step of every module of ``oauth.grants``
    ==========================  ==============================================================

    ``server.TokenGrant`` calls a grant once instead, so that nothing has to be kept between two hooks. No other hook is
    asked: authorization, UserInfo and signing out are views of ours.
    """

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Which application sends this request. It is put where oauthlib looks for it, in ``request.client``; nothing
        else is kept there. Raises ``OAuthRefusal``.

        Not extended but replaced: the parent tries one method after the other, so that one right credential of two
        would do (OP-135), and accepts an empty secret (OP-137).
        """
        request.client = client_authentication.authenticate(
            FormPost(request.headers.get("Authorization", ""), dict(request.decoded_body)),
            must_be_confidential=request.grant_type == "client_credentials",  # RFC 6749 §4.4
        )
        return True
