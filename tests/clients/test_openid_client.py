"""openid-client on Node.js, versions 5 and 6, signs in, validates everything it knows of, renews, signs out."""

import json

import pytest

from tests.factories.trusted_apps import TrustedApplicationFactory

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


@pytest.fixture
def application(issuer, request):
    return TrustedApplicationFactory(
        **{request.param: True}, redirect_uris=CALLBACK, post_logout_redirect_uris=GOODBYE, scope="read"
    )


@pytest.mark.contract(
    "CL-01", "CL-02", "CL-03", "CL-05", "CL-06", "CL-07", "CL-09", "CL-10", "CL-16", "CL-29", "CL-35",
    "OP-223", "OP-226", "OP-290", "OP-341", "ID-152", "ID-154",
)  # fmt: skip
@pytest.mark.parametrize("version", [5, 6])
@pytest.mark.parametrize(
    ("application", "method", "response_type", "response_mode"),
    [
        ("web", "client_secret_basic", "code", None),
        ("web", "client_secret_post", "code id_token", "form_post"),
        ("public", "none", "code", None),
        ("public", "none", "code id_token", None),
    ],
    ids=["code", "hybrid form_post", "public", "public hybrid fragment"],
    indirect=["application"],
)
def test_openid_client(application, method, response_type, response_mode, version, issuer, person, node):
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
    assert arrival.method == ("POST" if response_mode == "form_post" else "GET")
    script.say({"address": arrival.address, "body": arrival.body if arrival.method == "POST" else None})

    told = script.hear()
    assert told["version"] == version
    assert told["scope"] == SCOPE
    assert told["claims"]["sub"] == told["userinfo"]["sub"] == told["renewed"]["sub"] == "maria"
    assert told["userinfo"]["name"] == "Мария Петрова"
    assert told["renewed"]["sid"] == told["claims"]["sid"]
    assert told["rotated"]

    assert person.is_signed_in(issuer, application)
    goodbye = person.go(told["signOut"], to=GOODBYE)
    assert goodbye.parameters == {"state": "after"}
    assert person.met == [], "the hint is proof enough"
    assert not person.is_signed_in(issuer, application)
