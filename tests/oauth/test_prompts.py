"""Who is signed in, since when, and what an application may ask about that (ID-70 to ID-79, OP-90 to OP-104)."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from erpnet_identity.identity.models import IdentitySession
from erpnet_identity.identity.signed_request import unseal
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.jwt import claims_of
from tests.support.relying_party import answer_of, query_of

pytestmark = pytest.mark.django_db

SIGN_IN = "/id/signin"
ACCOUNT = "/id/account"


@pytest.fixture
def rp(relying_party, web_app, internal_user):
    """Somebody who signed in an hour ago and agreed to everything."""
    with time_machine.travel(timezone.now() - timedelta(hours=1), tick=True):
        party = relying_party(web_app, user=internal_user)
        party.answer()
    return party


def waits_at(response):
    """The page that the browser is sent to, and the sealed request."""
    assert response.status_code == 302, response.content
    path = response["Location"].split("?")[0]
    (sealed,) = query_of(response)["request"]
    return path, sealed


def resume(rp, sealed):
    return rp.client.get("/id/connect/authorize/resume", {"request": sealed})


class TestNobodySignedIn:
    @pytest.mark.contract("OP-90", "ID-78", "CL-15")
    def test_prompt_none(self, relying_party, web_app):
        rp = relying_party(web_app)
        for changes in ({}, {"response_type": "code id_token"}, {"scope": "read"}):
            assert rp.answer(prompt="none", **changes)["error"] == "login_required"

    @pytest.mark.contract("ID-67", "OP-103", "OP-95")
    def test_the_request_waits_unchanged(self, relying_party, web_app):
        rp = relying_party(web_app, claims='{"userinfo":{"name":null}}', max_age="60", state="+ %", prompt="login")
        path, sealed = waits_at(rp.authorize())
        assert path == SIGN_IN
        assert unseal(sealed).parameters == rp.request()

    @pytest.mark.contract("OP-95", "OP-40")
    def test_a_posted_request_waits_too(self, relying_party, web_app):
        rp = relying_party(web_app)
        assert unseal(waits_at(rp.authorize(method="POST"))[1]).parameters == rp.request()

    @pytest.mark.contract("OP-103", "ID-67")
    @pytest.mark.parametrize("damage", [lambda text: text[:-1], lambda text: "x" + text, lambda text: "", str.swapcase])
    def test_a_seal_that_is_not_ours(self, damage, relying_party, web_app, internal_user):
        rp = relying_party(web_app)
        _, sealed = waits_at(rp.authorize())
        rp.client.force_login(internal_user)
        response = resume(rp, damage(sealed))
        assert response.status_code == 400
        assert "Location" not in response.headers

    def test_a_request_that_waited_too_long(self, relying_party, web_app, internal_user):
        rp = relying_party(web_app)
        for hours, is_good in ((7.9, True), (8.1, False)):
            with time_machine.travel(timezone.now() - timedelta(hours=hours), tick=True):
                _, sealed = waits_at(rp.authorize())
            rp.client.force_login(internal_user)
            response = resume(rp, sealed)
            assert (response.status_code == 200) is is_good, hours
            rp.client.logout()
        assert response.status_code == 400
        assert "request_expired" in response.content.decode()

    @pytest.mark.contract("TA-05", "TA-70")
    def test_what_changed_meanwhile_counts(self, relying_party, web_app, internal_user):
        rp = relying_party(web_app)
        _, sealed = waits_at(rp.authorize())
        web_app.redirect_uris = "https://elsewhere.example/cb"
        web_app.save()
        rp.client.force_login(internal_user)
        assert resume(rp, sealed).status_code == 400


class TestSingleSignOn:
    @pytest.mark.contract("ID-71", "ID-72", "OP-91", "OP-100")
    def test_a_second_application(self, rp, relying_party):
        other = relying_party(TrustedApplicationFactory(web=True))
        first, second = (claims_of(party.tokens()["id_token"]) for party in (rp, other))
        assert first["sid"] == second["sid"]
        assert first["auth_time"] == second["auth_time"]
        assert first["sub"] == second["sub"]

    @pytest.mark.contract("ID-78", "OP-91")
    def test_silently(self, rp):
        first = claims_of(rp.tokens()["id_token"])
        again = claims_of(rp.tokens(prompt="none")["id_token"])
        assert {name: again[name] for name in ("sub", "sid", "auth_time")} == {
            name: first[name] for name in ("sub", "sid", "auth_time")
        }

    @pytest.mark.contract("ID-70", "OP-90")
    def test_the_end_is_absolute(self, rp):
        for hours in (5, 8.9):
            with time_machine.travel(timezone.now() + timedelta(hours=hours), tick=True):
                assert "code" in rp.answer(prompt="none")
        with time_machine.travel(timezone.now() + timedelta(hours=9, minutes=1), tick=True):
            assert rp.answer(prompt="none")["error"] == "login_required"
            assert waits_at(rp.authorize())[0] == SIGN_IN

    def test_a_session_that_was_ended_elsewhere(self, rp):
        IdentitySession.objects.update(ended_at=timezone.now())
        assert rp.answer(prompt="none")["error"] == "login_required"

    @pytest.mark.contract("OP-100")
    def test_signing_in_elsewhere_changes_nothing_here(self, rp, internal_user):
        before = claims_of(rp.tokens()["id_token"])["auth_time"]
        Client().force_login(internal_user)
        assert claims_of(rp.tokens()["id_token"])["auth_time"] == before

    @pytest.mark.contract("ID-190", "OP-90")
    def test_an_account_that_was_deactivated(self, rp, internal_user):
        internal_user.is_active = False
        internal_user.save()
        assert rp.answer(prompt="none")["error"] == "login_required"


class TestSigningInAgain:
    @pytest.mark.contract("ID-74", "ID-77", "OP-94")
    @pytest.mark.parametrize("prompt", ["login", "login consent"])
    def test_the_old_session_does_not_satisfy(self, prompt, rp):
        path, sealed = waits_at(rp.authorize(prompt=prompt))
        assert path == SIGN_IN
        # Going on without signing in, however often, leads back to the same page; nobody was signed out.
        for _ in range(2):
            path, sealed = waits_at(resume(rp, sealed))
            assert path == SIGN_IN
        assert "code" in rp.answer(prompt="none")

    @pytest.mark.contract("ID-75", "OP-94", "OP-104", "OP-91")
    def test_as_the_same_person(self, rp, internal_user):
        before = claims_of(rp.tokens()["id_token"])
        _, sealed = waits_at(rp.authorize(prompt="login"))
        key = rp.client.session.session_key
        rp.client.force_login(internal_user)
        assert rp.client.session.session_key != key
        answer = answer_of(resume(rp, sealed))[2]
        after = claims_of(rp.exchange(answer["code"]).json()["id_token"])
        assert after["sid"] == before["sid"]
        assert after["auth_time"] > before["auth_time"]
        # Once is enough: the same page again needs no second sign-in.
        assert "code" in answer_of(resume(rp, sealed))[2]

    @pytest.mark.contract("ID-76", "OP-104")
    def test_as_another_person(self, rp):
        tokens = rp.tokens(scope="openid read offline_access")
        before = claims_of(tokens["id_token"])
        _, sealed = waits_at(rp.authorize(prompt="login"))
        rp.client.force_login(UserFactory(login="another"))
        answer = answer_of(rp.answer_consent(resume(rp, sealed)))[2]
        after = claims_of(rp.exchange(answer["code"]).json()["id_token"])
        assert after["sub"] == "another"
        assert after["sid"] != before["sid"]
        # This was no sign-out: what the first person's session has lives on.
        assert rp.refresh(tokens["refresh_token"]).status_code == 200
        assert IdentitySession.objects.get(sid=before["sid"]).ended_at is None

    @pytest.mark.contract("ID-41", "OP-98", "OP-99")
    @pytest.mark.parametrize(
        ("max_age", "is_enough"), [("3700", True), ("9999999999", True), ("3500", False), ("1", False), ("0", False)]
    )
    def test_max_age(self, max_age, is_enough, rp, internal_user):
        if is_enough:
            assert "auth_time" in claims_of(rp.tokens(max_age=max_age, prompt="none")["id_token"])
            return
        assert rp.answer(max_age=max_age, prompt="none")["error"] == "login_required"
        path, sealed = waits_at(rp.authorize(max_age=max_age))
        assert path == SIGN_IN
        assert waits_at(resume(rp, sealed))[0] == SIGN_IN
        rp.client.force_login(internal_user)
        # However long the pages after it take.
        with time_machine.travel(timezone.now() + timedelta(seconds=30), tick=True):
            assert "code" in answer_of(resume(rp, sealed))[2]

    @pytest.mark.contract("OP-98")
    def test_max_age_zero_is_prompt_login(self, rp, internal_user):
        rp.client.force_login(internal_user)
        assert waits_at(rp.authorize(max_age="0"))[0] == SIGN_IN


class TestTheRightPerson:
    @pytest.mark.contract("OP-101")
    def test_the_hint_of_whoever_is_signed_in(self, rp):
        hint = rp.tokens()["id_token"]
        assert "code" in rp.answer(id_token_hint=hint, prompt="none")
        with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):
            assert "code" in rp.answer(id_token_hint=hint, prompt="none")

    @pytest.mark.contract("OP-101")
    def test_the_hint_of_somebody_else(self, rp, internal_user):
        hint = rp.tokens()["id_token"]
        rp.client.force_login(UserFactory())
        assert rp.answer(id_token_hint=hint, prompt="none")["error"] == "login_required"
        path, sealed = waits_at(rp.authorize(id_token_hint=hint))
        assert path == SIGN_IN
        rp.client.force_login(UserFactory())
        assert answer_of(resume(rp, sealed))[2]["error"] == "login_required"
        rp.client.force_login(internal_user)
        assert "code" in answer_of(resume(rp, sealed))[2]


class TestChoosingAnAccount:
    @pytest.mark.contract("ID-40", "OP-96", "OP-92")
    def test_select_account(self, rp):
        path, sealed = waits_at(rp.authorize(prompt="select_account"))
        assert path == ACCOUNT
        assert waits_at(resume(rp, sealed))[0] == ACCOUNT
        chosen = unseal(sealed).with_choice(rp.client.session["sid"]).seal()
        assert "code" in answer_of(resume(rp, chosen))[2]
        # The choice was of one sign-in: another person must choose too.
        rp.client.force_login(UserFactory())
        assert resume(rp, unseal(sealed).with_choice("0" * 32).seal()).status_code == 200  # freshly signed in: consent

    @pytest.mark.contract("OP-96")
    def test_signing_in_is_a_choice(self, rp, internal_user):
        _, sealed = waits_at(rp.authorize(prompt="select_account"))
        rp.client.force_login(internal_user)
        assert "code" in answer_of(resume(rp, sealed))[2]


class TestTheWrongKindOfAccount:
    @pytest.fixture
    def visitor(self, relying_party, web_app, community_user):
        return relying_party(web_app, user=community_user)

    @pytest.mark.contract("ID-73", "ID-234", "TA-17")
    def test_may_sign_in_as_somebody_else(self, visitor, internal_user):
        response = visitor.authorize()
        assert response.status_code == 200
        page = response.content.decode()
        assert "/id/signin?request=" in page
        cancel = page.split('href="/id/connect/authorize/cancel?')[1].split('"')[0]
        response = visitor.client.get(f"/id/connect/authorize/cancel?{cancel}")
        assert answer_of(response)[2]["error"] == "access_denied"

    @pytest.mark.contract("ID-73", "ID-78")
    def test_silently(self, visitor):
        assert visitor.answer(prompt="none")["error"] == "interaction_required"


@pytest.mark.contract("ID-65", "ID-234", "OP-81")
def test_cancel(relying_party, web_app):
    rp = relying_party(web_app, response_mode="form_post")
    _, sealed = waits_at(rp.authorize())
    address, mode, answer = answer_of(rp.client.get("/id/connect/authorize/cancel", {"request": sealed}))
    assert (address, mode) == ("https://web.example.com/callback", "form_post")
    assert answer["error"] == "access_denied"
    assert answer["state"] == "a state"
