"""The server says what it can do, and nothing else."""

import pytest
from django.test import override_settings

ADDRESSES = (
    "/id/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server/id",
    "/id/.well-known/oauth-authorization-server",
)


@pytest.mark.django_db
class TestDocument:
    @pytest.mark.contract("ID-10", "ID-16", "OP-01", "OP-270", "OP-271")
    @pytest.mark.parametrize("address", ADDRESSES)
    def test_readable_by_everybody_at_every_address(self, address, client):
        response = client.get(address)
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.json() == client.get(ADDRESSES[0]).json()

    @pytest.mark.contract("ID-02", "ID-11", "OP-02", "OP-04")
    def test_addresses_follow_the_configuration_and_not_the_request(self, client, settings):
        settings.ALLOWED_HOSTS = ["*"]
        document = client.get(ADDRESSES[0], HTTP_HOST="internal:9000").json()
        assert document["issuer"] == "http://127.0.0.1:8000/id"
        addresses = [value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))]
        assert addresses
        assert all(address.startswith(document["issuer"] + "/") for address in addresses)

    @pytest.mark.contract("ID-12", "OP-05", "OP-06", "OP-07", "OP-10")
    def test_only_what_works_is_listed(self, client):
        document = client.get(ADDRESSES[0]).json()
        assert document["grant_types_supported"] == ["client_credentials"]
        assert document["scopes_supported"] == ["read", "update"]
        assert document["token_endpoint_auth_methods_supported"] == ["client_secret_basic", "client_secret_post"]
        assert document["id_token_signing_alg_values_supported"] == ["RS256"]
        for name in ("request_parameter_supported", "request_uri_parameter_supported", "claims_parameter_supported"):
            assert document[name] is False
        assert all(value not in (None, "", []) for value in document.values())
        # Every address that is named answers.
        for name, value in document.items():
            if name.endswith(("_endpoint", "_uri")):
                assert client.get(value.removeprefix("http://127.0.0.1:8000")).status_code in (200, 405)

    @pytest.mark.contract("OP-12")
    def test_cacheable_and_without_a_query(self, client, django_assert_num_queries):
        client.get("/id/.well-known/openid-configuration/jwks")
        for address in (*ADDRESSES, "/id/.well-known/openid-configuration/jwks"):
            with django_assert_num_queries(0):
                response = client.get(address)
            assert response.headers["Cache-Control"] == "public, max-age=3600"
            again = client.get(address, headers={"If-None-Match": response.headers["ETag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["Access-Control-Allow-Origin"] == "*"

    def test_other_methods(self, client):
        for address in (*ADDRESSES, "/id/.well-known/openid-configuration/jwks"):
            assert client.head(address).status_code == 200
            assert client.options(address).status_code == 204
            refused = client.post(address)
            assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.contract("OP-04", "ID-03", "OP-231")
class TestTransport:
    @pytest.fixture
    def https(self):
        with override_settings(
            HTTPS_ONLY=True, INSTANCE_URL="https://erp.example.net", ISSUER="https://erp.example.net/id"
        ):
            yield

    def test_plain_http_is_refused_to_programs_and_redirected_for_people(self, https, client):
        response = client.post("/id/connect/token")
        assert (response.status_code, response.content) == (403, b"HTTPS is required.")
        assert response.headers["X-Correlation-Id"]
        page = client.get("/admin/?a=b")
        assert (page.status_code, page.headers["Location"]) == (302, "https://erp.example.net/admin/?a=b")

    def test_only_a_trusted_proxy_may_say_that_it_was_https(self, https, client, settings):
        from ipaddress import ip_network

        header = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
        assert client.get(ADDRESSES[0], headers=header).status_code == 403
        settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
        response = client.get(ADDRESSES[0], headers=header)
        assert response.status_code == 200
        assert response.json()["token_endpoint"] == "https://erp.example.net/id/connect/token"
        assert "max-age=" in response.headers["Strict-Transport-Security"]

    def test_https_itself(self, https, client):
        assert client.get(ADDRESSES[0], secure=True).status_code == 200
