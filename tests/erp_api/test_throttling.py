"""The limits of one session: requests per minute, and requests at a time."""

import threading
import time

import pytest
import time_machine

from erp_api import reading, throttling
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions import request_limits
from erpnet_identity.erp_sessions.models import ErpSession

from .conftest import Api
from .test_addresses import error_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limits(settings):
    settings.SESSION_RPM = 3
    settings.SESSION_CONCURRENT_REQUESTS = 2


@pytest.fixture(autouse=True)
def _warnings(monkeypatch):
    monkeypatch.setattr(throttling._warn, "last", float("-inf"))


def statuses(api, times):
    return [api.get("Crm_Sales_Customers").status_code for _ in range(times)]


@pytest.mark.contract("SE-80", "SE-81", "API-17")
def test_one_too_many(api):
    assert statuses(api, 3) == [200, 200, 200]
    response = api.get("Crm_Sales_Customers")
    error_of(response, 429, "TooManyRequests")
    assert 1 <= int(response["Retry-After"]) <= 60
    event = AuditEvent.objects.get(name="api_call.refused")
    assert event.cause == "session_rpm"
    assert event.token_id


@pytest.mark.contract("SE-80", "SE-81")
def test_after_retry_after_the_session_goes_on(client, service_app, service_token):
    """To the second: one second earlier it is still refused."""
    with time_machine.travel("2030-01-01T10:00:30Z", tick=False) as clock:
        api = Api(client, service_token(service_app, "read"))
        assert statuses(api, 1) == [200]
        clock.shift(20)
        assert statuses(api, 3) == [200, 200, 429]
        wait = int(api.get("Crm_Sales_Customers")["Retry-After"])
        assert wait == 40
        clock.shift(wait - 1)
        assert statuses(api, 1) == [429]
        assert api.get("Crm_Sales_Customers")["Retry-After"] == "1"
        clock.shift(1)
        assert statuses(api, 4) == [200, 200, 200, 429]


@pytest.mark.contract("SE-81")
def test_sessions_are_counted_apart(api, service_app, service_token):
    assert statuses(api, 4)[-1] == 429
    assert statuses(Api(api.client, service_token(service_app, "read")), 3) == [200, 200, 200]


@pytest.mark.contract("SE-81", "SE-10", "SE-20")
def test_one_session_is_counted_once_for_all_its_applications(relying_party, web_app, public_app, internal_user):
    one = relying_party(web_app, user=internal_user, scope="openid read")
    first, second = one.tokens(), relying_party(public_app, browser=one.client, scope="openid read").tokens()
    callers = [Api(one.client, answer["access_token"]) for answer in (first, second)]
    assert [statuses(api, 1)[0] for api in (*callers, *callers)] == [200, 200, 200, 429]


@pytest.mark.contract("API-102", "SE-86", "SE-08")
def test_the_order(api, api_with):
    """Scope before rate, rate before query; what is refused earlier is not counted and opens no session."""
    lacking = api_with("sec")
    assert statuses(lacking, 5) == [403] * 5
    assert [api.get("Nothing").status_code for _ in range(5)] == [404] * 5
    assert not ErpSession.objects.exists()
    assert [api.get("Crm_Sales_Customers?$top=x").status_code for _ in range(4)] == [400, 400, 400, 429]


@pytest.mark.contract("SE-86")
def test_a_refused_call_opens_no_session_and_does_not_restart_the_timer(client, service_app, service_token):
    with time_machine.travel("2030-01-01T10:00:00Z", tick=False) as clock:
        api = Api(client, service_token(service_app, "read"))
        statuses(api, 3)
        ErpSession.objects.all().delete()
        clock.shift(31)
        assert statuses(api, 1) == [429]
        assert not ErpSession.objects.exists()
        clock.shift(60)
        assert statuses(api, 4) == [200, 200, 200, 429]
        seen = ErpSession.objects.get().last_seen_at
        clock.shift(40)
        assert statuses(api, 1) == [429]
        assert ErpSession.objects.get().last_seen_at == seen


@pytest.mark.contract("SE-82")
def test_too_many_at_a_time(api, settings, monkeypatch):
    """The next one gets 429 at once; there is no queue. When one has ended there is room again."""
    settings.SESSION_RPM = 0
    within = []
    answer = reading.answer_to

    def reentrant(address, request):
        """While this call runs, the same session calls again."""
        within.append(request)
        if len(within) < 3:
            inner = api.get("Crm_Sales_Customers")
            within.append(inner)
        return answer(address, request)

    monkeypatch.setattr(reading, "answer_to", reentrant)
    assert api.get("Crm_Sales_Customers").status_code == 200
    refused = [each for each in within if getattr(each, "status_code", 200) == 429]
    assert len(refused) == 1
    error_of(refused[0], 429, "TooManyRequests")
    assert refused[0]["Retry-After"] == "1"
    assert AuditEvent.objects.get(name="api_call.refused").cause == "session_concurrent_requests"
    assert statuses(api, 1) == [200]


@pytest.mark.contract("SE-82")
def test_room_is_made_however_a_call_ends(api, settings, monkeypatch):
    settings.SESSION_RPM = 0

    def fail(address, request):
        raise RuntimeError("broken")

    with monkeypatch.context() as broken:
        broken.setattr(reading, "answer_to", fail)
        assert statuses(api, 5) == [500] * 5
    assert [api.get("Crm_Sales_Customers?$top=x").status_code for _ in range(5)] == [400] * 5
    assert statuses(api, 3) == [200] * 3
    key = ErpSession.objects.get().key
    assert request_limits.running([key], now=time.time()) == [0]


@pytest.mark.contract("SE-81", "SE-82")
def test_zero_switches_them_off(api, settings):
    settings.SESSION_RPM = settings.SESSION_CONCURRENT_REQUESTS = 0
    assert set(statuses(api, 10)) == {200}


@pytest.mark.contract("OPS-03", "SE-82")
@pytest.mark.parametrize("step", ["enter", "leave"])
def test_a_cache_that_is_away_stops_nobody(api, settings, monkeypatch, caplog, step):
    def away(*arguments, **keywords):
        raise ConnectionError("refused")

    settings.SESSION_RPM = 100
    settings.SESSION_CONCURRENT_REQUESTS = 100
    monkeypatch.setattr(request_limits, step, away)
    assert set(statuses(api, 6)) == {200}
    # Once a minute, not once a call.
    assert len([entry for entry in caplog.records if entry.name == "erpnet.throttle"]) == 1


@pytest.mark.contract("SE-82", "CL-77")
def test_the_defaults_let_the_vendors_client_work(settings):
    """Its ten parallel connections are never refused."""
    settings.SESSION_RPM = 600
    inside, entries = threading.Barrier(10), []

    def call():
        entry = request_limits.enter("s", now=1_900_000_000.0, rpm=600, concurrent=10)
        inside.wait()
        entries.append(entry)

    threads = [threading.Thread(target=call) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.refused for entry in entries] == [""] * 10
    assert request_limits.enter("s", now=1_900_000_000.0, rpm=600, concurrent=10).refused == request_limits.CONCURRENT
