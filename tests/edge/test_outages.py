"""What is an outage and what is a fault of ours."""

import sqlite3

import django.db
import psycopg
import pytest
import redis
from django.db import DataError, IntegrityError, InterfaceError, InternalError, OperationalError, ProgrammingError
from django.db.transaction import TransactionManagementError
from psycopg import errors

from erpnet_identity.edge import outages


@pytest.fixture(autouse=True)
def _warn_again():
    outages.forget_warnings()
    yield
    outages.forget_warnings()


def raised_over(outer, cause):
    """The exception as Django raises it over that of the driver."""
    try:
        raise outer("text") from cause
    except outer as error:
        return error


def sqlite_error(code):
    error = sqlite3.OperationalError("text")
    error.sqlite_errorcode = code
    return error


OUTAGES = {
    "refused": raised_over(OperationalError, psycopg.OperationalError("connection refused")),
    "closed": raised_over(InterfaceError, psycopg.InterfaceError("the connection is closed")),
    "too many clients": raised_over(OperationalError, errors.TooManyConnections()),
    "shutting down": raised_over(OperationalError, errors.AdminShutdown()),
    "starting": raised_over(OperationalError, errors.CannotConnectNow()),
    "crash": raised_over(OperationalError, errors.CrashShutdown()),
    "disk full": raised_over(OperationalError, errors.DiskFull()),
    "i/o": raised_over(OperationalError, errors.IoError()),
    "cut off": raised_over(OperationalError, errors.ConnectionFailure()),
    "standby": raised_over(InternalError, errors.ReadOnlySqlTransaction()),
    "cancelled": raised_over(OperationalError, errors.QueryCanceled()),
    "locked": raised_over(OperationalError, sqlite_error(sqlite3.SQLITE_BUSY)),
    "locked by a snapshot": raised_over(OperationalError, sqlite_error(517)),
    "full": raised_over(OperationalError, sqlite_error(sqlite3.SQLITE_FULL)),
    "read-only": raised_over(OperationalError, sqlite_error(sqlite3.SQLITE_READONLY)),
    "no file": raised_over(OperationalError, sqlite_error(sqlite3.SQLITE_CANTOPEN)),
    "without a driver": OperationalError("text"),
    "lost in a transaction": ProgrammingError("Cannot open a new connection in an atomic block."),
}
OF_CACHE = {
    "refused": redis.ConnectionError("x"),
    "silent": redis.TimeoutError("x"),
    "replica": redis.exceptions.ReadOnlyError("x"),
    "full": redis.exceptions.OutOfMemoryError("x"),
    "loading": redis.exceptions.BusyLoadingError("x"),
    "cannot save": redis.ResponseError("MISCONF Redis is configured to save RDB snapshots"),
}
FAULTS = {
    "no table": raised_over(ProgrammingError, errors.UndefinedTable()),
    "no table in SQLite": raised_over(OperationalError, sqlite_error(sqlite3.SQLITE_ERROR)),
    "twice": raised_over(IntegrityError, errors.UniqueViolation()),
    "deadlock": raised_over(OperationalError, errors.DeadlockDetected()),
    "too long": raised_over(DataError, errors.StringDataRightTruncation()),
    "transaction": TransactionManagementError("text"),
    "a bug": KeyError("x"),
    "wrong type in Redis": redis.ResponseError("WRONGTYPE"),
    "not even an error of ours": OSError(28, "No space left on device"),
}


@pytest.mark.contract("OPS-14")
@pytest.mark.parametrize("name", OUTAGES)
def test_the_database_is_away(name):
    assert outages.what_is_away(OUTAGES[name]) == "database"


@pytest.mark.contract("OPS-14")
@pytest.mark.parametrize("name", OF_CACHE)
def test_the_cache_is_away(name):
    assert outages.what_is_away(OF_CACHE[name]) == "cache"


@pytest.mark.contract("OPS-14")
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_ours(name, caplog):
    assert outages.what_is_away(FAULTS[name]) == ""
    assert not outages.report(FAULTS[name])
    assert caplog.text == ""


def chained(first, second, *, hidden=False):
    try:
        try:
            raise first
        except type(first):
            if hidden:
                raise second from None
            raise second
    except type(second) as error:
        return error


def test_what_was_raised_over_it_is_one_too():
    """A rollback that fails hides why it was tried."""
    over = TransactionManagementError("An error occurred in the current transaction.")
    assert outages.what_is_away(chained(OperationalError("gone"), over)) == "database"
    assert outages.what_is_away(chained(OperationalError("gone"), KeyError("x"), hidden=True)) == ""


def test_a_chain_that_bites_its_tail():
    first, second = KeyError("x"), ValueError("y")
    first.__context__, second.__context__ = second, first
    assert outages.what_is_away(first) == ""


@pytest.mark.contract("OPS-14")
def test_one_warning_a_minute_with_the_reason(caplog):
    text = 'connection to server at "127.0.0.1", port 5432 failed: Connection refused\n\tIs the server running?'
    for _ in range(50):
        assert outages.report(OperationalError(text))
        assert outages.report(redis.ConnectionError("Error 111"))
    assert len(caplog.records) == 2
    assert "Connection refused" in caplog.text
    assert "Is the server running" not in caplog.text


def test_every_class_of_django_has_been_thought_of():
    """A new one is an outage or a fault by decision."""
    known = {type(error) for error in (*OUTAGES.values(), *FAULTS.values())} | {
        django.db.Error,
        django.db.DatabaseError,
        django.db.NotSupportedError,
    }
    classes = {
        found
        for found in vars(django.db.utils).values()
        if isinstance(found, type) and issubclass(found, django.db.Error)
    }
    assert classes <= known
