"""openid-client on Node.js, versions 5 and 6, signs in, validates everything it knows of, renews, signs out."""

import json
from dataclasses import dataclass

import pytest

from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.support.person import Arrival
from trusted_apps.models import TrustedApplication

CALLBACK = "https://web.example.com/callback"
GOODBYE = "https://web.example.com/goodbye"
SCOPE = "openid profile offline_access read"


class Script:
    """A script at work, spoken to in JSON, a value a line."""

    def __init__(self, process):
        self.process = process

    def say(self, value):
        self.process.stdin.write(json.dumps(value) + "\n")
        self.process.stdin.flush()

    def hear(self):
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return json.loads(line)


# Kind of application, how it authenticates, response type, response mode.
VARIANTS = {
    "code": ("web", "client_secret_basic", "code", None),
    "hybrid form_post": ("web", "client_secret_post", "code id_token", "form_post"),
    "public": ("public", "none", "code", None),
    "public hybrid fragment": ("public", "none", "code id_token", None),
}
ROWS = {"code": ["CL-05", "CL-35"], "hybrid form_post": ["CL-06", "CL-35", "OP-223"], "public": ["CL-05"]}


@dataclass(frozen=True)
class SignedIn:
    """How the answer of a sign-in was wanted and came, and what the script told after it had also renewed."""

    application: TrustedApplication
    response_mode: str | None
    arrival: Arrival
    told: dict


@pytest.fixture(params=[5, 6])
def version(request):
    """Of the library."""
    return request.param


@pytest.fixture(params=VARIANTS)
def signed_in(request, version, issuer, person, node):
    """``request.param`` is the name of a variant."""
    kind, method, response_type, response_mode = VARIANTS[request.param]
    application = TrustedApplicationFactory(
        **{kind: True}, redirect_uris=CALLBACK, post_logout_redirect_uris=GOODBYE, scope="read"
    )
    script = Script(node(f"openid-client-{version}.mjs"))
    script.say(
        {
            "issuer": issuer,
            "client_id": application.client_id,
            "client_secret": application.plain_secret,
            "method": method,
            "redirect_uri": CALLBACK,
            "post_logout_redirect_uri": GOODBYE,
            "response_type": response_type,
            "response_mode": response_mode,
            "scope": SCOPE,
        }
    )
    arrival = person.go(script.hear()["address"], to=CALLBACK)
    script.say({"address": arrival.address, "body": arrival.body if arrival.method == "POST" else None})
    return SignedIn(application, response_mode, arrival, script.hear())


@pytest.mark.contract("CL-02", "CL-03", "CL-07", "CL-10", "CL-29", "OP-341")
@pytest.mark.parametrize(
    "signed_in",
    [pytest.param(name, marks=pytest.mark.contract(*ROWS.get(name, []))) for name in VARIANTS],
    indirect=True,
)
def test_it_signs_in(signed_in, version):
    told = signed_in.told
    assert signed_in.arrival.method == ("POST" if signed_in.response_mode == "form_post" else "GET")
    assert told["version"] == version
    assert told["scope"] == SCOPE
    assert told["claims"]["sub"] == told["userinfo"]["sub"] == "maria"
    assert told["userinfo"]["name"] == "Мария Петрова"


@pytest.mark.contract("CL-16")
def test_it_renews(signed_in):
    told = signed_in.told
    assert told["renewed"]["sub"] == told["claims"]["sub"] == "maria"
    assert told["renewed"]["sid"] == told["claims"]["sid"]
    assert told["rotated"]


@pytest.mark.contract("CL-09", "ID-152", "ID-154")
def test_it_signs_out(signed_in, issuer, person):
    assert person.is_signed_in(issuer, signed_in.application)
    goodbye = person.go(signed_in.told["signOut"], to=GOODBYE)
    assert goodbye.parameters == {"state": "after"}
    assert person.met == [], "the hint is proof enough"
    assert not person.is_signed_in(issuer, signed_in.application)
