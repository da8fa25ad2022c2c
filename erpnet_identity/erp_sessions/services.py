"""Opening, continuing and closing API sessions. The pool is never oversold, whatever happens at the same moment.

How that holds: a slot is an open row. Rows are only added under the lock of the pool, after counting all open rows, and
a session that the timers have ended gives its slot back by being closed, never by being looked over. A call that writes
to its session does so only while the row is open; the second one, the call or the closing, sees what the first
did. See docs/decisions/sessions.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Case, Count, Exists, F, OuterRef, Subquery, TextField, UUIDField, Value, When
from django.db.models.functions import Coalesce, Concat

from erpnet_identity.audit import context, events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.context import SYSTEM, Actor
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.audit.refusals import record_refusal
from erpnet_identity.audit.services import prepare, storable
from erpnet_identity.edge import outages
from erpnet_identity.edge.callers import caller_of
from erpnet_identity.platform.compiled import CompiledInsert
from erpnet_identity.tokens.exceptions import InvalidCredential
from erpnet_identity.tokens.principal import Principal
from erpnet_identity.users.models import User
from trusted_apps.models import TrustedApplication

from . import lifetimes, presence, usage
from .authentication import SessionState
from .exceptions import LicenseSlotsExhausted
from .models import ErpSession, ErpSessionQuerySet, Kind, License, Reason, ReservedSeat
from .pool import PoolSize, lock_pool

log = structlog.get_logger("erpnet.sessions")

# Two addresses within this time are remarkable: nobody moves that fast (SE-75).
SHARED_WITHIN = timedelta(minutes=5)
BATCH = 500  # sessions that are closed in one transaction

_insert = CompiledInsert(ErpSession, AuditEvent)


def open_or_touch(principal: Principal, state: SessionState | None, *, now: datetime) -> UUID:
    """The session of this call, which begins now: the live one of its key, or a new one that takes a slot (SE-02 to
    SE-05). ``state`` is what was found open for the principal's credential. The caller says when the call has ended:
    ``presence.end``.

    No statement when the session was seen in the last half minute, one otherwise, a few to open one. Raises
    ``LicenseSlotsExhausted``, and ``InvalidCredential`` when the account or the application has been taken away since
    the token was read.
    """
    written_at = _goes_on(state, principal, now) if state is not None else None
    if state is not None and written_at is not None:
        session_id, is_new = state.id, False
    else:
        session_id, is_new = _open(principal, now)
        written_at = now
    presence.begin(session_id, now=now, written_at=written_at, is_counted=is_new)
    return session_id


def _goes_on(state: SessionState, principal: Principal, now: datetime) -> datetime | None:
    """Whether the call continues this session; writes what has to be written. Returns the time of the last request that
    is stored now, None when another session has to be opened."""
    if state.is_over(now) or state.user_id != UUID(principal.user_id):
        return None
    changes = _changed_columns(state, principal, now)
    if not changes and now - state.last_seen_at < presence.WRITE_EVERY:
        return state.last_seen_at
    # Only while it is open: an opening that needed the slot may have closed it since we looked.
    return now if presence.write(state.id, now=now, seen_at=now, changes=changes, only_open=True) else None


def _changed_columns(state: SessionState, principal: Principal, now: datetime) -> dict[str, Any]:
    """What this call says about its session that is not stored yet: another application, another address."""
    changes: dict[str, Any] = {}
    if principal.application_id not in state.applications:
        changes["applications"] = Case(
            # Another call of the same application may have been quicker.
            When(applications__contains=principal.application_id, then=F("applications")),
            default=Concat("applications", Value(f" {principal.application_id}"), output_field=TextField()),
        )
    origin = context.current()
    address = origin.address[:64]
    # Another address of one IPv6 connection is the same place (OP-234).
    if address and address != state.address and origin.caller != caller_of(state.address) and not state.is_shared:
        if now - state.last_seen_at < SHARED_WITHIN:
            changes |= {"shared_at": now, "other_address": address}
        else:  # the device has moved
            changes |= {"address": address, "user_agent": storable(origin.user_agent, 254)}
    return changes


# ── opening ──────────────────────────────────────────────────────────────────────────────────────────


class _AnotherIdentity(Exception):
    """The key is in use by another account (SE-26)."""

    def __init__(self, session_id: UUID) -> None:
        super().__init__()
        self.session_id = session_id


def _open(principal: Principal, now: datetime) -> tuple[UUID, bool]:
    """The session, and whether it is a new one."""
    # What the timers have ended gives its slots back first, and in a transaction of its own, so that nobody holds the
    # lock of the pool and waits for a row (SE-39).
    close_expired(now=now)
    while True:
        try:
            return _admit(principal, now)
        except _AnotherIdentity as found:
            close(ErpSession.objects.filter(pk=found.session_id), reason=Reason.IDENTITY, now=now)
        except LicenseSlotsExhausted as refusal:
            _note_refusal(principal, refusal, now)
            raise


@dataclass(frozen=True, slots=True)
class _Count:
    """What decides about an opening, read while nobody else can open."""

    live: int
    services: int
    of_application: int
    absent: int
    holds_seat: bool
    is_active: bool
    limit: int | None  # the application's own
    application_exists: bool
    session: tuple[UUID, UUID] | None  # the open session of the key, and whose it is
    after: str  # why the last session of the key ended
    closed_at: datetime | None  # when the last session of all was closed, if that was later than the call


def _number_of(rows: Any) -> Any:
    counted = rows.order_by().annotate(one=Value(1)).values("one").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


def _count(principal: Principal, now: datetime) -> _Count:
    """One statement."""
    kind, key = _kind_and_key(principal)
    user_id = UUID(principal.user_id)
    open_sessions = ErpSession.objects.open()
    of_key = ErpSession.objects.filter(kind=kind, key=key)
    absent = ReservedSeat.objects.of_use().filter(~Exists(open_sessions.filter(user=OuterRef("user"))))
    application = TrustedApplication.objects.filter(pk=principal.application_id)
    live, services, of_application, kept, holds_seat, is_active, limit, exists, found, found_user, after, closed_at = (
        License.objects.filter(pk=License.SINGLETON)
        .values_list(
            _number_of(open_sessions),
            _number_of(open_sessions.filter(kind=Kind.SERVICE)),
            # The application that opened a session stands first in it. One that joins it takes no slot (SE-20).
            _number_of(open_sessions.filter(applications__startswith=principal.application_id)),
            _number_of(absent),
            Exists(absent.filter(user=user_id)),
            Exists(User.objects.filter(pk=user_id, is_active=True)),
            Subquery(application.values("slot_limit")),
            Exists(application),
            Subquery(of_key.open().values("pk")),
            # Not the type of the reference, whose values SQLite gives back as text.
            Subquery(of_key.open().values("user_id"), output_field=UUIDField()),
            Subquery(of_key.exclude(closed_at=None).order_by("-closed_at").values("close_reason")[:1]),
            Subquery(ErpSession.objects.filter(closed_at__gt=now).order_by("-closed_at").values("closed_at")[:1]),
        )
        .get()
    )
    session = (found, found_user) if found is not None else None
    return _Count(
        live=live,
        services=services,
        of_application=of_application,
        absent=kept,
        holds_seat=holds_seat,
        is_active=is_active,
        limit=limit,
        application_exists=exists,
        session=session,
        after=after or "",
        closed_at=closed_at,
    )


def _check_room(count: _Count, size: PoolSize, kind: Kind) -> None:
    """Raises ``LicenseSlotsExhausted`` with the limit that was met and its numbers (SE-58, SE-63, SE-64)."""
    is_service = kind == Kind.SERVICE
    cause = lifetimes.what_refuses(
        slots=size.slots,
        live=count.live,
        absent=count.absent,
        holds_seat=count.holds_seat,
        services=count.services if is_service else None,
        kept_from_services=size.kept_from_services,
        of_application=count.of_application,
        limit=count.limit,
    )
    if cause is None:
        return
    used, limit = 0, None
    if cause == Cause.APPLICATION_LIMIT:
        used, limit = count.of_application, count.limit
    elif cause == Cause.KEPT_FROM_SERVICES and size.slots is not None:
        used, limit = count.services, lifetimes.slots_for_services(size.slots, size.kept_from_services)
    raise LicenseSlotsExhausted(
        slots=size.slots, live=count.live, kept=count.absent, cause=cause, used=used, limit=limit
    )


def _kind_and_key(principal: Principal) -> tuple[Kind, str]:
    """SE-10, SE-11. The only place besides ``state`` that says what a session is known by."""
    return (Kind.SERVICE if principal.is_service else Kind.INTERACTIVE), principal.session_key


@transaction.atomic
def _admit(principal: Principal, now: datetime) -> tuple[UUID, bool]:
    """The open session of the key, or a new one, and whether it is new. Raises ``LicenseSlotsExhausted`` and the others
    named above."""
    size = lock_pool()
    count = _count(principal, now)
    if not count.is_active or not count.application_exists:
        cause = Cause.USER_INACTIVE if count.application_exists else Cause.TOKEN_UNKNOWN
        raise InvalidCredential(cause, client_id=principal.client_id, token_id=principal.token_id)
    if count.session is not None:
        session_id, user_id = count.session
        if user_id != UUID(principal.user_id):
            raise _AnotherIdentity(session_id)
        return session_id, False  # another call of the same session was quicker (SE-05)
    kind, key = _kind_and_key(principal)
    _check_room(count, size, kind)
    origin = context.current()
    # A call that waited for the lock may get the slot of a session that was closed after the call began. What is
    # written down must not say that both had it.
    opened_at = max(now, count.closed_at or now)
    session = ErpSession(
        kind=kind,
        key=key,
        user_id=UUID(principal.user_id),
        applications=principal.application_id,
        address=origin.address[:64],
        user_agent=storable(origin.user_agent, 254),
        opened_at=opened_at,
        last_seen_at=opened_at,
        expires_at=lifetimes.absolute_end(opened_at=opened_at, is_service=principal.is_service),
        requests=1,
    )
    detail: dict[str, Any] = {
        "session": str(session.pk),
        "kind": kind.label,
        "live": count.live + 1,
        "slots": size.slots,
    }
    if count.after:
        # A token that outlived its session is used again (SE-50); after a sign-out it says so (SE-52).
        detail["after"] = count.after
    _insert.insert(session, prepare(events.ERP_SESSION_OPENED, **_caller(principal), detail=detail))
    return session.pk, True


@dataclass(frozen=True, slots=True)
class _Named:
    """What the trace keeps of a row that was not loaded."""

    pk: str
    client_id: str = ""
    login: str = ""


def _caller(principal: Principal) -> dict[str, Any]:
    return {
        "actor": Actor("user", principal.user_id, principal.login),
        "application": _Named(principal.application_id, client_id=principal.client_id),
        "user": _Named(principal.user_id, login=principal.login),
        "sid": principal.sid,
        "token_id": principal.token_id,
    }


def _note_refusal(principal: Principal, refusal: LicenseSlotsExhausted, now: datetime) -> None:
    """Leave the trace of a refusal, after its transaction is over (AU-04)."""
    detail = {"slots": refusal.slots, "live": refusal.live, "kept": refusal.kept}
    if refusal.limit is not None:
        # The limit that was met is not the pool's: how many there were of what it limits, and how many there may be.
        detail |= {"used": refusal.used, "limit": refusal.limit}
    try:
        with transaction.atomic():
            record_refusal(
                events.ERP_SESSION_REFUSED, refusal.cause, is_known=True, **_caller(principal), detail=detail
            )
            usage.count_refusal(now=now)
    except DatabaseError as failure:
        # The refusal stands even while it cannot be written down.
        if not outages.report(failure):
            log.exception("a refusal could not be recorded", cause=refusal.cause)


# ── closing ──────────────────────────────────────────────────────────────────────────────────────────


def close(sessions: ErpSessionQuerySet, *, reason: Reason, now: datetime, actor: Actor = SYSTEM) -> int:
    """Close those of ``sessions`` that are open, each with its event; their slots are free at once (SE-46, SE-47).

    One that the timers had ended before is recorded as ended by them. Returns how many ended for ``reason``.
    """
    return sum(row.close_reason == reason for row in _close(sessions.open(), reason=reason, now=now, actor=actor))


@transaction.atomic
def _close(
    sessions: ErpSessionQuerySet, *, reason: Reason, now: datetime, actor: Actor, most: int | None = None
) -> list[ErpSession]:
    """The sessions that were closed, at most ``most`` of them."""
    # In one order everywhere, so that two of us never wait for each other. A row that was written to meanwhile is
    # looked at again by the database.
    rows = list(sessions.select_for_update(of=("self",)).order_by("pk")[:most])
    logins = dict(User.objects.filter(pk__in={row.user_id for row in rows}).values_list("pk", "login")) if rows else {}
    for row in rows:
        row.closed_at, row.close_reason = now, reason
        if row.ends_at <= now:
            row.closed_at = row.ends_at
            row.close_reason = Reason.ABSOLUTE if row.ends_at == row.expires_at else Reason.IDLE
    ErpSession.objects.bulk_update(rows, ["closed_at", "close_reason"], batch_size=100)
    AuditEvent.objects.bulk_create(_closed(row, logins.get(row.user_id, ""), actor) for row in rows)
    return rows


def _closed(row: ErpSession, login: str, actor: Actor) -> AuditEvent:
    by_timer = row.close_reason in (Reason.IDLE, Reason.ABSOLUTE)
    is_service = row.kind == Kind.SERVICE
    return prepare(
        events.ERP_SESSION_CLOSED,
        actor=SYSTEM if by_timer else actor,
        cause=Cause(row.close_reason),
        user=_Named(str(row.user_id), login=login),
        sid="" if is_service else row.key,
        token_id=row.key if is_service else "",
        detail={
            "session": str(row.pk),
            "kind": Kind(row.kind).label,
            "opened": row.opened_at.isoformat(),
            "closed": row.closed_at.isoformat() if row.closed_at else None,
        },
    )


def close_expired(*, now: datetime) -> int:
    """Close every session that the timers have ended; returns how many (SE-30, SE-32, SE-39)."""
    over = ErpSession.objects.over(now)
    number = 0
    # In short transactions, because another opening may be waiting to do the same.
    while over.exists():
        number += len(_close(over, reason=Reason.IDLE, now=now, actor=SYSTEM, most=BATCH))
    return number


def close_signed_out(sid: str, *, now: datetime, actor: Actor, reason: Reason = Reason.SIGN_OUT) -> int:
    """Close the session of an identity session that has ended (ID-157). Services have none (SE-53)."""
    return close(ErpSession.objects.filter(kind=Kind.INTERACTIVE, key=sid), reason=reason, now=now, actor=actor)


def close_chosen(session_ids: Iterable[UUID], *, now: datetime, actor: Actor) -> int:
    """Close what an administrator chose."""
    rows = ErpSession.objects.filter(pk__in=list(session_ids))
    return close(rows, reason=Reason.ADMINISTRATOR, now=now, actor=actor)


def close_all(*, now: datetime, actor: Actor) -> int:
    """Close every session (SE-48). Callers open new ones with their next call."""
    return close(ErpSession.objects.all(), reason=Reason.CLEARED, now=now, actor=actor)


def close_of_user(user_id: UUID, *, now: datetime, actor: Actor) -> int:
    """Close the sessions of an account that may not call the APIs any more."""
    return close(ErpSession.objects.filter(user=user_id), reason=Reason.USER, now=now, actor=actor)


def close_of_application(application_id: UUID, *, now: datetime, actor: Actor) -> int:
    """Close the sessions of an application that is being deleted (TA-72). A session that a person also uses through
    another application goes on as long as there is one: it is theirs as well."""
    used = set(
        ErpSession.objects.open()
        .filter(applications__contains=str(application_id))
        .values_list("applications", flat=True)
    )
    keys = {key for applications in used for key in applications.split()} - {str(application_id)}
    others = {str(key) for key in TrustedApplication.objects.filter(pk__in=keys).values_list("pk", flat=True)}
    # By what was read and not by the row: one that another application joins meanwhile is not closed.
    ended = [applications for applications in used if others.isdisjoint(applications.split())]
    return close(ErpSession.objects.filter(applications__in=ended), reason=Reason.APPLICATION, now=now, actor=actor)
