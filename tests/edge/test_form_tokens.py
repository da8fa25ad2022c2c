"""The token of a form: of this browser and this person, whatever sign-ins came between (ID-68)."""

import re

import pytest
from django.conf import settings
from django.test import Client

from tests.factories.users import UserFactory
from tests.support.relying_party import form_of

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
OURS = {"Origin": "http://testserver"}


@pytest.fixture
def maria():
    return UserFactory(admin=True, login="maria", name="Maria", password=PASSWORD)


@pytest.fixture
def browser():
    return Client(enforce_csrf_checks=True)


def sign_in(browser, login, at="/id/signin?other=1"):
    fields = form_of(browser.get(at), id="signin")[1]
    response = browser.post(at, {**fields, "login": login, "password": PASSWORD})
    assert response.status_code == 302, response.content.decode()


def add_user(browser, **typed):
    """The form of a new account, as it stands in an open tab."""
    action, fields = form_of(browser.get("/admin/users/user/add/"), id="user_form")
    return action or "/admin/users/user/add/", {**fields, **typed}


@pytest.mark.contract("ID-68")
class TestTheSamePerson:
    def test_a_form_survives_another_sign_in(self, browser, maria):
        sign_in(browser, "maria")
        address, form = add_user(browser, login="new", user_type="Internal")
        cookie, session = (browser.cookies[name].value for name in (settings.CSRF_COOKIE_NAME, COOKIE))
        sign_in(browser, "maria")
        assert browser.cookies[settings.CSRF_COOKIE_NAME].value == cookie
        assert browser.cookies[COOKIE].value != session, "the session key does change (OP-104)"
        assert browser.post(address, form).status_code != 403

    def test_a_form_survives_the_end_of_the_session(self, browser, maria):
        sign_in(browser, "maria")
        address, form = add_user(browser, login="new")
        del browser.cookies[COOKIE]
        sign_in(browser, "maria")
        assert browser.post(address, form).status_code != 403


COOKIE = settings.SESSION_COOKIE_NAME


@pytest.mark.contract("ID-68")
class TestAnybodyElse:
    def test_what_one_person_opened_is_not_sent_by_another(self, browser, maria):
        other = UserFactory(admin=True, login="boris", name="Boris", password=PASSWORD)
        sign_in(browser, "maria")
        address, form = add_user(browser, login="new", email="<b>@example.com", password1="typed before")
        sign_in(browser, "boris")
        page = browser.post(address, form, headers=OURS)
        text = page.content.decode()
        assert page.status_code == 403
        assert "Boris" in text
        assert "typed before" not in text
        action, again = form_of(page, id="stale-form")
        assert (again["login"], again["email"], again["password1"]) == ("new", "<b>@example.com", "")
        assert action == address
        assert browser.post(action, again).status_code != 403
        assert other.is_active

    @pytest.mark.parametrize("field", ["secret", "secret_hash"])
    def test_the_secret_of_an_application_is_never_shown(self, field, browser, maria, service_app):
        UserFactory(admin=True, login="boris", name="Boris", password=PASSWORD)
        sign_in(browser, "maria")
        at = f"/admin/trusted_apps/trustedapplication/{service_app.pk}/secrets/add/"
        _, form = form_of(browser.get(at), id="secret-form")
        sign_in(browser, "boris")
        page = browser.post(at, {**form, field: "typed-before-" * 3, "name": "Shop"}, headers=OURS)
        text = page.content.decode()
        assert page.status_code == 403
        assert "typed-before-" not in text
        assert f'type="password" id="stale-{field}"' in text
        assert form_of(page, id="stale-form")[1]["name"] == "Shop"

    @pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://testserver.evil.example"])
    def test_what_another_site_sends_is_never_shown_with_a_button(self, origin, browser, maria):
        sign_in(browser, "maria")
        address, form = add_user(browser, login="new")
        form["csrfmiddlewaretoken"] = "x" * 64
        page = browser.post(address, form, headers={"Origin": origin} if origin else {})
        assert page.status_code == 403
        assert "<form" not in page.content.decode()

    def test_a_token_of_nobody_is_none_of_somebody(self, browser, maria):
        token = form_of(browser.get("/id/signin"), id="signin")[1]["csrfmiddlewaretoken"]
        sign_in(browser, "maria")
        assert browser.post("/id/password/change", {"csrfmiddlewaretoken": token}).status_code == 403

    def test_the_cookie_is_no_token(self, browser, maria):
        sign_in(browser, "maria")
        secret = browser.cookies[settings.CSRF_COOKIE_NAME].value
        assert browser.post("/id/password/change", {"csrfmiddlewaretoken": secret}).status_code == 403

    def test_a_cookie_of_another_browser(self, browser, maria):
        sign_in(browser, "maria")
        _, form = add_user(browser)
        stranger = Client(enforce_csrf_checks=True)
        sign_in(stranger, "maria")
        assert stranger.post("/admin/users/user/add/", form).status_code == 403


class TestTheSignInPage:
    def test_comes_back_with_what_was_typed(self, browser, maria):
        fields = form_of(browser.get("/id/signin?next=/manage"), id="signin")[1]
        browser.cookies.clear()
        page = browser.post("/id/signin", {**fields, "login": "maria", "password": PASSWORD}, headers=OURS)
        assert page.status_code == 403
        assert 'id="stale-notice"' in page.content.decode()
        assert PASSWORD not in page.content.decode()
        again = form_of(page, id="signin")[1]
        assert (again["login"], again["next"]) == ("maria", "/manage")
        response = browser.post("/id/signin", {**again, "password": PASSWORD})
        assert response["Location"] == "/manage"

    @pytest.mark.parametrize("typed", ["maria", "MARIA", ""])
    def test_of_a_person_who_is_signed_in_by_now_goes_on(self, typed, browser, maria):
        fields = form_of(browser.get("/id/signin?next=/manage"), id="signin")[1]
        sign_in(browser, "maria")
        response = browser.post("/id/signin", {**fields, "login": typed, "password": "half typ"})
        assert (response.status_code, response["Location"]) == (302, "/manage")

    def test_of_another_person_is_a_sign_in(self, browser, maria):
        UserFactory(login="boris", name="Boris", password=PASSWORD)
        fields = form_of(browser.get("/id/signin"), id="signin")[1]
        sign_in(browser, "maria")
        browser.post("/id/signin", {**fields, "login": "boris", "password": PASSWORD})
        assert "Boris" in browser.get("/id/").content.decode()


def test_no_two_pages_show_the_same_text(browser, maria):
    """The token is masked anew each time (BREACH)."""
    pages = [browser.get("/id/signin").content.decode() for _ in range(2)]
    first, second = (re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)[1] for page in pages)
    assert first != second
