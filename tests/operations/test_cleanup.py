"""What has expired goes in bounded batches; nothing that is alive goes, and nobody waits for it."""

import threading
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.identity.models import Consent, IdentitySession
from erpnet_identity.operations import cleanup
from erpnet_identity.tokens.claims import new_token_id
from erpnet_identity.tokens.models import AccessToken, Grant, RefreshToken
from tests.factories.users import UserFactory
from tests.support.clock import frozen

HOUR, DAY = 3600, 24 * 3600
MODELS = {
    "access tokens": AccessToken,
    "refresh tokens": RefreshToken,
    "grants": Grant,
    "identity sessions": IdentitySession,
    "browser sessions": Session,
}


def make(application, number, *, expired_for):
    expires = timezone.now() - timedelta(seconds=expired_for)
    return AccessToken.objects.bulk_create(
        AccessToken(application=application, expires=expires, scope="read", jti=(jti := new_token_id()), token=jti)
        for _ in range(number)
    )


def left():
    return {name: model.objects.count() for name, model in MODELS.items() if model.objects.exists()}


@pytest.mark.django_db
@pytest.mark.contract("OPS-11")
class TestBatches:
    def test_bounded_and_only_what_has_expired(self, service_app):
        make(service_app, 12, expired_for=1)
        alive = make(service_app, 3, expired_for=-60)
        for removed in (5, 5, 2, 0):
            assert cleanup.remove_expired(batch=5)["access tokens"] == removed
        assert set(AccessToken.objects.values_list("pk", flat=True)) == {row.pk for row in alive}

    def test_a_batch_is_two_short_statements(self, service_app, django_assert_max_num_queries):
        make(service_app, 10, expired_for=1)
        rows = cleanup.expired(timezone.now())["access tokens"]
        with django_assert_max_num_queries(4):  # look-up and deletion, and the transaction around them
            assert cleanup.remove(rows) == 10
        with django_assert_max_num_queries(3):
            assert cleanup.remove(rows) == 0

    def test_a_token_that_a_refresh_token_refers_to_stays(self, service_app):
        (row,) = make(service_app, 1, expired_for=1)
        RefreshToken.objects.create(user=UserFactory(), application=service_app, access_token=row, token="x")
        assert cleanup.remove_expired()["access tokens"] == 0

    def test_the_command(self, service_app, capsys):
        make(service_app, 1100, expired_for=1)
        call_command("cleanup")
        assert capsys.readouterr().out.splitlines() == [
            "access tokens removed: 1100",
            "refresh tokens removed: 0",
            "grants removed: 0",
            "identity sessions removed: 0",
            "browser sessions removed: 0",
            "API sessions removed: 0",
            "hours of use removed: 0",
        ]
        assert not AccessToken.objects.exists()

    def test_the_server_takes_a_turn_now_and_then(self, service_app, monkeypatch):
        make(service_app, 2, expired_for=1)
        assert cleanup.take_turn() == 2
        make(service_app, 2, expired_for=1)
        assert cleanup.take_turn() == 0, "another process had its turn a moment ago"
        cache.clear()

        def away():
            raise OperationalError("the database is away")

        monkeypatch.setattr(cleanup, "remove_expired", away)
        assert cleanup.take_turn() == 0


clock = frozen("2026-03-02T09:00:00Z")


@pytest.fixture
def party(clock, relying_party, web_app, internal_user):
    return relying_party(web_app, user=internal_user, scope="openid read offline_access")


@pytest.mark.django_db
@pytest.mark.contract("OPS-11")
class TestASignIn:
    """What a person's sign-in leaves behind goes, each thing in its time."""

    def test_each_thing_in_its_time(self, party, clock, web_app):
        first = party.tokens()
        party.refresh(first["refresh_token"])
        party.code()
        for after, remaining in (
            (300, {"access tokens": 2, "refresh tokens": 2, "grants": 2}),
            (301, {"access tokens": 2, "refresh tokens": 2, "grants": 1}),
            (HOUR, {"access tokens": 2, "refresh tokens": 2, "grants": 1}),
            (HOUR + 1, {"refresh tokens": 2, "grants": 1}),
            (30 * DAY + HOUR, {"refresh tokens": 2, "grants": 1}),
            (30 * DAY + HOUR + 1, {}),
        ):
            clock.move_to(1772442000 + after)
            cleanup.remove_all_expired()
            assert {name: number for name, number in left().items() if not name.endswith("sessions")} == remaining
        assert Consent.objects.count() == 1
        assert AuditEvent.objects.filter(name="token.refreshed").count() == 1

    @pytest.mark.contract("TK-55", "TK-60", "TK-53")
    def test_what_lives_goes_on_and_what_was_used_is_remembered(self, party, clock):
        first = party.tokens()
        clock.shift(29 * DAY)
        second = party.refresh(first["refresh_token"]).json()
        clock.shift(DAY - 1)
        cleanup.remove_all_expired()
        assert "identity sessions" not in left()
        third = party.refresh(second["refresh_token"]).json()
        clock.shift(HOUR - 1)
        cleanup.remove_all_expired()
        assert party.call_api(third["access_token"]) == 200, "a token of the last moment"
        assert party.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
        assert party.call_api(third["access_token"]) == 401, "reuse is noticed to the end"

    @pytest.mark.contract("ID-70", "ID-157")
    def test_sessions_a_day_after_they_are_over(self, party, clock, relying_party, web_app):
        hint = party.tokens()["id_token"]
        relying_party(web_app, user=UserFactory(), browser=Client())  # stays until it expires
        party.sign_out(hint)
        for after, remaining in (
            (DAY, {"identity sessions": 2}),
            (DAY + 1, {"identity sessions": 1}),
            (10 * HOUR + DAY, {"identity sessions": 1}),
            (10 * HOUR + DAY + 1, {}),
        ):
            clock.move_to(1772442000 + after)
            cleanup.remove_all_expired()
            assert {name: number for name, number in left().items() if name == "identity sessions"} == remaining

    def test_browser_sessions(self, party, clock):
        assert Session.objects.count() == 1
        clock.shift(10 * HOUR)
        assert cleanup.remove_expired()["browser sessions"] == 0
        assert party.client.get("/admin/").status_code == 302
        clock.shift(1)
        assert cleanup.remove_expired()["browser sessions"] == 1
        assert not Session.objects.exists()

    def test_a_grant_waits_for_what_refers_to_it(self, party, clock):
        party.tokens()
        clock.shift(31 * DAY)
        assert cleanup.remove(cleanup.expired(timezone.now())["grants"]) == 0
        for removed in (1, 0):
            assert cleanup.remove_expired()["grants"] == removed


@pytest.fixture
def held(postgresql):
    """``held(query)``: rows that another transaction holds until the test ends."""
    locked, done = threading.Event(), threading.Event()
    threads = []

    def hold(rows):
        with transaction.atomic():
            list(rows.select_for_update())
            locked.set()
            done.wait(10)
        connection.close()

    def begin(rows):
        threads.append(threading.Thread(target=hold, args=[rows]))
        threads[0].start()
        assert locked.wait(10)

    yield begin
    done.set()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
@pytest.mark.contract("OPS-11")
class TestRowsInUse:
    def test_tokens(self, service_app, held):
        rows = make(service_app, 4, expired_for=1)
        held(AccessToken.objects.filter(pk=rows[0].pk))
        assert cleanup.remove_expired()["access tokens"] == 3
        assert AccessToken.objects.get().pk == rows[0].pk

    @pytest.mark.parametrize("name", ["refresh tokens", "grants", "identity sessions", "browser sessions"])
    def test_what_a_sign_in_leaves(self, name, postgresql, party, clock, held):
        party.tokens()
        party.tokens()
        party.client.force_login(UserFactory())
        Client().force_login(UserFactory())
        clock.shift(31 * DAY)
        if name == "grants":
            AccessToken.objects.all().delete()
            RefreshToken.objects.all().delete()
        before = MODELS[name].objects.count()
        assert before >= 2
        held(MODELS[name].objects.filter(pk=MODELS[name].objects.order_by("pk").first().pk))
        assert cleanup.remove_expired()[name] == before - 1
