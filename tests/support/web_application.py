"""An application with a web site of its own on this machine, and people at browsers, for tests in Chromium.

The application sends the browser off and reads with what it comes back.
"""

import secrets
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
import requests
from axe_playwright_python.sync_playwright import Axe

from erpnet_identity.oauth.metadata import document
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.browser import Watched
from tests.support.person import PASSWORD
from tests.support.relying_party import challenge_of
from tests.support.site import serving_site


class Application:
    """A relying party: its web site, its registration, and the request that it has on its way."""

    def __init__(self, site, instance, *, name="Shop sync", **changes):
        self.site = site
        self.callback = f"{site.url}/callback/{secrets.token_hex(2)}"
        site.add(urlsplit(self.callback).path, "<title>Application</title><h1>Back at the application</h1>")
        site.add("/signed-out", "<title>Application</title><h1>Signed out of the application</h1>")
        self.row = TrustedApplicationFactory(
            name=name,
            allows_internal_users=True,
            redirect_uris=self.callback,
            post_logout_redirect_uris=f"{site.url}/signed-out",
            **changes,
        )
        self.instance = instance
        self.verifier = secrets.token_urlsafe(48)

    def address(self, **changes):
        parameters = {
            "client_id": self.row.client_id,
            "redirect_uri": self.callback,
            "response_type": "code",
            "scope": "openid profile read",
            "state": "a state & more",
            "nonce": "n",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
            **changes,
        }
        return f"{self.instance}/id/connect/authorize?{urlencode(parameters)}"

    def start(self, page, **changes):
        page.goto(self.address(**changes))

    def answer(self, page):
        """With what the browser came back."""
        page.wait_for_url(f"{self.callback}*")
        answer = dict(parse_qsl(urlsplit(page.url).query, strict_parsing=True))
        assert answer["state"] == "a state & more"
        return answer

    def claims(self, page):
        """The ID token that the back end gets for the code, and what it says."""
        response = requests.post(
            f"{self.instance}/id/connect/token",
            data={
                "grant_type": "authorization_code",
                "code": self.answer(page)["code"],
                "redirect_uri": self.callback,
                "code_verifier": self.verifier,
                "client_id": self.row.client_id,
                "client_secret": self.row.plain_secret,
            },
            timeout=10,
        )
        assert response.status_code == 200, response.text
        id_token = response.json()["id_token"]
        return id_token, jwt.decode(id_token, options={"verify_signature": False})


@pytest.fixture
def instance(live_server, settings):
    settings.INSTANCE_URL = live_server.url
    settings.ISSUER = f"{live_server.url}/id"
    assert document()["issuer"] == settings.ISSUER
    return live_server.url


@pytest.fixture
def maria(instance):
    return UserFactory(login="maria", name="Maria Petrova", email="maria@example.com", password=PASSWORD)


@pytest.fixture
def site():
    with serving_site() as running:
        yield running


@pytest.fixture
def application(site, instance):
    return Application(site, instance)


class _AtHome(Watched):
    """A page that may also go to the sites of the applications; what fails on purpose is named by the test."""

    def __init__(self, page, hosts):
        self.hosts = hosts
        super().__init__(page, "")

    def _request(self, url, host):
        if urlsplit(url).netloc not in self.hosts:
            super()._request(url, host)


@pytest.fixture
def person(chromium, instance, site):
    """``person(**options)``: a page at a browser of its own."""
    contexts, watches = [], []

    def make(**options):
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.watched = _AtHome(page, {urlsplit(url).netloc for url in (instance, site.url)})
        watches.append(page.watched)
        return page

    yield make
    for context in contexts:
        context.close()
    # Answers that are errors (429, 403) are said by the browser itself.
    problems = [text for watched in watches for text in watched.problems if "Failed to load resource" not in text]
    assert problems == []


def assert_accessible(page):
    page.watched.is_measuring = True
    found = Axe().run(page, options={"preload": False}).response["violations"]
    page.wait_for_timeout(20)
    page.watched.is_measuring = False
    assert [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in found] == []
