"""Expired tokens go in bounded batches; nothing that is alive goes, and nobody waits for it."""

import threading
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from erpnet_identity.tokens import cleanup
from erpnet_identity.tokens.claims import new_token_id
from erpnet_identity.tokens.models import AccessToken, RefreshToken
from tests.factories.users import UserFactory


def make(application, number, *, expired_for):
    expires = timezone.now() - timedelta(seconds=expired_for)
    return AccessToken.objects.bulk_create(
        AccessToken(application=application, expires=expires, scope="read", jti=(jti := new_token_id()), token=jti)
        for _ in range(number)
    )


@pytest.mark.django_db
@pytest.mark.contract("OPS-11")
class TestBatches:
    def test_bounded_and_only_what_has_expired(self, service_app):
        make(service_app, 12, expired_for=1)
        alive = make(service_app, 3, expired_for=-60)
        assert cleanup.remove_expired(batch=5) == 5
        assert cleanup.remove_expired(batch=5) == 5
        assert cleanup.remove_expired(batch=5) == 2
        assert cleanup.remove_expired(batch=5) == 0
        assert set(AccessToken.objects.values_list("pk", flat=True)) == {row.pk for row in alive}

    def test_a_batch_is_two_short_statements(self, service_app, django_assert_max_num_queries):
        make(service_app, 10, expired_for=1)
        with django_assert_max_num_queries(4):  # look-up and deletion, and the transaction around them
            cleanup.remove_expired()

    def test_a_token_that_a_refresh_token_refers_to_stays(self, service_app):
        (row,) = make(service_app, 1, expired_for=1)
        RefreshToken.objects.create(user=UserFactory(), application=service_app, access_token=row, token="x")
        assert cleanup.remove_expired() == 0

    def test_the_command(self, service_app, capsys):
        make(service_app, 1100, expired_for=1)
        call_command("cleanup")
        assert capsys.readouterr().out == "expired tokens removed: 1100\n"
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


@pytest.mark.django_db(transaction=True)
@pytest.mark.contract("OPS-11")
def test_rows_in_use_are_passed_over(service_app, postgresql):
    rows = make(service_app, 4, expired_for=1)
    locked, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            AccessToken.objects.select_for_update().get(pk=rows[0].pk)
            locked.set()
            done.wait(10)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert locked.wait(10)
        assert cleanup.remove_expired() == 3
    finally:
        done.set()
        thread.join()
    assert AccessToken.objects.get().pk == rows[0].pk
