"""A kept connection is asked for its health when it rested, and a lost one is replaced."""

import socket
import threading
import time

import psycopg
import pytest
from django.db import OperationalError, connection

from erpnet_identity.platform.postgresql import base


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
def test_a_connection_lost_a_moment_ago_is_replaced(kept):
    """However short a restart is, the first request after it does not pay for it."""
    lost = request()
    terminate(lost)
    assert request() != lost


@pytest.mark.contract("OPS-02")
def test_a_connection_lost_in_use_fails_once(kept):
    lost = request()
    terminate(lost)
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        # The same request goes on: it was asked for its health when it began.
        cursor.execute("SELECT 1")
    connection.close_if_unusable_or_obsolete()
    assert request() != lost


@pytest.fixture
def silent_server():
    """A host on which nobody answers, not even with a refusal."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.contract("OPS-14")
def test_one_thread_waits_for_a_database_that_does_not_answer(silent_server, monkeypatch):
    """The others go on and say that it is away."""
    silence = base._Silence()
    parameters = f"host=127.0.0.1 port={silent_server} connect_timeout=2"
    lasted = []

    def attempt():
        started = time.monotonic()
        with pytest.raises(psycopg.OperationalError), silence.attempt():
            psycopg.connect(parameters)
        lasted.append(time.monotonic() - started)

    attempt()
    assert lasted.pop() > 1  # now we know
    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    lasted.sort()
    assert lasted[2] < 0.5
    assert lasted[3] > 1

    with silence.attempt():
        pass  # it answers again
    assert not silence._is_silent


@pytest.mark.contract("OPS-14")
def test_a_refusal_keeps_nobody_waiting():
    silence = base._Silence()
    for _ in range(3):
        with pytest.raises(psycopg.OperationalError, match="refused"), silence.attempt():
            psycopg.connect("host=127.0.0.1 port=1 connect_timeout=2")
        assert not silence._is_silent


def terminate(backend):
    """End a connection from outside, as a restart of the database does."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            # Waits until it has really ended.
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
    finally:
        other.close()
