"""SECRET_KEY is replaced: what the former one signed stays valid while it is named as a fallback, and no longer."""

import pytest
from django.test import Client

from tests.factories.users import UserFactory
from tests.support.relying_party import form_of

pytestmark = [pytest.mark.django_db, pytest.mark.contract("OPS-04")]

FORMER, NEXT = "former-" + "f" * 50, "next-" + "n" * 50


@pytest.fixture
def replace(settings):
    """``replace(former=True)``: the instance has another secret key from now on."""
    settings.SECRET_KEY = FORMER

    def to(*, former):
        settings.SECRET_KEY = NEXT
        settings.SECRET_KEY_FALLBACKS = [FORMER] if former else []

    return to


@pytest.mark.parametrize("former", [True, False])
def test_who_is_signed_in(client, replace, former):
    client.force_login(UserFactory(login="alice", name="Alice Adams"))
    assert b"Alice Adams" in client.get("/id/").content
    replace(former=former)
    for _ in range(2):
        assert (b"Alice Adams" in client.get("/id/", follow=True).content) is former


@pytest.mark.parametrize("former", [True, False])
def test_a_request_that_waits_for_the_sign_in(client, relying_party, web_app, replace, former):
    address = relying_party(web_app).authorize()["Location"]
    replace(former=former)
    assert (web_app.name in client.get(address).content.decode()) is former


@pytest.mark.parametrize("path", ["/id/signin", "/id/password/reset"])
@pytest.mark.parametrize("former", [True, False])
def test_a_form_that_is_open(replace, former, path):
    browser = Client(enforce_csrf_checks=True)
    _, fields = form_of(browser.get(path))
    replace(former=former)
    answer = browser.post(path, {**fields, "login": "nobody", "password": "wrong", "email": "a@example.com"})
    assert (answer.status_code != 403) is former


def test_a_form_of_a_person_that_is_open(replace):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(UserFactory(password="three plain words"))
    _, fields = form_of(browser.get("/id/password/change"), id="change")
    replace(former=True)
    answer = browser.post("/id/password/change", {**fields, "oldpassword": "wrong"})
    assert answer.status_code == 200
    browser.force_login(UserFactory(password="three other words"))
    assert browser.post("/id/password/change", {**fields, "oldpassword": "wrong"}).status_code == 403
