"""Every address for people answers with and without a slash at its end."""

import re

import pytest
from django.test import Client

from erpnet_identity.edge.paths import as_served, is_machine
from tests.factories.users import UserFactory
from tests.support.addresses import without_values

pytestmark = pytest.mark.django_db


# It needs neither a session nor a language, and is for people all the same: it leads them to a page.
CHANGE_PASSWORD = "/.well-known/change-password"
ADDRESSES = {address.rstrip("/") for address in without_values() if not is_machine(address)} - {""} | {CHANGE_PASSWORD}


def seen(response):
    """What a person gets: status, where it leads, title."""
    title = re.search(r"<title>(.*?)</title>", response.content.decode(), re.DOTALL)
    # Where the visitor came from may stand in it, and is written as the site writes it.
    return response.status_code, response.get("Location"), title and title[1]


@pytest.mark.contract("IS-03")
@pytest.mark.parametrize("address", sorted(ADDRESSES))
def test_with_and_without(address, admin_client):
    for browser in (admin_client, Client()):
        plain, slash = browser.get(address), browser.get(f"{address}/")
        assert seen(plain) == seen(slash)
        # The suggestions of Django's administration exist for those who ask for something.
        assert plain.status_code != 404 or address == "/admin/autocomplete"
        if plain.status_code in (301, 302):
            assert plain["Location"].rstrip("/") != address, "it answers, and does not lead to its other form"


@pytest.mark.contract("IS-03")
def test_a_page_with_a_value_in_its_address(admin_client):
    user = UserFactory(login="maria", name="Maria")
    for address in (f"/admin/users/user/{user.pk}/change", "/admin/users/user?q=maria", "/admin/users/user/add"):
        path, _, query = address.partition("?")
        page = admin_client.get(address)
        assert page.status_code == 200, address
        assert seen(page) == seen(admin_client.get(f"{path}/?{query}"))


@pytest.mark.contract("IS-03")
@pytest.mark.parametrize("address", ["/id/signin", "/id/signin/"])
def test_a_form_that_is_sent_there_arrives(address, client):
    user = UserFactory(login="maria", password="correct horse")
    response = client.post(address, {"login": "maria", "password": "correct horse"})
    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk)


def test_what_is_nowhere_stays_nowhere(admin_client):
    for browser in (Client(), admin_client):
        for address in ("/nothing", "/nothing/", "/id/signin//", "/id/nothing/"):
            assert browser.get(address).status_code == 404, address
    assert admin_client.get("/admin/nothing").status_code == 404


@pytest.mark.parametrize(
    ("path", "served"),
    [
        ("/", "/"), ("/admin", "/admin/"), ("/admin/", "/admin/"), ("/admin/users", "/admin/users/"),
        ("/administrators/", "/administrators"), ("/id/", "/id"), ("/a//", "/a//"), ("", ""),
    ],
)  # fmt: skip
def test_as_served(path, served):
    assert as_served(path) == served
