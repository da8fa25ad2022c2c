"""People in a real browser: they sign in, agree, go on to the next application, and sign out (OP-342).

The application is a web site of its own on this machine: it sends the browser off and reads with what it comes back.
"""

from urllib.parse import urlencode, urlsplit

import pytest

from erpnet_identity.users.models import User
from tests.factories.users import UserFactory
from tests.support.person import PASSWORD, allow, sign_in
from tests.support.site import serving_site
from tests.support.web_application import Application, assert_accessible

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SILENT = {"prompt": "none"}


@pytest.mark.contract("OP-342", "OP-343", "ID-62", "ID-71", "ID-72", "ID-81", "ID-82", "OP-91")
@pytest.mark.parametrize("has_scripts", [True, False], ids=["with scripts", "without scripts"])
@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_from_sign_in_to_the_second_application(has_scripts, mode, application, site, instance, maria, person):
    page = person(java_script_enabled=has_scripts)
    application.start(page)
    assert page.title().startswith("Sign in")
    if has_scripts:
        assert_accessible(page)
    sign_in(page, maria)
    page.wait_for_selector("#consent-outcome")
    assert "Shop sync" in page.inner_text("h1")
    if has_scripts:
        assert_accessible(page)
    allow(page)
    _, first = application.claims(page)
    assert (first["sub"], first["name"]) == ("maria", "Maria Petrova")

    other = Application(site, instance, name="Another application")
    other.start(page, response_mode=mode)
    page.wait_for_selector("#consent-outcome")
    allow(page)
    if mode == "query":
        _, second = other.claims(page)
        assert (second["sid"], second["auth_time"]) == (first["sid"], first["auth_time"])
    else:
        if not has_scripts:
            page.click("#form-post-continue")
        page.wait_for_url(other.callback)
        (posted,) = site.posts
        assert set(posted) == {"code", "state", "iss"}
    # The third time nothing is asked any more.
    application.start(page)
    assert "code" in application.answer(page)


@pytest.mark.contract("ID-84", "ID-65", "OP-81", "OP-342")
def test_saying_no(application, maria, person):
    page = person()
    application.start(page)
    page.click("#signin-cancel")
    assert application.answer(page)["error"] == "access_denied"
    application.start(page)
    sign_in(page, maria)
    page.click("#consent-deny")
    assert application.answer(page)["error"] == "access_denied"
    # No is not remembered.
    application.start(page)
    page.wait_for_selector("#consent-allow")


@pytest.mark.contract("ID-73", "ID-76", "ID-81", "OP-96")
def test_another_account_on_the_consent_page(application, maria, person):
    bob = UserFactory(login="bob", name="Bob Builder", password=PASSWORD)
    page = person()
    application.start(page)
    sign_in(page, maria)
    page.click("#consent-switch")
    sign_in(page, bob)
    assert "Bob Builder" in page.inner_text("main")
    allow(page)
    assert application.claims(page)[1]["sub"] == "bob"


@pytest.mark.contract("ID-74", "ID-75", "ID-76", "ID-77", "OP-94")
def test_prompt_login(application, maria, person):
    bob = UserFactory(login="bob", password=PASSWORD)
    page = person()
    application.start(page)
    sign_in(page, maria)
    allow(page)
    _, first = application.claims(page)

    application.start(page, prompt="login")
    # Opening the same address again or going back and forth does not get past it.
    page.reload()
    application.start(page, prompt="login")
    page.go_back()
    page.go_forward()
    page.wait_for_selector("#id_password")
    sign_in(page, maria)
    _, again = application.claims(page)
    assert again["sid"] == first["sid"]
    assert again["auth_time"] >= first["auth_time"]

    application.start(page, prompt="login")
    sign_in(page, bob)
    allow(page)
    _, other = application.claims(page)
    assert other["sub"] == "bob"
    assert other["sid"] != first["sid"]


@pytest.mark.contract("ID-78", "OP-90", "OP-91", "OP-92")
def test_prompt_none(application, maria, person):
    page = person()
    application.start(page, **SILENT)
    assert application.answer(page)["error"] == "login_required"
    application.start(page)
    sign_in(page, maria)
    page.wait_for_selector("#consent-allow")
    application.start(page, **SILENT)
    assert application.answer(page)["error"] == "consent_required"
    application.start(page)
    allow(page)
    application.answer(page)
    application.start(page, **SILENT)
    assert "code" in application.answer(page)


@pytest.mark.contract("ID-40", "OP-96")
def test_select_account(application, maria, person):
    page = person()
    application.start(page)
    sign_in(page, maria)
    allow(page)
    application.answer(page)
    application.start(page, prompt="select_account")
    assert_accessible(page)
    page.click("#select-continue")
    assert "code" in application.answer(page)


@pytest.mark.contract("ID-152", "ID-153", "ID-154", "ID-159", "OP-191", "OP-192", "OP-196", "OP-197")
def test_signing_out(application, site, instance, maria, person):
    page = person()
    application.start(page)
    sign_in(page, maria)
    allow(page)
    id_token, _ = application.claims(page)
    end = f"{instance}/id/connect/endsession"
    back = {"post_logout_redirect_uri": f"{site.url}/signed-out", "state": "s"}

    page.goto(f"{end}?{urlencode({'id_token_hint': id_token, **back})}")
    page.wait_for_url(f"{site.url}/signed-out?state=s")
    application.start(page, **SILENT)
    assert application.answer(page)["error"] == "login_required"

    application.start(page)
    sign_in(page, maria)
    application.answer(page)
    page.goto(f"{end}?{urlencode({'client_id': application.row.client_id, **back})}")
    assert_accessible(page)
    application.start(page, **SILENT)
    assert "code" in application.answer(page), "nothing happens before the question is answered"
    page.go_back()
    page.click("#signout-confirm")
    page.wait_for_url(f"{site.url}/signed-out?state=s")
    application.start(page, **SILENT)
    assert application.answer(page)["error"] == "login_required"


@pytest.mark.contract("ID-64", "ID-191", "OP-73", "OP-343")
def test_wrong_password_until_locked(application, maria, person, settings):
    settings.SIGN_IN_FAILURES = 3
    page = person()
    application.start(page)
    said = set()
    for attempt in range(4):
        sign_in(page, maria, password=PASSWORD if attempt == 3 else "wrong")
        page.wait_for_selector('#signin-outcome[data-outcome="failed"]')
        said.add(page.inner_text("#signin-outcome"))
        assert page.input_value("#id_login") == "maria"
        assert page.input_value("#id_password") == ""
    assert len(said) == 1, "it never says that the account is locked"
    assert_accessible(page)
    User.objects.update(lockout_end=None)
    sign_in(page, maria)
    allow(page)
    assert "code" in application.answer(page)


@pytest.mark.contract("ID-68")
def test_a_form_that_is_out_of_date(application, maria, person):
    page = person()
    application.start(page)
    page.context.clear_cookies()
    sign_in(page, maria)
    page.wait_for_selector("#stale-notice")
    assert page.input_value("#id_login") == "maria"
    assert_accessible(page)
    sign_in(page, maria)
    allow(page)
    assert "code" in application.answer(page)


@pytest.mark.contract("OP-94", "OP-103")
def test_the_back_button(application, maria, person):
    page = person()
    application.start(page)
    sign_in(page, maria)
    allow(page)
    first = application.answer(page)
    # Back over the consent page and the sign-in page: nothing breaks, and the application is reached again.
    page.go_back()
    page.wait_for_load_state()
    page.reload()
    second = application.answer(page)
    assert second["code"] != first["code"]


@pytest.mark.contract("OP-58", "ID-43", "ID-42")
@pytest.mark.parametrize(("tags", "heading"), [("bg-BG en", "Вход"), ("fr de", "Anmelden"), ("xx", "Sign in")])
def test_languages_and_hints(tags, heading, application, maria, person):
    page = person(locale="en-GB", viewport={"width": 450, "height": 500})
    application.start(page, ui_locales=tags, login_hint="maria", display="popup")
    assert page.inner_text("h1") == heading
    assert page.input_value("#id_login") == "maria"
    assert page.evaluate("document.activeElement.id") == "id_password"
    assert page.evaluate("document.documentElement.scrollWidth") <= 450


@pytest.mark.contract("ID-46", "ID-50", "OP-45")
def test_the_error_page(application, person):
    page = person()
    application.start(page, redirect_uri="https://evil.example/cb")
    assert page.inner_text("#error-code") == "invalid_redirect_uri"
    assert_accessible(page)
    assert "evil.example" not in page.url.split("?")[0]


def test_a_callback_that_goes_on_to_another_origin(application, instance, maria, person):
    """Chromium holds every redirect after a form against the page's policy, those of the application too."""
    with serving_site("localhost") as elsewhere:
        elsewhere.add("/home", "<title>Home</title><h1>Home</h1>")
        page = person()
        page.watched.hosts.add(urlsplit(elsewhere.url).netloc)
        application.site.redirect(urlsplit(application.callback).path, f"{elsewhere.url}/home")
        application.start(page)
        sign_in(page, maria)
        allow(page)
        page.wait_for_url(f"{elsewhere.url}/home")
