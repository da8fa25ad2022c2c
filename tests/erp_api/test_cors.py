"""Pages of other origins."""

import pytest

from tests.factories.trusted_apps import TrustedApplicationFactory

from .conftest import ROOT

pytestmark = pytest.mark.django_db

ORIGIN = "https://spa.example.com"


@pytest.fixture
def spa(db):
    return TrustedApplicationFactory(public=True)


def preflight(client, origin, url=f"{ROOT}/Crm_Sales_Customers", method="GET"):
    return client.options(url, headers={"Origin": origin, "Access-Control-Request-Method": method})


@pytest.mark.contract("API-19", "API-90")
@pytest.mark.parametrize("url", [f"{ROOT}/Crm_Sales_Customers", f"{ROOT}", "/api/nothing", f"{ROOT}/$batch"])
def test_a_preflight_needs_no_credential(client, spa, url):
    response = preflight(client, ORIGIN, url)
    assert response.status_code == 204
    assert response["Access-Control-Allow-Origin"] == ORIGIN
    assert response["Vary"] == "Origin"
    assert response["Access-Control-Allow-Methods"] == "GET, POST, PATCH, DELETE"
    assert response["Access-Control-Allow-Headers"].split(", ") == [
        "Authorization", "Content-Type", "Accept", "Accept-Language", "Prefer", "TransactionId", "X-Api-Key",
        "Api-Key", "OData-Version", "OData-MaxVersion",
    ]  # fmt: skip
    assert "Access-Control-Allow-Credentials" not in response


@pytest.mark.contract("API-19")
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example", "https://spa.example.com.evil.example", "http://spa.example.com", "null", "*",
        "https://spa.example.com:8443", "https://spa.example.co", "https://spa.example.com/callback",
        "https://SPA.example.com", "https://" + "a" * 500,
    ],
)  # fmt: skip
def test_other_origins_may_read_nothing(client, api, spa, origin):
    for response in (preflight(client, origin), api.get("Crm_Sales_Customers", headers={"Origin": origin})):
        assert response.status_code in (200, 204)
        assert "Access-Control-Allow-Origin" not in response
        assert response["Vary"] == "Origin"


@pytest.mark.contract("API-19", "TA-70")
def test_a_disabled_application_has_no_origins(client, spa):
    spa.is_enabled = False
    spa.save()
    assert "Access-Control-Allow-Origin" not in preflight(client, ORIGIN)


@pytest.mark.contract("API-19")
def test_the_origin_of_a_logout_address_counts(client, db):
    TrustedApplicationFactory(public=True, post_logout_redirect_uris="https://bye.example.com/out")
    assert preflight(client, "https://bye.example.com")["Access-Control-Allow-Origin"] == "https://bye.example.com"


@pytest.mark.contract("API-19")
@pytest.mark.parametrize(
    ("address", "status"), [("Crm_Sales_Customers", 200), ("Nothing", 404), ("Systems_Security_Users", 403)]
)
def test_answers_and_errors_can_be_read(api, spa, address, status):
    response = api.get(address, headers={"Origin": ORIGIN})
    assert response.status_code == status
    assert response["Access-Control-Allow-Origin"] == ORIGIN
    assert response["Vary"] == "Origin"
    assert "WWW-Authenticate" in response["Access-Control-Expose-Headers"]


@pytest.mark.contract("API-19")
def test_a_refusal_can_be_read(stranger, spa):
    response = stranger.get("Crm_Sales_Customers", headers={"Origin": ORIGIN})
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (401, ORIGIN)


@pytest.mark.contract("API-19")
def test_options_without_a_preflight_is_a_call(stranger, spa):
    assert stranger.request("OPTIONS", "Crm_Sales_Customers", headers={"Origin": ORIGIN}).status_code == 401


@pytest.mark.contract("API-19")
def test_without_an_origin_nothing_is_said(api):
    response = api.get("Crm_Sales_Customers")
    assert "Vary" not in response
    assert "Access-Control-Allow-Origin" not in response
