"""Requests per minute of one session."""

import pytest
import time_machine
from django.core.cache import cache

from erp_api import throttling
from erpnet_identity.audit.models import AuditEvent

from .conftest import Api
from .test_addresses import error_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limit(settings):
    settings.SESSION_RPM = 3


@pytest.fixture(autouse=True)
def _complaints(monkeypatch):
    monkeypatch.setattr(throttling._complain, "last", float("-inf"))


def statuses(api, times):
    return [api.get("Crm_Sales_Customers").status_code for _ in range(times)]


@pytest.mark.contract("SE-80", "SE-81", "API-17", "AU-04")
def test_one_too_many(api):
    assert statuses(api, 3) == [200, 200, 200]
    response = api.get("Crm_Sales_Customers")
    error_of(response, 429, "TooManyRequests")
    assert 1 <= int(response["Retry-After"]) <= 60
    event = AuditEvent.objects.get(name="api_call.refused")
    assert event.detail["cause"] == "session_rpm"
    assert event.token_id


@pytest.mark.contract("SE-80", "SE-81")
def test_after_retry_after_the_session_goes_on(client, service_app, service_token):
    with time_machine.travel("2030-01-01T10:00:30Z", tick=False) as clock:
        api = Api(client, service_token(service_app, "read"))
        assert statuses(api, 1) == [200]
        clock.shift(20)
        assert statuses(api, 3) == [200, 200, 429]
        wait = int(api.get("Crm_Sales_Customers")["Retry-After"])
        assert wait == 40
        clock.shift(wait - 1)
        assert statuses(api, 1) == [429]
        clock.shift(2)
        assert statuses(api, 4) == [200, 200, 200, 429]


@pytest.mark.contract("SE-81")
def test_sessions_are_counted_apart(api, service_app, service_token):
    assert statuses(api, 4)[-1] == 429
    assert statuses(Api(api.client, service_token(service_app, "read")), 3) == [200, 200, 200]


@pytest.mark.contract("API-102", "SE-86")
def test_the_order(api, api_with):
    """Scope before rate, rate before query; what is refused earlier is not counted."""
    lacking = api_with("sec")
    assert statuses(lacking, 5) == [403] * 5
    assert [api.get("Nothing").status_code for _ in range(5)] == [404] * 5
    assert [api.get("Crm_Sales_Customers?$top=x").status_code for _ in range(4)] == [400, 400, 400, 429]


@pytest.mark.contract("SE-81")
def test_zero_switches_it_off(api, settings):
    settings.SESSION_RPM = 0
    assert set(statuses(api, 10)) == {200}


@pytest.mark.contract("OPS-03", "SE-82")
def test_a_cache_that_is_away_stops_nobody(api, monkeypatch, caplog):
    class Away:
        def incr(self, key):
            raise ConnectionError("refused")

    monkeypatch.setattr(throttling, "cache", Away())
    assert set(statuses(api, 6)) == {200}
    # Once a minute, not once a call.
    assert len([entry for entry in caplog.records if entry.name == "erpnet.throttle"]) == 1


def test_two_processes_that_begin_a_minute_together(monkeypatch):
    """Another process starts the count between the two steps of this one."""

    class Racing:
        def incr(self, key):
            return cache.incr(key)

        def add(self, key, value, timeout):
            cache.add(key, value, timeout=timeout)
            return False

    monkeypatch.setattr(throttling, "cache", Racing())
    assert throttling.count("s", 1_900_000_000.0) == (2, 1_900_000_000)
