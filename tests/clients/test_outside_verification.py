"""Anyone who knows only the issuer can verify a token, with a library that this product does not use."""

import jwt
import pytest
import requests
from authlib.oauth2.rfc6750.errors import InsufficientScopeError
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.jwk import KeySet


@pytest.mark.contract("TK-03", "TK-20", "CL-86", "OP-22", "ID-20")
def test_with_nothing_but_the_issuer(demo_client, instance):
    issuer = f"{instance}/id"
    token = requests.post(
        f"{issuer}/connect/token",
        data={"grant_type": "client_credentials", "client_id": "ServiceDemoClient", "client_secret": "DEMO"},
        timeout=10,
    ).json()["access_token"]

    metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
    key = jwt.PyJWKClient(metadata["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token,
        key,
        algorithms=metadata["id_token_signing_alg_values_supported"],
        issuer=metadata["issuer"],
        audience="DomainAPI",
        options={"require": ["exp", "iat", "nbf", "iss", "aud", "jti"]},
    )
    assert claims["client_id"] == "ServiceDemoClient"
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"

    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(token, key, algorithms=["RS256"], issuer=issuer, audience="Another")
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token[:-8] + "AAAAAAAA", key, algorithms=["RS256"], issuer=issuer, audience="DomainAPI")


class ResourceServer(JWTBearerTokenValidator):
    """Authlib's, which follows RFC 9068 to the letter: it wants a ``sub`` of everybody, and one string of scopes."""

    def get_jwks(self):
        keys = requests.get(f"{self.issuer}/.well-known/openid-configuration/jwks", timeout=10).json()
        return KeySet.import_key_set(keys)


@pytest.mark.contract("TK-25", "TK-26", "OP-241")
@pytest.mark.parametrize("form", ["string", "array"])
def test_by_a_resource_server_of_rfc_9068(form, demo_client, instance, settings):
    settings.SCOPE_CLAIM = form
    issuer = f"{instance}/id"
    token = requests.post(
        f"{issuer}/connect/token",
        data={"grant_type": "client_credentials", "client_id": "ServiceDemoClient", "client_secret": "DEMO"},
        timeout=10,
    ).json()["access_token"]
    server = ResourceServer(issuer, "DomainAPI")
    claims = server.authenticate_token(token)
    server.validate_token(claims, ["read"], None)
    assert claims["sub"] == claims["client_id"] == "ServiceDemoClient"
    with pytest.raises(InsufficientScopeError):
        server.validate_token(claims, ["update"], None)
