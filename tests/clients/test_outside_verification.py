"""Anyone who knows only the issuer can verify a token, with a library that this product does not use."""

import jwt
import pytest
import requests


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
