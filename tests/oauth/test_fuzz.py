"""Whatever is sent to the endpoints of the protocol: no fault of ours, no way out to a stranger, no secret in a log."""

import io
import json
import logging
import logging.config
import re
import string
from urllib.parse import quote_plus, urlsplit

import pytest
from django.conf import settings as product
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.edge.language import COOKIE as LANGUAGE
from erpnet_identity.oauth.server import GRANT_TYPES_SUPPORTED
from erpnet_identity.platform import throttle
from erpnet_identity.platform.request_log import LOGGER
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.relying_party import AUTHORIZE, CONSENT, END_SESSION, FORM, TOKEN, USERINFO

pytestmark = [pytest.mark.django_db, pytest.mark.contract("OP-344", "OP-63", "OP-139", "OP-229", "OP-233", "OP-102")]

# The same examples at every run: what fails here fails for everybody.
bounded = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

CALLBACK, BYE = "https://web.example.com/callback?x=1", "https://web.example.com/bye"
PAGES = (f"{AUTHORIZE}/resume", f"{AUTHORIZE}/cancel", f"{END_SESSION}/done", f"{END_SESSION}/confirm")
FORMS = (CONSENT, f"{END_SESSION}/confirm")
NAMES = (
    *("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "prompt", "max_age"),
    *("code_challenge", "code_challenge_method", "login_hint", "ui_locales", "acr_values", "id_token_hint", "claims"),
    *("request", "request_uri", "registration", "display", "language", "grant_type", "code", "code_verifier"),
    *("refresh_token", "client_secret", "access_token", "post_logout_redirect_uri", "shown", "answer"),
)
# Names of values that the test knows; `pick` puts the values in.
KNOWN = (
    *("client_id", "callback", "bye", "secret", "code", "access_token", "refresh_token", "id_token", "sealed", "shown"),
)
HOSTILE = (
    *(
        "",
        " ",
        "\x00",
        "a\x00b",
        "%00",
        "\r\nLocation: https://evil.example",
        "\r\nSet-Cookie: a=b",
        "'; --",
        "{{7*7}}",
    ),
    *("<script>alert(1)</script>", '"><img src=x>', "javascript:alert(1)", "https://evil.example", "//evil.example"),
    *(r"\\evil.example", "https://web.example.com.evil.example/", "https://evil.example@web.example.com/callback"),
    *("../../etc/passwd", "%ff", "a" * 9000, "9" * 400, "-1", "1e9", "NaN", "null", "[]", "{}", "true", "none login"),
    *('{"id_token": {"sub": {"value": 1}}}', '{"userinfo": 1}', "[" * 3000, '{"a":' * 800, "code id_token", "token"),
    *("form_post", "fragment", "query", "openid profile", "openid offline_access read", "sec", "none", "consent"),
    *("authorization_code", "refresh_token", "client_credentials", "a.b.c", "e30.e30.e30", "\ud800", "\u202e", "ключ"),
    *("Bearer", "\ufeff", "​", "de", "xx-" * 40, "0", "S256", "plain"),
)
values = st.one_of(
    st.sampled_from([("known", name) for name in KNOWN]),
    st.sampled_from(HOSTILE).map(lambda text: ("text", text)),
    st.text(max_size=40).map(lambda text: ("text", text)),
    st.binary(max_size=30).map(lambda data: ("bytes", data)),
)
names = st.one_of(st.sampled_from(NAMES), st.text(max_size=12))
changes = st.dictionaries(names, values, max_size=3)
extra = st.lists(st.tuples(names, values), max_size=3)
printable = st.text(alphabet=string.printable[:95] + "é", max_size=60)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Authorization": st.one_of(printable, printable.map("Bearer {}".format), printable.map("Basic {}".format)),
        "Origin": printable,
        "Referer": printable,
        "Accept-Language": printable,
        "X-Correlation-Id": printable,
        "Cookie": printable.map(f"{product.SESSION_COOKIE_NAME}={{}}; {LANGUAGE}=x".format),
    },
)


@pytest.fixture
def output():
    """What the loggers write, through the formatters that are configured, at the level of production. With handlers of
    its own: what other tests do with those of the process does not matter here."""
    written, root, requests = io.StringIO(), logging.getLogger(), logging.getLogger(LOGGER)
    configuration = logging.config.dictConfigClass(product.LOGGING)
    added = []
    for logger, name in ((root, "structured"), (requests, "request")):
        handler = logging.StreamHandler(written)
        handler.setFormatter(configuration.configure_formatter(configuration.config["formatters"][name]))
        logger.addHandler(handler)
        added.append((logger, handler))
    level = root.level
    root.setLevel(logging.INFO)
    yield written
    root.setLevel(level)
    for logger, handler in added:
        logger.removeHandler(handler)


class World:
    """An application, a person who signed in to it, a stranger's browser, and everything that was issued."""

    def __init__(self, relying_party, output):
        self.application = TrustedApplicationFactory(web=True, redirect_uris=CALLBACK, post_logout_redirect_uris=BYE)
        self.output = output
        self.browsers = [Client(raise_request_exception=False) for _ in range(2)]
        self.person = UserFactory(email="maria@example.com", password="correct horse battery")
        party = relying_party(
            self.application, user=self.person, browser=self.browsers[0], scope="openid profile offline_access read"
        )
        page = party.authorize()
        fields = dict(re.findall(r'name="(request|shown)" value="([^"]*)"', page.content.decode()))
        tokens = party.tokens()
        # Requests that are right, for examples to change.
        self.authorization = {name: ("text", value) for name, value in party.request().items()}
        self.sign_out = {"id_token_hint": ("known", "id_token"), "post_logout_redirect_uri": ("known", "bye")}
        self.answer = {"request": ("known", "sealed"), "shown": ("known", "shown"), "answer": ("text", "allow")}
        self.exchange = {
            "client_id": ("known", "client_id"),
            "client_secret": ("known", "secret"),
            "code": ("known", "code"),
            "redirect_uri": ("known", "callback"),
            "code_verifier": ("text", party.verifier),
            "refresh_token": ("known", "refresh_token"),
        }
        self.known = {
            "client_id": self.application.client_id,
            "callback": CALLBACK,
            "bye": BYE,
            "secret": self.application.plain_secret,
            "code": party.code(),
            "sealed": fields["request"],
            "shown": fields["shown"],
            **{name: tokens[name] for name in ("access_token", "refresh_token", "id_token")},
        }
        # Enough of each to recognise it, and of a signed token what makes it usable.
        self.secrets = [self.known[name] for name in ("secret", "code", "refresh_token")]
        self.secrets += [self.known[name].rsplit(".", 1)[1] for name in ("access_token", "id_token")]
        self.secrets += [self.browsers[0].cookies[product.SESSION_COOKIE_NAME].value]

    def encode(self, pairs):
        """As a form body or a query string: properly, or with raw bytes."""
        parts = []
        for name, (kind, value) in pairs:
            if kind == "bytes":
                text = "".join(f"%{byte:02x}" for byte in value)
            else:
                text = quote_plus(self.known[value] if kind == "known" else value, errors="surrogatepass")
            parts.append(f"{quote_plus(name, errors='surrogatepass')}={text}")
        return "&".join(parts)

    def send(self, is_signed_in, method, path, text, headers, content_type=FORM):
        cache.clear()
        throttle.forget_all()
        browser = self.browsers[not is_signed_in]
        if is_signed_in:
            headers = {name: value for name, value in headers.items() if name != "Cookie"}
            if "_auth_user_id" not in browser.session:  # an example before has signed out
                browser.force_login(self.person)
        sent = {name: value.encode("utf-8").decode("latin-1") for name, value in headers.items()}
        if method == "GET":
            response = browser.generic("GET", path, QUERY_STRING=text, headers=sent)
        else:
            response = browser.generic("POST", path, text, content_type=content_type, headers=sent)
        self.check(response)
        return response

    def check(self, response):
        assert response.status_code < 500, response.status_code
        if "Location" in response:
            self.check_address(response["Location"])
        elif response.headers.get("Content-Type", "").startswith("text/html"):
            for address in re.findall(r'(?:href|action|src)="([^"]*)"', response.content.decode()):
                self.check_address(address.replace("&amp;", "&"))
            assert "<script>alert" not in response.content.decode()
        assert "evil" not in "".join(response.headers.get(name, "") for name in ("Set-Cookie", "Refresh"))
        written = self.output.getvalue()
        assert [secret for secret in self.secrets if secret in written] == []
        self.output.seek(0)
        self.output.truncate()

    def check_address(self, address):
        """Ours, or registered and followed by nothing but what we add."""
        assert "\\" not in address
        assert not set(address) & set("\r\n\x00")
        for registered in (CALLBACK, BYE):
            if address.startswith(registered):
                assert address[len(registered) :][:1] in ("", "?", "&", "#")
                return
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc) == ("", ""), address
        assert not address.startswith("//")

    def check_trail(self):
        rows = AuditEvent.objects.values_list("cause", "detail", "client_id", "actor_name", "user_agent", "token_id")
        trail = json.dumps([list(row) for row in rows])
        assert [secret for secret in self.secrets if secret in trail] == []


@pytest.fixture
def world(relying_party, output):
    world = World(relying_party, output)
    yield world
    world.check_trail()


@bounded
@given(st.booleans(), st.sampled_from(["GET", "POST"]), changes, extra, headers)
def test_authorize(world, is_signed_in, method, changes, extra, headers):
    """A valid request with a few things changed and added, so that it gets far."""
    pairs = [*{**world.authorization, **changes}.items(), *extra]
    response = world.send(is_signed_in, method, AUTHORIZE, world.encode(pairs), headers)
    assert response.status_code in (200, 302, 303, 400)
    if response.status_code == 303:
        path, _, query = response["Location"].partition("?")
        assert world.send(is_signed_in, "GET", path, query, headers).status_code in (200, 302, 400)


@bounded
@given(st.booleans(), st.sampled_from(["GET", "POST"]), changes, extra, headers)
def test_end_session(world, is_signed_in, method, changes, extra, headers):
    pairs = [*{**world.sign_out, **changes}.items(), *extra]
    response = world.send(is_signed_in, method, END_SESSION, world.encode(pairs), headers)
    assert response.status_code in (200, 302, 303, 400)
    if response.status_code == 303:
        path, _, query = response["Location"].partition("?")
        assert world.send(is_signed_in, "GET", path, query, headers).status_code in (200, 302, 400)


@bounded
@given(
    st.booleans(),
    st.sampled_from([*[("GET", path) for path in PAGES], *[("POST", path) for path in FORMS]]),
    changes,
    extra,
    headers,
)
def test_pages_between(world, is_signed_in, page, changes, extra, headers):
    """The addresses to which our own pages lead, and which anybody can call."""
    method, path = page
    pairs = [*{**world.answer, **changes}.items(), *extra]
    assert world.send(is_signed_in, method, path, world.encode(pairs), headers).status_code in (200, 302, 303, 400)


@bounded
@given(st.sampled_from(GRANT_TYPES_SUPPORTED), changes, extra, headers)
def test_token(world, grant_type, changes, extra, headers):
    fields = {"grant_type": ("text", grant_type), **world.exchange, **changes}
    response = world.send(False, "POST", TOKEN, world.encode([*fields.items(), *extra]), headers)
    assert response.status_code in (200, 400, 401)
    answer = json.loads(response.content)
    if response.status_code != 200:
        assert set(answer) == {"error", "error_description"}
        assert all(" " <= character <= "~" and character not in '"\\' for character in answer["error_description"])


@bounded
@given(st.sampled_from(["GET", "POST"]), st.dictionaries(names, values, max_size=3), extra, values, headers)
def test_userinfo(world, method, parameters, extra, token, headers):
    text = world.encode([("access_token", token), *parameters.items(), *extra])
    response = world.send(False, method, USERINFO, text, headers)
    assert response.status_code in (200, 400, 401)
    if response.status_code == 200:
        assert token == ("known", "access_token")
        assert method == "POST"
    elif response.content:
        assert set(json.loads(response.content)) == {"error", "error_description"}
    kind, value = token
    in_header = world.known[value] if kind == "known" else value
    if isinstance(in_header, str) and in_header.isprintable() and "\ud800" not in in_header:
        response = world.send(False, "GET", USERINFO, text, {"Authorization": f"Bearer {in_header}"})
        assert (response.status_code == 200) == (token == ("known", "access_token"))


@bounded
@given(
    st.booleans(),
    st.sampled_from([("GET", AUTHORIZE), ("POST", AUTHORIZE), ("GET", END_SESSION), ("POST", END_SESSION),
                     ("POST", TOKEN), ("POST", USERINFO), ("GET", f"{AUTHORIZE}/resume"), ("POST", CONSENT)]),
    st.binary(max_size=120) | st.text(alphabet=string.printable, max_size=80).map(str.encode),
    st.sampled_from([FORM, f"{FORM}; charset=utf-8", f"{FORM}; charset=utf-16", "application/json", "", "a/b"]),
)  # fmt: skip
def test_bytes(world, is_signed_in, target, data, content_type):
    """What is no form at all."""
    method, path = target
    text = data if method == "POST" else data.decode("latin-1")
    world.send(is_signed_in, method, path, text, {}, content_type)
