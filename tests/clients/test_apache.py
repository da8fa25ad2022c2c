"""A page behind Apache's mod_auth_openidc: a browser signs in, the module renews by itself, and signs out."""

from urllib.parse import urlencode

import pytest

from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.support import apache
from tests.support.person import allow, sign_in
from tests.support.server import free_port

pytestmark = pytest.mark.browser


@pytest.fixture
def protected(issuer, request):
    """Apache, registered as an application; ``request.param`` are directives."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    application = TrustedApplicationFactory(
        web=True,
        client_id="my.apache/site",
        name="Intranet",
        redirect_uris=f"{address}/protected/callback",
        post_logout_redirect_uris=f"{address}/goodbye.html",
    )
    with apache.serving(
        port,
        f"OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration",
        f"OIDCClientID {application.client_id}",
        f"OIDCClientSecret {application.plain_secret}",
        'OIDCScope "openid profile offline_access"',
        "OIDCRemoteUserClaim preferred_username",
        "OIDCPassRefreshToken On",
        "OIDCHTTPTimeoutShort 30",
        *request.param,
    ) as running:
        yield running


# The module renews at a request when fewer seconds than this are left: with an hour, at every one.
RENEW_ALWAYS = "OIDCRefreshAccessTokenBeforeExpiry 3600 logout_on_error"


WITH_PKCE = ("OIDCResponseType code", "OIDCPKCEMethod S256", "OIDCProviderTokenEndpointAuth client_secret_basic")
HYBRID = ('OIDCResponseType "code id_token"', "OIDCResponseMode form_post")
both_ways = pytest.mark.parametrize(
    "protected", [WITH_PKCE, HYBRID], ids=["code with PKCE", "hybrid form_post"], indirect=True
)


@pytest.fixture
def signed_in(protected, user, browser_page):
    """A browser that was asked to sign in and then shown the protected page, and what that page says of the tokens."""
    page = browser_page(protected.url)
    page.goto(protected.protected)
    page.goto(protected.protected)
    sign_in(page, user)
    allow(page)
    page.wait_for_url(protected.protected)
    return page, {name: page.text_content(f"#{name}") for name in ("access-token", "refresh-token", "sid")}


@pytest.mark.contract("CL-02", "CL-07", "CL-10", "OP-341", "OP-342")
@pytest.mark.parametrize(
    "protected",
    [
        pytest.param(WITH_PKCE, id="code with PKCE", marks=pytest.mark.contract("CL-05")),
        pytest.param(HYBRID, id="hybrid form_post", marks=pytest.mark.contract("CL-06")),
    ],
    indirect=True,
)
def test_it_signs_in(signed_in):
    page, first = signed_in
    assert page.text_content("#user") == "maria"
    assert page.text_content("#name") == "Мария Петрова"
    page.reload()
    assert page.text_content("#access-token") == first["access-token"], "the session of the module holds"


@pytest.mark.contract("CL-16")
@both_ways
def test_it_renews_when_the_application_asks(protected, signed_in):
    page, first = signed_in
    # The hook that an application calls to renew now.
    query = urlencode({"refresh": protected.protected, "access_token": first["access-token"]})
    page.goto(f"{protected.callback}?{query}")
    assert page.url == protected.protected
    assert page.text_content("#access-token") not in ("", "(none)", first["access-token"])
    assert page.text_content("#refresh-token") not in ("", "(none)", first["refresh-token"])


@pytest.mark.contract("CL-09", "ID-152", "ID-154")
@both_ways
def test_it_signs_out(protected, signed_in):
    page, _ = signed_in
    page.goto(f"{protected.callback}?{urlencode({'logout': protected.goodbye})}")
    assert page.url.split("?")[0] == protected.goodbye
    page.goto(protected.protected)
    page.wait_for_selector("#id_login")


@pytest.mark.contract("CL-16", "OP-341")
@pytest.mark.parametrize("protected", [("OIDCPKCEMethod S256", RENEW_ALWAYS)], indirect=True, ids=[""])
def test_it_renews_by_itself(protected, user, browser_page):
    page = browser_page(protected.url)
    page.goto(protected.protected)
    sign_in(page, user)
    allow(page)
    page.wait_for_url(protected.protected)
    seen = []
    for _ in range(3):
        page.reload()
        assert page.text_content("#user") == "maria"
        seen.append(page.text_content("#access-token"))
    assert len(set(seen)) == 3
