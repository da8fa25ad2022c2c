"""A program that asks the Identity Server for what it does not have reads so, and no page (ID-12)."""

import pytest
from django.test import Client

from erpnet_identity.edge.paths import is_asked_by_machine, is_machine
from tests.support.addresses import without_values

pytestmark = pytest.mark.django_db

ADDRESSES = [
    "/id/connect",
    "/id/connect/",
    "/id/connect/revocation",
    "/id/connect/introspect",
    "/id/connect/authorize/nothing",
    "/id/connect/token/x",
    "/id/connect/ж%00",
    "/id/.well-known",
    "/id/.well-known/",
    "/id/.well-known/webfinger",
    "/id/.well-known/openid-configuration/nothing",
]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("address", ADDRESSES)
def test_says_so_in_json(address, method):
    # A browser of a person who is signed out: form tokens are asked for where there are forms.
    response = Client(enforce_csrf_checks=True).generic(method, address, b"a=b", "application/x-www-form-urlencoded")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("application/json")
    assert response["Cache-Control"] == "no-store"
    body = response.json()
    assert body["error"] == "not_found"
    assert response["X-Correlation-Id"] in body["error_description"]


PROGRAMS = [
    address
    for address in without_values()
    if address.startswith(("/id/", "/.well-known/oauth")) and is_machine(address)
]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
@pytest.mark.parametrize("address", PROGRAMS)
def test_a_method_that_is_not_offered_is_refused_in_json_too(address, method):
    """Where there is something for programs, a wrong method is 405, with the right ones (RFC 9110 §15.5.6)."""
    assert len(PROGRAMS) == 6
    response = Client(enforce_csrf_checks=True).generic(method, address, b"a=b", "application/x-www-form-urlencoded")
    if response.status_code == 405:
        assert method not in response["Allow"]
        assert response["Content-Type"].startswith("application/json")
        assert response["Cache-Control"] == "no-store"
        assert response.json()["error"] == "invalid_request"
    else:
        assert method in ("GET", "POST")


def test_without_a_body_to_head(client):
    response = client.head("/id/connect/revocation")
    assert (response.status_code, response.content) == (404, b"")
    assert response["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("address", ["/id/nothing", "/id/connections", "/id/well-known/x", "/nothing"])
def test_people_are_shown_a_page(address, client):
    response = client.get(address)
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")
    assert not is_asked_by_machine(address)


def test_the_pages_below_it_stay_pages(client):
    response = client.get("/id/connect/authorize")
    assert (response.status_code, response["Content-Type"].split(";")[0]) == (400, "text/html")
