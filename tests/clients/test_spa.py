"""A single-page application in a real browser, with oidc-client-ts and with the library of the shipped sample."""

import json
from pathlib import Path

import pytest

from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.support.person import allow, sign_in

pytestmark = pytest.mark.browser

FOLDER = Path(__file__).parent / "spa"
OIDC_CLIENT_TS = "oidc-client-ts/dist/browser/oidc-client-ts.min.js"
# What `jsclient` ships: the library before it was renamed.
OIDC_CLIENT = "oidc-client/dist/oidc-client.min.js"


class Spa:
    """The application in a page: press a button, read what came of it."""

    def __init__(self, page, site):
        self.page = page
        self.site = site

    def press(self, button):
        self.page.evaluate("document.getElementById('outcome').textContent = ''")
        self.page.click(f"#{button}")

    def outcome(self, step):
        self.page.wait_for_function("document.getElementById('outcome')?.textContent")
        told = json.loads(self.page.text_content("#outcome"))
        assert told.pop("step") == step, told
        return told

    def do(self, step):
        self.press(step)
        return self.outcome(step)

    def start(self):
        self.page.goto(f"{self.site.url}/")
        self.press("sign-in")


@pytest.fixture
def start_spa(site, issuer, javascript, browser_page, settings):
    """``start_spa(library, application, scope)``: the application, served from an origin of its own."""
    instance = settings

    def start(library, application, scope):
        issuer = instance.ISSUER
        settings = {
            "authority": issuer,
            "client_id": application.client_id,
            "redirect_uri": f"{site.url}/callback",
            "silent_redirect_uri": f"{site.url}/silent",
            "post_logout_redirect_uri": f"{site.url}/signed-out",
            "response_type": "code",
            "scope": scope,
            "loadUserInfo": True,
            "silentRequestTimeoutInSeconds": 30,
            "api": f"{issuer.removesuffix('/id')}/api/domain/odata/Crm_Sales_Customers?$top=3",
        }
        page = (FOLDER / "index.html").read_bytes()
        for path in ("/", "/callback", "/silent", "/signed-out"):
            site.add(path, page)
        site.add("/library.js", (javascript / library).read_bytes(), "js")
        site.add("/app.js", (FOLDER / "app.js").read_bytes(), "js")
        site.add("/settings.js", f"const settings = {json.dumps(settings)};", "js")
        return Spa(browser_page(site.url, issuer), site)

    return start


@pytest.fixture
def application(site, issuer):
    return TrustedApplicationFactory(
        public=True,
        client_id="PublicDemoClient",
        redirect_uris=f"{site.url}/callback\n{site.url}/silent",
        post_logout_redirect_uris=f"{site.url}/signed-out",
        scope="read",
    )


@pytest.fixture(params=[OIDC_CLIENT_TS, OIDC_CLIENT], ids=["oidc-client-ts", "oidc-client"])
def signed_in(request, application, user, instance, start_spa):
    """The SPA, signed in with a refresh token, and what it got."""
    spa = start_spa(request.param, application, "openid profile offline_access read")
    spa.start()
    sign_in(spa.page, user)
    allow(spa.page)
    return spa, spa.outcome("callback")


@pytest.mark.contract("CL-05", "CL-07", "OP-341", "OP-342")
@pytest.mark.parametrize(
    "signed_in",
    [
        pytest.param(OIDC_CLIENT_TS, id="oidc-client-ts", marks=pytest.mark.contract("CL-22", "CL-32")),
        pytest.param(OIDC_CLIENT, id="oidc-client", marks=pytest.mark.contract("CL-17", "CL-60")),
    ],
    indirect=True,
)
def test_it_signs_in(signed_in):
    _, first = signed_in
    assert first["state"] == {"page": "where I was"}
    assert first["profile"]["sub"] == "maria"
    assert first["profile"]["name"] == "Мария Петрова"
    assert first["profile"]["email"] == "maria@example.com"
    assert first["profile"]["user_type"] == "InternalUser", "only UserInfo says this"


@pytest.mark.contract("CL-08", "CL-16")
def test_it_calls_from_another_origin_and_renews(signed_in):
    spa, first = signed_in
    assert spa.do("call") == {"status": 200, "rows": 3}
    renewed = spa.do("renew")
    assert renewed["profile"]["sub"] == "maria"
    assert renewed["token"] != first["token"]
    assert renewed["refresh"] not in (None, first["refresh"])
    assert spa.do("call") == {"status": 200, "rows": 3}


@pytest.mark.contract("CL-09", "ID-152", "ID-154")
def test_it_signs_out(signed_in):
    spa, _ = signed_in
    spa.press("sign-out")
    spa.page.wait_for_url(f"{spa.site.url}/signed-out*")
    assert spa.outcome("signed-out") == {"user": None}
    spa.start()
    spa.page.wait_for_selector("#id_login")


HIDDEN_FRAME = pytest.mark.contract("CL-15", "CL-18", "CL-22", "CL-32", "ID-78", "OP-341")


def sign_in_without_refresh_token(start_spa, application, user):
    """The SPA, signed in; its library renews in a hidden frame with ``prompt=none``. And what it got."""
    spa = start_spa(OIDC_CLIENT_TS, application, "openid profile read")
    spa.start()
    sign_in(spa.page, user)
    allow(spa.page)
    first = spa.outcome("callback")
    assert first["refresh"] is None
    return spa, first


@pytest.fixture
def domain(issuer, settings):
    """The instance under a name whose neighbour is of the same site and not a loopback address (``ARGUMENTS`` of the
    browser)."""
    settings.INSTANCE_URL = issuer.removesuffix("/id").replace("localhost", "id.erp.example")
    settings.ISSUER = f"{settings.INSTANCE_URL}/id"
    settings.ALLOWED_HOSTS = ["id.erp.example"]
    return settings.ISSUER


@HIDDEN_FRAME
@pytest.mark.parametrize("site", ["app.erp.example"], indirect=True)
def test_with_a_hidden_frame(domain, site, application, user, start_spa):
    spa, first = sign_in_without_refresh_token(start_spa, application, user)
    renewed = spa.do("renew")
    assert renewed["token"] != first["token"]
    # The person signs out elsewhere: the frame is told so, and no page appears in it.
    spa.page.context.clear_cookies()
    assert spa.do("renew") == {"error": "login_required"}


@HIDDEN_FRAME
@pytest.mark.parametrize(
    ("site", "error"),
    # Any program on the device could ask at a loopback address; and another site's frame has no cookie.
    [("localhost", "consent_required"), ("127.0.0.1", "login_required")],
    indirect=["site"],
    ids=["loopback address", "another site"],
)
def test_with_a_hidden_frame_in_vain(site, error, application, user, start_spa):
    spa, _ = sign_in_without_refresh_token(start_spa, application, user)
    assert spa.do("renew") == {"error": error}
