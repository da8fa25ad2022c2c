"""A new password: with the old one, or with a link from a mail."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as product
from django.contrib.sessions.models import Session
from django.utils import timezone, translation

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.audit.unknown_names import stand_in
from erpnet_identity.identity import adapter, mail
from erpnet_identity.users.models import User, UserType
from tests.factories.users import UserFactory
from tests.support.relying_party import query_of

pytestmark = pytest.mark.django_db

NEW = "a new long sentence"
RESET = "/id/password/reset"
LINK = re.compile(r"http://127\.0\.0\.1:8000(/id/password/reset/[0-9a-f]{32}-[0-9a-z]+-[0-9a-f]{32})\n")


def events(name):
    return list(AuditEvent.objects.filter(name=name).order_by("id"))


@pytest.fixture
def ask(person, mails):
    """``ask(email)``: ask for a link; the answer, and the mails that were sent for it."""

    def go(email, at=RESET, **headers):
        before = len(mails())
        response = person.submit(person.open(at, **headers), "reset", email=email)
        return response, mails()[before:]

    return go


@pytest.fixture
def link(ask, maria):
    """The path of the link in a mail to Maria."""
    (message,) = ask("maria@example.com")[1]
    return LINK.search(message.body)[1]


def choose(person, page, first=NEW, second=None):
    return person.submit(page, "reset-key", password1=first, password2=first if second is None else second)


class TestAskingForALink:
    @pytest.mark.contract("OP-343")
    def test_the_page(self, person, said):
        page = person.open(RESET)
        assert said(page) == "asked"
        assert 'id="reset-submit"' in page.content.decode()
        assert said(person.submit(page, "reset", email="not an address")) == "refused"

    def test_the_mail(self, ask, maria):
        response, (message,) = ask(" MARIA@example.COM ")
        assert response["Location"] == "/id/password/reset/sent"
        # To the address of the account, not to what somebody typed.
        assert message.to == ["Maria@Example.com"]
        assert message.from_email == "noreply@127.0.0.1"
        assert message.subject == "Choose a new password for 127.0.0.1:8000"
        assert "Maria" in message.body
        assert LINK.search(message.body)
        assert message.extra_headers == {"Auto-Submitted": "auto-generated"}
        (event,) = events("user.password_reset_requested")
        assert (event.outcome, event.user_login) == ("success", "maria")
        assert LINK.search(message.body)[1].split("/")[-1] not in str(event.detail)

    @pytest.mark.contract("OPS-01", "OP-103")
    def test_the_link_never_follows_the_host_of_the_request(self, ask, maria):
        message = ask("maria@example.com", Host="localhost")[1][0]
        assert LINK.search(message.body)
        assert "localhost" not in message.body

    @pytest.mark.contract("OP-58")
    @pytest.mark.parametrize(("locale", "language"), [("bg", "bg"), ("de", "de"), ("en-US", "en"), ("fr", "en")])
    def test_in_the_language_of_whoever_reads_it(self, locale, language, person, maria, mails, monkeypatch):
        User.objects.update(locale=locale)
        spoken = []
        render = adapter.render_to_string
        monkeypatch.setattr(
            adapter, "render_to_string", lambda *args: spoken.append(translation.get_language()) or render(*args)
        )
        person.submit(person.open(f"{RESET}?language=de"), "reset", email="maria@example.com")
        mails()
        assert spoken == [language] * 2

    @pytest.mark.contract("ID-64")
    @pytest.mark.parametrize(
        ("email", "change"),
        [
            ("nobody@example.com", {}),
            ("maria@example.com", {"is_active": False}),
            ("maria@example.com", {"user_type": UserType.SYSTEM}),
            ("maria@example.com", {"user_type": UserType.INVITED_INTERNAL}),
            ("maria@example.com", {"email": "elsewhere@example.com"}),
        ],
    )
    def test_the_same_answer_and_no_mail(self, email, change, ask, maria, person):
        reference, _ = ask("maria@example.com")
        User.objects.update(**change)
        response, sent = ask(email)
        assert sent == []
        assert response.status_code == reference.status_code
        assert dict(response.headers) == {**reference.headers, "X-Correlation-Id": response["X-Correlation-Id"]}
        assert response.content == reference.content
        event = events("user.password_reset_requested")[-1]
        assert (event.outcome, event.user_login, event.actor_name) == ("refused", "", stand_in(email))
        assert (event.cause, event.detail) == ("unknown_email", {"length": len(email)})

    @pytest.mark.contract("ID-64")
    def test_the_same_work_during_the_request(self, person, maria, django_assert_num_queries, monkeypatch):
        """Nothing is made for an account before the answer: one look-up and one event, whoever has the address."""
        made = []
        monkeypatch.setattr(mail, "later", lambda send, about: made.append(send))
        page = person.open(RESET)
        for email in ("maria@example.com", "nobody@example.com"):
            with django_assert_num_queries(2):
                person.submit(page, "reset", email=email)
        assert len(made) == 2

    def test_two_accounts_with_one_address(self, ask, maria):
        UserFactory(login="maria2", email="maria@example.com")
        sent = ask("maria@example.com")[1]
        assert sorted(re.search(r"user name is (\S+)\.", message.body)[1] for message in sent) == ["maria", "maria2"]

    def test_nothing_but_what_was_come_for_is_stored(self, ask, person, maria):
        ask("maria@example.com")
        assert not Session.objects.exists()


class TestTheLink:
    @pytest.mark.contract("ID-195")
    def test_a_new_password(self, ask, person, somebody, maria, password, said):
        other = somebody()
        other.sign_in("maria")
        page = person.open(LINK.search(ask("maria@example.com")[1][0].body)[1])
        assert said(page) == "asked"
        assert page["Referrer-Policy"] == "strict-origin"
        assert "no-store" in page["Cache-Control"]
        assert NEW not in choose(person, page, NEW, "different").content.decode()
        response = choose(person, page)
        assert response["Location"] == "/id/password/reset/done"
        assert said(person.follow(response)) == "done"
        # Nobody was signed in by it, and who was is not any more.
        assert not person.is_signed_in
        assert not other.is_signed_in
        assert said(person.sign_in("maria", password)) == "failed"
        assert person.sign_in("maria", NEW).status_code == 302
        (event,) = events("user.updated")
        assert (event.actor_kind, event.actor_name, event.user_login) == ("user", "maria", "maria")
        assert event.detail["credential_changed"] is True
        assert NEW not in str(event.detail)

    def test_once(self, link, person, said):
        page = person.open(link)
        choose(person, page)
        for again in (person.open(link), choose(person, page, "one more sentence")):
            assert said(again) == "link-expired"
        assert User.objects.get().check_password(NEW)

    def test_for_an_hour(self, link, person, said):
        with time_machine.travel(timezone.now() + timedelta(minutes=59), tick=True):
            assert said(person.open(link)) == "asked"
        with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=True):
            page = person.open(link)
            assert said(page) == "link-expired"
            assert person.click(page, "reset-again").status_code == 200

    @pytest.mark.parametrize(
        "damage",
        [
            lambda link: link[:-1],
            lambda link: link[:-1] + ("0" if link[-1] != "0" else "1"),
            lambda link: re.sub(r"reset/[0-9a-f]{32}", "reset/" + "0" * 32, link),
            lambda link: re.sub(r"-[0-9a-z]+-", "-zzzzzz-", link),
            lambda link: re.sub(r"-[0-9a-z]+-", "-", link),
        ],
    )
    def test_damaged(self, damage, link, person, said):
        assert said(person.open(damage(link))) == "link-expired"

    @pytest.mark.contract("ID-190")
    def test_of_an_account_that_was_switched_off(self, link, person, said):
        page = person.open(link)
        User.objects.update(is_active=False)
        assert said(person.open(link)) == "link-expired"
        assert said(choose(person, page)) == "link-expired"
        assert not User.objects.get().check_password(NEW)

    @pytest.mark.contract("ID-191")
    def test_ends_a_lockout(self, link, person, said):
        for _ in range(5):
            person.sign_in("maria", "wrong")
        assert said(person.sign_in("maria")) == "failed"
        choose(person, person.open(link))
        assert person.sign_in("maria", NEW).status_code == 302

    @pytest.mark.contract("ID-193")
    @pytest.mark.parametrize(
        "bad", ["short", "password123", "maria@example.com", "x" * 1001, "a\x00 long sentence", ""]
    )
    def test_bad_passwords(self, bad, link, person, said):
        page = choose(person, person.open(link), bad)
        assert said(page) == "refused"
        assert User.objects.get().check_password("correct horse battery")

    @pytest.mark.contract("ID-193")
    def test_strong_passwords(self, link, person, settings, said):
        assert "<li></li>" not in person.open(link).content.decode()
        settings.STRONG_PASSWORDS = True
        page = person.open(link)
        assert "three of lower case" in page.content.decode()
        assert said(choose(person, page)) == "refused"
        assert choose(person, page, "a New long sentence").status_code == 302

    @pytest.mark.contract("ID-76")
    def test_somebody_else_stays_signed_in(self, link, person, boris):
        """A link must not be a way to sign people out."""
        person.sign_in("boris")
        choose(person, person.open(link))
        assert "Boris" in person.open("/id/").content.decode()

    @pytest.mark.contract("OP-233")
    def test_the_key_is_in_no_table(self, link, person):
        person.open(link)
        assert not Session.objects.exists()

    @pytest.mark.contract("OP-95", "OP-73")
    def test_the_waiting_request_is_found_again(self, ask, person, web_app, maria):
        rp = person.at(web_app, state="a+b %")
        page = person.follow(rp.authorize())
        response = person.click(page, "signin-reset")
        (message,) = ask("maria@example.com", response.wsgi_request.get_full_path())[1]
        page = person.follow(choose(person, person.open(LINK.search(message.body)[1])))
        page = person.click(page, "reset-signin")
        page = person.follow(person.submit(page, "signin", login="maria", password=NEW))
        answer = query_of(rp.answer_consent(page))
        assert answer["state"] == ["a+b %"]
        assert "sign_in_context" not in person.browser.session

    def test_the_waiting_request_is_too_old_by_then(self, ask, person, web_app, maria, said):
        with time_machine.travel(timezone.now() - timedelta(minutes=58), tick=True):
            page = person.follow(person.at(web_app).authorize())
        response = person.click(page, "signin-reset")
        message = ask("maria@example.com", response.wsgi_request.get_full_path())[1][0]
        with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=True):
            page = person.follow(choose(person, person.open(LINK.search(message.body)[1])))
            assert said(person.click(page, "reset-signin")) == "asked"
            assert person.open(response.wsgi_request.get_full_path()).status_code == 200


class TestChanging:
    @pytest.fixture
    def change(self, person):
        def go(old, first=NEW, second=None):
            page = person.open("/id/password/change")
            second = first if second is None else second
            return person.submit(page, "change", oldpassword=old, password1=first, password2=second)

        return go

    @pytest.mark.contract("ID-195", "OP-343")
    def test_a_new_one(self, change, person, somebody, maria, web_app, password, said):
        other = somebody()
        other.sign_in("maria")
        person.sign_in("maria")
        rp = person.at(web_app)
        token = rp.tokens(scope="openid read offline_access")["refresh_token"]
        sid, key = person.browser.session["sid"], person.browser.cookies[product.SESSION_COOKIE_NAME].value
        response = change(password)
        assert response["Location"] == "/id/password/changed"
        assert said(person.follow(response)) == "done"
        # This browser goes on, with a new key; all the others are signed out, and so are the applications.
        assert person.is_signed_in
        assert person.browser.session["sid"] == sid
        assert person.browser.cookies[product.SESSION_COOKIE_NAME].value != key
        assert not other.is_signed_in
        refused = rp.refresh(token)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert other.sign_in("maria", NEW).status_code == 302
        (event,) = events("user.updated")
        assert (event.actor_name, event.detail["credential_changed"]) == ("maria", True)

    def test_only_for_somebody_who_is_signed_in(self, person):
        response = person.open("/id/password/change")
        assert response["Location"] == "/id/signin?next=%2Fid%2Fpassword%2Fchange"

    @pytest.mark.contract("ID-193")
    @pytest.mark.parametrize(("first", "second"), [("short", None), (NEW, NEW + "x"), ("x" * 1001, None), ("", "")])
    def test_what_is_refused(self, first, second, change, person, maria, password, said):
        person.sign_in("maria")
        assert said(change(password, first, second)) == "refused"
        assert User.objects.get().check_password(password)

    @pytest.mark.contract("ID-191")
    def test_guesses_at_the_current_one_count(self, change, person, maria, password, said):
        person.sign_in("maria")
        for guess in ("wrong", "x" * 1001, "wrong", "wrong", "wrong", "wrong"):
            page = change(guess)
            assert said(page) == "refused"
            assert "This is not your current password." in page.content.decode()
        assert said(change(password)) == "refused", "the account is locked"
        causes = [event.cause for event in events("user.sign_in_refused")]
        assert causes == ["wrong_password"] * 5 + ["locked"]
        with time_machine.travel(timezone.now() + timedelta(seconds=301), tick=True):
            assert change(password).status_code == 302

    def test_a_change_by_an_administrator_meanwhile_is_not_undone(self, change, person, maria, password, monkeypatch):
        person.sign_in("maria")
        store = adapter.AccountAdapter.change_password

        def meanwhile(self, user, new):
            User.objects.filter(pk=user.pk).update(name="Maria the Great")
            store(self, user, new)

        monkeypatch.setattr(adapter.AccountAdapter, "change_password", meanwhile)
        assert change(password).status_code == 302
        assert User.objects.get().name == "Maria the Great"

    def test_an_account_without_a_password(self, client):
        client.force_login(UserFactory())
        assert client.get("/id/password/change")["Location"] == RESET


@pytest.mark.parametrize("path", ["/id/password/reset/sent", "/id/password/reset/done", "/id/password/changed"])
def test_pages_that_only_say_something(path, client):
    page = client.get(path)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert client.post(path).status_code == 405


class TestPasswordManagers:
    """They learn whose password it is, and where one is changed."""

    FIELD = re.compile(r'<input [^>]*value="maria"[^>]*autocomplete="username"[^>]*>')

    def test_the_pages_name_the_account(self, link, person, maria):
        assert self.FIELD.search(person.open(link).content.decode())
        person.sign_in("maria")
        assert self.FIELD.search(person.open("/id/password/change").content.decode())

    def test_where_a_password_is_changed(self, client):
        response = client.get("/.well-known/change-password")
        assert (response.status_code, response["Location"]) == (302, "/id/password/change")
        assert not response.cookies
        # By this, a password manager tells whether the answer above means anything.
        known = client.get("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200")
        assert known.status_code == 404


def test_the_owner_of_a_locked_account_learns_what_helps(link, person, maria, password, said):
    for _ in range(6):
        page = person.sign_in("maria", "wrong")
    locked = person.sign_in("maria", password).content.decode()
    assert "wait a few minutes or reset your password" in locked
    assert "wait a few minutes or reset your password" in person.sign_in("nobody", "wrong").content.decode()
    assert said(page) == "failed"
    choose(person, person.open(link))
    assert person.sign_in("maria", NEW).status_code == 302
