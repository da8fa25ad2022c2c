"""Errors that nobody asked for: bugs, framework exceptions, a trail that cannot be written."""

import logging

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DatabaseError
from django.http import Http404
from rest_framework import exceptions as framework

from erp_api import reading
from erp_api.edm.registry import ENTITY_SETS
from erpnet_identity.audit.models import AuditEvent

from .test_addresses import error_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def raising(monkeypatch):
    def install(error):
        def fail(*args, **kwargs):
            raise error

        monkeypatch.setattr(reading, "answer_to", fail)

    return install


@pytest.mark.contract("API-16", "API-17", "TK-113", "TK-114")
def test_a_bug_says_nothing_to_the_caller_and_all_to_the_log(api, raising, caplog):
    raising(RuntimeError("SELECT password FROM /etc/secret"))
    with caplog.at_level(logging.ERROR):
        response = api.get("Crm_Sales_Customers")
    error_of(response, 500, "ServerError")
    assert b"password" not in response.content
    assert response["OData-Version"] == "4.0"
    assert "X-Correlation-Id" in response
    (entry,) = [entry for entry in caplog.records if entry.name == "erpnet.api"]
    assert "SELECT password" in str(entry.exc_info) + str(entry.msg)


@pytest.mark.contract("API-16", "TK-114")
def test_a_debug_instance_names_the_kind_of_bug(api, raising, settings):
    settings.DEBUG = True
    raising(RuntimeError("SELECT password"))
    response = api.get("Crm_Sales_Customers")
    assert response.json()["error"]["info"] == "RuntimeError"
    assert b"password" not in response.content


@pytest.mark.contract("API-16", "API-17")
@pytest.mark.parametrize(
    ("error", "status", "type_"),
    [
        (Http404("x"), 404, "NotFound"),
        (PermissionDenied("x"), 403, "AccessDenied"),
        (RequestDataTooBig("x"), 413, "TooLarge"),
        (framework.ParseError(), 400, "InvalidBody"),
        (framework.UnsupportedMediaType("text/x"), 415, "UnsupportedMediaType"),
        (framework.MethodNotAllowed("GET"), 405, "MethodNotAllowed"),
        (framework.ValidationError("x"), 400, "InvalidBody"),
        (framework.APIException(), 500, "ServerError"),
    ],
)
def test_what_the_framework_raises(api, raising, error, status, type_):
    raising(error)
    error_of(api.get("Crm_Sales_Customers"), status, type_)


def test_a_refusal_stands_when_it_cannot_be_written_down(stranger, monkeypatch):
    def fail(*args, **kwargs):
        raise DatabaseError("disk full")

    monkeypatch.setattr("erp_api.exceptions.record_refusal", fail)
    error_of(stranger.get("Crm_Sales_Customers"), 401, "Unauthorized")


@pytest.mark.contract("AU-03", "AU-05")
def test_a_refused_call_leaves_one_event(stranger):
    response = stranger.get("Crm_Sales_Customers?secret=1", headers={"X-Correlation-Id": "my-id.1"})
    event = AuditEvent.objects.get()
    assert event.correlation_id == response["X-Correlation-Id"] == "my-id.1"
    assert event.cause == "credential_missing"
    assert event.detail == {
        "status": 401,
        "method": "GET",
        "path": "/api/domain/odata/Crm_Sales_Customers",
    }


@pytest.mark.contract("AU-02")
def test_an_event_can_hold_any_path(stranger):
    assert stranger.get("%00%ff" + "x" * 3000).status_code == 401
    assert len(AuditEvent.objects.get().detail["path"]) <= 500


@pytest.mark.parametrize("address", ["Nothing", "Crm_Sales_Customers?$top=x", "$metadata", "Crm_Customers"])
def test_mistakes_are_not_refusals(api, address):
    refusals = AuditEvent.objects.exclude(name="erp_session.opened")  # what was wrong is found after that
    before = refusals.count()
    assert api.get(address).status_code >= 400
    assert refusals.count() == before


def test_the_table_of_sets_is_not_empty():
    assert set(ENTITY_SETS) == {"Crm_Sales_Customers", "General_Products_Products"}
