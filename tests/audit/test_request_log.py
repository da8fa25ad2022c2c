"""Each request leaves one line, with its correlation id and without anything secret."""

import io
import json
import logging

import pytest
import structlog


@pytest.fixture
def written(settings):
    """The log lines so far, as the settings write them in JSON."""
    formatter = dict(settings.LOGGING["formatters"]["structured"])
    formatter["processors"] = [*formatter["processors"][:-1], structlog.processors.JSONRenderer()]
    buffer = io.StringIO()
    handler = logging.StreamHandler(buffer)
    handler.setFormatter(formatter["()"](**{name: value for name, value in formatter.items() if name != "()"}))
    logger = logging.getLogger("erpnet.request")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in buffer.getvalue().splitlines()]
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


@pytest.mark.django_db
@pytest.mark.contract("AU-05", "IS-32", "ID-09", "OP-233")
def test_one_line_with_the_correlation_id(written, service_app, token_request, client):
    response = token_request(
        grant_type="client_credentials",
        client_id=service_app.client_id,
        client_secret=service_app.plain_secret,
        headers={"X-Correlation-Id": "sync-42"},
    )
    client.get("/api/domain/odata/Crm_Sales_Customers?access_token=hunter22&$top=1")
    lines = [line for line in written() if line["event"] == "request"]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("POST", "/id/connect/token", 200),
        ("GET", "/api/domain/odata/Crm_Sales_Customers", 401),
    ]
    assert lines[0]["correlation_id"] == "sync-42"
    assert lines[0]["address"] == "127.0.0.1"
    everything = json.dumps(lines)
    assert service_app.plain_secret not in everything
    assert response.json()["access_token"] not in everything
    assert "hunter22" not in everything


@pytest.mark.django_db
@pytest.mark.contract("OPS-08", "IS-32")
def test_what_machines_ask_over_and_over_is_not_logged(written, client):
    for path in ("/tools/sha256?secret=hunter22", "/health/live", "/id/.well-known/openid-configuration"):
        assert client.get(path).status_code == 200
    assert [line for line in written() if line["event"] == "request"] == []
