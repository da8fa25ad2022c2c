"""Pages that stay open in other tabs while the same person signs in: none of them dies, nothing typed is lost."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.utils import timezone

from erpnet_identity.identity.signed_request import unseal
from erpnet_identity.users.models import User
from tests.factories.users import UserFactory
from tests.support.person import PASSWORD, allow, sign_in
from tests.support.web_application import Application, assert_accessible

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NEW = "another good one"


@pytest.fixture
def tab(person):
    """``tab()``: one more tab of the same browser."""
    first = person()

    def another():
        page = first.context.new_page()
        page.set_default_timeout(15_000)
        return page

    return another


def test_two_sign_in_tabs(application, site, instance, maria, tab):
    """Signing in in one lets the other just go on, whatever was typed there so far."""
    other = Application(site, instance, name="Another application")
    one, two = tab(), tab()
    application.start(one)
    other.start(two)
    sign_in(one, maria)
    allow(one)
    application.answer(one)
    two.fill("#id_login", "maria")
    two.fill("#id_password", "half typ")
    two.click("#signin-submit")
    allow(two)
    assert other.claims(two)[1]["sub"] == "maria"


def test_pages_survive_a_sign_in_of_the_same_person(application, instance, maria, tab):
    User.objects.filter(pk=maria.pk).update(is_admin=True)
    consent, password, form, again = tab(), tab(), tab(), tab()
    application.start(consent)
    sign_in(consent, maria)
    consent.wait_for_selector("#consent-allow")
    password.goto(f"{instance}/id/password/change")
    password.fill("#id_oldpassword", PASSWORD)
    form.goto(f"{instance}/admin/users/user/add/")
    form.fill("#id_login", "half.filled")
    form.fill("#id_name", "Half Filled")

    again.goto(f"{instance}/id/signin?other=1")
    sign_in(again, maria)
    again.wait_for_selector("#signed-in")

    form.click("[name=_save]")
    form.wait_for_url(lambda address: not address.endswith("/add/"))
    assert User.objects.get(login="half.filled").name == "Half Filled"
    allow(consent)
    assert "code" in application.answer(consent)
    password.fill("#id_password1", NEW)
    password.fill("#id_password2", NEW)
    password.click("#change-submit")
    password.wait_for_selector("#changed")


def test_a_form_that_somebody_else_opened_comes_back(instance, maria, tab):
    """Boris signs in while Maria's form is open: it is not sent as his before he has seen it."""
    User.objects.filter(pk=maria.pk).update(is_admin=True)
    boris = UserFactory(login="boris", name="Boris Builder", admin=True, password=PASSWORD)
    form, again = tab(), tab()
    form.goto(f"{instance}/id/signin")
    sign_in(form, maria)
    form.wait_for_selector("#signed-in")
    form.goto(f"{instance}/admin/users/user/add/")
    form.fill("#id_login", "half.filled")
    form.fill("#id_name", "Half Filled")
    again.goto(f"{instance}/id/signin?other=1")
    sign_in(again, boris)
    again.wait_for_selector("#signed-in")
    form.click("[name=_save]")
    form.wait_for_selector("#stale-outcome")
    assert "Boris Builder" in form.inner_text("main")
    assert not User.objects.filter(login="half.filled").exists()
    form.click("#stale-submit")
    form.wait_for_url(lambda address: not address.endswith("/add/"))
    assert User.objects.filter(login="half.filled", name="Half Filled").exists()


@pytest.fixture
def opened(application):
    """``opened(page, ago)``: the sign-in page as it was opened that long ago."""

    def show(page, ago):
        application.start(page)
        (sealed,) = parse_qs(urlsplit(page.url).query)["request"]
        old = replace(unseal(sealed), since=timezone.now() - ago).seal()
        page.goto(page.url.split("?")[0] + "?" + urlencode({"request": old}))

    return show


def test_a_sign_in_page_that_was_open_for_hours(opened, application, maria, person):
    page = person()
    opened(page, timedelta(hours=3))
    sign_in(page, maria)
    allow(page)
    assert "code" in application.answer(page)


def test_a_sign_in_page_from_a_bookmark(opened, application, maria, person):
    """The page names the application, and there nobody is asked for a password again."""
    page = person()
    opened(page, timedelta(days=3))
    sign_in(page, maria)
    page.wait_for_selector('#error-code[data-outcome="request_expired"]')
    assert "Shop sync" in page.inner_text("main")
    assert_accessible(page)
    application.start(page)
    allow(page)
    assert "code" in application.answer(page)


def test_an_open_question_of_somebody_else_is_asked_anew(application, instance, maria, tab):
    boris = UserFactory(login="boris", name="Boris Builder", password=PASSWORD)
    consent, again = tab(), tab()
    application.start(consent)
    sign_in(consent, maria)
    consent.wait_for_selector("#consent-allow")
    again.goto(f"{instance}/id/signin?other=1")
    sign_in(again, boris)
    again.wait_for_selector("#signed-in")
    allow(consent)
    consent.wait_for_function("document.querySelector('main').innerText.includes('Boris Builder')")
    allow(consent)
    assert application.claims(consent)[1]["sub"] == "boris"
