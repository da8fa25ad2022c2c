"""Every page carries the rules that protect it; endpoints for programs set no cookie."""

import pytest

PAGES = ("/", "/id/password/reset", "/nowhere")
ENDPOINTS = (
    "/id/connect/token",
    "/id/.well-known/openid-configuration",
    "/api/domain/odata/Crm_Sales_Customers",
    "/tools/ver",
)


@pytest.mark.django_db
@pytest.mark.contract("ID-04", "OP-80", "OP-230")
@pytest.mark.parametrize("path", PAGES)
def test_pages(path, client):
    headers = client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    is_administration = path.startswith("/admin")
    assert headers["Cross-Origin-Opener-Policy"] == ("same-origin" if is_administration else "unsafe-none")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ENDPOINTS)
def test_endpoints_for_programs(path, admin_client):
    response = admin_client.get(path)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" not in response.headers
    assert "Set-Cookie" not in response.headers


@pytest.mark.django_db
@pytest.mark.contract("AU-05")
class TestCorrelationId:
    @pytest.mark.parametrize("path", [*PAGES, *ENDPOINTS])
    def test_every_response_has_one(self, path, client):
        first, second = (client.get(path).headers["X-Correlation-Id"] for _ in range(2))
        assert first != second
        assert len(first) == 32

    @pytest.mark.parametrize("sent", ["a", "A-b_c.9", "x" * 64])
    def test_a_well_formed_one_is_kept(self, sent, client):
        assert client.get("/tools/ver", headers={"X-Correlation-Id": sent}).headers["X-Correlation-Id"] == sent

    @pytest.mark.parametrize("sent", ["", " ", "x" * 65, "a b", "a\tb", "é", "<b>", "a\n"])
    def test_another_one_is_replaced(self, sent, client):
        assert client.get("/tools/ver", headers={"X-Correlation-Id": sent}).headers["X-Correlation-Id"] != sent


@pytest.mark.django_db
@pytest.mark.contract("OP-231", "AU-02")
def test_the_trail_names_the_caller_behind_a_trusted_proxy(client, settings):
    from ipaddress import ip_network

    from erpnet_identity.audit.models import AuditEvent

    header = {"X-Forwarded-For": "198.51.100.9"}
    client.post("/id/connect/token", headers=header)
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
    client.post("/id/connect/token", headers=header)
    assert list(AuditEvent.objects.order_by("id").values_list("address", flat=True)) == ["127.0.0.1", "198.51.100.9"]
