"""A refresh token renews, once, for the application and the sign-in that it came from; or a documented refusal."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.identity import consent
from erpnet_identity.identity.models import Consent
from erpnet_identity.tokens.models import RefreshToken
from erpnet_identity.tokens.successors import successor
from erpnet_identity.users.models import User, UserType
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.support.clock import frozen
from tests.support.jwt import claims_of
from trusted_apps.models import ClientType, TrustedApplication

pytestmark = pytest.mark.django_db

SCOPE = "openid profile read update offline_access"
INVALID = {"error": "invalid_grant", "error_description": "refresh token is expired or invalid"}
INVALID_CLIENT = {"error": "invalid_client", "error_description": "Invalid client_id or client_secret"}
DAY = 24 * 3600


@pytest.fixture(params=["confidential", "public"])
def app(request, web_app, public_app):
    """Both kinds of applications get refresh tokens (TK-52)."""
    return {"confidential": web_app, "public": public_app}[request.param]


@pytest.fixture
def party(relying_party, web_app, internal_user):
    return relying_party(web_app, user=internal_user, scope=SCOPE)


clock = frozen()


def last_refusal():
    event = AuditEvent.objects.filter(name="token.refused").latest("id")
    assert (event.outcome, event.detail["grant_type"]) == ("refused", "refresh_token")
    return event


def assert_refused(response, cause, body=INVALID):
    """The answer and its trace."""
    assert (response.status_code, response.json()) == (400, body)
    assert response.headers["Cache-Control"] == "no-store"
    event = last_refusal()
    assert (event.cause, event.detail["error"]) == (cause, body["error"])
    assert event.correlation_id == response.headers["X-Correlation-Id"]
    return event


class TestRenewed:
    @pytest.fixture(params=["body", "header"])
    def thrice(self, request, app, relying_party, internal_user):
        """The application that renewed three times, the first answer and the three responses."""
        party = relying_party(app, user=internal_user, scope=SCOPE)
        token = (first := party.tokens())["refresh_token"]
        responses = []
        for _ in range(3):
            responses.append(party.refresh(token, **(party.in_header if request.param == "header" else {})))
            assert responses[-1].status_code == 200, responses[-1].content
            token = responses[-1].json()["refresh_token"]
        return party, first, responses

    @pytest.mark.contract("ID-120", "TK-52")
    def test_the_answer(self, thrice):
        party, first, responses = thrice
        for response in responses:
            assert response.headers["Cache-Control"] == "no-store"
            body = response.json()
            assert set(body) == set(first)
            assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, SCOPE)
            assert party.call_api(body["access_token"]) == 200
        # What came before stays valid until it expires by itself.
        assert party.call_api(first["access_token"]) == 200

    @pytest.mark.contract("ID-121", "TK-54", "OP-156", "OP-227")
    def test_each_use_gives_a_new_one(self, thrice):
        _, first, responses = thrice
        assert len({body["refresh_token"] for body in (first, *(response.json() for response in responses))}) == 4

    @pytest.mark.contract("TK-58", "OP-154")
    def test_the_form(self, thrice):
        for response in thrice[2]:
            assert re.fullmatch(r"[0-9A-F]{64}", response.json()["refresh_token"])

    @pytest.mark.contract("ID-125", "OP-158", "OP-245", "OP-100", "ID-72")
    def test_how_the_person_signed_in_is_kept(self, party, clock):
        first = party.tokens()
        clock.shift(900)
        second = party.refresh(first["refresh_token"]).json()
        kept = ("iss", "sub", "id", "sid", "auth_time", "idp", "amr")
        before, after = claims_of(first["access_token"]), claims_of(second["access_token"])
        assert {name: before[name] for name in kept} == {name: after[name] for name in kept}
        assert after["iat"] == before["iat"] + 900
        before, after = claims_of(first["id_token"]), claims_of(second["id_token"])
        kept = ("iss", "sub", "aud", "sid", "auth_time", "idp", "amr", "name", "preferred_username")
        assert {name: before[name] for name in kept} == {name: after[name] for name in kept}
        assert after["iat"] == before["iat"] + 900
        assert set(before) - set(after) == {"nonce", "s_hash"}
        assert set(after) <= set(before)

    @pytest.mark.contract("TK-50", "ID-120", "ID-91")
    def test_without_openid_there_is_no_id_token(self, relying_party, web_app, internal_user):
        party = relying_party(web_app, user=internal_user, scope="offline_access read")
        body = party.refresh(party.tokens()["refresh_token"]).json()
        assert set(body) == {"access_token", "token_type", "expires_in", "scope", "refresh_token"}

    @pytest.mark.contract("AU-01", "AU-03", "ID-251", "OP-233")
    def test_the_trace(self, party, web_app, internal_user):
        body = party.refresh(party.tokens()["refresh_token"], headers={"X-Correlation-Id": "web-8"}).json()
        claims = claims_of(body["access_token"])
        event = AuditEvent.objects.get(name="token.refreshed")
        assert (event.actor_kind, event.actor_name, event.client_id) == ("application",) + (web_app.client_id,) * 2
        assert (event.user_login, event.sid, event.token_id) == (internal_user.login, claims["sid"], claims["jti"])
        assert (event.outcome, event.correlation_id) == ("success", "web-8")
        assert event.detail == {"grant_type": "refresh_token", "scope": SCOPE}

    @pytest.mark.contract("TK-51", "TK-53", "ID-121", "ID-122", "ID-231", "OP-162")
    @pytest.mark.parametrize(("kind", "lifetime"), [("confidential", 30 * DAY), ("public", DAY)])
    def test_the_end_is_set_by_the_first_issue(self, kind, lifetime, relying_party, internal_user, clock):
        app = TrustedApplicationFactory(**{"web" if kind == "confidential" else "public": True})
        party = relying_party(app, user=internal_user, scope=SCOPE)
        token = party.tokens()["refresh_token"]
        for _ in range(3):
            clock.shift(lifetime // 4)
            token = party.refresh(token).json()["refresh_token"]
        clock.shift(lifetime // 4 - 1)
        token = party.refresh(token).json()["refresh_token"]
        clock.shift(1)
        assert_refused(party.refresh(token), "refresh_token_expired")

    @pytest.mark.contract("OP-162", "TK-51")
    def test_lifetimes_follow_the_settings(self, party, clock, settings):
        settings.REFRESH_TOKEN_SECONDS = {"confidential": 60, "public": 30}
        token = party.tokens()["refresh_token"]
        clock.shift(60)
        assert_refused(party.refresh(token), "refresh_token_expired")

    @pytest.mark.contract("TK-60", "ID-70")
    def test_the_end_of_the_browser_session_does_not_matter(self, party, clock):
        token = party.tokens()["refresh_token"]
        clock.shift(11 * 3600)
        assert party.authorize(prompt="none")["Location"].find("error=login_required") > 0
        party.client.cookies.clear()
        assert party.refresh(token).status_code == 200

    @pytest.mark.contract("ID-126", "ID-61")
    def test_fields_of_inner_names_change_nothing(self, party, community_user):
        inner = {
            "client": "x", "scopes": "sec", "user": str(community_user.pk), "stored_grant": "1", "now": "0",
            "code": "x", "redirect_uri": "x", "code_verifier": "x", "expires_in": "9", "nonce": "x",
        }  # fmt: skip
        body = party.refresh(party.tokens()["refresh_token"], **inner).json()
        assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, SCOPE)
        assert "nonce" not in claims_of(body["id_token"])


class TestScope:
    @pytest.mark.contract("ID-124", "OP-157", "TK-94", "TK-98", "TK-102")
    @pytest.mark.parametrize(
        ("asked", "granted"),
        [
            ("", SCOPE),
            (SCOPE, SCOPE),
            ("offline_access update read profile openid", "offline_access update read profile openid"),
            ("read", "read"),
            ("read  read openid", "read openid"),
            ("openid offline_access", "openid offline_access"),
            ("DomainApi read", "DomainApi read"),
            ("DomainApi openid", "DomainApi openid read update"),
            ("DomainApi", "DomainApi read update"),
        ],
    )
    def test_what_may_be_asked(self, asked, granted, party):
        token = party.tokens()["refresh_token"]
        narrow = party.refresh(token, scope=asked).json()
        assert narrow["scope"] == granted
        claims = claims_of(narrow["access_token"])
        assert claims["scope"] == granted.split()
        assert isinstance(claims["aud"], list) == bool({"read", "update"} & set(granted.split()))
        assert ("id_token" in narrow) == ("openid" in granted.split())
        # The next renewal can ask for everything again.
        assert party.refresh(narrow["refresh_token"]).json()["scope"] == SCOPE

    @pytest.mark.contract("ID-124", "ID-229", "OP-157", "TK-102", "TK-96")
    @pytest.mark.parametrize(
        ("asked", "named"),
        [
            ("read update", "update"),
            ("sec email read update", "sec email update"),
            ("Read", "Read"),
            ("openid,read", "openid,read"),
            ('a"b\\c\u20ac', "a?b?c?"),
        ],
    )
    def test_what_may_not(self, asked, named, relying_party, web_app, internal_user):
        party = relying_party(web_app, user=internal_user, scope="openid read offline_access")
        token = party.tokens()["refresh_token"]
        # `update` and `sec` exist; what does not exist is told apart from what was not granted.
        is_known = named.split()[0] in ("update", "sec")
        description = f"Invalid scope: {named}" if is_known else f"Invalid scope: {named} (there is no scope {named})"
        body = {"error": "invalid_scope", "error_description": description}
        cause = "scope_not_granted" if is_known else "scope_unknown"
        assert_refused(party.refresh(token, scope=asked), cause, body)
        # Nothing was used up by it.
        assert party.refresh(token).json()["scope"] == "openid read offline_access"

    @pytest.mark.contract("TK-95", "TK-94")
    def test_a_library_that_repeats_its_list(self, relying_party, web_app, internal_user):
        """``DomainApi`` alone means all data, at the second request as at the first."""
        asked = "openid DomainApi offline_access"
        party = relying_party(web_app, user=internal_user, scope=asked)
        first = party.tokens()
        second = party.refresh(first["refresh_token"], scope=asked).json()
        assert first["scope"] == second["scope"] == f"{asked} read update"
        assert party.call_api(second["access_token"]) == 200

    @pytest.mark.contract("TK-103")
    @pytest.mark.parametrize("switch", [True, False])
    def test_an_old_sample_that_repeats_its_list(self, switch, relying_party, internal_user):
        app = TrustedApplicationFactory(web=True, identity_scopes_imply_access=switch)
        asked = "openid profile offline_access"
        party = relying_party(app, user=internal_user, scope=asked)
        first = party.tokens()
        second = party.refresh(first["refresh_token"], scope=asked).json()
        assert first["scope"] == second["scope"] == (f"{asked} read update" if switch else asked)


class TestReuse:
    @pytest.mark.contract("TK-54", "TK-55", "OP-156", "ID-122", "ID-231", "ID-232", "AU-01")
    @pytest.mark.parametrize("seconds", [10.1, 30, 20 * 3600])
    def test_later_it_ends_the_family(self, seconds, app, relying_party, internal_user, clock):
        party = relying_party(app, user=internal_user, scope=SCOPE)
        first = party.tokens()
        clock.shift(60)
        second = party.refresh(first["refresh_token"]).json()
        clock.shift(seconds)
        event = assert_refused(party.refresh(first["refresh_token"]), "refresh_token_reused")
        assert event.user_login == internal_user.login
        for body in (first, second):
            assert party.call_api(body["access_token"]) == 401
            assert party.userinfo(body["access_token"]).status_code == 401
        assert_refused(party.refresh(second["refresh_token"]), "refresh_token_revoked")
        assert_refused(party.refresh(first["refresh_token"]), "refresh_token_reused")
        event = AuditEvent.objects.get(name="token.revoked")
        assert (event.client_id, event.user_login) == (app.client_id, internal_user.login)
        assert (event.cause, event.detail) == ("refresh_token_reused", {"scope": SCOPE})

    @pytest.mark.contract("TK-55", "TK-56", "OP-156", "ID-122")
    @pytest.mark.parametrize("seconds", [0, 9.9, 10])
    def test_within_ten_seconds_there_is_one_successor(self, seconds, app, relying_party, internal_user, clock):
        party = relying_party(app, user=internal_user, scope=SCOPE)
        first = party.tokens()
        second = party.refresh(first["refresh_token"]).json()
        clock.shift(seconds)
        again = [party.refresh(first["refresh_token"]).json() for _ in range(3)]
        assert {body["refresh_token"] for body in again} == {second["refresh_token"]}
        assert {frozenset(body) for body in again} == {frozenset(first)}
        issued = {body["access_token"] for body in (first, second, *again)}
        assert len(issued) == 5
        assert {party.call_api(token) for token in issued} == {200}
        assert RefreshToken.objects.count() == 2
        events = AuditEvent.objects.filter(name="token.refreshed_again", user_login=internal_user.login)
        assert {event.token_id for event in events} == {claims_of(body["access_token"])["jti"] for body in again}
        # Once the successor was used, both parties have it: what they hold now differs, so nobody gets anything.
        third = party.refresh(second["refresh_token"]).json()
        for _ in range(2):
            assert_refused(party.refresh(first["refresh_token"]), "refresh_token_rotated")
        assert party.refresh(third["refresh_token"]).status_code == 200
        assert {party.call_api(token) for token in issued} == {200}

    @pytest.mark.contract("TK-56", "TK-55")
    def test_the_seconds_count_from_the_first_use(self, party, clock):
        first = party.tokens()
        second = party.refresh(first["refresh_token"]).json()
        clock.shift(8)
        assert party.refresh(first["refresh_token"]).status_code == 200
        clock.shift(8)
        assert_refused(party.refresh(first["refresh_token"]), "refresh_token_reused")
        assert_refused(party.refresh(second["refresh_token"]), "refresh_token_revoked")

    @pytest.mark.contract("TK-56", "ID-124")
    def test_a_second_use_narrows_its_own_access_token(self, party):
        first = party.tokens()
        narrow = party.refresh(first["refresh_token"], scope="read").json()
        wide = party.refresh(first["refresh_token"], scope="openid read").json()
        assert (narrow["scope"], wide["scope"]) == ("read", "openid read")
        body = {"error": "invalid_scope", "error_description": "Invalid scope: sec"}
        assert_refused(party.refresh(first["refresh_token"], scope="sec"), "scope_not_granted", body)
        assert narrow["refresh_token"] == wide["refresh_token"]

    @pytest.mark.contract("TK-56", "TK-59")
    def test_a_second_use_by_another_application(self, party):
        first = party.tokens()
        second = party.refresh(first["refresh_token"]).json()
        other = TrustedApplicationFactory(web=True)
        sent = {"client_id": other.client_id, "client_secret": other.plain_secret}
        assert_refused(party.refresh(first["refresh_token"], **sent), "refresh_token_of_another_client")
        assert party.refresh(second["refresh_token"]).status_code == 200

    @pytest.mark.contract("TK-58")
    def test_a_successor_is_nowhere_and_not_to_be_computed_without_the_key(self, party, settings):
        first = party.tokens()["refresh_token"]
        second = party.refresh(first).json()["refresh_token"]
        assert re.fullmatch(r"[0-9A-F]{64}", second)
        assert successor(first) == second
        settings.SECRET_KEY = "x" * 50
        assert successor(first) != second

    @pytest.mark.contract("TK-56")
    def test_the_secret_key_is_changed_between_two_uses(self, party, settings):
        first = party.tokens()["refresh_token"]
        second = party.refresh(first).json()["refresh_token"]
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "x" * 50
        assert party.refresh(first).json()["refresh_token"] == second
        settings.SECRET_KEY_FALLBACKS = []
        assert_refused(party.refresh(first), "refresh_token_rotated")
        assert party.refresh(second).status_code == 200

    @pytest.mark.contract("TK-56", "TK-55")
    def test_switched_off(self, party, clock, settings):
        settings.REFRESH_TOKEN_REPEAT_SECONDS = 0
        first = party.tokens()["refresh_token"]
        second = party.refresh(first).json()["refresh_token"]
        assert second != successor(first)
        clock.shift(10)
        for _ in range(3):
            assert_refused(party.refresh(first), "refresh_token_rotated")
        assert RefreshToken.objects.count() == 2
        third = party.refresh(second).json()["refresh_token"]
        clock.shift(0.1)
        assert_refused(party.refresh(first), "refresh_token_reused")
        assert_refused(party.refresh(third), "refresh_token_revoked")

    @pytest.mark.contract("TK-56")
    def test_the_seconds_follow_the_setting(self, party, clock, settings):
        settings.REFRESH_TOKEN_REPEAT_SECONDS = 2
        first = party.tokens()["refresh_token"]
        party.refresh(first)
        clock.shift(2)
        assert party.refresh(first).status_code == 200
        clock.shift(0.1)
        assert_refused(party.refresh(first), "refresh_token_reused")

    @pytest.mark.contract("TK-55")
    def test_the_first_of_many_ends_the_last(self, party, clock):
        bodies = [party.tokens()]
        for _ in range(4):
            clock.shift(60)
            bodies.append(party.refresh(bodies[-1]["refresh_token"]).json())
        assert_refused(party.refresh(bodies[0]["refresh_token"]), "refresh_token_reused")
        assert {party.call_api(body["access_token"]) for body in bodies} == {401}
        assert_refused(party.refresh(bodies[-1]["refresh_token"]), "refresh_token_revoked")

    @pytest.mark.contract("TK-55", "TK-57")
    def test_other_sign_ins_are_untouched(self, party, clock):
        first, other = party.tokens(), party.tokens()
        party.refresh(first["refresh_token"])
        clock.shift(60)
        assert_refused(party.refresh(first["refresh_token"]), "refresh_token_reused")
        assert party.refresh(other["refresh_token"]).status_code == 200


class TestForeign:
    @pytest.mark.contract("ID-122", "OP-139", "OP-155", "TK-58")
    @pytest.mark.parametrize("token", ["0" * 64, "x", "жетон" * 1600, "eyJ.e30."])
    def test_unknown(self, token, party):
        assert_refused(party.refresh(token), "refresh_token_unknown")

    @pytest.mark.contract("ID-122", "OP-155")
    def test_other_credentials_are_no_refresh_token(self, party):
        code = party.code()
        body = party.exchange(code).json()
        for credential in (code, body["access_token"], body["id_token"], body["refresh_token"].lower()):
            assert_refused(party.refresh(credential), "refresh_token_unknown")

    @pytest.mark.contract("OP-132", "ID-120")
    @pytest.mark.parametrize("token", [None, ""])
    def test_missing(self, token, party):
        body = {"error": "invalid_request", "error_description": "Missing refresh_token"}
        assert_refused(party.refresh(token), "refresh_token_missing", body)

    @pytest.mark.contract("TK-59", "ID-122", "OP-155")
    @pytest.mark.parametrize("kind", ["web", "public"])
    def test_another_application(self, kind, party):
        body = party.tokens()
        other = TrustedApplicationFactory(**{kind: True})
        sent = {"client_id": other.client_id, "client_secret": other.plain_secret}
        event = assert_refused(party.refresh(body["refresh_token"], **sent), "refresh_token_of_another_client")
        assert (event.client_id, event.user_login, event.sid) == (other.client_id, "", "")
        # Whoever presents what is not theirs can end nothing with it.
        assert party.refresh(body["refresh_token"]).status_code == 200
        assert_refused(party.refresh(body["refresh_token"], **sent), "refresh_token_of_another_client")

    @pytest.mark.contract("ID-103", "ID-108", "ID-226", "OP-136")
    @pytest.mark.parametrize(
        ("changes", "cause"),
        [
            ({"client_secret": None}, "secret_missing"),
            ({"client_secret": ""}, "secret_missing"),
            ({"client_secret": "x"}, "secret_wrong"),
            ({"client_id": None}, "client_unknown"),
        ],
    )
    def test_not_the_application(self, changes, cause, party):
        token = party.tokens()["refresh_token"]
        assert_refused(party.refresh(token, **changes), cause, INVALID_CLIENT)
        assert party.refresh(token).status_code == 200

    @pytest.mark.contract("ID-104", "TA-91")
    def test_a_public_application_and_its_secret(self, relying_party, public_app, internal_user):
        party = relying_party(public_app, user=internal_user, scope=SCOPE)
        token = party.tokens()["refresh_token"]
        assert_refused(party.refresh(token, client_secret="x"), "secret_from_public_client", INVALID_CLIENT)
        assert party.refresh(token, client_secret="").status_code == 200

    @pytest.mark.contract("TK-50", "ID-131", "ID-227")
    def test_a_service_has_none(self, service_app, token_request):
        sent = {"client_id": service_app.client_id, "client_secret": service_app.plain_secret}
        body = token_request(grant_type="client_credentials", **sent, scope="read offline_access openid").json()
        assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
        refused = token_request(grant_type="refresh_token", **sent, refresh_token="0" * 64)
        assert_refused(
            refused,
            "grant_not_allowed",
            {
                "error": "unauthorized_client",
                "error_description": "The client is not authorized to use this grant type",
            },
        )


def app_is(**changes):
    return lambda app, user: TrustedApplication.objects.filter(pk=app.pk).update(**changes)


def user_is(**changes):
    return lambda app, user: User.objects.filter(pk=user.pk).update(**changes)


def delete(app, user):
    TrustedApplication.objects.get(pk=app.pk).delete()


def withdraw_consent(app, user):
    assert consent.withdraw(Consent.objects.get(user=user, application=app), actor=SYSTEM, now=timezone.now())


# The services that set these two columns (a changed password, a deactivated account, a retired secret) have tests of
# their own; here is what the columns do.
def void_for_the_user(app, user):
    user_is(refresh_tokens_from=timezone.now())(app, user)


def void_for_the_application(app, user):
    app_is(refresh_tokens_from=timezone.now())(app, user)


INVALID_GRANT_AFTER = {
    "the person is switched off": (user_is(is_active=False), "user_inactive"),
    "the person became external": (user_is(user_type=UserType.COMMUNITY), "user_type"),
    "the person became a system user": (user_is(user_type=UserType.SYSTEM), "user_type"),
    "only external people are admitted": (
        app_is(allows_internal_users=False, allows_community_users=True), "user_type",
    ),
    "nobody is admitted": (app_is(allows_internal_users=False), "user_type"),
    "a granted scope was withdrawn": (app_is(scope="read"), "scope_withdrawn"),
    "all scopes were withdrawn": (app_is(scope=""), "scope_withdrawn"),
    "the consent was withdrawn": (withdraw_consent, "refresh_token_revoked"),
    "the password was changed": (void_for_the_user, "refresh_token_revoked"),
    "a secret was retired": (void_for_the_application, "refresh_token_revoked"),
}  # fmt: skip
# The rows that speak of one of these alone.
ROWS = {
    "the person is switched off": ["ID-190"],
    "the person became external": ["ID-123", "ID-185"],
    "the person became a system user": ["ID-123", "ID-185"],
    "only external people are admitted": ["ID-123"],
    "nobody is admitted": ["ID-123"],
    "a granted scope was withdrawn": ["ID-123"],
    "all scopes were withdrawn": ["ID-123"],
    "the consent was withdrawn": ["ID-83"],
    "the password was changed": ["ID-195"],
    "a secret was retired": ["TA-54"],
}


class TestNoLonger:
    """What was granted is looked at again at every renewal."""

    @pytest.mark.contract("ID-231", "TA-05", "TK-57", "OP-159")
    @pytest.mark.parametrize(
        "after",
        [pytest.param(after, marks=pytest.mark.contract(*ROWS.get(after, []))) for after in INVALID_GRANT_AFTER],
    )
    def test_invalid_grant(self, after, party, web_app, internal_user):
        change, cause = INVALID_GRANT_AFTER[after]
        token = party.tokens()["refresh_token"]
        change(web_app, internal_user)
        event = assert_refused(party.refresh(token), cause)
        assert event.user_login == internal_user.login

    @pytest.mark.contract("TK-56")
    @pytest.mark.parametrize("after", INVALID_GRANT_AFTER)
    def test_neither_for_a_second_use(self, after, party, web_app, internal_user):
        change, cause = INVALID_GRANT_AFTER[after]
        token = party.tokens()["refresh_token"]
        party.refresh(token)
        change(web_app, internal_user)
        assert_refused(party.refresh(token), cause)

    @pytest.mark.contract("ID-123", "ID-233", "TA-13", "TA-70", "TA-72", "OP-159", "TK-57")
    @pytest.mark.parametrize(
        ("change", "cause"),
        [
            (app_is(is_enabled=False), "application_disabled"),
            (app_is(client_type=ClientType.NONE), "client_type_none"),
            (delete, "client_unknown"),
        ],
    )
    def test_invalid_client(self, change, cause, party, web_app, internal_user):
        body = party.tokens()
        change(web_app, internal_user)
        assert_refused(party.refresh(body["refresh_token"]), cause, INVALID_CLIENT)
        assert party.call_api(body["access_token"]) == (200 if cause == "client_type_none" else 401)

    @pytest.mark.contract("ID-123")
    @pytest.mark.parametrize("was", ["public", "confidential"])
    def test_it_became_another_kind_of_application(self, was, relying_party, web_app, public_app, internal_user):
        app = public_app if was == "public" else web_app
        party = relying_party(app, user=internal_user, scope=SCOPE)
        token = party.tokens()["refresh_token"]
        if was == "public":
            web_app.secrets.update(application=public_app)
            app.client_type, secret = ClientType.CONFIDENTIAL, web_app.plain_secret
        else:
            app.client_type, secret = ClientType.PUBLIC, None
        app.save()
        assert_refused(party.refresh(token, client_secret=secret), "client_type_changed")

    @pytest.mark.contract("TA-71", "TA-70", "ID-123")
    def test_what_was_taken_back_and_given_again(self, party, web_app):
        body = party.tokens()
        app_is(is_enabled=False)(web_app, None)
        assert party.refresh(body["refresh_token"]).json() == INVALID_CLIENT
        app_is(is_enabled=True, scope="read")(web_app, None)
        assert party.call_api(body["access_token"]) == 200
        assert_refused(party.refresh(body["refresh_token"]), "scope_withdrawn")
        app_is(scope="update read")(web_app, None)
        assert party.refresh(body["refresh_token"]).status_code == 200

    @pytest.mark.contract("ID-190", "TK-57", "TA-54")
    @pytest.mark.parametrize("void", [void_for_the_user, void_for_the_application])
    def test_only_what_was_granted_before_is_void(self, void, party, web_app, internal_user):
        before = party.tokens()
        void(web_app, internal_user)
        # The access token lives on until it expires.
        assert party.call_api(before["access_token"]) == 200
        after = party.tokens()
        assert_refused(party.refresh(before["refresh_token"]), "refresh_token_revoked")
        assert party.refresh(after["refresh_token"]).status_code == 200

    @pytest.mark.contract("ID-182", "ID-184", "ID-185", "TK-41", "TK-97")
    def test_a_person_became_external_and_may_still_come(self, party, web_app, internal_user):
        app_is(allows_community_users=True)(web_app, None)
        token = party.tokens()["refresh_token"]
        user_is(user_type=UserType.COMMUNITY)(None, internal_user)
        # Nothing but data was asked for, so nothing would be left; that costs no token.
        assert_refused(
            party.refresh(token, scope="read"),
            "scope_not_granted",
            {"error": "invalid_scope", "error_description": "Invalid scope: read"},
        )
        body = party.refresh(token, scope=SCOPE).json()
        assert body["scope"] == "openid profile offline_access"
        assert claims_of(body["access_token"])["aud"] == "http://127.0.0.1:8000/id/resources"
        assert party.call_api(body["access_token"]) == 401
        assert party.userinfo(body["access_token"]).json()["user_type"] == "ExternalCommunityUser"
        # And back again.
        user_is(user_type=UserType.INTERNAL)(None, internal_user)
        assert party.refresh(body["refresh_token"]).json()["scope"] == SCOPE

    @pytest.mark.contract("ID-157", "ID-158", "OP-201", "TK-57", "ID-160", "ID-72")
    def test_the_person_signed_out(self, party, relying_party, public_app, internal_user, service_app, service_token):
        elsewhere = relying_party(party.application, user=internal_user, browser=Client(), scope=SCOPE)
        same_browser = relying_party(public_app, scope=SCOPE)
        here, other, there = party.tokens(), same_browser.tokens(), elsewhere.tokens()
        service = service_token(service_app)
        assert party.sign_out(here["id_token"]).status_code == 200
        assert_refused(party.refresh(here["refresh_token"]), "refresh_token_revoked")
        assert_refused(same_browser.refresh(other["refresh_token"]), "refresh_token_revoked")
        assert elsewhere.refresh(there["refresh_token"]).status_code == 200
        for token in (here["access_token"], other["access_token"], service):
            assert party.call_api(token) == 200

    @pytest.mark.contract("ID-76", "TK-57")
    def test_somebody_else_signed_in(self, party, community_user):
        token = party.tokens()["refresh_token"]
        party.client.force_login(community_user)
        assert party.refresh(token).status_code == 200

    @pytest.mark.contract("ID-83", "ID-82")
    def test_consent_given_again_brings_nothing_back(self, party, web_app, internal_user):
        before = party.tokens()
        withdraw_consent(web_app, internal_user)
        after = party.tokens()
        assert_refused(party.refresh(before["refresh_token"]), "refresh_token_revoked")
        assert party.refresh(after["refresh_token"]).status_code == 200
