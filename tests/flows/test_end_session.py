"""Signing out from an application: at once when it is proven which session is meant, after a question otherwise."""

import json
import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt as pyjwt
import pytest
import time_machine
from django.conf import settings as product
from django.test import Client
from django.utils import timezone
from joserfc import jws
from joserfc.jwk import RSAKey

from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.identity import signout
from erpnet_identity.identity.models import IdentitySession
from erpnet_identity.keys import jwt
from erpnet_identity.keys import services as keys
from erpnet_identity.oauth import sign_out_request
from erpnet_identity.tokens.models import Grant
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.jwt import claims_of, header_of
from tests.support.relying_party import END_SESSION, FORM, answer_of, form_of

pytestmark = pytest.mark.django_db

BYE = "https://web.example.com/bye"
BYE_WITH_QUERY = "https://web.example.com/out?a=1&b=%20x"
CONFIRM = f"{END_SESSION}/confirm"
DONE = f"{END_SESSION}/done"


@pytest.fixture
def maria(db):
    return UserFactory(login="maria", is_admin=True)


@pytest.fixture
def shop(db):
    return TrustedApplicationFactory(web=True, post_logout_redirect_uris=f"{BYE}\n{BYE_WITH_QUERY}")


@pytest.fixture
def forum(db):
    """Another application, used in the same browser."""
    return TrustedApplicationFactory(web=True, post_logout_redirect_uris="https://forum.example.com/bye")


@pytest.fixture
def browser():
    """Maria's, which minds form tokens."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def party(relying_party, shop, maria, browser):
    return relying_party(shop, user=maria, browser=browser, scope="openid read offline_access")


@pytest.fixture
def tokens(party):
    """What the shop got when Maria signed in."""
    return party.tokens()


@pytest.fixture
def hint(tokens):
    return tokens["id_token"]


@pytest.fixture
def is_signed_in(relying_party, forum):
    """``is_signed_in(browser)``: whether another application gets an answer without a page."""

    def ask(browser):
        party = relying_party(forum, browser=browser, scope="openid")
        answer = answer_of(party.authorize(prompt="none"))[2]
        assert answer.get("error") in (None, "consent_required", "login_required")
        return answer.get("error") != "login_required"

    return ask


def end(browser, *, method="GET", **parameters):
    query = urlencode(parameters)
    if method == "GET":
        return browser.get(f"{END_SESSION}?{query}")
    return browser.post(END_SESSION, query, content_type=FORM)


def is_question(response):
    return response.status_code == 200 and b'id="signout-confirm"' in response.content


def is_signed_out_page(response):
    return response.status_code == 200 and b'id="signed-out"' in response.content


def way_back(response):
    """Where "Return to app" leads; None without it."""
    found = re.search(r'id="return-to-app" href="([^"]*)"', response.content.decode())
    return found and found.group(1).replace("&amp;", "&")


def refused_address(response):
    """The address that the page names as text; None without one. It is nowhere a link."""
    text = response.content.decode()
    found = re.search(r'id="refused-address">([^<]*)<', text)
    address = unescape(found.group(1)) if found else None
    assert not address or f'href="{found.group(1)}' not in text
    return address


def assert_private(response):
    assert response["Cache-Control"] == "no-store"
    if response.status_code == 200:
        assert response["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


def confirm(browser, question):
    """Press the button of the question; the page that follows."""
    action, fields = form_of(question, id="signout")
    response = browser.post(action, fields)
    assert (response.status_code, urlsplit(response["Location"]).path) == (303, DONE)
    return browser.get(response["Location"])


def confirm_and_return(browser, question):
    """Press the button of the question; where the application is reached again."""
    action, fields = form_of(question, id="signout")
    response = browser.post(action, fields)
    assert response.status_code == 303
    assert_private(response)
    return response["Location"]


def cause():
    return AuditEvent.objects.filter(name="user.sign_out_refused").latest("id").cause


class TestAtOnce:
    """A hint of this very session needs no question (ID-152)."""

    @pytest.mark.contract(
        *("ID-150", "ID-152", "ID-154", "ID-157", "ID-159", "OP-190", "OP-191", "OP-192", "CL-09"),
    )
    def test_out_and_back(self, browser, party, tokens, is_signed_in):
        assert is_signed_in(browser)
        sid = claims_of(tokens["id_token"])["sid"]
        response = end(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state="a b&c=ü")
        assert response.status_code == 302
        assert response["Location"] == f"{BYE}?state=a+b%26c%3D%C3%BC"
        assert_private(response)
        assert response.cookies[product.SESSION_COOKIE_NAME]["max-age"] == 0
        assert not is_signed_in(browser)
        assert browser.get("/admin/").status_code == 302
        assert IdentitySession.objects.get(sid=sid).ended_at is not None
        again = party.authorize()
        assert (again.status_code, urlsplit(again["Location"]).path) == (302, "/id/signin")

    @pytest.mark.contract("AU-01", "AU-02")
    def test_the_trace(self, browser, shop, maria, hint):
        response = end(browser, id_token_hint=hint, post_logout_redirect_uri=BYE)
        event = AuditEvent.objects.get(name="user.signed_out")
        assert (event.actor_name, event.user_login, event.client_id) == ("maria", "maria", shop.client_id)
        assert (event.sid, event.correlation_id) == (claims_of(hint)["sid"], response["X-Correlation-Id"])
        assert not AuditEvent.objects.filter(name="user.sign_out_refused").exists()

    @pytest.mark.contract("ID-157", "ID-158", "ID-160", "OP-201", "TK-57", "OP-159")
    def test_what_ends_and_what_does_not(
        self, browser, party, tokens, relying_party, forum, maria, service_app, service_token
    ):
        neighbour = relying_party(forum, browser=browser, scope="openid offline_access").tokens()
        elsewhere = relying_party(party.application, user=maria, browser=Client(), scope="openid offline_access")
        other = relying_party(party.application, user=UserFactory(), browser=Client(), scope="openid offline_access")
        survivors = [(rp, rp.tokens()) for rp in (elsewhere, other)]
        pending = party.code()
        service = service_token(service_app, "read")
        end(browser, id_token_hint=tokens["id_token"])

        assert party.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
        assert party.exchange(pending).json()["error"] == "invalid_grant"
        in_forum = relying_party(forum, browser=Client())
        assert in_forum.refresh(neighbour["refresh_token"]).json()["error"] == "invalid_grant"
        assert [rp.refresh(found["refresh_token"]).status_code for rp, found in survivors] == [200, 200]
        assert [rp.answer(prompt="none").get("error") for rp, _ in survivors] == [None, None]
        assert party.call_api(tokens["access_token"]) == party.call_api(service) == 200
        assert party.userinfo(tokens["access_token"]).status_code == 200
        assert AuditEvent.objects.filter(name="user.signed_out").count() == 1

    @pytest.mark.contract("ID-156", "OP-195", "OP-119")
    def test_an_expired_hint_of_which_nothing_is_stored(self, browser, maria, relying_party, shop, is_signed_in):
        with time_machine.travel(timezone.now(), tick=False) as clock:
            hint = relying_party(shop, user=maria, browser=browser, scope="openid").tokens()["id_token"]
            Grant.objects.all().delete()
            clock.shift(timedelta(hours=9))
            assert is_signed_in(browser)
            assert end(browser, id_token_hint=hint, post_logout_redirect_uri=BYE)["Location"] == BYE
            assert not is_signed_in(browser)

    @pytest.mark.contract("ID-156", "OP-195")
    def test_a_hint_whose_key_has_been_retired(self, browser, maria, relying_party, shop, settings):
        settings.IDENTITY_SESSION_SECONDS = 10 * 24 * 3600
        with time_machine.travel(timezone.now(), tick=False) as clock:
            hint = relying_party(shop, user=maria, browser=browser, scope="openid").tokens()["id_token"]
            keys.announce_key(actor=SYSTEM)
            clock.shift(timedelta(hours=49))
            published = browser.get("/id/.well-known/openid-configuration/jwks").json()["keys"]
            assert header_of(hint)["kid"] not in [key["kid"] for key in published]
            assert end(browser, id_token_hint=hint, post_logout_redirect_uri=BYE)["Location"] == BYE

    @pytest.mark.contract("OP-194")
    def test_not_a_hint_whose_key_was_revoked(self, browser, hint):
        keys.revoke_key(header_of(hint)["kid"], actor=SYSTEM)
        assert is_question(end(browser, id_token_hint=hint))

    @pytest.mark.contract("ID-152", "CL-16")
    def test_every_id_token_of_the_session_is_a_hint(self, party, relying_party, forum, maria):
        def from_the_browser(rp):
            return rp.answer(response_type="code id_token")["id_token"]

        def from_a_renewal(rp):
            return rp.refresh(rp.tokens()["refresh_token"]).json()["id_token"]

        for get_hint in (from_the_browser, from_a_renewal):
            rp = relying_party(forum, user=maria, browser=Client(), scope="openid offline_access")
            hint = get_hint(rp)
            assert is_signed_out_page(rp.sign_out(hint))
            assert rp.answer(prompt="none")["error"] == "login_required"

    @pytest.mark.contract("ID-152", "ID-154")
    def test_without_an_address_the_person_is_told(self, browser, hint, is_signed_in):
        response = end(browser, id_token_hint=hint, state="x")
        assert is_signed_out_page(response)
        assert way_back(response) is None
        assert_private(response)
        assert not is_signed_in(browser)
        assert is_signed_out_page(end(browser, id_token_hint=hint))

    @pytest.mark.contract("ID-70", "ID-72", "OP-104")
    def test_the_next_sign_in_is_another_session(self, browser, party, hint, maria):
        end(browser, id_token_hint=hint)
        browser.force_login(maria)
        assert claims_of(party.tokens()["id_token"])["sid"] != claims_of(hint)["sid"]
        assert is_question(end(browser, id_token_hint=hint))


class TestTheWayBack:
    @pytest.mark.contract("OP-191", "OP-73", "ID-154")
    @pytest.mark.parametrize("uri", [BYE, BYE_WITH_QUERY])
    @pytest.mark.parametrize("state", ["x", "a b+c", "?&=#%20", "ключ", " x ", '"\\', "x" * 2000, "\n"])
    def test_state_comes_back_as_it_was_sent(self, state, uri, browser, hint):
        response = end(browser, id_token_hint=hint, post_logout_redirect_uri=uri, state=state)
        address, separator, text = response["Location"].rpartition("&" if "?" in uri else "?")
        assert (response.status_code, address, separator) == (302, uri, "&" if "?" in uri else "?")
        assert parse_qsl(text, keep_blank_values=True) == [("state", state)]

    @pytest.mark.contract("OP-191", "OP-42")
    def test_nothing_is_added_without_state(self, browser, hint):
        for parameters in ({}, {"state": ""}, {"ui_locales": "de", "logout_hint": "maria", "x": "1"}):
            response = end(browser, id_token_hint=hint, post_logout_redirect_uri=BYE_WITH_QUERY, **parameters)
            assert response["Location"] == BYE_WITH_QUERY

    @pytest.mark.contract("ID-154", "TA-42", "TA-63")
    @pytest.mark.parametrize(
        ("registered", "sent"),
        [
            ("com.example.app:/bye", "com.example.app:/bye"),
            ("http://127.0.0.1/bye", "http://127.0.0.1:53124/bye"),
            ("https://spa.example.com/?", "https://spa.example.com/?"),
        ],
    )
    def test_other_kinds_of_addresses(self, registered, sent, relying_party, maria):
        application = TrustedApplicationFactory(public=True, post_logout_redirect_uris=registered)
        rp = relying_party(application, user=maria, scope="openid")
        hint = rp.tokens()["id_token"]
        response = end(rp.client, id_token_hint=hint, post_logout_redirect_uri=sent, state="x")
        assert response["Location"] == (f"{sent}state=x" if sent.endswith("?") else f"{sent}?state=x")

    @pytest.mark.contract("ID-155", "OP-193", "OP-229", "TA-64", "DR-01")
    @pytest.mark.parametrize(
        "uri",
        [
            f"{BYE}?x=1", f"{BYE}?", f"{BYE}/", f"{BYE}#x", BYE.upper(), "https://web.example.com:443/bye",
            "http://web.example.com/bye", "https://web.example.com", "https://web.example.com.evil.example/bye",
            "https://x@web.example.com/bye", "https://evil.example", "//evil.example", "/admin/", "javascript:alert(1)",
            "https://web.example.com/callback", "https://forum.example.com/bye", f"{BYE} ", f"{BYE}%00",
            f"{BYE_WITH_QUERY}&c=1", "https://web.example.com/out?b=%20x&a=1",
        ],
    )  # fmt: skip
    def test_an_address_that_is_not_registered_is_never_used(self, uri, browser, party, hint, forum, maria):
        question = end(browser, post_logout_redirect_uri=uri, client_id=party.application.client_id)
        assert is_question(question)
        assert way_back(confirm(browser, question)) is None
        browser.force_login(maria)
        hint = party.tokens()["id_token"]
        response = end(browser, id_token_hint=hint, post_logout_redirect_uri=uri, state="x")
        assert is_signed_out_page(response)
        assert way_back(response) is None
        assert refused_address(response) == uri.replace('"', "?")
        event = AuditEvent.objects.filter(name="user.sign_out_refused").latest("id")
        assert event.cause == "post_logout_redirect_uri_not_registered"
        assert event.detail == {"post_logout_redirect_uri": uri}
        assert event.client_id == party.application.client_id

    @pytest.mark.contract("OP-196", "OP-229", "ID-154")
    def test_an_address_of_one_application_is_enough(self, browser, hint, shop, is_signed_in):
        question = end(browser, post_logout_redirect_uri=BYE, state="x")
        assert is_question(question)
        assert shop.name in question.content.decode()
        assert "form-action" not in question["Content-Security-Policy"]
        assert is_signed_in(browser)
        assert confirm_and_return(browser, question) == f"{BYE}?state=x"
        assert not is_signed_in(browser)

    @pytest.mark.contract("OP-196", "OP-229")
    @pytest.mark.parametrize(
        ("uri", "why"), [(BYE, "several_applications"), ("https://web.example.com/nobody", "no_application")]
    )
    def test_an_address_of_several_or_of_none_is_not(self, uri, why, browser, hint, is_signed_in):
        TrustedApplicationFactory(web=True, post_logout_redirect_uris=BYE)
        question = end(browser, post_logout_redirect_uri=uri, state="x")
        assert cause() == f"post_logout_redirect_uri_of_{why}"
        done = confirm(browser, question)
        assert way_back(done) is None
        assert refused_address(done) == uri
        assert not is_signed_in(browser)

    @pytest.mark.contract("OP-196", "TA-63")
    def test_a_port_of_the_device_does_not_count(self, browser, hint):
        TrustedApplicationFactory(public=True, post_logout_redirect_uris="http://127.0.0.1/bye")
        question = end(browser, post_logout_redirect_uri="http://127.0.0.1:53124/bye")
        assert confirm_and_return(browser, question) == "http://127.0.0.1:53124/bye"

    @pytest.mark.contract("ID-154", "TA-70")
    def test_an_application_that_is_off_leads_nowhere(self, browser, hint, shop, is_signed_in):
        shop.is_enabled = False
        shop.save()
        response = end(browser, id_token_hint=hint, post_logout_redirect_uri=BYE)
        assert is_signed_out_page(response)
        assert way_back(response) is None
        assert not is_signed_in(browser)


def _changed(hint, changes=None, *, typ="JWT"):
    """A token like the hint with other claims, signed by us."""
    return jwt.sign({**claims_of(hint), **(changes or {})}, typ=typ, now=timezone.now())


def _resigned(hint, key, algorithm):
    """The same claims and header, signed in another way."""
    return pyjwt.encode(claims_of(hint), key, algorithm=algorithm, headers={**header_of(hint), "alg": algorithm})


def _key_of_somebody_else(setup):
    payload = json.dumps(claims_of(setup.hint)).encode()
    return jws.serialize_compact(header_of(setup.hint), payload, RSAKey.generate_key(2048, auto_kid=False))


def _other_session(setup):
    """Of the same person, in another browser."""
    return setup.relying_party(setup.shop, user=setup.maria, browser=Client(), scope="openid").tokens()["id_token"]


def _other_person(setup):
    return setup.relying_party(setup.shop, user=UserFactory(), browser=Client(), scope="openid").tokens()["id_token"]


def _payload_that_is(payload):
    def make(setup):
        kid, key = keys.signing_key(timezone.now())
        return jws.serialize_compact({"alg": "RS256", "kid": kid, "typ": "JWT"}, payload, key)

    return make


def _deleted_application(setup):
    application = TrustedApplicationFactory(web=True)
    party = setup.relying_party(application, browser=setup.browser, scope="openid")
    hint = party.tokens()["id_token"]
    application.delete()
    return hint


HINTS = {
    "none": lambda setup: None,
    "garbage": lambda setup: "garbage",
    "dots": lambda setup: "a.b.c",
    "too-long": lambda setup: "x" * 8192,
    "not-ascii": lambda setup: "é.é.é",
    "alg-none": lambda setup: _resigned(setup.hint, None, "none"),
    "shared-secret": lambda setup: _resigned(setup.hint, "x" * 32, "HS256"),
    "foreign-signature": _key_of_somebody_else,
    "altered": lambda setup: setup.hint[:-8] + "AAAAAAAA",
    "other-issuer": lambda setup: _changed(setup.hint, {"iss": "https://other.example/id"}),
    "no-issuer": lambda setup: _changed(setup.hint, {"iss": None}),
    "unknown-audience": lambda setup: _changed(setup.hint, {"aud": "nobody"}),
    "audience-list": lambda setup: _changed(setup.hint, {"aud": [setup.shop.client_id]}),
    "no-subject": lambda setup: _changed(setup.hint, {"sub": ""}),
    "no-session": lambda setup: _changed(setup.hint, {"sid": None}),
    "empty-session": lambda setup: _changed(setup.hint, {"sid": ""}),
    "logout-token": lambda setup: _changed(setup.hint, typ="logout+jwt"),
    "access-token": lambda setup: setup.tokens["access_token"],
    "refresh-token": lambda setup: setup.tokens["refresh_token"],
    "payload-no-json": _payload_that_is(b"no json"),
    "payload-list": _payload_that_is(b"[]"),
    "payload-empty": _payload_that_is(b"{}"),
    "payload-bytes": _payload_that_is(b"\xff\xfe"),
    "other-session": _other_session,
    "other-person": _other_person,
    "deleted-application": _deleted_application,
}


class TestAfterAQuestion:
    @pytest.fixture
    def setup(self, browser, tokens, hint, shop, maria, relying_party):
        class Setup:
            pass

        for name, value in locals().items():
            setattr(Setup, name, value)
        Setup.relying_party = staticmethod(relying_party)
        return Setup

    @pytest.mark.contract(
        *("ID-153", "OP-194", "OP-196", "OP-198", "OP-102", "OP-118", "OP-80", "ID-04", "OP-340"),
    )
    @pytest.mark.parametrize("name", HINTS)
    def test_a_hint_that_proves_nothing(self, name, setup, browser, is_signed_in):
        hint = HINTS[name](setup)
        parameters = {"post_logout_redirect_uri": BYE, "state": "x", **({"id_token_hint": hint} if hint else {})}
        question = end(browser, **parameters)
        assert is_question(question)
        assert "Location" not in question
        assert_private(question)
        assert is_signed_in(browser)
        assert not AuditEvent.objects.filter(name="user.signed_out").exists()

        # The address is that of one application alone, whatever the hint is worth.
        assert confirm_and_return(browser, question) == f"{BYE}?state=x"
        assert not is_signed_in(browser)

    @pytest.mark.contract("ID-153", "OP-103", "ID-150")
    def test_only_the_form_of_the_page_counts(self, browser, hint, is_signed_in):
        action, fields = form_of(end(browser), id="signout")
        assert action == CONFIRM
        assert fields["csrfmiddlewaretoken"]
        for forged in ({}, {"request": fields["request"]}, {**fields, "csrfmiddlewaretoken": "x" * 64}):
            response = browser.post(CONFIRM, forged)
            assert response.status_code == 403
            assert_private_error(response)
        assert is_signed_in(browser)
        assert not AuditEvent.objects.filter(name="user.signed_out").exists()

    @pytest.mark.contract("OP-197", "OP-200", "OP-42")
    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"state": "x"},
            {"logout_hint": "maria", "ui_locales": "xx fr", "unknown": "1"},
            {"id_token_hint": "", "client_id": "", "post_logout_redirect_uri": ""},
        ],
        ids=["none", "state", "others", "empty"],
    )
    def test_without_anything_to_go_by(self, parameters, browser, hint, is_signed_in):
        question = end(browser, **parameters)
        assert is_question(question)
        done = confirm(browser, question)
        assert is_signed_out_page(done)
        assert way_back(done) is None
        assert not is_signed_in(browser)

    @pytest.mark.contract("ID-150", "ID-154", "OP-196", "AU-01")
    def test_an_application_that_names_itself(self, browser, hint, shop, is_signed_in):
        question = end(browser, client_id=shop.client_id, post_logout_redirect_uri=BYE, state="x")
        assert is_question(question)
        assert shop.name in question.content.decode()
        assert is_signed_in(browser)
        assert confirm_and_return(browser, question) == f"{BYE}?state=x"
        assert AuditEvent.objects.get(name="user.signed_out").client_id == shop.client_id

    @pytest.mark.contract("OP-198", "DR-01")
    def test_hint_and_client_id_that_contradict_each_other(self, browser, hint, shop, forum, is_signed_in):
        response = end(browser, id_token_hint=hint, client_id=forum.client_id, post_logout_redirect_uri=BYE)
        assert_error(response, "The id_token_hint was issued to another application", "hint_of_another_client")
        assert is_signed_in(browser)
        assert end(browser, id_token_hint=hint, client_id=shop.client_id, post_logout_redirect_uri=BYE)[
            "Location"
        ] == BYE  # fmt: skip

    @pytest.mark.contract("OP-200", "DR-01", "ID-50")
    @pytest.mark.parametrize("client_id", ["nobody", "<b>x</b>", "MY.APP/0", " ", "é"])
    def test_an_unknown_application(self, client_id, browser, hint, is_signed_in):
        for parameters in ({}, {"id_token_hint": hint}, {"post_logout_redirect_uri": BYE}):
            response = end(browser, client_id=client_id, **parameters)
            assert_error(response, "The application is not known here", "client_unknown")
        assert "<b>x</b>" not in response.content.decode()
        assert is_signed_in(browser)

    @pytest.mark.contract("OP-43", "OP-63", "DR-01")
    @pytest.mark.parametrize(
        ("query", "description", "why"),
        [
            ("state=1&state=2", "A parameter is repeated", "parameter_repeated"),
            ("id_token_hint=&id_token_hint=", "A parameter is repeated", "parameter_repeated"),
            ("state=%00", "A parameter contains a NUL character", "form_unreadable"),
            ("state=%ff", "A parameter is not valid UTF-8", "form_unreadable"),
            ("x=%ff", "A parameter is not valid UTF-8", "form_unreadable"),
            ("state=" + "x" * 8193, "A parameter is too long", "form_unreadable"),
            (
                "&".join(f"p{number}=" for number in range(101)),
                "The request has too many parameters",
                "form_unreadable",
            ),
        ],
        ids=["repeated", "repeated-empty", "nul", "not-utf-8", "not-utf-8-unknown", "long", "many"],
    )
    def test_a_request_that_cannot_be_read(self, query, description, why, browser, hint, is_signed_in):
        assert_error(browser.get(f"{END_SESSION}?{query}"), description, why)
        assert_error(browser.post(END_SESSION, query, content_type=FORM), description, why)
        assert is_signed_in(browser)


def assert_private_error(response):
    assert response["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


def assert_error(response, description, why):
    """The error page: a status, a code, a correlation id, and no way out by itself."""
    page = response.content.decode()
    assert response.status_code == 400
    assert "Location" not in response
    assert '<h1 id="heading">Sign-out couldn&#x27;t continue</h1>' in page
    assert 'id="error-code" data-outcome="invalid_request">invalid_request</dd>' in page
    assert description in page
    assert response["X-Correlation-Id"] in page
    assert response["Cache-Control"] == "no-store"
    assert_private_error(response)
    assert cause() == why


class TestPost:
    @pytest.mark.contract("ID-69", "OP-190", "ID-150")
    def test_a_form_of_another_site(self, browser, hint, is_signed_in):
        """It comes without the cookie; the redirect brings it."""
        parameters = {"id_token_hint": hint, "post_logout_redirect_uri": BYE, "state": "a b", "x": "1"}
        response = end(Client(enforce_csrf_checks=True), method="POST", **parameters, ui_locales="de")
        assert response.status_code == 303
        assert_private(response)
        address = urlsplit(response["Location"])
        assert (address.scheme, address.netloc, address.path) == ("", "", END_SESSION)
        del parameters["x"]
        assert dict(parse_qsl(address.query)) == {**parameters, "ui_locales": "de"}
        assert is_signed_in(browser)
        assert browser.get(response["Location"])["Location"] == f"{BYE}?state=a+b"
        assert not is_signed_in(browser)

    @pytest.mark.contract("OP-190", "OP-78")
    def test_no_form_token_is_needed_and_nothing_happens_without_a_question(self, browser, hint, is_signed_in):
        response = end(browser, method="POST")
        assert (response.status_code, response["Location"]) == (303, f"{END_SESSION}?")
        assert is_question(browser.get(response["Location"]))
        assert is_signed_in(browser)

    @pytest.mark.contract("OP-190")
    @pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
    def test_other_bodies(self, content_type, browser, hint):
        response = browser.post(END_SESSION, "{}", content_type=content_type)
        description = "The content type must be application/x-www-form-urlencoded"
        assert_error(response, description, "form_unreadable")

    @pytest.mark.contract("OP-63")
    def test_too_much(self, browser):
        for size in (70_000, 2_000_000):
            assert browser.post(END_SESSION, "x=" + "x" * size, content_type=FORM).status_code == 400

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
    def test_other_methods(self, method, browser, hint, is_signed_in):
        address = f"{END_SESSION}?{urlencode({'id_token_hint': hint})}"
        response = browser.generic(method, address, headers={"Origin": "https://web.example.com"})
        assert response.status_code == 405
        # No page of another origin has anything to do here (ID-08).
        assert "Access-Control-Allow-Origin" not in response
        assert is_signed_in(browser)


class TestNobodySignedIn:
    @pytest.fixture(autouse=True)
    def _out(self, hint, browser):
        browser.logout()

    @pytest.mark.contract("ID-161", "OP-199", "OP-192")
    def test_a_valid_request_leads_back(self, browser, hint):
        response = end(browser, id_token_hint=hint, post_logout_redirect_uri=BYE, state="x")
        assert (response.status_code, response["Location"]) == (302, f"{BYE}?state=x")
        stranger = end(Client(), id_token_hint=hint, post_logout_redirect_uri=BYE)
        assert (stranger.status_code, stranger["Location"]) == (302, BYE)
        assert not stranger.cookies

    @pytest.mark.contract("ID-161", "OP-199", "OP-197")
    def test_any_other_request_is_told_so(self, browser, hint, shop):
        for parameters, link in (
            ({}, None),
            ({"state": "x"}, None),
            ({"id_token_hint": hint}, None),
            ({"id_token_hint": "garbage", "post_logout_redirect_uri": BYE}, BYE),
            ({"id_token_hint": hint, "post_logout_redirect_uri": "https://evil.example"}, None),
            ({"post_logout_redirect_uri": BYE}, BYE),
            ({"post_logout_redirect_uri": "https://web.example.com/nobody"}, None),
            ({"client_id": shop.client_id, "post_logout_redirect_uri": BYE, "state": "x"}, f"{BYE}?state=x"),
        ):
            response = end(browser, **parameters)
            assert is_signed_out_page(response)
            assert way_back(response) == link
            assert b"You are signed out" not in response.content
            assert b'data-outcome="nobody"' in response.content
            assert_private(response)

    @pytest.mark.contract("OP-198", "OP-200")
    def test_errors_stay_errors(self, browser, hint, forum):
        assert end(browser, client_id="nobody").status_code == 400
        assert end(browser, id_token_hint=hint, client_id=forum.client_id).status_code == 400

    @pytest.mark.contract("ID-157", "OP-192")
    def test_a_session_that_was_ended_elsewhere_loses_its_cookie(self, browser, maria):
        browser.force_login(maria)
        signout.end_session(IdentitySession.objects.get(ended_at=None), now=timezone.now())
        assert is_signed_out_page(end(browser))
        assert "_auth_user_id" not in browser.session

    @pytest.mark.contract("ID-153")
    def test_a_question_that_is_answered_twice(self, browser, maria):
        browser.force_login(maria)
        question = end(browser)
        confirm(browser, question)
        assert is_signed_out_page(confirm(browser, question))
        assert AuditEvent.objects.filter(name="user.signed_out").count() == 2  # the fixture's, and one


class TestThePages:
    """What was asked for is sealed in the page; the way back is looked up again at each step."""

    @pytest.fixture
    def question(self, browser, hint, shop):
        return end(browser, client_id=shop.client_id, post_logout_redirect_uri=BYE, state="x")

    @pytest.fixture
    def done(self, question, shop):
        """The page at the end, as it is loaded again when the registration was withdrawn and is back."""
        wanted = sign_out_request.parse(
            {"client_id": shop.client_id, "post_logout_redirect_uri": BYE, "state": "x"},
        )
        return f"{DONE}?{urlencode({'request': wanted.seal()})}"

    @pytest.mark.contract("ID-155", "OP-229")
    def test_nothing_in_the_page_can_be_edited(self, browser, done):
        assert is_signed_out_page(browser.get(DONE))
        sealed = parse_qs(urlsplit(done).query)["request"][0]
        edited = sealed[:-1] + ("B" if sealed.endswith("A") else "A")
        for request in ("", "x", edited, "\ud83d\ude00", "a:b:c"):
            response = browser.get(f"{DONE}?{urlencode({'request': request}, errors='surrogatepass')}")
            assert is_signed_out_page(response)
            assert way_back(response) is None

    def test_an_edited_form_still_signs_out(self, browser, question, is_signed_in):
        action, fields = form_of(question, id="signout")
        response = browser.post(action, {**fields, "request": "https://evil.example"})
        assert way_back(browser.get(response["Location"])) is None
        assert not is_signed_in(browser)

    @pytest.mark.contract("ID-155", "OP-229", "TA-70")
    def test_a_registration_that_changed_meanwhile(self, browser, done, shop):
        assert way_back(browser.get(done)) == f"{BYE}?state=x"
        shop.post_logout_redirect_uris = BYE_WITH_QUERY
        shop.save()
        assert way_back(browser.get(done)) is None
        shop.post_logout_redirect_uris, shop.is_enabled = BYE, False
        shop.save()
        assert way_back(browser.get(done)) is None
        shop.delete()
        assert is_signed_out_page(browser.get(done))

    def test_a_page_that_was_open_for_a_day(self, browser, done):
        with time_machine.travel(timezone.now() + timedelta(hours=25)):
            response = browser.get(done)
        assert is_signed_out_page(response)
        assert way_back(response) is None

    @pytest.mark.contract("OP-58", "ID-43")
    def test_another_language(self, browser, question, done, is_signed_in, maria):
        def in_german(page):
            (href,) = re.findall(r'<a href="([^"]*)" lang="de"', page.content.decode())
            page = browser.get(page.wsgi_request.path + href.replace("&amp;", "&"))
            assert (page.status_code, page["Content-Language"]) == (200, "de")
            return page

        assert way_back(in_german(browser.get(done))) == f"{BYE}?state=x"
        browser.force_login(maria)
        translated = in_german(question)
        assert is_question(translated)
        assert is_signed_in(browser)
        assert confirm_and_return(browser, translated) == f"{BYE}?state=x"

    @pytest.mark.contract("ID-153")
    def test_a_question_about_somebody_else_is_asked_anew(self, browser, question, is_signed_in):
        """Maria's page was open while another person signed in: it does not sign that one out unseen."""
        browser.force_login(UserFactory(login="boris", name="Boris"))
        action, fields = form_of(question, id="signout")
        again = browser.post(action, fields)
        assert is_question(again)
        assert "Boris" in again.content.decode()
        assert is_signed_in(browser)
        assert confirm_and_return(browser, again) == f"{BYE}?state=x"

    @pytest.mark.contract("OP-58")
    @pytest.mark.parametrize("path", [CONFIRM, f"{CONFIRM}?language=de"])
    def test_the_address_of_the_form_leads_to_the_question(self, path, browser, hint, is_signed_in):
        """A refused form stands at it, with the menu of languages below."""
        response = browser.get(path)
        assert (response.status_code, response["Location"]) == (302, END_SESSION)
        assert is_question(browser.get(response["Location"]))
        assert is_signed_in(browser)

    @pytest.mark.contract("OP-58")
    def test_the_language_that_the_application_wants(self, browser, hint):
        question = end(browser, ui_locales="fr-CA bg")
        assert question["Content-Language"] == "bg"
        assert confirm(browser, question)["Content-Language"] == "bg"

    @pytest.mark.contract("OP-230")
    def test_the_address_with_the_hint_is_told_to_nobody(self, browser, hint):
        question = end(browser, id_token_hint="garbage")
        # Not `no-referrer`, with which browsers send `Origin: null`, and the form would be refused as a forgery.
        assert question["Referrer-Policy"] == "strict-origin"
        for response in (end(browser, id_token_hint=hint), end(browser, client_id="x"), browser.get(DONE)):
            assert response["Referrer-Policy"] == "no-referrer"
        for response in (question, browser.get(DONE)):
            assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', response.content.decode())
