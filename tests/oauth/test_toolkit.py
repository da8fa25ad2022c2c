"""What the OAuth toolkit is asked for at the token endpoint, and what its objects carry: as little as can be."""

import pytest
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2 import RequestValidator

from erpnet_identity.oauth import server

pytestmark = pytest.mark.django_db

SCOPE = "openid profile read offline_access"


def test_one_hook_is_asked(service_app, service_token, web_app, relying_party, internal_user, monkeypatch):
    """The others are the toolkit's own, with rules that are not ours."""

    def asked(name):
        def hook(self, *args, **kwargs):
            raise AssertionError(f"{name} was asked")

        return hook

    hooks = {name for name in dir(RequestValidator) if not name.startswith("_")} - {"authenticate_client"}
    assert {"validate_grant_type", "validate_scopes", "validate_code", "save_bearer_token"} <= hooks
    for name in hooks:
        monkeypatch.setattr(OAuth2Validator, name, asked(name))
    service_token(service_app)
    party = relying_party(web_app, user=internal_user, scope=SCOPE)
    tokens = party.tokens()
    assert party.refresh(tokens["refresh_token"]).status_code == 200
    assert party.refresh(tokens["refresh_token"], scope="update").status_code == 400


def test_the_request_carries_the_client_and_nothing_else(service_app, token_request, monkeypatch):
    """No field of the form becomes something that was found out."""
    carried = []
    answer = server.TokenGrant.create_token_response

    def create_token_response(self, request, token_handler):
        before = set(vars(request))
        assert request.client is None
        answered = answer(self, request, token_handler)
        carried.append({name: value for name, value in vars(request).items() if name not in before})
        return answered

    monkeypatch.setattr(server.TokenGrant, "create_token_response", create_token_response)
    fields = {"grant_type": "client_credentials", "client": "x", "scopes": "x", "user": "x"}
    secret = {"client_id": service_app.client_id, "client_secret": service_app.plain_secret}
    assert token_request(**fields, **secret).status_code == 200
    assert token_request(**fields, **{**secret, "client_secret": "wrong"}).status_code == 400
    assert carried == [{"client": service_app}, {}]
