"""The web origins of an application follow its addresses."""

import importlib

import pytest
from django.apps import apps

from tests.factories.trusted_apps import TrustedApplicationFactory
from trusted_apps.models import WebOrigin
from trusted_apps.origins import is_registered_origin

pytestmark = pytest.mark.django_db


@pytest.mark.contract("ID-08", "API-19")
def test_origins_follow_the_record(django_assert_num_queries):
    application = TrustedApplicationFactory(
        public=True,
        redirect_uris="https://App.example.com:443/cb\nhttp://127.0.0.1:8080/cb\nmyapp://auth\nhttp://[::1]/x",
        post_logout_redirect_uris="https://bye.example.com/\nhttps://bye.example.com/other\ncom.example:/bye",
    )
    expected = {
        "https://app.example.com", "http://127.0.0.1", "http://[::1]", "https://bye.example.com", "myapp://auth",
    }  # fmt: skip
    assert set(WebOrigin.objects.values_list("origin", flat=True)) == expected
    for origin in (*expected, "http://127.0.0.1:49152", "http://[::1]:1"):
        with django_assert_num_queries(1):
            assert is_registered_origin(origin)

    application.redirect_uris = "https://new.example.com/cb"
    application.save()
    assert is_registered_origin("https://new.example.com")
    assert not is_registered_origin("https://app.example.com")

    application.is_enabled = False
    application.save(update_fields=["is_enabled"])
    assert not is_registered_origin("https://new.example.com")
    application.delete()
    assert not WebOrigin.objects.exists()


@pytest.mark.parametrize("origin", ["", "null", "https://", "ftp://x", "https://x\x00", "https://" + "x" * 400])
def test_what_is_no_origin(origin):
    assert not is_registered_origin(origin)


@pytest.mark.contract("ID-08", "API-19", "TA-63")
@pytest.mark.parametrize(
    ("registered", "origin", "belongs"),
    [
        ("capacitor://localhost/cb", "capacitor://localhost", True),
        ("ionic://localhost", "ionic://localhost", True),
        ("ionic://localhost:5/cb", "ionic://localhost:5", True),
        ("capacitor://localhost/cb", "capacitor://localhost:5", False),
        ("capacitor://localhost/cb", "ionic://localhost", False),
        ("capacitor://localhost/cb", "capacitor://localhost/cb", False),
        ("capacitor://localhost/cb", "capacitor://", False),
        ("com.example.app:/cb", "com.example.app://", False),
        ("http://127.0.0.1:5000/cb", "http://127.0.0.1:49152", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:049152", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:99999", False),
        ("http://127.0.0.1/cb", "https://127.0.0.1:49152", False),
        ("http://127.0.0.1/cb", "http://[::1]:49152", False),
        ("http://127.0.0.1/cb", "http://x@127.0.0.1:1", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example", False),
        ("http://localhost:3000/cb", "http://localhost:3000", True),
        ("http://localhost:3000/cb", "http://localhost:3001", False),
        ("https://127.0.0.1:3000/cb", "https://127.0.0.1:3001", False),
    ],
)
def test_what_may_be_a_redirect_may_be_an_origin(client, registered, origin, belongs):
    TrustedApplicationFactory(public=True, redirect_uris=registered)
    sent = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for address in ("/id/connect/token", "/id/connect/userinfo", "/api/domain/odata/Crm_Sales_Customers"):
        for response in (client.options(address, headers=sent), client.post(address, headers={"Origin": origin})):
            assert response.get("Access-Control-Allow-Origin") == (origin if belongs else None), address
            assert response["Vary"] == "Origin"


@pytest.mark.django_db(transaction=True)
def test_origins_of_before_are_worked_out_anew():
    application = TrustedApplicationFactory(public=True, redirect_uris="http://127.0.0.1:5/cb\nionic://localhost")
    WebOrigin.objects.all().delete()
    WebOrigin.objects.create(application=application, origin="http://127.0.0.1:5")
    fill = importlib.import_module("trusted_apps.migrations.0004_web_origins").fill
    fill(apps, None)
    assert set(WebOrigin.objects.values_list("origin", flat=True)) == {"http://127.0.0.1", "ionic://localhost"}
