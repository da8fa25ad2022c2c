"""Signing in: who may, what a refusal tells, how long it lasts, where it leads."""

import re
import time
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as product
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.audit.unknown_names import stand_in
from erpnet_identity.identity.models import IdentitySession
from erpnet_identity.users.models import User, UserType
from tests.factories.users import UserFactory
from tests.support.relying_party import form_of

pytestmark = pytest.mark.django_db


def events(name="user.sign_in_refused"):
    return AuditEvent.objects.filter(name=name).order_by("id")


def key_of(person):
    return person.browser.cookies[product.SESSION_COOKIE_NAME].value


class TestThePage:
    @pytest.mark.contract("ID-62", "ID-04", "OP-343")
    def test_what_it_asks(self, person, said):
        page = person.open("/id/signin")
        text = page.content.decode()
        for name in ("login", "password", "remember"):
            assert f'for="id_{name}"' in text
        assert said(page) == "asked"
        assert text.count('type="submit"') == 1
        assert 'id="signin-submit"' in text
        assert "no-store" in page["Cache-Control"]
        assert page["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
        assert "form-action 'self';" in page["Content-Security-Policy"]

    @pytest.mark.contract("ID-66")
    @pytest.mark.parametrize(("switch", "value"), [(False, "off"), (True, "username")])
    def test_completion_of_the_user_name(self, switch, value, person, settings):
        settings.USERNAME_AUTOCOMPLETE = switch
        (field,) = re.findall(r'<input [^>]*name="login"[^>]*>', person.open("/id/signin").content.decode())
        assert f'autocomplete="{value}"' in field

    @pytest.mark.contract("ID-68")
    @pytest.mark.parametrize(
        "path",
        ["/id/signin", "/id/account", "/id/password/reset", "/id/password/change", "/id/connect/endsession/confirm"],
    )
    def test_no_form_without_its_token(self, path, person, maria, password):
        response = person.browser.post(path, {"login": "maria", "password": password, "email": maria.email})
        assert response.status_code == 403
        assert not IdentitySession.objects.exists()

    @pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
    @pytest.mark.parametrize("path", ["/id/", "/id/signin", "/id/account", "/id/password/reset", "/id/password/change"])
    def test_other_methods(self, method, path, client):
        assert getattr(client, method)(path).status_code == 405

    def test_programs_get_the_page_too(self, person, maria):
        page = person.open("/id/signin", Accept="application/json")
        assert page["Content-Type"].startswith("text/html")

    def test_nothing_is_stored_for_somebody_who_looks(self, person):
        person.open("/id/signin")
        assert not Session.objects.exists()


class TestSigningIn:
    @pytest.mark.contract("ID-63", "ID-70")
    @pytest.mark.parametrize("typed", ["maria", "MARIA", " maria ", "maria@example.com", "MARIA@EXAMPLE.COM"])
    def test_with_the_login_or_the_address(self, typed, person, maria):
        response = person.sign_in(typed)
        assert (response.status_code, response["Location"]) == (302, "/id/")
        assert "no-store" in response["Cache-Control"]
        page = person.follow(response)
        assert "Maria" in page.content.decode()
        session = IdentitySession.objects.get()
        assert re.fullmatch("[0-9A-F]{32}", session.sid)
        assert (session.user, session.amr, session.idp) == (maria, ["pwd"], "local")
        (event,) = events("user.signed_in")
        assert (event.user_login, event.sid) == ("maria", session.sid)

    @pytest.mark.contract("ID-63")
    def test_an_address_of_two_accounts(self, person, maria, password, said):
        UserFactory(login="maria2", email="maria@example.com", password=password)
        assert said(person.sign_in("maria@example.com")) == "failed"
        assert person.sign_in("maria2").status_code == 302

    @pytest.mark.contract("ID-176")
    def test_a_community_user(self, person, password):
        UserFactory(login="guest", community=True, password=password)
        person.sign_in("guest")
        assert person.is_signed_in

    @pytest.mark.contract("ID-70")
    def test_cookie(self, person, maria):
        cookie = person.sign_in("maria").cookies[product.SESSION_COOKIE_NAME]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert abs(int(cookie["max-age"]) - 36_000) <= 2

    @pytest.mark.contract("ID-70")
    @pytest.mark.parametrize(("typed", "lasts"), [({}, timedelta(hours=10)), ({"remember": "on"}, timedelta(days=30))])
    def test_how_long_it_lasts(self, typed, lasts, person, maria):
        cookie = person.sign_in("maria", **typed).cookies[product.SESSION_COOKIE_NAME]
        assert abs(int(cookie["max-age"]) - lasts.total_seconds()) <= 2
        session = IdentitySession.objects.get()
        assert session.is_remembered is bool(typed)
        assert abs(session.expires - session.auth_time - lasts) < timedelta(seconds=2)
        with time_machine.travel(timezone.now() + lasts - timedelta(minutes=1), tick=True):
            assert person.is_signed_in
        with time_machine.travel(timezone.now() + lasts + timedelta(minutes=1), tick=True):
            assert not person.is_signed_in

    @pytest.mark.contract("ID-68", "OP-104")
    def test_the_key_of_the_browser_session_changes(self, person, maria, boris):
        person.sign_in("maria")
        keys = [key_of(person)]
        for login in ("maria", "boris", "boris"):
            person.sign_in(login, at="/id/signin?other=1")
            keys.append(key_of(person))
        assert len(set(keys)) == 4
        assert Session.objects.count() == 1, "the old ones are gone"

    @pytest.mark.contract("OP-104")
    def test_a_key_that_somebody_else_planted(self, person, somebody, maria):
        attacker = somebody()
        attacker.submit(attacker.open("/id/password/reset?next=/x"), "reset", email="a@example.com")
        planted = key_of(attacker)
        person.browser.cookies[product.SESSION_COOKIE_NAME] = planted
        person.sign_in("maria")
        assert person.is_signed_in
        assert key_of(person) != planted
        assert not attacker.is_signed_in

    @pytest.mark.contract("ID-75")
    def test_again_as_the_same_person(self, person, maria):
        person.sign_in("maria")
        before = IdentitySession.objects.get()
        person.sign_in("maria", at="/id/signin?other=1")
        after = IdentitySession.objects.get()
        assert after.sid == before.sid
        assert after.auth_time > before.auth_time

    @pytest.mark.contract("ID-76")
    def test_as_somebody_else(self, person, maria, boris):
        person.sign_in("maria")
        before = IdentitySession.objects.get()
        person.sign_in("boris", at="/id/signin?other=1")
        assert "Boris" in person.open("/id/").content.decode()
        assert IdentitySession.objects.exclude(sid=before.sid).get().user == boris
        # Replaced in this browser, and not signed out.
        assert IdentitySession.objects.get(sid=before.sid).ended_at is None
        assert not events("user.signed_out").exists()

    @pytest.mark.contract("ID-77")
    def test_until_the_password_is_right_the_old_session_is_intact(self, person, maria, boris):
        person.sign_in("maria")
        person.sign_in("boris", "wrong", at="/id/signin?other=1")
        assert "Maria" in person.open("/id/").content.decode()

    def test_an_account_that_is_switched_off_is_signed_out(self, person, maria):
        person.sign_in("maria")
        User.objects.update(is_active=False)
        assert not person.is_signed_in


REFUSED = {
    "wrong password": {},
    "unknown": {"login": "somebody.else", "email": ""},
    "inactive": {"is_active": False},
    "locked": {"lockout_end": timezone.now() + timedelta(days=1)},
    "system user": {"user_type": UserType.SYSTEM},
    "virtual user": {"user_type": UserType.VIRTUAL},
    "invited": {"user_type": UserType.INVITED_INTERNAL},
    "without a password": {"password": "!"},
}


class TestRefusals:
    @pytest.fixture
    def hashed(self, monkeypatch):
        """Every password that is hashed."""
        computed = []
        encode = MD5PasswordHasher.encode
        monkeypatch.setattr(
            MD5PasswordHasher, "encode", lambda self, *args: computed.append(args[0]) or encode(self, *args)
        )
        return computed

    @staticmethod
    def masked(page):
        return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", page.content.decode())

    @pytest.mark.contract("ID-64", "ID-190", "ID-199")
    @pytest.mark.parametrize("cause", REFUSED)
    def test_one_answer_for_every_cause(self, cause, person, maria, password, hashed, said):
        reference = person.sign_in("maria", "wrong")
        User.objects.update(access_failed_count=0)
        User.objects.update(**REFUSED[cause])
        hashed.clear()
        page = person.sign_in("maria", "wrong" if cause == "wrong password" else password)
        assert page.status_code == reference.status_code == 200
        assert self.masked(page) == self.masked(reference)
        assert said(page) == "failed"
        assert len(hashed) == 1
        assert password not in page.content.decode()
        assert not person.is_signed_in

    @pytest.mark.contract("ID-64")
    @pytest.mark.parametrize(
        ("login", "secret"),
        [("maria", "x" * 1001), ("maria", "a\x00b"), ("ma\x00ria", "x"), ("x" * 5000, "x"), ("maria", "\ud800")],
    )
    def test_what_nobody_can_have(self, login, secret, person, maria, said):
        page = person.sign_in(login, secret.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
        assert page.status_code == 200
        assert said(page) == "failed"
        assert "is not right" in page.content.decode()

    @pytest.mark.parametrize("typed", [{"login": ""}, {"password": ""}, {"login": "  "}])
    def test_an_empty_field_is_no_attempt(self, typed, person, maria, hashed, said):
        page = person.submit(person.open("/id/signin"), "signin", **{"login": "maria", "password": "x", **typed})
        assert said(page) == "failed"
        assert "is not right" not in page.content.decode()
        assert hashed == []
        assert not events().exists()

    @pytest.mark.contract("ID-191")
    def test_locked_and_open_again(self, person, maria, said):
        for _ in range(5):
            assert said(person.sign_in("maria", "wrong")) == "failed"
        assert said(person.sign_in("maria")) == "failed"
        assert [event.cause for event in events()] == ["wrong_password"] * 5 + ["locked"]
        with time_machine.travel(timezone.now() + timedelta(seconds=301), tick=True):
            assert person.sign_in("maria").status_code == 302

    def test_the_trail_knows_the_cause(self, person, maria):
        person.sign_in("maria", "wrong")
        person.sign_in("nobody", "wrong")
        assert [(event.user_login, event.actor_name, event.cause) for event in events()] == [
            ("maria", "maria", "wrong_password"),
            ("", stand_in("nobody"), "unknown_user"),
        ]


def test_a_login_that_takes_long_to_read(person, maria):
    """A letter with thousands of accents, in the form of somebody who is signed in or was at this browser, stopped the
    process for minutes."""
    person.sign_in("maria")
    _, fields = form_of(person.open("/id/signin?other=1"), id="signin")
    fields |= {"login": "a" + "\u0300\u0315" * 20_000, "password": "no password of hers"}
    began = time.thread_time()
    person.browser.post("/id/signin", fields)
    assert time.thread_time() - began < 0.5


class TestWhereItLeads:
    @pytest.mark.contract("ID-67", "OP-103")
    @pytest.mark.parametrize(
        "wanted",
        [
            "https://evil.example",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/x\r\nSet-Cookie: a=b",
            "\t//evil.example",
            " //evil.example",
            "javascript:alert(1)",
            "http:evil.example",
            "http:/evil.example",
            "evil.example",
            "@evil.example",
            "/ü",
            "/x\x00",
            "/" + "x" * 2000,
        ],
    )
    def test_never_to_another_host(self, wanted, person, maria):
        page = person.browser.get("/id/signin", {"next": wanted})
        assert 'name="next"' not in page.content.decode()
        response = person.submit(page, "signin", login="maria", password="correct horse battery", next=wanted)
        assert response["Location"] == "/id/"
        assert person.browser.get("/id/signin", {"next": wanted})["Location"] == "/id/"

    @pytest.mark.parametrize("wanted", ["/id/password/change", "/manage/x?a=b&c=%2F#d", "/"])
    def test_to_a_page_of_our_own(self, wanted, person, maria):
        page = person.browser.get("/id/signin", {"next": wanted})
        page = person.submit(page, "signin", login="maria", password="wrong")
        response = person.submit(page, "signin", login="maria", password="correct horse battery")
        assert response["Location"] == wanted
        assert person.browser.get("/id/signin", {"next": wanted})["Location"] == wanted

    @pytest.mark.parametrize("path", ["/id/", "/id"])
    def test_home(self, path, person, maria):
        response = person.open(path)
        assert response["Location"] == "/id/signin?next=%2Fid%2F"
        person.sign_in("maria")
        page = person.open(path)
        text = page.content.decode()
        assert "maria" in text
        assert "no-store" in page["Cache-Control"]
        assert 'href="/id/password/change"' in text
        assert 'href="/id/connect/endsession"' in text

    def test_the_way_of_home_to_the_sign_in_page_and_back(self, person, maria):
        page = person.follow(person.open("/id/password/change"))
        response = person.submit(page, "signin", login="maria", password="correct horse battery")
        assert response["Location"] == "/id/password/change"


class TestSession:
    def test_signing_out_ends_it(self, person, maria):
        person.sign_in("maria")
        page = person.open("/id/connect/endsession")
        person.submit(page, "signout")
        assert not person.is_signed_in
        assert IdentitySession.objects.get().ended_at is not None

    def test_one_that_was_ended_elsewhere(self, person, maria):
        person.sign_in("maria")
        IdentitySession.objects.update(ended_at=timezone.now())
        assert not person.is_signed_in
        person.sign_in("maria")
        assert person.is_signed_in
        assert IdentitySession.objects.count() == 2
