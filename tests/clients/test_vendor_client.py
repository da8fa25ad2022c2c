"""The requests of ERP.net's own .NET client, in its order and read as strictly as it reads them.

The client itself is not Python; what it sends and what it insists on is taken from file 90, section 6.
"""

import base64
import time
from urllib.parse import quote

import pytest
import requests

from tests.support.jwt import claims_of

# The names that its enum knows; another text is read as Unknown, a number makes it throw (IS-13).
SITE_TYPES = {"ID", "UserProfile", "InstanceManager", "DomainAPI", "TableAPI"}


def get(url, **kwargs):
    response = requests.get(url, timeout=10, allow_redirects=False, **kwargs)
    assert response.status_code == 200, response.text
    return response


def sites_of(instance):
    return get(f"{instance}/sys/auto-discovery").json()["WebSites"]


def authority_of(sites):
    return next(site["Url"] for site in sites if site["Type"] == "ID")


def api_root_of(sites):
    api = next(site for site in sites if site["Type"] == "DomainAPI" and site["Status"] == "Working")
    return api["AdditionalProperties"]["ODataServiceRoot"]


def token_answer(token_endpoint, client):
    """What the token endpoint says to a client whose configuration names no scope."""
    pair = f"{quote(client.client_id, safe='')}:{quote('DEMO', safe='')}"
    response = requests.post(
        token_endpoint,
        data="grant_type=client_credentials&scope=DomainApi",
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
        },
        timeout=10,
    )
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.contract("CL-70", "API-R01")
def test_it_reads_which_sites_there_are(issuer):
    sites = sites_of(issuer.removesuffix("/id"))
    assert all(site["Type"] in SITE_TYPES and site["Status"] in ("Unknown", "Working", "NotWorking") for site in sites)
    assert api_root_of(sites).endswith("/")


@pytest.mark.contract("CL-01", "CL-71", "CL-72", "ID-11", "IS-16", "API-R02")
def test_it_trusts_the_metadata_of_the_identity_server(issuer):
    authority = authority_of(sites_of(issuer.removesuffix("/id")))
    metadata = get(f"{authority}/.well-known/openid-configuration").json()
    assert metadata["issuer"] == authority
    for name, value in metadata.items():
        if name.endswith("endpoint") or name == "jwks_uri":
            assert value.startswith(authority)
    assert get(metadata["jwks_uri"]).json()["keys"]


@pytest.mark.contract("CL-14", "CL-73", "CL-75", "API-R03")
def test_it_gets_a_token_with_the_scope_domainapi_alone(demo_client, issuer):
    metadata = get(f"{issuer}/.well-known/openid-configuration").json()
    token = token_answer(metadata["token_endpoint"], demo_client)["access_token"]
    assert token.count(".") == 2
    assert claims_of(token)["exp"] > time.time()


@pytest.mark.contract("CL-74", "CL-76", "CL-77", "API-R05")
def test_that_token_reads_rows(demo_client, instance):
    root = api_root_of(sites_of(instance))
    token = token_answer(f"{instance}/id/connect/token", demo_client)["access_token"]
    # No Accept header: the client sends none.
    headers = {"Authorization": f"Bearer {token}", "Accept": None}
    rows = get(f"{root}Crm_Sales_Customers?$top=10", headers=headers).json()["value"]
    assert len(rows) == 10
    single = get(f"{root}{rows[0]['@odata.id']}", headers=headers).json()
    assert single["@odata.id"] == rows[0]["@odata.id"]
    assert int(get(f"{root}Crm_Sales_Customers/$count", headers=headers).text) >= 200


@pytest.mark.contract("CL-78", "API-R18", "TK-113", "API-16")
def test_errors_are_of_the_only_shape_it_survives(demo_client, instance):
    response = requests.get(f"{instance}/api/domain/odata/Crm_Sales_Customers", timeout=10)
    assert response.status_code == 401
    error = response.json()["error"]
    assert type(error["code"]) is int
    assert {"message", "info", "type"} <= set(error)
