"""Authlib, in the integration for web frameworks, signs in and checks every ID token against discovery."""

import pytest
from authlib.common.security import generate_token
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import HybridIDToken

from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.support.authlib_application import CALLBACK, GOODBYE, SCOPE, WebApplication, walk_on


@pytest.fixture
def application(issuer):
    return TrustedApplicationFactory(
        web=True, redirect_uris=CALLBACK, post_logout_redirect_uris=GOODBYE, scope="read", name="Ledger"
    )


@pytest.fixture(params=[{}, {"code_challenge_method": "S256"}], ids=["code", "code with PKCE"])
def signed_in(request, application, issuer, person):
    """The application after a sign-in with ``code``, and the claims of the ID token it got."""
    pkce = request.param
    web = WebApplication(issuer, application, token_endpoint_auth_method="client_secret_basic", **pkce)
    start = web.sign_in()["Location"]
    assert ("code_challenge=" in start) is bool(pkce)
    arrival = person.go(start, to=CALLBACK)
    assert person.met == ["signin", "consent"]
    return web, web.callback(arrival)


@pytest.mark.contract("CL-02", "CL-05", "CL-10", "CL-24", "CL-36", "OP-341")
def test_code(signed_in):
    web, claims = signed_in
    assert claims["sub"] == "maria"
    assert claims["name"] == "Мария Петрова"
    assert web.tokens["scope"] == SCOPE


@pytest.mark.contract("CL-07", "CL-09", "CL-16")
def test_it_goes_on_until_it_signs_out(signed_in, person, application, issuer):
    web, _ = signed_in
    walk_on(web, person, application, issuer)


@pytest.mark.contract("CL-06", "CL-10", "CL-24", "OP-223", "OP-341", "ID-56", "ID-57")
@pytest.mark.parametrize("pkce", [False, True], ids=["no PKCE", "PKCE"])
def test_code_id_token_with_form_post(pkce, application, issuer, person):
    authorize = {"response_type": "code id_token", "response_mode": "form_post"}
    client = {"token_endpoint_auth_method": "client_secret_post"}
    if pkce:
        # Authlib keeps the verifier, but makes the challenge only for `code`.
        verifier = generate_token(48)
        authorize |= {"code_verifier": verifier, "code_challenge": create_s256_code_challenge(verifier)}
        authorize["code_challenge_method"] = client["code_challenge_method"] = "S256"
    web = WebApplication(issuer, application, authorize=authorize, **client)
    arrival = person.go(web.sign_in()["Location"], to=CALLBACK)
    assert arrival.method == "POST"
    state = arrival.fields["state"]
    nonce = web.browser_session[f"_state_erp_{state}"]["data"]["nonce"]

    # The token of the front channel: with `code` Authlib insists on `c_hash`.
    front = web.authlib.parse_id_token(arrival.fields, nonce=nonce, claims_cls=bound_to(arrival.fields["code"]))
    assert front["c_hash"]
    assert "name" not in front

    claims = web.callback(arrival)
    assert claims["sub"] == front["sub"] == "maria"
    assert claims["iss"] == front["iss"] == issuer
    walk_on(web, person, application, issuer)


def bound_to(code):
    """Authlib's rules for an ID token that travels beside this code."""

    class Bound(HybridIDToken):
        def __init__(self, payload, header, options=None, params=None):
            super().__init__(payload, header, options, {**params, "code": code})

    return Bound


@pytest.mark.contract("CL-24", "OP-341", "ID-71")
def test_single_sign_on(application, issuer, person):
    """A second application of the same browser is answered without the sign-in page."""
    person.go(WebApplication(issuer, application).sign_in()["Location"], to=CALLBACK)
    other = TrustedApplicationFactory(web=True, redirect_uris=CALLBACK, scope="read")
    web = WebApplication(issuer, other, code_challenge_method="S256")
    arrival = person.go(web.sign_in()["Location"], to=CALLBACK)
    assert person.met == ["consent"]
    assert web.callback(arrival)["sub"] == "maria"
    person.go(web.sign_in()["Location"], to=CALLBACK)
    assert person.met == []
