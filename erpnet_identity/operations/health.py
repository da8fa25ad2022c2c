"""Whether this process can do its work (OPS-08).

A part that it cannot work without makes it useless: then it is not ready. A part that it can do without makes it
degraded, and it stays ready: taking every node out of service because Redis is away would stop what still works.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache as remember

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from erpnet_identity.keys import services as keys
from erpnet_identity.tenancy.models import Heartbeat

log = structlog.get_logger("erpnet.health")

OK = "ok"
# Tokens are valid to the second; a clock that is further off than this issues tokens that others refuse.
_TOLERANCE = timedelta(seconds=60)
# No version of this product existed before.
_EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)
_BALLAST = 16 * 1024  # bytes, random so that nothing makes them smaller
# What depends on shared counting does without the cache, and everything else does not notice (OPS-03).
DISPENSABLE = frozenset({"cache"})


class NotReady(Exception):
    """One part is not good. The text is public and names nothing secret."""


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


@remember
def _known_migrations() -> frozenset[tuple[str, str]]:
    # The files of a running version do not change; reading them costs more than all other parts together.
    return frozenset(MigrationLoader(None).graph.nodes)


def _migrations() -> None:
    pending = len(_known_migrations() - set(MigrationRecorder(connection).applied_migrations()))
    if pending:
        raise NotReady(f"{pending} migrations are pending: run manage.py migrate")


def _storage() -> None:
    # Really written and committed: a standby, a full disk and a file that became read-only all answer `SELECT 1`.
    values = {"at": timezone.now(), "ballast": secrets.token_bytes(_BALLAST)}
    try:
        if not Heartbeat.objects.filter(pk=Heartbeat.SINGLETON).update(**values):
            # Two first checks at the same moment: one row is enough.
            Heartbeat.objects.bulk_create([Heartbeat(**values)], ignore_conflicts=True)
    except DatabaseError as error:
        log.warning("the database takes no writes", error=repr(error))
        raise NotReady("the database takes no writes: see the log") from None


def _signing_key() -> None:
    try:
        keys.signing_key(timezone.now())
    except keys.NoSigningKey:
        raise NotReady("no key can sign") from None
    except Exception as error:
        log.warning("the signing key cannot be read", error=repr(error))
        raise NotReady("the signing key cannot be read: see the log") from None


def _clock() -> None:
    now = timezone.now()
    if now < _EARLIEST:
        raise NotReady("the clock is in the past")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            (theirs,) = cursor.fetchone()
        if abs(theirs - timezone.now()) > _TOLERANCE:
            raise NotReady("the clock differs from the database's by more than a minute")
    if any(row.created > now + _TOLERANCE for row in keys.ring().rows):
        raise NotReady("the clock is behind the time at which a signing key was made")


def _cache() -> None:
    # A value of its own: what is read back must be what was written now, not what a neighbour wrote.
    name, value = f"health:{secrets.token_hex(8)}", secrets.token_hex(8)
    cache.set(name, value, timeout=10)
    if cache.get(name) != value:
        raise NotReady("the cache does not keep what is written")


def _has_shared_cache() -> bool:
    return not settings.CACHES["default"]["BACKEND"].endswith(("LocMemCache", "MemoryCache"))


def check() -> dict[str, str]:
    """Each part with ``ok`` or why it is not. When the database is away, what lies in it is not looked at."""
    parts: dict[str, Callable[[], None]] = {
        "database": _database,
        "migrations": _migrations,
        "storage": _storage,
        "signing_key": _signing_key,
        "clock": _clock,
    }
    if _has_shared_cache():
        parts["cache"] = _cache
    found: dict[str, str] = {}
    for name, part in parts.items():
        if name in ("migrations", "storage", "signing_key", "clock") and found["database"] != OK:
            found[name] = "not checked: the database does not answer"
        elif name in ("storage", "signing_key", "clock") and found["migrations"] != OK:
            found[name] = "not checked: migrations are pending"
        else:
            found[name] = _result(name, part)
    return found


def _result(name: str, part: Callable[[], None]) -> str:
    try:
        part()
    except NotReady as problem:
        log.warning(_standing(name), part=name, problem=str(problem))
        return str(problem)
    except Exception as error:
        # The text of a driver's exception may hold addresses and names; it belongs into the log only.
        log.warning(_standing(name), part=name, error=repr(error))
        return "does not answer"
    return OK


def _standing(part: str) -> str:
    return "degraded" if part in DISPENSABLE else "not ready"
