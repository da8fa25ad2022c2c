"""Each request leaves one line, with its correlation id and without anything secret."""

import io
import json
import logging

import pytest

from erpnet_identity.platform.request_log import LOGGER, RequestFormatter


@pytest.fixture
def log():
    """What is written while the test runs; ``log("json")`` chooses the form."""
    logger = logging.getLogger(LOGGER)
    buffer = io.StringIO()
    handler = logging.StreamHandler(buffer)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)

    def begin(form):
        handler.setFormatter(RequestFormatter(form))
        return buffer

    yield begin
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def written(log):
    """The lines so far, in JSON."""
    buffer = log("json")
    return lambda: [json.loads(line) for line in buffer.getvalue().splitlines()]


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


@pytest.mark.django_db
@pytest.mark.contract("OP-233")
def test_nobody_writes_lines_in_our_name(log, client):
    buffer = log("console")
    client.get("/admin/a%0A2026-01-01 [info     ] request method=GET/enrt_" + "0A1B" * 16)
    (line,) = buffer.getvalue().splitlines()
    assert "enrt_0A1B" not in line
    assert "\\n2026" in line


def test_the_settings_write_it(settings):
    assert settings.LOGGING["formatters"]["request"]["()"].endswith("RequestFormatter")
    assert settings.LOGGING["loggers"][LOGGER] == {"handlers": ["requests"], "propagate": False}
