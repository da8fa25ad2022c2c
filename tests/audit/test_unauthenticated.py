"""Who has proved nothing cannot fill the trail; who has is never left out."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from erpnet_identity.audit import context, events, unauthenticated
from erpnet_identity.audit.context import Actor, Origin
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.platform import throttle
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.support.clock import counters_clock

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
TOKEN = "/id/connect/token"


clock = counters_clock


@pytest.fixture
def budget(settings, clock):
    settings.STRANGER_EVENTS_PER_MINUTE = 5
    return clock


def wrong_secret(client):
    return client.post(TOKEN, "grant_type=client_credentials&client_id=a&client_secret=x", content_type=FORM)


def no_grant(client):
    return client.post(TOKEN, "client_id=a", content_type=FORM)


def bad_code(client):
    application = TrustedApplicationFactory(public=True)
    body = f"grant_type=authorization_code&client_id={application.client_id}&code=x&redirect_uri=https://x.example/"
    return client.post(TOKEN, body, content_type=FORM)


def bad_token(client):
    return client.get("/api/domain/odata/Crm_Sales_Customers", headers={"Authorization": "Bearer x"})


def no_token(client):
    return client.get("/api/domain/odata/Crm_Sales_Customers")


def userinfo(client):
    return client.get("/id/connect/userinfo", headers={"Authorization": "Bearer x"})


def authorize(client):
    return client.get("/id/connect/authorize?client_id=nobody")


def end_session(client):
    return client.get("/id/connect/endsession?client_id=x&post_logout_redirect_uri=https://x.example/")


def sign_in(client):
    return client.post("/id/signin", {"login": "nobody", "password": "wrong"})


def reset(client):
    return client.post("/id/password/reset", {"email": "nobody@example.com"})


KINDS = [
    wrong_secret, no_grant, bad_code, bad_token, no_token, userinfo, authorize, end_session, sign_in, reset,
]  # fmt: skip


@pytest.mark.contract("AU-11")
@pytest.mark.parametrize("cause", KINDS)
def test_each_kind_has_the_budget(client, budget, cause):
    for _ in range(9):
        assert 200 <= cause(client).status_code < 500
    written = AuditEvent.objects.exclude(name__startswith="application.")
    assert written.count() == 5
    assert unauthenticated.write_counts() == 0  # the minute is not over
    budget(61)
    assert unauthenticated.write_counts() == 1
    event = written.get(name=events.REFUSALS_COUNTED)
    assert event.detail == {"number": 4, "minute": "2026-03-02T09:00Z"}
    assert event.address == "127.0.0.1"
    assert unauthenticated.write_counts() == 0
    cause(client)
    assert written.count() == 7


@pytest.mark.contract("AU-11")
def test_all_kinds_share_it(client, budget):
    for cause in KINDS:
        cause(client)
    assert AuditEvent.objects.exclude(name__startswith="application.").count() == 5


@pytest.mark.contract("AU-11")
def test_nothing_of_a_known_caller_is_left_out(client, budget, service_app, service_token, administrator):
    token = service_token(service_app, "read")
    secret = {"client_id": service_app.client_id, "client_secret": service_app.plain_secret}
    for _ in range(8):
        authorize(client)
    before = AuditEvent.objects.count()
    for _ in range(3):
        body = "&".join(f"{name}={value}" for name, value in {**secret, "scope": "nonsense"}.items())
        assert client.post(TOKEN, f"grant_type=client_credentials&{body}", content_type=FORM).status_code == 400
        answer = client.get("/id/connect/userinfo", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 403
    assert AuditEvent.objects.count() == before + 6
    person = Client()
    assert person.post("/id/signin", {"login": administrator.login, "password": "correct horse"}).status_code == 302
    before = AuditEvent.objects.count()
    for _ in range(3):
        authorize(person)
        end_session(person)
    assert AuditEvent.objects.count() == before + 6


@pytest.mark.contract("AU-11", "ID-191")
def test_the_event_of_a_lock_is_never_left_out(client, budget, settings, administrator):
    settings.SIGN_IN_FAILURES = 3
    for _ in range(8):
        authorize(client)
    for _ in range(3):
        client.post("/id/signin", {"login": administrator.login, "password": "wrong"})
    assert AuditEvent.objects.get(name=events.USER_SIGN_IN_REFUSED).detail["locked"] is True


@pytest.mark.contract("AU-11")
def test_workers_write_one_count_together(client, budget):
    """What two processes left out, each knowing only its own."""
    first, second = {}, {}
    for number in range(12):
        unauthenticated._left_out = first if number % 2 else second
        authorize(client)
    assert AuditEvent.objects.count() == 5
    assert first
    assert second
    budget(61)
    for own in (first, second):
        unauthenticated._left_out = own
        unauthenticated.write_counts()
    assert [event.detail["number"] for event in AuditEvent.objects.filter(name=events.REFUSALS_COUNTED)] == [7]


@pytest.mark.contract("AU-11", "OPS-03")
def test_each_worker_counts_alone_without_a_cache(client, budget, monkeypatch):
    def fail(*args, **kwargs):
        raise ConnectionError("refused")

    monkeypatch.setattr(throttle, "cache", type("Away", (), {"get": fail, "add": fail, "incr": fail})())
    for _ in range(8):
        authorize(client)
    assert AuditEvent.objects.count() == 5
    budget(61)
    unauthenticated.write_counts()
    assert AuditEvent.objects.get(name=events.REFUSALS_COUNTED).detail["number"] == 3


def test_what_was_counted_alone_is_added(client, budget, monkeypatch):
    for _ in range(7):
        authorize(client)
    with monkeypatch.context() as away:
        away.setattr(unauthenticated._budget, "count", lambda key: None)
        for _ in range(8):
            authorize(client)
    budget(61)
    unauthenticated.write_counts()
    number = AuditEvent.objects.get(name=events.REFUSALS_COUNTED).detail["number"]
    assert AuditEvent.objects.count() - 1 + number == 15


def test_the_end_of_a_process_writes_what_is_left(client, budget):
    for _ in range(7):
        authorize(client)
    unauthenticated.take_turn(everything=True)
    assert AuditEvent.objects.get(name=events.REFUSALS_COUNTED).detail["number"] == 2


def test_many_callers_are_not_remembered_without_end(budget, monkeypatch, settings):
    settings.STRANGER_EVENTS_PER_MINUTE = 1
    monkeypatch.setattr(unauthenticated, "MOST_CALLERS", 2)
    for number in range(4):
        token = context.enter(Origin(f"id-{number}", f"192.0.2.{number}"))
        for _ in range(3):
            unauthenticated.record_unauthenticated(events.TOKEN_REFUSED, actor=Actor("", "", ""))
        context.leave(token)
    assert len(unauthenticated._left_out) == 3
    budget(61)
    unauthenticated.write_counts()
    counted = AuditEvent.objects.filter(name=events.REFUSALS_COUNTED).values_list("address", "detail__number")
    assert set(counted) == {("192.0.2.0", 2), ("192.0.2.1", 2), ("", 4)}


@pytest.mark.contract("AU-11", "OP-234")
@pytest.mark.parametrize(("cause", "limit"), [(wrong_secret, 20), (sign_in, 30), (reset, 10)])
def test_an_answer_429_leaves_one_event_a_minute(client, clock, cause, limit):
    for _ in range(limit):
        cause(client)
    first, second = cause(client), cause(client)
    assert (first.status_code, second.status_code) == (429, 429)
    event = AuditEvent.objects.get(name=events.REQUEST_THROTTLED)
    assert event.correlation_id == first["X-Correlation-Id"]
    assert event.cause == "too_many_attempts"
    assert event.detail["path"].startswith("/id/")
    clock(61)
    for _ in range(limit + 2):
        cause(client)
    assert AuditEvent.objects.filter(name=events.REQUEST_THROTTLED).count() == 2


def test_another_worker_does_not_write_it_again(client, clock):
    for _ in range(21):
        wrong_secret(client)
    throttle.forget_all()
    for _ in range(2):
        assert wrong_secret(client).status_code == 429
    assert AuditEvent.objects.filter(name=events.REQUEST_THROTTLED).count() == 1


def test_an_answer_429_stands_without_its_event(client, clock, monkeypatch):
    def fail(**kwargs):
        raise RuntimeError

    monkeypatch.setattr("erpnet_identity.audit.middleware.record_throttled", fail)
    assert [wrong_secret(client).status_code for _ in range(21)][-1] == 429


@pytest.mark.contract("AU-11")
@pytest.mark.django_db(transaction=True)
def test_at_once(postgresql, settings):
    """Many threads use up one budget; not one event more is written, and none is lost in the count."""
    settings.STRANGER_EVENTS_PER_MINUTE = 10
    if time.time() % 60 > 50:
        time.sleep(11)

    def ask(number):
        client = Client()
        for _ in range(5):
            authorize(client)
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert AuditEvent.objects.count() == 10
    unauthenticated.write_counts(everything=True)
    assert AuditEvent.objects.get(name=events.REFUSALS_COUNTED).detail["number"] == 30


def test_the_cache_has_room_for_many_callers():
    """A cache that throws out counts when it is full would give guessers a new budget."""
    for number in range(5_000):
        cache.set(f"caller-{number}", 1)
    assert cache.get("caller-0") == 1
