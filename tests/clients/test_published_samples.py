"""The requests of the published guides and samples, sent as they print them and read as loosely as they read.

Their programs are not Python; what they send and what they look at is taken from file 90, sections 3 to 5.
"""

import re
from dataclasses import dataclass, field

import jwt
import pytest
import requests

from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.support.person import PATIENCE
from tests.support.relying_party import challenge_of

CALLBACK = "https://your-app.example.com/signin-callback"
CONSOLE = "http://localhost/signin-callback/"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
PKCE = f"&code_challenge={challenge_of(VERIFIER)}&code_challenge_method=S256"
HYBRID = "response_type=code id_token&response_mode=form_post&nonce=abc&scope="
# What the web framework of .NET and MSAL add to their requests (CL-12).
FRAMEWORK = "&x-client-SKU=ID_NET8_0&x-client-ver=7.1.2.0"
MSAL = (
    "&client_info=1&x-client-SKU=MSAL.NetCore&x-client-Ver=4.61.3.0&x-client-OS=Linux&client-request-id=f1&haschrome=1"
)


@dataclass(frozen=True)
class Sample:
    """``query`` is what stands after client id and redirect URI; ``scope`` is what the token response must say;
    ``has`` are the members beyond those that every response has; ``more`` is added to the token request."""

    query: str
    scope: str
    has: set[str] = field(default_factory=set)
    is_public: bool = False
    redirect_uri: str = CALLBACK
    more: str = ""

    @property
    def uses_pkce(self):
        return "code_challenge=" in self.query

    @property
    def is_posted(self):
        return "response_mode=form_post" in self.query


IDENTITY = {"id_token"}
RENEWABLE = {"id_token", "refresh_token"}
SAMPLES = {
    "CL-41": Sample(f"{HYBRID}openid profile&state=CfDJ8{FRAMEWORK}", "openid profile", IDENTITY),
    "CL-45": Sample(f"{HYBRID}openid profile&state=xyz{PKCE}", "openid profile", IDENTITY),
    "CL-46": Sample(
        f"response_type=code&scope=openid profile read update&state=xyz{PKCE}",
        "openid profile read update", IDENTITY, is_public=True,
    ),
    "CL-47": Sample(
        f"{HYBRID}openid profile offline_access read update&state=xyz{PKCE}",
        "openid profile offline_access read update", RENEWABLE,
    ),
    "CL-52": Sample(f"{HYBRID}openid profile read&state=xyz", "openid profile read", IDENTITY),
    "CL-53": Sample(f"{HYBRID}openid offline_access read&state=xyz", "openid offline_access read", RENEWABLE),
    "CL-54": Sample(
        f"response_type=code&scope=read offline_access&state=xyz123{PKCE}", "read offline_access", {"refresh_token"}
    ),
    "CL-55": Sample(
        f"response_type=code&scope=read offline_access&state=xyz123&prompt=login{PKCE}",
        "read offline_access", {"refresh_token"},
    ),
    "CL-62": Sample(
        f"{HYBRID}openid profile offline_access read&state=3c2a0cf4-5a3c-4b6e-9d2b-2f1f0e9d8c7b",
        "openid profile offline_access read", RENEWABLE, redirect_uri=CONSOLE,
    ),
    "CL-62 DomainApi": Sample(
        f"{HYBRID}openid profile offline_access DomainApi&state=xyz",
        "openid profile offline_access DomainApi read update", RENEWABLE, redirect_uri=CONSOLE,
    ),
    "CL-65": Sample(
        f"{HYBRID}openid profile offline_access&state=d41d8cd98f00b204e9800998ecf8427e/orders",
        "openid profile offline_access", RENEWABLE,
    ),
    "CL-27 League": Sample(
        "state=4f1&scope=openid profile&response_type=code&approval_prompt=auto", "openid profile", IDENTITY
    ),
    "CL-21 MSAL": Sample(
        f"scope=read openid profile offline_access&response_type=code&state=5a{PKCE}{MSAL}&prompt=select_account",
        "read openid profile offline_access", RENEWABLE, is_public=True,
        more=f"&scope=read openid profile offline_access{MSAL}",
    ),
}  # fmt: skip
ROWS = {"CL-27 League": ["CL-27", "CL-12"], "CL-21 MSAL": ["CL-21", "CL-12"], "CL-41": ["CL-41", "CL-12"]}


def cases():
    """Each sample with the rows that it proves."""
    made = []
    for name, sample in SAMPLES.items():
        rows = ROWS.get(name, [name.split()[0]])
        made.append(pytest.param(sample, id=name, marks=pytest.mark.contract(*rows, "ID-52", "ID-59", "ID-91")))
    return made


def split(body):
    """How the samples read a form: they cut it at ``&`` and ``=`` and decode nothing."""
    return dict(pair.split("=") for pair in body.split("&"))


def post_token(issuer, body):
    """A body as the samples write it: nothing in it is encoded."""
    kind = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    response = requests.post(f"{issuer}/connect/token", data=body, headers=kind, timeout=PATIENCE)
    assert response.status_code == 200, response.text
    return response.json()


def read(token):
    """The claims as a program reads them that checks nothing."""
    return jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize("sample", cases())
def test_sample(sample, issuer, person):
    application = TrustedApplicationFactory(
        **{"public" if sample.is_public else "web": True},
        client_id="my.trusted.app/first",
        redirect_uris=sample.redirect_uri,
        scope="read update DomainApi",
    )
    who = f"client_id={application.client_id}&redirect_uri={sample.redirect_uri}"
    arrival = person.go(f"{issuer}/connect/authorize?{who}&{sample.query}", to=sample.redirect_uri)
    assert arrival.method == ("POST" if sample.is_posted else "GET")
    told = split(arrival.body if sample.is_posted else arrival.address.partition("?")[2])
    assert set(told) == {"code", "state", "iss"} | ({"id_token"} if sample.is_posted else set())
    assert arrival.parameters["state"] in sample.query
    assert re.fullmatch("[0-9A-F]{64}", told["code"])
    if "id_token" in told:
        assert read(told["id_token"])["c_hash"]

    secret = "" if sample.is_public else f"&client_secret={application.plain_secret}"
    verifier = f"&code_verifier={VERIFIER}" if sample.uses_pkce else ""
    body = f"{who}{secret}&grant_type=authorization_code&code={told['code']}{verifier}{sample.more}"
    tokens = post_token(issuer, body)
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope"} | sample.has
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert tokens["scope"].split() == sample.scope.split()
    # The web client of PHP shows the name and looks at the end, both from the access token.
    assert read(tokens["access_token"])["name"] == "Мария Петрова"
    assert read(tokens["access_token"])["exp"] > 0
    if "id_token" in tokens and "nonce=" in sample.query:
        assert read(tokens["id_token"])["nonce"] == "abc"

    if "refresh_token" in sample.has:
        assert re.fullmatch("[0-9A-F]{64}", tokens["refresh_token"])
        body = f"client_id={application.client_id}{secret}&grant_type=refresh_token"
        renewed = post_token(issuer, f"{body}&refresh_token={tokens['refresh_token']}")
        assert set(renewed) == set(tokens)
        assert renewed["refresh_token"] != tokens["refresh_token"]


@pytest.mark.contract("CL-48", "ID-176", "ID-182")
def test_web_portal(issuer, instance, person):
    """People sign in, and the portal calls the API as itself: one application for both."""
    application = TrustedApplicationFactory(
        web=True, service=True, client_id="portal.example.com", redirect_uris=CALLBACK, scope="read update"
    )
    who = f"client_id={application.client_id}&redirect_uri={CALLBACK}"
    address = f"{issuer}/connect/authorize?{who}&{HYBRID}openid profile&state=xyz{PKCE}"
    code = split(person.go(address, to=CALLBACK).body)["code"]
    secret = f"&client_secret={application.plain_secret}"
    signed_in = post_token(issuer, f"{who}{secret}&grant_type=authorization_code&code={code}&code_verifier={VERIFIER}")
    portal = post_token(
        issuer, f"client_id={application.client_id}{secret}&grant_type=client_credentials&scope=read update"
    )
    assert portal["scope"] == "read update"
    assert "id_token" not in portal

    def call(tokens):
        address = f"{instance}/api/domain/odata/Crm_Sales_Customers?$top=1"
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        return requests.get(address, headers=headers, timeout=PATIENCE).status_code

    assert call(portal) == 200
    assert call(signed_in) == 401, "a sign-in alone opens no API"


@pytest.mark.contract("CL-41", "CL-65", "CL-66", "ID-65")
def test_cancel(issuer, person):
    """The web sample waits for ``access_denied`` when somebody changes their mind."""
    application = TrustedApplicationFactory(web=True, redirect_uris=CALLBACK)
    who = f"client_id={application.client_id}&redirect_uri={CALLBACK}"
    arrival = person.cancel(f"{issuer}/connect/authorize?{who}&{HYBRID}openid profile&state=xyz", to=CALLBACK)
    told = split(arrival.body)
    assert told["error"] == "access_denied"
    assert told["state"] == "xyz"
