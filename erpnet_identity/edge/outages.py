"""Which failures are an outage: the database or the cache is away, full or read-only, or too many people sign in at
once, and nothing is wrong with us.

An outage passes. A caller is told to come again (RFC 9110 §15.6.4), and the log is told once a minute and not once
a request. A failure that is not listed here is a fault of the product and is logged with all that is known of it.
"""

import sys
from typing import Any

import structlog
from django.db import Error, InterfaceError, OperationalError, ProgrammingError
from django.db.transaction import TransactionManagementError

from erpnet_identity.platform.busy import Busy
from erpnet_identity.platform.rate_limited_warnings import RateLimitedWarning

RETRY_AFTER = 5  # seconds
_LONGEST_CHAIN = 20

# PostgreSQL's classes of errors: connection, resources (too many clients, disk full), operator, system; and writing to
# what is read-only for now.
_STATES = ("08", "53", "57", "58", "25006")
# SQLite's: busy, locked, read-only, input or output failed, full, cannot be opened, locking failed.
_CODES = frozenset({5, 6, 8, 10, 13, 14, 15})
_log = structlog.get_logger("erpnet.outage")
_warnings = {
    "database": RateLimitedWarning(_log, "the database is not available; requests are answered with 503"),
    "cache": RateLimitedWarning(_log, "the cache is not available; a request that needs it is answered with 503"),
    "passwords": RateLimitedWarning(_log, "too many passwords are checked at once; further ones are answered with 503"),
}


def what_is_away(error: BaseException) -> str:
    """``database``, ``cache`` or ``passwords`` when the failure, or one that it was raised over, is an outage; else
    empty."""
    link: BaseException | None = error
    for _ in range(_LONGEST_CHAIN):
        if link is None:
            break
        if isinstance(link, Busy):
            return "passwords"
        if _is_of_redis(link):
            return "cache"
        if isinstance(link, Error) and _is_of_database(link):
            return "database"
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return ""


def _is_of_redis(error: BaseException) -> bool:
    redis: Any = sys.modules.get("redis")
    if redis is None:
        return False  # no instance without Redis loads its library
    away = (redis.ConnectionError, redis.TimeoutError)
    full = (redis.exceptions.ReadOnlyError, redis.exceptions.OutOfMemoryError, redis.exceptions.ClusterError)
    # "MISCONF": Redis takes no writes because it could not save them; its disk is full, mostly.
    return isinstance(error, (*away, *full)) or (
        isinstance(error, redis.ResponseError) and str(error).startswith("MISCONF")
    )


def _is_of_database(error: Error) -> bool:
    driver: Any = error.__cause__
    state = getattr(driver, "sqlstate", None)
    code = getattr(driver, "sqlite_errorcode", None)
    if state is not None:
        return str(state).startswith(_STATES)
    if code is not None:
        return code & 0xFF in _CODES
    if isinstance(error, TransactionManagementError):
        return False  # says nothing by itself; what it was raised over may
    if isinstance(error, ProgrammingError):
        # Django's own, without one of the driver: the connection was lost in the middle of a transaction.
        return driver is None and str(error).startswith("Cannot open a new connection in an atomic block")
    # Without a state the server did not even get to answering: refused, cut off, timed out, closed.
    return isinstance(error, (OperationalError, InterfaceError))


def report(error: BaseException) -> bool:
    """Whether the failure is an outage; if so the log has been told, at most once a minute."""
    away = what_is_away(error)
    if away:
        _warnings[away](error)
    return bool(away)


def forget_warnings() -> None:
    """Warn again at the next failure, in this process."""
    for warning in _warnings.values():
        warning.last = float("-inf")
