"""An authorization code becomes tokens, once, for the application that it was given to; or a documented refusal."""

import re
from urllib.parse import parse_qsl, urlencode

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.tokens.models import AccessToken, Grant, RefreshToken
from erpnet_identity.users.models import UserType
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.jwt import claims_of
from tests.support.relying_party import RelyingParty, challenge_of
from trusted_apps.models import ClientType

pytestmark = pytest.mark.django_db

EVERYTHING = "openid profile read offline_access"
INVALID_CODE = "The authorization code is invalid, expired or already used"
PKCE_FAILED = "PKCE verification failed"
INVALID_CLIENT = "Invalid client_id or client_secret"


@pytest.fixture(params=["confidential", "public"])
def app(request, web_app, public_app):
    """Both kinds of applications that people sign in to (TA-90, TA-91)."""
    return {"confidential": web_app, "public": public_app}[request.param]


@pytest.fixture
def party(relying_party, web_app, internal_user):
    """A confidential application, used by somebody who is signed in."""
    return relying_party(web_app, user=internal_user, scope=EVERYTHING)


def last_refusal():
    event = AuditEvent.objects.filter(name="token.refused").latest("id")
    assert event.outcome == "refused"
    return event


def assert_refused(response, error, description, cause, *, status=400):
    """The answer, the trace with its cause, and nothing stored."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Pragma"] == "no-cache"
    assert response.json() == {"error": error, "error_description": description}
    event = last_refusal()
    assert (event.cause, event.detail["error"]) == (cause, error)
    assert event.detail["grant_type"] == "authorization_code"
    assert event.correlation_id == response.headers["X-Correlation-Id"]
    assert not AuditEvent.objects.filter(name="token.issued").exists()
    assert (AccessToken.objects.count(), RefreshToken.objects.count()) == (0, 0)


def scopes(asked, granted, also, *rows):
    """A case of scopes, with what the token response then has beyond its usual members, and the rows it proves."""
    return pytest.param(asked, granted, also, marks=pytest.mark.contract(*rows))


class TestSuccess:
    @pytest.mark.contract("ID-91", "ID-110", "ID-07", "OP-131", "OP-153")
    @pytest.mark.parametrize(
        "by",
        [
            pytest.param("body", marks=pytest.mark.contract("ID-100", "OP-134")),
            pytest.param("header", marks=pytest.mark.contract("ID-101")),
        ],
    )
    def test_the_answer(self, by, app, relying_party, internal_user):
        party = relying_party(app, user=internal_user, scope="offline_access read openid")
        response = party.exchange(party.code(), **(party.in_header if by == "header" else {}))
        assert response.status_code == 200, response.content
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Pragma"] == "no-cache"
        body = response.json()
        assert set(body) == {"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}
        assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
        assert body["scope"] == "offline_access read openid"
        assert re.fullmatch(r"[0-9A-F]{64}", body["refresh_token"])
        claims = claims_of(body["access_token"])
        assert claims["exp"] - claims["iat"] == body["expires_in"]

    @pytest.mark.contract("ID-91")
    @pytest.mark.parametrize(
        ("asked", "granted", "also"),
        [
            scopes("openid", "openid", {"id_token"}, "TK-92"),
            scopes("offline_access", "offline_access", {"refresh_token"}, "TK-50", "TK-92", "OP-56"),
            scopes("read", "read", set(), "TK-50", "OP-56"),
            scopes("profile read", "profile read", set(), "TK-101"),
            scopes("openid  read openid", "openid read", {"id_token"}, "TK-98"),
            scopes(
                *("update offline_access openid", "update offline_access openid", {"id_token", "refresh_token"}),
                *("TK-98", "TK-50"),
            ),
            scopes("DomainApi", "DomainApi read update", set(), "TK-94", "TK-95"),
            scopes(
                *("DomainApi offline_access", "DomainApi offline_access read update", {"refresh_token"}),
                *("TK-94", "TK-95"),
            ),
            scopes(None, "read update", set(), "TK-90"),
        ],
    )
    def test_members_follow_the_granted_scopes(self, asked, granted, also, app, relying_party, internal_user):
        party = relying_party(app, user=internal_user, scope=asked)
        body = party.tokens()
        assert body["scope"] == granted
        assert claims_of(body["access_token"])["scope"] == granted.split()
        assert set(body) == {"access_token", "token_type", "expires_in", "scope"} | also
        assert party.call_api(body["access_token"]) == (200 if {"read", "update"} & set(granted.split()) else 401)

    @pytest.mark.contract("TK-04", "ID-91")
    def test_lifetime_can_be_shortened(self, party, settings):
        settings.ACCESS_TOKEN_SECONDS = 600
        body = party.tokens()
        claims = claims_of(body["access_token"])
        assert body["expires_in"] == claims["exp"] - claims["iat"] == 600

    @pytest.mark.contract("ID-116")
    @pytest.mark.parametrize("scope", ["read update", "sec", "read", ""])
    def test_a_scope_parameter_is_ignored(self, scope, party):
        assert party.exchange(party.code(), scope=scope).json()["scope"] == EVERYTHING

    @pytest.mark.contract("ID-103", "ID-38")
    def test_a_confidential_application_may_leave_pkce_out(self, relying_party, web_app, internal_user):
        party = relying_party(web_app, user=internal_user, pkce=False)
        assert party.exchange(party.code(), code_verifier="").status_code == 200

    @pytest.mark.contract("OP-221")
    @pytest.mark.parametrize("verifier", ["a" * 43, "~._-" * 32, "Ab0" * 20])
    def test_verifiers_of_any_allowed_form(self, verifier, party):
        assert (
            party.exchange(party.code(code_challenge=challenge_of(verifier)), code_verifier=verifier).status_code == 200
        )

    @pytest.mark.contract("ID-104", "TA-91", "OP-137")
    def test_an_empty_secret_counts_as_none(self, relying_party, public_app, internal_user):
        party = relying_party(public_app, user=internal_user)
        assert party.exchange(party.code(), client_secret="").status_code == 200
        assert party.exchange(party.code(), **party.in_header).status_code == 200
        assert party.exchange(party.code(), **{**party.in_header, "client_secret": ""}).status_code == 200

    @pytest.mark.contract("TA-65", "TA-63", "OP-47")
    @pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
    def test_the_port_of_a_native_application(self, host, relying_party, internal_user):
        app = TrustedApplicationFactory(public=True, redirect_uris=f"http://{host}/callback")
        party = relying_party(app, user=internal_user, redirect_uri=f"http://{host}:51234/callback")
        code = party.code()
        for other in (f"http://{host}/callback", f"http://{host}:51235/callback"):
            assert_refused(
                party.exchange(code, redirect_uri=other), "invalid_grant", INVALID_CODE, "redirect_uri_differs"
            )
        assert party.exchange(code).status_code == 200

    @pytest.mark.contract("ID-61", "AU-01", "AU-02", "AU-03", "AU-05", "ID-251")
    def test_the_trace(self, party, web_app, internal_user):
        body = party.exchange(party.code(), headers={"X-Correlation-Id": "web-7", "User-Agent": "curl/8"}).json()
        claims = claims_of(body["access_token"])
        event = AuditEvent.objects.get(name="token.issued")
        assert event.outcome == "success"
        assert (event.actor_kind, event.actor_name) == ("application", web_app.client_id)
        assert (event.client_id, event.user_login, event.sid) == (
            web_app.client_id, internal_user.login, claims["sid"],
        )  # fmt: skip
        assert event.token_id == claims["jti"]
        assert (event.correlation_id, event.user_agent, event.address) == ("web-7", "curl/8", "127.0.0.1")
        assert event.detail == {"grant_type": "authorization_code", "scope": EVERYTHING}

    @pytest.mark.contract("TA-93", "TA-41", "TK-41", "ID-130")
    def test_a_portal_signs_people_in_and_works_as_a_service(self, relying_party, community_user, service_token):
        portal = TrustedApplicationFactory(web=True, service=True, allows_community_users=True)
        party = relying_party(portal, user=community_user, scope="openid profile")
        body = party.tokens()
        assert claims_of(body["access_token"])["aud"] == "http://127.0.0.1:8000/id/resources"
        assert party.call_api(body["access_token"]) == 401
        assert party.userinfo(body["access_token"]).json()["user_type"] == "ExternalCommunityUser"
        assert party.call_api(service_token(portal, "read")) == 200

    @pytest.mark.contract("TA-94", "ID-05", "OP-223", "OP-115")
    @pytest.mark.parametrize("mode", ["fragment", "form_post"])
    def test_an_application_that_only_signs_people_in(self, mode, relying_party, internal_user):
        app = TrustedApplicationFactory(web=True, allows_community_users=True, scope="")
        party = relying_party(app, user=internal_user, response_type="code id_token", response_mode=mode)
        answer = party.answer()
        body = party.exchange(answer["code"]).json()
        first, second = claims_of(answer["id_token"]), claims_of(body["id_token"])
        assert {name: first[name] for name in ("iss", "sub", "nonce", "sid", "auth_time")} == {
            name: second[name] for name in ("iss", "sub", "nonce", "sid", "auth_time")
        }
        assert party.call_api(body["access_token"]) == 401
        assert party.userinfo(body["access_token"]).json()["name"] == internal_user.name

    def test_a_service_that_is_asked_by_fields_of_inner_names(self, party, community_user):
        """What oauthlib would make attributes of its request, next to what the validator found out."""
        inner = {
            "client": "x", "scopes": "sec", "user": str(community_user.pk), "stored_grant": "1", "now": "0",
            "access_token_claims": "{}", "request": "x", "expires_in": "999999", "token_type": "mac", "state": "x",
        }  # fmt: skip
        body = party.exchange(party.code(), **inner).json()
        assert set(body) == {"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}
        assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, EVERYTHING)
        assert claims_of(body["access_token"])["sub"] != community_user.login


# What is wrong with one part of the request → the fields that are sent instead (a function makes its value of the right
# code), error, description, cause.
OTHER_VERIFIER = "0123456789" * 5
CODES = {
    "unknown": ({"code": "0" * 64}, "invalid_grant", INVALID_CODE, "code_unknown"),
    "in another case": ({"code": str.lower}, "invalid_grant", INVALID_CODE, "code_unknown"),
    "nonsense": ({"code": "код\u20ac" * 100}, "invalid_grant", INVALID_CODE, "code_unknown"),
    "no code": ({"code": None}, "invalid_request", "Missing code", "code_missing"),
    "empty code": ({"code": ""}, "invalid_request", "Missing code", "code_missing"),
}
REDIRECT_URIS = {
    "another": (
        {"redirect_uri": "https://web.example.com/callback/"}, "invalid_grant", INVALID_CODE, "redirect_uri_differs",
    ),
    "another registered one": (
        {"redirect_uri": "https://web.example.com/other"}, "invalid_grant", INVALID_CODE, "redirect_uri_differs",
    ),
    "none": ({"redirect_uri": None}, "invalid_grant", INVALID_CODE, "redirect_uri_differs"),
}  # fmt: skip
VERIFIERS = {
    "none": ({"code_verifier": None}, "invalid_grant", PKCE_FAILED, "pkce_missing"),
    "empty": ({"code_verifier": ""}, "invalid_grant", PKCE_FAILED, "pkce_missing"),
    "another": ({"code_verifier": OTHER_VERIFIER}, "invalid_grant", PKCE_FAILED, "pkce_mismatch"),
    "not ASCII": ({"code_verifier": "ю" * 43}, "invalid_grant", PKCE_FAILED, "pkce_mismatch"),
}
CLIENTS = {
    "no secret": ({"client_secret": None}, "invalid_client", INVALID_CLIENT, "secret_missing"),
    "empty secret": ({"client_secret": ""}, "invalid_client", INVALID_CLIENT, "secret_missing"),
    "wrong secret": ({"client_secret": "x"}, "invalid_client", INVALID_CLIENT, "secret_wrong"),
    "unknown client": ({"client_id": "x"}, "invalid_client", INVALID_CLIENT, "client_unknown"),
    "no client": ({"client_id": None}, "invalid_client", INVALID_CLIENT, "client_unknown"),
    "nobody": ({"client_id": None, "client_secret": None}, "invalid_client", INVALID_CLIENT, "client_unknown"),
}


@pytest.mark.contract("ID-92", "AU-01", "DR-01")
class TestOneThingIsWrong:
    """The application is told, the trail says why, and the code is still good."""

    @pytest.fixture
    def refuse(self, party, web_app):
        """``refuse(changes, error, description, cause)`` exchanges a code with one part of the request changed."""
        web_app.redirect_uris += "\nhttps://web.example.com/other"
        web_app.save()

        def exchange(changes, *expected):
            code = party.code()
            changed = {name: value(code) if callable(value) else value for name, value in changes.items()}
            assert_refused(party.exchange(**{"code": code, **changed}), *expected)
            # The refusal has cost the application nothing.
            assert party.exchange(code).status_code == 200

        return exchange

    @pytest.mark.contract("ID-113", "OP-139", "OP-150")
    @pytest.mark.parametrize("wrong", CODES)
    def test_the_code(self, wrong, refuse):
        refuse(*CODES[wrong])

    @pytest.mark.contract("ID-113", "ID-230", "OP-79", "OP-150", "TA-65")
    @pytest.mark.parametrize("wrong", REDIRECT_URIS)
    def test_the_redirect_uri(self, wrong, refuse):
        refuse(*REDIRECT_URIS[wrong])

    @pytest.mark.contract("ID-111", "ID-228", "OP-79", "OP-150")
    @pytest.mark.parametrize("wrong", VERIFIERS)
    def test_the_verifier(self, wrong, refuse):
        refuse(*VERIFIERS[wrong])

    @pytest.mark.contract("ID-103", "ID-108", "ID-226")
    @pytest.mark.parametrize("wrong", CLIENTS)
    def test_the_application(self, wrong, refuse):
        refuse(*CLIENTS[wrong])


class TestRefused:
    @pytest.mark.contract("ID-105", "OP-136")
    def test_a_wrong_secret_in_the_header(self, party):
        header = {**party.in_header, "headers": {"Authorization": "Basic eDp5"}}
        response = party.exchange(party.code(), **header)
        assert_refused(response, "invalid_client", INVALID_CLIENT, "client_unknown", status=401)
        assert response.headers["WWW-Authenticate"].startswith('Basic realm="')

    @pytest.mark.contract("ID-104", "TA-91", "TA-33", "OP-137")
    def test_a_public_application_that_sends_a_secret(self, relying_party, public_app, internal_user):
        party = relying_party(public_app, user=internal_user)
        response = party.exchange(party.code(), client_secret="x")
        assert_refused(response, "invalid_client", INVALID_CLIENT, "secret_from_public_client")

    @pytest.mark.contract("ID-112", "OP-222", "OP-220")
    def test_a_verifier_without_a_challenge(self, relying_party, web_app, internal_user):
        party = relying_party(web_app, user=internal_user, pkce=False)
        response = party.exchange(party.code(), code_verifier=OTHER_VERIFIER)
        assert_refused(response, "invalid_grant", PKCE_FAILED, "pkce_downgrade")

    @pytest.mark.contract("OP-221", "ID-111")
    @pytest.mark.parametrize("verifier", ["", "a" * 42, "a" * 129, "a" * 42 + "+", "a" * 42 + "\n"])
    def test_a_verifier_that_proves_nothing(self, verifier, party):
        """Its hash fits, its form does not: it could be guessed."""
        response = party.exchange(party.code(code_challenge=challenge_of(verifier)), code_verifier=verifier)
        assert_refused(response, "invalid_grant", PKCE_FAILED, "pkce_mismatch" if verifier else "pkce_missing")

    @pytest.mark.contract("ID-113", "ID-60", "OP-79")
    def test_a_code_of_another_application(self, party, relying_party, internal_user):
        other = TrustedApplicationFactory(web=True)
        response = party.exchange(party.code(), client_id=other.client_id, client_secret=other.plain_secret)
        assert_refused(response, "invalid_grant", INVALID_CODE, "code_of_another_client")
        event = last_refusal()
        assert event.client_id == other.client_id
        assert (event.user_login, event.sid) == ("", ""), "the other application learns nothing about the person"

    @pytest.mark.contract("ID-60", "ID-113", "ID-230", "OP-79")
    def test_a_code_lives_five_minutes(self, party):
        with time_machine.travel(timezone.now(), tick=False) as clock:
            first, second = party.code(), party.code()
            clock.shift(300)
            assert_refused(party.exchange(first), "invalid_grant", INVALID_CODE, "code_expired")
            clock.shift(-1)
            assert party.exchange(second).status_code == 200

    @pytest.mark.contract("ID-227", "TA-92")
    def test_an_application_that_signs_nobody_in(self, token_request, service_app):
        for grant in ({"code": "0" * 64}, {}):
            response = token_request(
                grant_type="authorization_code",
                client_id=service_app.client_id,
                client_secret=service_app.plain_secret,
                **grant,
            )
            assert_refused(
                response,
                "unauthorized_client",
                "The client is not authorized to use this grant type",
                "grant_not_allowed",
            )

    @pytest.mark.contract("ID-246", "OP-132")
    def test_the_order_of_checks(self, party):
        """Each request repeats what is wrong with the one after it; the first failing check answers."""
        code = party.code()
        wrong = {"code_verifier": OTHER_VERIFIER}
        assert party.exchange(code, **wrong).json()["error_description"] == PKCE_FAILED
        wrong["redirect_uri"] = "https://web.example.com/x"
        assert last_cause_of(party.exchange(code, **wrong)) == "redirect_uri_differs"
        wrong["code"] = None
        assert last_cause_of(party.exchange(**wrong)) == "code_missing"
        party.application.allows_internal_users = False
        party.application.save()
        assert last_cause_of(party.exchange(**wrong)) == "grant_not_allowed"
        wrong["client_secret"] = "x"
        assert last_cause_of(party.exchange(**wrong)) == "secret_wrong"
        wrong["grant_type"] = "password"
        assert party.exchange(**wrong).json()["error"] == "unsupported_grant_type"
        body = urlencode({"grant_type": "password", "code": "x"}) + "&code=y"
        response = party.client.post("/id/connect/token", body, content_type="application/x-www-form-urlencoded")
        assert response.json()["error"] == "invalid_request"


def last_cause_of(response):
    assert response.status_code == 400
    return last_refusal().cause


class TestReplay:
    @pytest.mark.contract("ID-114", "ID-230", "OP-151", "ID-232", "AU-01")
    @pytest.mark.parametrize("seconds", [0, 30, 3000])
    def test_everything_from_the_first_use_ends(self, seconds, app, relying_party, internal_user):
        party = relying_party(app, user=internal_user, scope=EVERYTHING)
        untouched = party.tokens()
        with time_machine.travel(timezone.now(), tick=False) as clock:
            code = party.code()
            body = party.exchange(code).json()
            renewed = party.refresh(body["refresh_token"]).json()
            for token in (body, renewed):
                assert party.call_api(token["access_token"]) == 200
                assert party.userinfo(token["access_token"]).status_code == 200
            clock.shift(seconds)
            for _ in range(2):
                response = party.exchange(code)
                assert response.status_code == 400
                assert response.json() == {"error": "invalid_grant", "error_description": INVALID_CODE}
                assert last_refusal().cause == "code_used_twice"
            event = AuditEvent.objects.get(name="token.revoked")
            assert (event.client_id, event.user_login) == (app.client_id, internal_user.login)
            assert (event.cause, event.detail) == ("code_used_twice", {"scope": EVERYTHING})
            for token in (body, renewed):
                assert party.call_api(token["access_token"]) == 401
                refused = party.userinfo(token["access_token"])
                assert refused.status_code == 401
                assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
            response = party.refresh(renewed["refresh_token"])
            assert response.json()["error"] == "invalid_grant"
            # What came from another sign-in has nothing to do with it.
            assert party.call_api(untouched["access_token"]) == 200
            assert party.refresh(untouched["refresh_token"]).status_code == 200

    @pytest.mark.contract("ID-114", "OP-151")
    def test_a_replay_that_is_wrong_in_other_ways_too(self, party):
        """Whoever has a used code has stolen it, whether or not they have the verifier."""
        code = party.code()
        body = party.exchange(code).json()
        assert party.exchange(code, code_verifier=None, redirect_uri=None).json()["error"] == "invalid_grant"
        assert party.call_api(body["access_token"]) == 401

    def test_another_application_cannot_end_it(self, party):
        code = party.code()
        body = party.exchange(code).json()
        other = TrustedApplicationFactory(web=True)
        response = party.exchange(code, client_id=other.client_id, client_secret=other.plain_secret)
        assert response.json()["error"] == "invalid_grant"
        assert party.call_api(body["access_token"]) == 200


def deactivate(user, app):
    user.is_active = False
    user.save()


def make_a_system_user(user, app):
    user.user_type = UserType.SYSTEM
    user.save()


def make_external(user, app):
    user.user_type = UserType.COMMUNITY
    user.save()


def disable(user, app):
    app.is_enabled = False
    app.save()


def admit_community_only(user, app):
    app.allows_internal_users, app.allows_community_users = False, True
    app.save()


def admit_nobody(user, app):
    app.allows_internal_users = False
    app.save()


def withdraw_scope(user, app):
    app.scope = "update"
    app.save()


def become_a_placeholder(user, app):
    app.client_type = ClientType.NONE
    app.save()


class TestBetweenTheSteps:
    """The answer of the authorization endpoint promises nothing: the exchange looks again (TA-05)."""

    @pytest.mark.contract("ID-115", "ID-123", "ID-185", "ID-190", "ID-233", "TA-05", "TA-13", "TA-70")
    @pytest.mark.parametrize(
        ("change", "error", "description", "cause"),
        [
            (deactivate, "invalid_grant", INVALID_CODE, "user_inactive"),
            (make_external, "invalid_grant", INVALID_CODE, "user_type"),
            (make_a_system_user, "invalid_grant", INVALID_CODE, "user_type"),
            (admit_community_only, "invalid_grant", INVALID_CODE, "user_type"),
            (admit_nobody, "invalid_grant", INVALID_CODE, "user_type"),
            (withdraw_scope, "invalid_grant", INVALID_CODE, "scope_withdrawn"),
            (disable, "invalid_client", INVALID_CLIENT, "application_disabled"),
            (become_a_placeholder, "invalid_client", INVALID_CLIENT, "client_type_none"),
        ],
    )
    def test_something_changed(self, change, error, description, cause, party, web_app, internal_user):
        code = party.code()
        change(internal_user, web_app)
        assert_refused(party.exchange(code), error, description, cause)

    @pytest.mark.contract("ID-123", "TA-05")
    def test_it_became_another_kind_of_application(self, relying_party, public_app, internal_user):
        party = relying_party(public_app, user=internal_user)
        code = party.code()
        confidential = TrustedApplicationFactory(web=True)
        confidential.secrets.update(application=public_app)
        public_app.client_type = ClientType.CONFIDENTIAL
        public_app.save()
        response = party.exchange(code, client_secret=confidential.plain_secret)
        assert_refused(response, "invalid_grant", INVALID_CODE, "client_type_changed")

    @pytest.mark.contract("ID-182", "ID-184", "ID-185", "TK-97", "TK-41")
    def test_a_person_became_external_and_may_still_come(self, relying_party, web_app, internal_user):
        web_app.allows_community_users = True
        web_app.save()
        party = relying_party(web_app, user=internal_user, scope=EVERYTHING)
        code = party.code()
        make_external(internal_user, web_app)
        body = party.exchange(code).json()
        assert body["scope"] == "openid profile offline_access"
        assert claims_of(body["access_token"])["aud"] == "http://127.0.0.1:8000/id/resources"
        assert party.call_api(body["access_token"]) == 401

    @pytest.mark.contract("ID-183")
    @pytest.mark.parametrize("scope", ["read", "DomainApi read"])
    def test_a_person_became_external_and_nothing_is_left(self, scope, relying_party, web_app, internal_user):
        web_app.allows_community_users = True
        web_app.save()
        party = relying_party(web_app, user=internal_user, scope=scope)
        code = party.code()
        make_external(internal_user, web_app)
        assert_refused(party.exchange(code), "invalid_grant", INVALID_CODE, "scope_empty")

    @pytest.mark.contract("ID-157", "TK-57", "OP-192")
    def test_the_person_signed_out(self, party):
        hint = party.tokens()["id_token"]
        code = party.code()
        assert party.sign_out(hint).status_code == 200
        response = party.exchange(code)
        assert response.status_code == 400
        assert response.json() == {"error": "invalid_grant", "error_description": INVALID_CODE}
        assert last_refusal().cause == "session_ended"
        assert (AccessToken.objects.count(), RefreshToken.objects.count()) == (1, 1), "those of the first sign-in"

    @pytest.mark.contract("ID-60", "TK-60")
    def test_the_browser_closed(self, party):
        """A code needs no browser any more."""
        code = party.code()
        party.client.cookies.clear()
        assert party.exchange(code).status_code == 200

    @pytest.mark.contract("TA-72")
    def test_the_application_was_deleted(self, party, web_app):
        code = party.code()
        web_app.delete()
        assert_refused(party.exchange(code), "invalid_client", INVALID_CLIENT, "client_unknown")
        assert not Grant.objects.exists()


@pytest.mark.contract("ID-94", "OP-130")
def test_parameters_in_the_address_are_not_read(party):
    fields = dict(parse_qsl(urlencode({"grant_type": "authorization_code", "code": party.code()})))
    response = party.client.post(
        f"/id/connect/token?{urlencode({**fields, **party.credentials})}",
        "",
        content_type="application/x-www-form-urlencoded",
    )
    assert response.json()["error"] == "invalid_request"
    assert not AccessToken.objects.exists()


@pytest.mark.contract("ID-72", "ID-71")
def test_one_browser_two_applications_one_session(relying_party, web_app, public_app, internal_user):
    first = relying_party(web_app, user=internal_user, scope=EVERYTHING)
    second = RelyingParty(first.client, public_app, scope=EVERYTHING)
    elsewhere = relying_party(web_app, user=UserFactory(), browser=Client(), scope=EVERYTHING)
    sids = [claims_of(party.tokens()["access_token"])["sid"] for party in (first, second, elsewhere)]
    assert sids[0] == sids[1] != sids[2]
