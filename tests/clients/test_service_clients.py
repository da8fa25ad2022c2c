"""Unmodified client libraries get a token with their own credentials and read customers."""

import json
import subprocess

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

CUSTOMERS = "api/domain/odata/Crm_Sales_Customers?$top=10"


@pytest.fixture(autouse=True)
def _plain_http_on_loopback(monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def assert_ten_customers(body):
    assert len(body["value"]) == 10
    assert all(row["@odata.id"].startswith("Crm_Sales_Customers(") for row in body["value"])


@pytest.mark.contract("CL-02", "CL-24", "ID-06", "IS-36", "OP-134", "OP-341")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("name", ["demo_client", "path_client"])
def test_authlib(method, name, instance, request):
    application = request.getfixturevalue(name)
    metadata = requests.get(f"{instance}/id/.well-known/openid-configuration", timeout=10).json()
    with AuthlibSession(
        application.client_id, application.plain_secret, token_endpoint_auth_method=method, scope="read"
    ) as session:
        token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
        assert token["scope"] == "read"
        assert_ten_customers(session.get(f"{instance}/{CUSTOMERS}").json())


@pytest.mark.contract("CL-03", "CL-04", "CL-25", "TK-98", "OP-341")
@pytest.mark.parametrize("scope", [["read"], ["DomainApi", "read"]])
def test_requests_oauthlib(scope, path_client, instance):
    """It raises on any difference between requested and granted scopes."""
    client = BackendApplicationClient(client_id=path_client.client_id, scope=scope)
    with OAuth2Session(client=client) as session:
        session.fetch_token(
            f"{instance}/id/connect/token", client_id=path_client.client_id, client_secret=path_client.plain_secret
        )
        assert_ten_customers(session.get(f"{instance}/{CUSTOMERS}").json())


@pytest.mark.contract("CL-02", "ID-102")
def test_requests_oauthlib_with_a_header_that_is_not_encoded(path_client, instance):
    client = BackendApplicationClient(client_id=path_client.client_id, scope=["read"])
    with OAuth2Session(client=client) as session:
        auth = HTTPBasicAuth(path_client.client_id, path_client.plain_secret)
        session.fetch_token(f"{instance}/id/connect/token", auth=auth)
        assert_ten_customers(session.get(f"{instance}/{CUSTOMERS}").json())


@pytest.mark.contract("CL-49", "CL-51", "CL-85")
@pytest.mark.parametrize(
    "arguments",
    [
        ["-u", "ServiceDemoClient:DEMO"],
        ["-d", "client_id=ServiceDemoClient", "-d", "client_secret=DEMO"],
        ["-d", "client_id=ServiceDemoClient", "-d", "client_secret=DEMO", "-d", "scope=read"],
    ],
    ids=["basic", "body", "body with scope"],
)
def test_curl(arguments, demo_client, instance):
    def curl(*words):
        return json.loads(subprocess.run(["curl", "-sS", *words], check=True, capture_output=True, timeout=20).stdout)

    token = curl("-d", "grant_type=client_credentials", *arguments, f"{instance}/id/connect/token")
    assert token["token_type"] == "Bearer"
    assert_ten_customers(curl("-H", f"Authorization: Bearer {token['access_token']}", f"{instance}/{CUSTOMERS}"))
