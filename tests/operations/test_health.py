"""Live and ready: what is looked at, what is said, and what is kept silent."""

import logging
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from erpnet_identity.keys import services as keys
from erpnet_identity.keys.models import SigningKey
from erpnet_identity.operations import health
from erpnet_identity.tenancy.models import Heartbeat
from tests.support.full_disk import full_disk

pytestmark = pytest.mark.contract("OPS-08")


def test_live_looks_at_nothing(client, django_assert_num_queries):
    response = client.get("/health/live")
    assert response.status_code == 200
    assert response.json() == {"status": "live"}


@pytest.mark.parametrize("name", ["live", "ready"])
def test_reading_only(client, name):
    assert client.post(f"/health/{name}").status_code == 405


@pytest.fixture
def ready(client, db):
    """``ready()`` is the status and the content of ``/health/ready``."""
    keys.ensure_key()

    def get():
        response = client.get("/health/ready")
        assert response.headers["Cache-Control"] == "no-store"
        return response.status_code, response.json()

    return get


def test_ready(ready):
    status, content = ready()
    assert status == 200
    assert content["status"] == "ready"
    assert content["failing"] == []
    assert content["degraded"] == []
    assert {"database", "migrations", "storage", "signing_key", "clock"} <= set(content["checks"])
    assert set(content["checks"].values()) == {"ok"}


def test_few_queries(ready, client, django_assert_max_num_queries):
    ready()
    # One of them is the write.
    with django_assert_max_num_queries(5):
        client.get("/health/ready")


def test_over_plain_http_behind_a_proxy(client, settings):
    settings.HTTPS_ONLY = True
    assert client.get("/health/live").status_code == 200


def test_the_database_is_away(ready, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("could not connect: host=db.internal password=hunter2")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        status, content = ready()
    assert status == 503
    assert content["failing"] == ["database", "migrations", "storage", "signing_key", "clock"]
    assert content["checks"]["database"] == "does not answer"
    assert "hunter2" not in str(content)
    assert "db.internal" not in str(content)


def test_pending_migrations(ready):
    MigrationRecorder(connection).record_unapplied("tokens", "0001_initial")
    status, content = ready()
    assert status == 503
    assert content["failing"][0] == "migrations"
    assert content["checks"]["migrations"] == "1 migrations are pending: run manage.py migrate"


def test_a_signing_key_that_cannot_be_decrypted(ready, settings):
    settings.KEY_ENCRYPTION_KEYS = ["MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="]
    keys.forget_ring()
    status, content = ready()
    assert status == 503
    assert content["failing"] == ["signing_key"]
    assert content["checks"]["signing_key"] == "the signing key cannot be read: see the log"


def test_no_key_that_signs(ready):
    SigningKey.objects.update(activates_at=datetime.now(UTC) + timedelta(hours=1))
    keys.forget_ring()
    assert ready()[1]["checks"]["signing_key"] == "no key can sign"


@pytest.mark.parametrize("moment", [datetime(1970, 1, 1, tzinfo=UTC), datetime.now(UTC) - timedelta(days=30)])
def test_a_clock_that_is_behind(ready, moment):
    ready()
    with time_machine.travel(moment, tick=True):
        status, content = ready()
    assert status == 503
    assert "clock" in content["failing"]


def test_a_cache_that_is_away_leaves_it_ready(ready, monkeypatch):
    """Everything but shared counting works without it: no node is taken out of service for that."""
    monkeypatch.setattr(health, "_has_shared_cache", lambda: True)
    assert ready()[1]["checks"]["cache"] == "ok"

    def away(*args, **kwargs):
        raise ConnectionError("redis://:hunter2@cache.internal")

    monkeypatch.setattr(cache, "set", away)
    status, content = ready()
    assert status == 200
    assert content["status"] == "ready"
    assert content["failing"] == []
    assert content["degraded"] == ["cache"]
    assert content["checks"]["cache"] == "does not answer"
    assert "hunter2" not in str(content)


def test_the_cache_is_named_beside_what_makes_the_node_useless(ready, monkeypatch):
    monkeypatch.setattr(health, "_has_shared_cache", lambda: True)
    monkeypatch.setattr(cache, "get", lambda name: None)
    SigningKey.objects.update(activates_at=datetime.now(UTC) + timedelta(hours=1))
    keys.forget_ring()
    status, content = ready()
    assert status == 503
    assert content["failing"] == ["signing_key"]
    assert content["degraded"] == ["cache"]
    assert content["checks"]["cache"] == "the cache does not keep what is written"


@contextmanager
def read_only():
    """The database as a standby, a read-only mount or an operator leaves it."""
    on, off = (
        ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off")
        if connection.vendor == "postgresql"
        else ("PRAGMA query_only = ON", "PRAGMA query_only = OFF")
    )
    with connection.cursor() as cursor:
        cursor.execute(on)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(off)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_read_only(client, caplog):
    keys.ensure_key()
    with read_only():
        response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["failing"] == ["storage"]
    assert response.json()["checks"]["storage"] == "the database takes no writes: see the log"
    assert "the database takes no writes" in caplog.text
    assert client.get("/health/ready").json()["failing"] == []


@pytest.mark.django_db(transaction=True)
def test_storage_that_is_full(client):
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite can be told that its disk is full")
    keys.ensure_key()
    with full_disk():
        response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["failing"] == ["storage"]


@pytest.mark.django_db(transaction=True)
def test_each_check_writes_one_row(client):
    keys.ensure_key()
    for _ in range(3):
        assert client.get("/health/ready").status_code == 200
    row = Heartbeat.objects.get()
    assert len(row.ballast) == 16 * 1024


def test_not_written_down_while_all_is_well(ready, client, caplog):
    with caplog.at_level(logging.INFO):
        ready()
        client.get("/health/live")
    assert caplog.records == []


def test_a_failing_part_is_one_line(ready, caplog):
    MigrationRecorder(connection).record_unapplied("tokens", "0001_initial")
    with caplog.at_level(logging.INFO):
        ready()
    assert len(caplog.records) == 1
    assert "migrations" in caplog.text
