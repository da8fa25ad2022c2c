"""Single claims that are asked for by their names, and the wishes that only one person or one context can fulfil."""

import json

import pytest
from django.test import Client

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.identity.models import Consent
from erpnet_identity.oauth import claims_request
from erpnet_identity.tenancy.models import Instance
from erpnet_identity.tokens.models import Grant
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.jwt import claims_of
from tests.support.relying_party import answer_of, form_of

pytestmark = pytest.mark.django_db

PASSWORD_CONTEXT = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
OTHER_CONTEXT = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"
EMAIL = {"email": "maria@example.com", "email_verified": True}
# What an ID token of the token endpoint has with `openid` alone.
ALWAYS = {
    *("iss", "aud", "iat", "nbf", "exp", "sub", "sid", "auth_time", "idp", "amr", "nonce", "at_hash", "s_hash"),
}  # fmt: skip


@pytest.fixture
def maria(db):
    Instance.objects.create(name="ACME")
    return UserFactory(
        login="maria", name="Maria", email="maria@example.com", email_confirmed=True, password="correct horse battery"
    )


@pytest.fixture
def rp(relying_party, web_app, maria):
    return relying_party(web_app, user=maria, scope="openid")


def asking(**places):
    """The value of the parameter, as JSON."""
    return json.dumps(places)


def is_consent_page(response):
    return response.status_code == 200 and b'id="consent"' in response.content


def shown_scopes(page):
    return [part.split('"', 1)[0] for part in page.content.decode().split('data-scope="')[1:]]


class TestUserInfo:
    @pytest.mark.contract("OP-61", "OP-173")
    @pytest.mark.parametrize(
        ("wish", "claims"),
        [
            ({"name": None}, {"name": "Maria"}),
            ({"email": None, "email_verified": None}, EMAIL),
            ({"email": {"essential": True}}, {"email": "maria@example.com"}),
            ({"locale": {"essential": False}, "user_type": {}}, {"locale": "en", "user_type": "InternalUser"}),
            ({"preferred_username": {"value": "somebody else"}}, {"preferred_username": "maria"}),
            ({"db": 1, "is_admin": "x", "name": []}, {"db": "ACME", "is_admin": False, "name": "Maria"}),
            ({"phone_number": {"essential": True}, "address": None, "x": None}, {}),
        ],
        ids=lambda value: "-".join(value),
    )
    def test_a_claim_without_its_scope(self, wish, claims, rp):
        tokens = rp.tokens(claims=asking(userinfo=wish))
        assert tokens["scope"] == "openid"
        assert rp.userinfo(tokens["access_token"]).json() == {"sub": "maria", **claims}
        assert set(claims_of(tokens["id_token"])) == ALWAYS

    @pytest.mark.contract("OP-61")
    def test_beside_a_scope(self, rp):
        tokens = rp.tokens(scope="openid email", claims=asking(userinfo={"name": None, "email": None}))
        assert rp.userinfo(tokens["access_token"]).json() == {"sub": "maria", "name": "Maria", **EMAIL}

    @pytest.mark.contract("OP-61", "OP-173")
    def test_what_has_no_value_is_left_out_and_no_error(self, relying_party, web_app):
        rp = relying_party(web_app, user=UserFactory(email=""), scope="openid")
        wish = {"email": {"essential": True}, "email_verified": {"essential": True}}
        tokens = rp.tokens(claims=asking(userinfo=wish, id_token=wish))
        assert set(rp.userinfo(tokens["access_token"]).json()) == {"sub"}
        assert set(claims_of(tokens["id_token"])) == ALWAYS

    @pytest.mark.contract("OP-61", "ID-120", "CL-16")
    def test_a_renewal_keeps_what_was_asked_for(self, rp):
        wish = asking(userinfo={"name": None}, id_token={"email": None})
        tokens = rp.tokens(scope="openid offline_access", claims=wish)
        for _ in range(2):
            tokens = rp.refresh(tokens["refresh_token"], scope="openid offline_access").json()
            assert rp.userinfo(tokens["access_token"]).json() == {"sub": "maria", "name": "Maria"}
            assert claims_of(tokens["id_token"])["email"] == "maria@example.com"

    @pytest.mark.contract("OP-61", "ID-176")
    def test_a_community_user(self, relying_party, community_user):
        application = TrustedApplicationFactory(web=True, allows_community_users=True)
        rp = relying_party(application, user=community_user, scope="openid")
        tokens = rp.tokens(claims=asking(userinfo={"user_type": None}))
        assert rp.userinfo(tokens["access_token"]).json()["user_type"] == "ExternalCommunityUser"

    @pytest.mark.contract("OP-54", "TK-101")
    def test_without_openid_it_has_no_effect(self, rp):
        response = rp.authorize(scope="read", claims=asking(userinfo={"name": None}))
        assert shown_scopes(response) == ["read"]
        tokens = rp.tokens(scope="read", claims="not even JSON")
        assert rp.userinfo(tokens["access_token"]).status_code == 403
        assert not Grant.objects.exclude(claims="").exists()


class TestIdToken:
    @pytest.mark.contract("OP-61", "OP-116", "TK-47", "TK-48")
    def test_the_one_of_the_token_endpoint(self, rp):
        tokens = rp.tokens(claims=asking(id_token={"name": None, "is_admin": {"essential": True}, "x": None}))
        claims = claims_of(tokens["id_token"])
        assert set(claims) == ALWAYS | {"name", "is_admin"}
        assert (claims["name"], claims["is_admin"]) == ("Maria", False)
        assert rp.userinfo(tokens["access_token"]).json() == {"sub": "maria"}

    @pytest.mark.contract("OP-116", "TK-48", "OP-61", "OP-115")
    @pytest.mark.parametrize("mode", ["fragment", "form_post"])
    def test_the_one_in_the_browser_says_nothing_of_the_person(self, mode, rp):
        """Neither what a scope gives nor what is asked for by name (OIDC Core §3.3.3.6)."""
        names = sorted(claims_request.KNOWN)
        answer = rp.answer(
            response_type="code id_token",
            response_mode=mode,
            scope="openid profile email",
            claims=asking(id_token=dict.fromkeys([*names, "acr"])),
        )
        in_browser = claims_of(answer["id_token"])
        assert set(in_browser) == (ALWAYS - {"at_hash"}) | {"c_hash", "acr"}
        assert "Maria" not in str(in_browser)
        of_endpoint = claims_of(rp.exchange(answer["code"]).json()["id_token"])
        assert set(of_endpoint) == ALWAYS | set(names) | {"acr"}
        assert of_endpoint["acr"] == in_browser["acr"]

    @pytest.mark.contract("OP-116", "TK-48")
    def test_scopes_say_in_it_what_the_table_lists(self, rp):
        claims = claims_of(rp.tokens(scope="openid profile")["id_token"])
        assert set(claims) == ALWAYS | {"name", "preferred_username", "email", "email_verified", "locale"}
        assert set(claims_of(rp.tokens(scope="openid email")["id_token"])) == ALWAYS | {"email", "email_verified"}


class TestConsent:
    @pytest.mark.contract("OP-61", "ID-81")
    @pytest.mark.parametrize(
        ("scope", "wish", "shown"),
        [
            ("openid", {"name": None}, ["openid", "profile"]),
            ("openid", {"email": None}, ["openid", "email"]),
            ("openid", {"email": None, "name": None}, ["openid", "profile", "email"]),
            ("openid profile", {"email": None, "name": None}, ["openid", "profile"]),
            ("openid email", {"email": None}, ["openid", "email"]),
            ("openid", {"sub": None, "x": None}, ["openid"]),
        ],
        ids=lambda value: value if isinstance(value, str) else "-".join(value),
    )
    @pytest.mark.parametrize("place", ["userinfo", "id_token"])
    def test_the_page_lists_what_stands_behind_a_claim(self, place, scope, wish, shown, rp):
        assert shown_scopes(rp.authorize(scope=scope, claims=asking(**{place: wish}))) == shown

    @pytest.mark.contract("OP-61", "OP-92", "OP-105", "ID-82")
    def test_it_is_asked_for_and_remembered_like_the_scope(self, rp, maria, web_app):
        wish = asking(userinfo={"email": None})
        rp.answer()
        assert rp.answer(prompt="none", claims=wish)["error"] == "consent_required"
        assert rp.answer_consent(rp.authorize(claims=wish), "deny").status_code == 302
        assert rp.answer(prompt="none", claims=wish)["error"] == "consent_required"
        assert "code" in rp.answer(claims=wish)
        assert "code" in rp.answer(prompt="none", claims=wish)
        assert "code" in rp.answer(prompt="none", scope="openid email")
        assert Consent.objects.get(user=maria, application=web_app).scopes == {"openid", "email"}

    @pytest.mark.contract("OP-61")
    def test_a_no_gives_nothing(self, rp):
        page = rp.authorize(claims=asking(userinfo={"email": None}))
        assert answer_of(rp.answer_consent(page, "deny"))[2]["error"] == "access_denied"
        assert not Grant.objects.exists()

    @pytest.mark.contract("ID-85", "OP-61")
    def test_where_nobody_is_asked(self, relying_party, maria):
        rp = relying_party(TrustedApplicationFactory(web=True, is_first_party=True), user=maria, scope="openid")
        tokens = rp.tokens(prompt="none", claims=asking(userinfo={"email": None}))
        assert rp.userinfo(tokens["access_token"]).json() == {"sub": "maria", "email": "maria@example.com"}


class TestForm:
    @pytest.mark.contract("OP-60", "OP-71")
    @pytest.mark.parametrize(
        "text",
        [
            "x", "[]", "1", "null", '"userinfo"', "true", "{", "{}}", "{'userinfo': 1}", "\ufeff{}", "[" * 8000,
            '{"a":' * 1600, "1" * 5000, "=", "%7B%7D", '{"a": "\n"}',
        ],
        ids=lambda text: text[:12],
    )  # fmt: skip
    def test_what_is_no_json_object(self, text, rp):
        for parameters in ({}, {"prompt": "none"}, {"response_type": "code id_token"}):
            _, mode, answer = answer_of(rp.authorize(claims=text, **parameters))
            assert mode == ("fragment" if "response_type" in parameters else "query")
            assert answer == {
                "error": "invalid_request",
                "error_description": "The parameter claims must be a JSON object",
                "state": "a state",
                "iss": "http://127.0.0.1:8000/id",
            }
        event = AuditEvent.objects.filter(name="authorization.refused").latest("id")
        assert event.cause == "claims_malformed"

    @pytest.mark.contract("OP-60")
    @pytest.mark.parametrize(
        "text",
        [
            "{}", " {} ", '{"x": {"name": null}}', '{"userinfo": null}', '{"userinfo": [], "id_token": "x"}',
            '{"userinfo": {"": null, "x": {"value": {}}}, "purpose": "y"}', '{"a": NaN, "b": 1e999, "c": -0}',
            '{"id_token": {"sub": null, "acr": null}}', '{"id_token": {"sub": 5, "acr": []}}',
            '{"id_token": {"sub": {"value": null}, "acr": {"essential": true}}}', '{"\\ud800": {"\\udfff": 1}}',
            '{"a":' * 300 + "1" + "}" * 300, '{"userinfo": {"x": "' + "x" * 8000 + '"}}', '{"userinfo": {"имя": null}}',
            '{"userinfo": {"auth_time": null, "sub": null, "iss": null}}', '{"userinfo": {"__class__": null}}',
        ],
        ids=lambda text: text[:24],
    )  # fmt: skip
    def test_what_is_not_known_is_ignored(self, text, rp):
        tokens = rp.tokens(claims=text)
        assert rp.userinfo(tokens["access_token"]).json() == {"sub": "maria"}
        assert set(claims_of(tokens["id_token"])) - {"acr"} == ALWAYS

    @pytest.mark.contract("OP-42", "OP-43", "OP-63")
    def test_empty_repeated_and_too_long(self, rp):
        assert "code" in rp.answer(claims="")
        too_long = rp.authorize(claims=asking(userinfo={"x": "x" * 8200}))
        assert (too_long.status_code, "Location" in too_long) == (400, False)
        address = (
            f"/id/connect/authorize?{rp.authorize().wsgi_request.META['QUERY_STRING']}&claims=%7B%7D&claims=%7B%7D"
        )
        assert answer_of(rp.client.get(address))[2]["error"] == "invalid_request"

    @pytest.mark.contract("OP-95", "OP-40")
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_it_survives_the_pages(self, method, relying_party, web_app, maria):
        """A sign-in and a consent lie between the request and the answer."""
        rp = relying_party(web_app, scope="openid")
        page = rp.client.get(rp.authorize(method=method, claims=asking(userinfo={"name": None}))["Location"])
        response = sign_in(rp.client, page, "maria", "correct horse battery")
        assert shown_scopes(response) == ["openid", "profile"]
        code = answer_of(rp.answer_consent(response))[2]["code"]
        tokens = rp.exchange(code).json()
        assert rp.userinfo(tokens["access_token"]).json() == {"sub": "maria", "name": "Maria"}


def sign_in(browser, page, login, password):
    """Fill in the sign-in page; whatever follows its redirect."""
    action, fields = form_of(page, id="signin")
    response = browser.post(
        action or page.wsgi_request.get_full_path(), {**fields, "login": login, "password": password}
    )
    return browser.get(response["Location"])


class TestWantedPerson:
    @pytest.mark.contract("OP-62")
    @pytest.mark.parametrize(
        "sub", [{"value": "maria"}, {"values": ["x", "maria"]}, {"essential": True, "value": "maria"}, {}, None]
    )
    def test_the_one_who_is_signed_in(self, sub, rp):
        rp.answer()
        assert "code" in rp.answer(prompt="none", claims=asking(id_token={"sub": sub}))

    @pytest.mark.contract("OP-62", "OP-101")
    @pytest.mark.parametrize(
        "sub",
        [
            {"value": "boris"}, {"value": "Maria"}, {"value": "maria "}, {"values": ["boris", "x"]}, {"value": ""},
            # Not understood, so it may not mean everybody.
            {"value": 5}, {"value": ["maria"]}, {"value": {"x": "maria"}}, {"values": [5, None]}, {"value": "\ud800"},
        ],
        ids=str,
    )  # fmt: skip
    def test_somebody_else(self, sub, rp):
        rp.answer()
        wish = asking(id_token={"sub": sub})
        assert rp.answer(prompt="none", claims=wish)["error"] == "login_required"
        response = rp.authorize(claims=wish)
        assert response.status_code == 302
        assert response["Location"].startswith("/id/signin?")
        event = AuditEvent.objects.filter(name="authorization.refused").latest("id")
        assert event.cause == "another_user"

    @pytest.mark.contract("OP-62")
    @pytest.mark.parametrize(("wanted", "error"), [("boris", None), ("olga", "login_required")])
    def test_the_person_is_asked_to_sign_in(self, wanted, error, rp):
        for login in ("boris", "olga"):
            UserFactory(login=login, password="correct horse battery")
        page = rp.client.get(rp.authorize(claims=asking(id_token={"sub": {"value": wanted}}))["Location"])
        response = sign_in(rp.client, page, "boris", "correct horse battery")
        if error is None:
            answer = answer_of(rp.answer_consent(response))[2]
            assert claims_of(rp.exchange(answer["code"]).json()["id_token"])["sub"] == "boris"
        else:
            answer = answer_of(response)[2]
            assert answer["error"] == error
            assert "code" not in answer

    @pytest.mark.contract("OP-62", "OP-90")
    def test_nobody_signed_in(self, relying_party, web_app, maria):
        rp = relying_party(web_app, scope="openid", browser=Client())
        answer = rp.answer(prompt="none", claims=asking(id_token={"sub": {"value": "maria"}}))
        assert answer["error"] == "login_required"


class TestContext:
    @pytest.mark.contract("OP-59", "OP-117")
    @pytest.mark.parametrize(
        ("parameters", "acr"),
        [
            ({}, None),
            ({"acr_values": PASSWORD_CONTEXT}, PASSWORD_CONTEXT),
            ({"acr_values": f"{OTHER_CONTEXT} {PASSWORD_CONTEXT}"}, PASSWORD_CONTEXT),
            ({"acr_values": OTHER_CONTEXT}, None),
            ({"acr_values": "idp:google 1 0"}, None),
            ({"claims": asking(id_token={"acr": None})}, PASSWORD_CONTEXT),
            ({"claims": asking(id_token={"acr": {"essential": True}})}, PASSWORD_CONTEXT),
            ({"claims": asking(id_token={"acr": {"value": PASSWORD_CONTEXT}})}, PASSWORD_CONTEXT),
            ({"claims": asking(id_token={"acr": {"values": [OTHER_CONTEXT, PASSWORD_CONTEXT]}})}, PASSWORD_CONTEXT),
            ({"claims": asking(id_token={"acr": {"value": OTHER_CONTEXT}})}, None),
            ({"claims": asking(id_token={"acr": {"value": OTHER_CONTEXT}}), "acr_values": PASSWORD_CONTEXT},
             PASSWORD_CONTEXT),
            ({"claims": asking(userinfo={"acr": {"essential": True, "value": OTHER_CONTEXT}})}, None),
        ],
        ids=str,
    )  # fmt: skip
    def test_a_context_that_was_reached_is_named(self, parameters, acr, rp):
        answer = rp.answer(response_type="code id_token", scope="openid offline_access", **parameters)
        tokens = rp.exchange(answer["code"]).json()
        renewed = rp.refresh(tokens["refresh_token"]).json()
        for token in (answer["id_token"], tokens["id_token"], renewed["id_token"]):
            claims = claims_of(token)
            assert claims.get("acr") == acr
            assert claims["amr"] == ["pwd"]
            assert isinstance(claims["sid"], str)

    @pytest.mark.contract("OP-62")
    @pytest.mark.parametrize(
        "acr",
        [
            {"essential": True, "value": PASSWORD_CONTEXT},
            {"essential": True, "values": [OTHER_CONTEXT, PASSWORD_CONTEXT]},
            {"essential": True},
            {"essential": False, "value": OTHER_CONTEXT},
            {"essential": "true", "value": OTHER_CONTEXT},
        ],
        ids=str,
    )
    def test_essential_and_reached_or_not_essential(self, acr, rp):
        rp.answer()
        assert "code" in rp.answer(prompt="none", claims=asking(id_token={"acr": acr}))

    @pytest.mark.contract("OP-62")
    @pytest.mark.parametrize(
        "acr", [{"value": OTHER_CONTEXT}, {"values": ["1", "2"]}, {"value": 5}, {"values": [None]}], ids=str
    )
    def test_essential_and_out_of_reach(self, acr, rp):
        wish = asking(id_token={"acr": {"essential": True, **acr}})
        assert rp.answer(prompt="none", claims=wish)["error"] == "login_required"
        assert rp.answer(claims=wish)["error"] == "access_denied"
        event = AuditEvent.objects.filter(name="authorization.refused").latest("id")
        assert event.cause == "acr_not_reached"
        assert not Grant.objects.exists()
