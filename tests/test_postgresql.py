"""A kept connection is asked for its health when it rested, and a lost one is replaced."""

import pytest
from django.db import OperationalError, connection


@pytest.fixture
def kept(postgresql, transactional_db, monkeypatch):
    """The connection as a server keeps it between requests."""
    connection.ensure_connection()
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", True)
    monkeypatch.setattr(connection, "health_check_enabled", True)
    asked = []
    is_usable = connection.is_usable

    def ask():
        asked.append(True)
        return is_usable()

    monkeypatch.setattr(connection, "is_usable", ask)
    return asked


def request():
    """What a request does with the connection."""
    connection.health_check_done = False
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def rest():
    connection._answered_at -= 2 * connection.HEALTHY_FOR


@pytest.mark.contract("OPS-02")
def test_asked_only_after_a_rest(kept):
    request()
    kept.clear()
    for _ in range(5):
        request()
    assert kept == []
    rest()
    request()
    request()
    assert kept == [True]


@pytest.mark.contract("OPS-02")
def test_a_connection_lost_while_it_rested_is_replaced(kept):
    lost = request()
    terminate(lost)
    rest()
    assert request() != lost


@pytest.mark.contract("OPS-02")
def test_a_connection_lost_in_use_fails_once(kept):
    lost = request()
    terminate(lost)
    with pytest.raises(OperationalError):
        request()
    connection.close_if_unusable_or_obsolete()
    assert request() != lost


def terminate(backend):
    """End a connection from outside, as a restart of the database does."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [backend])
    finally:
        other.close()
