"""The requests of ERP.net's own .NET client, in its order and read as strictly as it reads them.

The client itself is not Python; what it sends and what it insists on is taken from file 90, section 6.
"""

import base64
from urllib.parse import quote

import pytest
import requests

# The names that its enum knows; another text is read as Unknown, a number makes it throw (IS-13).
SITE_TYPES = {"ID", "UserProfile", "InstanceManager", "DomainAPI", "TableAPI"}


def get(url, **kwargs):
    response = requests.get(url, timeout=10, allow_redirects=False, **kwargs)
    assert response.status_code == 200, response.text
    return response


@pytest.mark.contract(
    "CL-01", "CL-14", "CL-70", "CL-71", "CL-72", "CL-73", "CL-74", "CL-75", "CL-76", "CL-77",
    "TK-94", "TK-95", "ID-11", "IS-15", "IS-16", "API-03", "API-R01", "API-R02", "API-R03", "API-R05",
)  # fmt: skip
def test_token_and_rows_with_the_scope_domainapi_alone(demo_client, instance):
    sites = get(f"{instance}/sys/auto-discovery").json()["WebSites"]
    assert all(site["Type"] in SITE_TYPES and site["Status"] in ("Unknown", "Working", "NotWorking") for site in sites)

    authority = next(site["Url"] for site in sites if site["Type"] == "ID")
    metadata = get(f"{authority}/.well-known/openid-configuration").json()
    assert metadata["issuer"] == authority
    for name, value in metadata.items():
        if name.endswith("endpoint") or name == "jwks_uri":
            assert value.startswith(authority)
    assert get(metadata["jwks_uri"]).json()["keys"]

    pair = f"{quote(demo_client.client_id, safe='')}:{quote('DEMO', safe='')}"
    response = requests.post(
        metadata["token_endpoint"],
        data="grant_type=client_credentials&scope=DomainApi",
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
        },
        timeout=10,
    )
    assert response.status_code == 200, response.text
    token = response.json()["access_token"]
    assert token.count(".") == 2

    api = next(site for site in sites if site["Type"] == "DomainAPI" and site["Status"] == "Working")
    root = api["AdditionalProperties"]["ODataServiceRoot"]
    assert root.endswith("/")
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
