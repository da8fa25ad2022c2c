"""UserInfo tells an application about the person it acts for: what was granted, and nothing to anybody else."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import jwt as pyjwt
import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions.models import License
from erpnet_identity.keys import jwt
from erpnet_identity.tenancy.models import Instance
from erpnet_identity.tokens.models import AccessToken
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.jwt import claims_of, header_of
from tests.support.relying_party import FORM

pytestmark = pytest.mark.django_db

USERINFO = "/id/connect/userinfo"
ORIGIN = "https://web.example.com"
CHALLENGE = 'Bearer realm="erpnet"'


@pytest.fixture
def person(db):
    Instance.objects.create(name="ACME")
    return UserFactory(
        login="maria", name="Мария Петрова", email="maria@example.com", email_confirmed=True, locale="bg", is_admin=True
    )


@pytest.fixture
def tokens(relying_party, web_app, person):
    """``tokens("openid profile")`` is the token response of a sign-in."""

    def get(scope="openid", *, application=web_app, user=person, **parameters):
        return relying_party(application, user=user, scope=scope, **parameters).tokens()

    return get


@pytest.fixture
def ask():
    """``ask(token)`` calls as an application's back end does: no cookies, the token in the header."""
    browser = Client()

    def call(token=None, *, method="GET", headers=None, query="", **kwargs):
        headers = {**({"Authorization": f"Bearer {token}"} if token is not None else {}), **(headers or {})}
        return browser.generic(method, f"{USERINFO}{query}", headers=headers, **kwargs)

    return call


def resigned(token, *, typ="at+jwt", **changes):
    """The same token with other claims, signed with the instance's own key."""
    claims = {**claims_of(token), **changes}
    return jwt.sign(claims, typ=typ, now=timezone.now())


class TestClaims:
    SUB = {"sub": "maria"}
    EMAIL = {"email": "maria@example.com", "email_verified": True}
    PROFILE = {
        "name": "Мария Петрова",
        "preferred_username": "maria",
        **EMAIL,
        "locale": "bg",
        "user_type": "InternalUser",
        "is_admin": True,
        "db": "ACME",
    }

    @pytest.mark.contract("ID-142", "ID-143", "OP-173", "OP-174", "TK-89", "TK-104")
    @pytest.mark.parametrize(
        ("scope", "claims"),
        [
            ("openid", {}),
            ("openid email", EMAIL),
            ("openid profile", PROFILE),
            ("openid profile email", PROFILE),
            ("email openid read offline_access", EMAIL),
            ("openid read update", {}),
        ],
    )
    def test_the_granted_scopes_decide(self, scope, claims, tokens, ask, person):
        response = ask(tokens(scope)["access_token"])
        assert response.status_code == 200
        if "profile" in scope:
            claims = {**claims, "id": str(person.pk)}
        assert response.json() == {**self.SUB, **claims}

    @pytest.mark.contract("ID-142", "OP-173")
    @pytest.mark.parametrize("scope", ["openid email", "openid profile"])
    def test_a_claim_without_a_value_is_left_out(self, scope, tokens, ask):
        body = ask(tokens(scope, user=UserFactory(email=""))["access_token"]).json()
        assert {"email", "email_verified"}.isdisjoint(body)
        assert all(value not in (None, "") for value in body.values())

    @pytest.mark.contract("ID-143", "OP-174")
    def test_booleans_are_booleans(self, tokens, ask):
        other = UserFactory(email="x@example.com", email_confirmed=False)
        body = ask(tokens("openid profile", user=other)["access_token"]).json()
        assert (body["email_verified"], body["is_admin"]) == (False, False)

    @pytest.mark.contract("OP-172", "ID-07")
    def test_json_in_utf_8_that_nobody_keeps(self, tokens, ask):
        response = ask(tokens("openid profile")["access_token"])
        assert response["Content-Type"] == "application/json"
        assert "Мария Петрова".encode() in response.content
        assert response["Cache-Control"] == "no-store"
        assert response["Pragma"] == "no-cache"
        assert not response.cookies

    @pytest.mark.contract("OP-172", "OP-112", "CL-07")
    @pytest.mark.parametrize("response_type", ["code", "code id_token"])
    def test_sub_is_that_of_every_id_token_of_every_sign_in(self, response_type, relying_party, web_app, person, ask):
        subjects = set()
        for browser in (Client(), Client()):
            party = relying_party(web_app, user=person, browser=browser, scope="openid offline_access")
            answer = party.answer(response_type=response_type)
            first = party.exchange(answer["code"]).json()
            second = party.refresh(first["refresh_token"]).json()
            id_tokens = [first["id_token"], second["id_token"]]
            id_tokens += [answer["id_token"]] if response_type == "code id_token" else []
            subjects |= {claims_of(token)["sub"] for token in id_tokens}
            subjects |= {ask(found["access_token"]).json()["sub"] for found in (first, second)}
        assert subjects == {"maria"}

    @pytest.mark.contract("ID-144", "ID-176", "ID-182", "TK-41", "TK-42")
    def test_a_community_user(self, tokens, ask, community_user):
        application = TrustedApplicationFactory(web=True, allows_community_users=True)
        found = tokens("openid profile read", application=application, user=community_user)
        claims = claims_of(found["access_token"])
        assert claims["aud"] == "http://127.0.0.1:8000/id/resources"
        body = ask(found["access_token"]).json()
        assert (body["sub"], body["user_type"]) == (community_user.login, "ExternalCommunityUser")
        refused = Client().get(
            "/api/domain/odata/Crm_Sales_Customers", headers={"Authorization": f"Bearer {found['access_token']}"}
        )
        assert refused.status_code == 401

    @pytest.mark.contract("ID-142")
    def test_what_the_account_says_now(self, tokens, ask, person):
        token = tokens("openid profile")["access_token"]
        person.name, person.email, person.email_confirmed = "Maria Ivanova", "new@example.com", False
        person.save()
        body = ask(token).json()
        assert (body["name"], body["email"], body["email_verified"]) == ("Maria Ivanova", "new@example.com", False)


class TestWaysToAsk:
    @pytest.fixture
    def token(self, tokens):
        return tokens("openid")["access_token"]

    @pytest.mark.contract("ID-140", "OP-170")
    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
    def test_get_and_post_with_the_header_in_any_case(self, method, scheme, token, ask):
        response = ask(method=method, headers={"Authorization": f"{scheme} {token}"})
        assert (response.status_code, response.json()) == (200, {"sub": "maria"})

    @pytest.mark.contract("OP-171")
    @pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=UTF-8", FORM.upper()])
    def test_post_with_the_token_in_the_form(self, content_type, token, ask):
        body = urlencode({"access_token": token, "x": "1"})
        assert ask(method="POST", data=body, content_type=content_type).json() == {"sub": "maria"}

    @pytest.mark.contract("ID-140", "CL-07", "OP-42")
    def test_other_parameters_are_ignored(self, token, ask):
        for query in ("?schema=openid", "?a=1&a=2&%00=%ff", "?access_token=x&client_id="):
            assert ask(token, query=query).status_code == 200
        assert ask(token, method="POST", data="schema=openid", content_type=FORM).status_code == 200
        assert ask(token, method="POST", data="{", content_type="application/json").status_code == 200

    @pytest.mark.contract("OP-171", "TK-06")
    def test_a_token_in_the_address_or_in_another_body_does_not_count(self, token, ask):
        query = f"?{urlencode({'access_token': token})}"
        in_json, in_form = json.dumps({"access_token": token}), urlencode({"access_token": token})
        for response in (
            ask(query=query),
            ask(query=query, method="POST"),
            ask(method="POST", data=in_json, content_type="application/json"),
            ask(method="POST", data=in_form, content_type="text/plain"),
            ask(data=in_form, content_type=FORM),  # the body of a GET
        ):
            assert (response.status_code, response["WWW-Authenticate"]) == (401, CHALLENGE)

    def test_the_cookie_of_the_person_does_not_count(self, client, token, person):
        client.force_login(person)
        assert client.get(USERINFO).status_code == 401

    @pytest.mark.contract("OP-175")
    @pytest.mark.parametrize(
        ("kwargs", "description"),
        [
            ({"with_header": True}, "Only one token may be sent"),
            ({"more": "&access_token=x"}, "A parameter is repeated"),
            ({"more": "&x=%ff"}, "A parameter is not valid UTF-8"),
            ({"more": "&x=%00"}, "A parameter contains a NUL character"),
            ({"more": "&x=" + "x" * 70_000}, "The request body is too large"),
            ({"more": "&x=" + "x" * 2_000_000}, "The request body is too large"),
            ({"content_type": f"{FORM}; charset=utf-16"}, "The charset must be UTF-8"),
        ],
        ids=lambda value: value if isinstance(value, str) else None,
    )
    def test_forms_that_cannot_be_understood(self, kwargs, description, token, ask):
        body = urlencode({"access_token": token}) + kwargs.get("more", "")
        response = ask(
            token if "with_header" in kwargs else None,
            method="POST",
            data=body,
            content_type=kwargs.get("content_type", FORM),
        )
        assert response.status_code == 400
        assert response.json() == {"error": "invalid_request", "error_description": description}
        assert response["WWW-Authenticate"].startswith(f'{CHALLENGE}, error="invalid_request"')

    @pytest.mark.contract("ID-140", "ID-07")
    @pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"])
    def test_other_methods(self, method, token, ask):
        response = ask(token, method=method)
        assert (response.status_code, response["Allow"]) == (405, "GET, POST, OPTIONS")
        assert response["Content-Type"] == "application/json"
        assert response["Cache-Control"] == "no-store"
        if method != "HEAD":
            assert response.json()["error"] == "invalid_request"

    @pytest.mark.contract("ID-144", "ID-61")
    def test_it_costs_three_statements_and_no_license(self, token, ask, django_assert_num_queries):
        License.objects.create(slots=0)
        ask(token)  # the signing key and the name of the instance are known from now on
        with django_assert_num_queries(2):
            assert ask(token).status_code == 200
        with django_assert_num_queries(3):
            assert ask(token, headers={"Origin": ORIGIN})["Access-Control-Allow-Origin"] == ORIGIN


class Case:
    """One way to be refused. ``make`` gets the fixtures of the test and returns the token to send, None for none."""

    def __init__(self, name, make, cause, status=401, error="invalid_token", has_client=False):
        self.name, self.make, self.cause, self.status, self.error = name, make, cause, status, error
        self.has_client = has_client

    def __repr__(self):
        return self.name


def _user_off(setup):
    token = setup.access_token()
    setup.person.is_active = False
    setup.person.save()
    return token


def _app_off(setup):
    token = setup.access_token()
    setup.application.is_enabled = False
    setup.application.save()
    return token


def _app_deleted(setup):
    token = setup.access_token()
    setup.application.delete()
    return token


def _user_replaced(setup):
    """The row says another person than the token."""
    token = setup.access_token()
    AccessToken.objects.update(user=UserFactory())
    return token


def _replayed(setup):
    party = setup.party("openid")
    code = party.code()
    token = party.exchange(code).json()["access_token"]
    assert party.exchange(code).json()["error"] == "invalid_grant"
    return token


def _narrowed(setup):
    party = setup.party("openid read offline_access")
    return party.refresh(party.tokens()["refresh_token"], scope="read").json()["access_token"]


def _unsigned(setup):
    token = setup.access_token()
    claims = claims_of(token)
    return pyjwt.encode(claims, None, algorithm="none", headers={**header_of(token), "alg": "none"})


def _altered(setup):
    header, payload, signature = setup.access_token().split(".")
    return f"{header}.{payload}.{signature[:-8]}{'A' * 8}"


# What a token shows to whoever reads it; of all other causes nobody learns which it was.
SHOWN = {
    "token_expired": "The token has expired",
    "token_type": "This is not an access token of this instance; send the access token and not the ID token",
}
NO_OPENID = {"status": 403, "error": "insufficient_scope", "has_client": True}
CASES = [
    Case("nothing", lambda setup: None, "credential_missing", error=""),
    Case("empty", lambda setup: "", "token_malformed"),
    Case("no-jwt", lambda setup: "abc", "token_malformed"),
    Case("two-tokens", lambda setup: "a.b.c a.b.c", "token_malformed"),
    Case("not-ascii", lambda setup: "é", "token_malformed"),
    Case("too-long", lambda setup: "x" * 9000, "token_malformed"),
    Case("altered", _altered, "token_signature"),
    Case("unsigned", _unsigned, "token_algorithm"),
    Case("revoked-by-replay", _replayed, "token_revoked", has_client=True),
    Case("expired", lambda setup: resigned(setup.access_token(), exp=1_000_000_000), "token_expired"),
    Case("id-token", lambda setup: setup.party("openid").tokens()["id_token"], "token_type"),
    Case("wrong-typ", lambda setup: resigned(setup.access_token(), typ="JWT"), "token_type"),
    Case("logout-typ", lambda setup: resigned(setup.access_token(), typ="logout+jwt"), "token_type"),
    Case("other-issuer", lambda setup: resigned(setup.access_token(), iss="https://x.example/id"), "token_issuer"),
    Case("other-audience", lambda setup: resigned(setup.access_token(), aud="DomainAPI"), "token_audience"),
    Case("not-stored", lambda setup: resigned(setup.access_token(), jti="0" * 32), "token_unknown"),
    Case("scope-widened", lambda setup: resigned(setup.access_token("read"), scope=["openid"]), "token_unknown"),
    Case("refresh-token", lambda setup: setup.party("openid offline_access").tokens()["refresh_token"],
         "token_malformed"),
    Case("code", lambda setup: setup.party("openid").code(), "token_malformed"),
    Case("reference-token", lambda setup: "enrt_" + "0A" * 32, "token_malformed"),
    Case("user-deactivated", _user_off, "user_inactive", has_client=True),
    Case("user-replaced", _user_replaced, "user_changed", has_client=True),
    Case("application-disabled", _app_off, "application_disabled", has_client=True),
    Case("application-deleted", _app_deleted, "token_unknown"),
    Case("without-openid", lambda setup: setup.access_token("read"), "scope_openid", **NO_OPENID),
    Case("profile-alone", lambda setup: setup.access_token("profile email"), "scope_openid", **NO_OPENID),
    Case("openid-left-out-later", _narrowed, "scope_openid", **NO_OPENID),
    Case("service", lambda setup: setup.service(), "service_token", **NO_OPENID),
]  # fmt: skip
# The rows that speak of one case alone.
ROWS = {
    "altered": ["OP-243"],
    "unsigned": ["OP-243"],
    "revoked-by-replay": ["OP-151", "TK-106"],
    "expired": ["OP-243"],
    "id-token": ["OP-118", "OP-243", "TK-49"],
    "wrong-typ": ["OP-243"],
    "logout-typ": ["OP-243"],
    "other-issuer": ["OP-243", "TK-05"],
    "other-audience": ["OP-243"],
    "reference-token": ["TK-85"],
    "user-deactivated": ["OP-176", "TK-106"],
    "application-disabled": ["TA-70", "TK-106"],
    "application-deleted": ["TK-106"],
    "profile-alone": ["TK-101"],
}


class TestRefused:
    @pytest.fixture
    def setup(self, relying_party, web_app, person, service_app, service_token):
        class Setup:
            application = web_app

            def party(self, scope):
                return relying_party(web_app, user=person, scope=scope)

            def access_token(self, scope="openid"):
                return self.party(scope).tokens()["access_token"]

            def service(self):
                return service_token(service_app, "read")

        Setup.person = person
        return Setup()

    @pytest.mark.contract("ID-141", "ID-07", "OP-175", "DR-01", "DR-02")
    @pytest.mark.parametrize(
        "case",
        [pytest.param(case, id=case.name, marks=pytest.mark.contract(*ROWS.get(case.name, []))) for case in CASES],
    )
    def test_each_cause(self, case, setup, ask):
        token = case.make(setup)
        self.check(case, token, lambda: ask(token))
        if token and case.name != "too-long":
            body = urlencode({"access_token": token})
            self.check(case, token, lambda: ask(method="POST", data=body, content_type=FORM))

    def check(self, case, token, call):
        before = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
        response = call()
        assert response.status_code == case.status
        assert response["Cache-Control"] == "no-store"
        assert response["Pragma"] == "no-cache"
        assert not response.cookies
        if not case.error:
            assert (response["WWW-Authenticate"], response.content) == (CHALLENGE, b"")
            assert "Content-Type" not in response
        else:
            description = {401: "The access token is not valid", 403: "The scope openid is needed"}[case.status]
            description = SHOWN.get(case.cause, description)
            assert response["Content-Type"] == "application/json"
            assert response.json() == {"error": case.error, "error_description": description}
            challenge = f'{CHALLENGE}, error="{case.error}", error_description="{description}"'
            assert response["WWW-Authenticate"] == challenge + (', scope="openid"' if case.status == 403 else "")
        event = AuditEvent.objects.get(pk__gt=before)
        assert (event.name, event.outcome) == ("api_call.refused", "refused")
        assert (event.cause, event.detail) == (case.cause, {"status": case.status, "resource": "userinfo"})
        assert event.correlation_id == response["X-Correlation-Id"]
        if case.has_client:
            claims = claims_of(token)
            assert (event.client_id, event.token_id) == (claims["client_id"], claims["jti"])

    @pytest.mark.contract("OP-175", "ID-141")
    def test_another_scheme_is_no_token(self, setup, ask):
        for header in ("Basic YTpi", "Digest x", "Bearer,x", "bearertoken"):
            response = ask(headers={"Authorization": header})
            assert (response.status_code, response["WWW-Authenticate"]) == (401, CHALLENGE)

    @pytest.mark.contract("ID-141", "OP-175", "TK-04")
    def test_expired(self, setup, ask):
        with time_machine.travel(timezone.now(), tick=False) as clock:
            token = setup.access_token()
            clock.shift(timedelta(seconds=3599))
            assert ask(token).status_code == 200
            clock.shift(timedelta(seconds=1))
            response = ask(token)
        assert (response.status_code, response.json()["error"]) == (401, "invalid_token")
        assert AuditEvent.objects.latest("id").cause == "token_expired"

    @pytest.mark.contract("OP-175")
    def test_not_valid_yet(self, setup, ask):
        ahead = int(timezone.now().timestamp()) + 600
        assert ask(resigned(setup.access_token(), nbf=ahead)).status_code == 401
        assert AuditEvent.objects.latest("id").cause == "token_not_yet_valid"

    @pytest.mark.contract("DR-01", "AU-02")
    def test_the_event_names_the_person_where_the_token_is_theirs(self, setup, ask):
        ask(setup.access_token("read"))
        event = AuditEvent.objects.latest("id")
        assert (event.actor_kind, event.actor_id, event.actor_name) == ("user", str(setup.person.pk), "maria")
        assert event.sid

    def test_a_call_that_succeeds_writes_nothing(self, setup, ask):
        token = setup.access_token()
        before = AuditEvent.objects.count()
        assert ask(token).status_code == 200
        assert AuditEvent.objects.count() == before


@pytest.mark.contract("ID-08", "OP-177", "CL-08")
class TestCrossOrigin:
    def test_registered_origins_may_read_answers_and_errors(self, tokens, ask):
        token, without_openid = tokens("openid")["access_token"], tokens("read")["access_token"]
        form = {"method": "POST", "content_type": FORM}
        for status, response in (
            (200, ask(token, headers={"Origin": ORIGIN})),
            (200, ask(headers={"Origin": ORIGIN}, data=urlencode({"access_token": token}), **form)),
            (400, ask(token, headers={"Origin": ORIGIN}, data=urlencode({"access_token": token}), **form)),
            (401, ask(headers={"Origin": ORIGIN})),
            (401, ask("x", headers={"Origin": ORIGIN})),
            (403, ask(without_openid, headers={"Origin": ORIGIN})),
            (405, ask(token, method="PUT", headers={"Origin": ORIGIN})),
        ):
            assert response.status_code == status
            assert response["Access-Control-Allow-Origin"] == ORIGIN
            assert response["Vary"] == "Origin"
            assert "WWW-Authenticate" in response["Access-Control-Expose-Headers"]
            assert "Access-Control-Allow-Credentials" not in response

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example",
            "http://web.example.com",
            "https://web.example.com.evil.example",
            "null",
            "*",
            "x" * 400,
        ],
    )
    def test_other_origins_may_not(self, origin, tokens, ask):
        token = tokens("openid")["access_token"]
        preflight = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        for response in (
            ask(token, headers={"Origin": origin}),
            ask("x", headers={"Origin": origin}),
            ask(method="OPTIONS", headers=preflight),
        ):
            assert "Access-Control-Allow-Origin" not in response
            assert response["Vary"] == "Origin"

    def test_an_application_that_is_off_has_no_origins(self, web_app, ask):
        web_app.is_enabled = False
        web_app.save()
        assert "Access-Control-Allow-Origin" not in ask(headers={"Origin": ORIGIN})

    def test_without_an_origin_nothing_is_said(self, tokens, ask):
        response = ask(tokens("openid")["access_token"])
        assert "Access-Control-Allow-Origin" not in response
        assert "Vary" not in response

    def test_preflight(self, web_app, ask):
        response = ask(method="OPTIONS", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "GET"})
        assert (response.status_code, response.content) == (204, b"")
        assert response["Access-Control-Allow-Origin"] == ORIGIN
        assert response["Access-Control-Allow-Methods"] == "GET, POST"
        assert response["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
        assert "Access-Control-Allow-Credentials" not in response
