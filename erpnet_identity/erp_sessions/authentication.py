"""What is known of a caller's session, looked up in the statement that looks up the token.

So a call on a live session costs no statement of its own and still sees the session as it is now: however it was
closed, on whatever worker, has closed it for the very next call.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import JSONObject
from rest_framework.request import Request

from erpnet_identity.tokens.authentication import CredentialAuthentication
from erpnet_identity.tokens.principal import Principal
from erpnet_identity.tokens.reading import TokenReader

from . import lifetimes
from .models import ErpSession, Kind


@dataclass(frozen=True, slots=True)
class SessionState:
    """An open session as the database knows it: the timers may have ended it. ``last_seen_at`` may be up to half a
    minute behind the truth."""

    id: UUID
    user_id: UUID
    applications: str
    address: str
    is_shared: bool
    last_seen_at: datetime
    expires_at: datetime | None

    def is_over(self, now: datetime) -> bool:
        """Whether the timers have ended it."""
        return lifetimes.is_over(last_seen_at=self.last_seen_at, expires_at=self.expires_at, now=now)


def _beside(kind: Kind, key: str) -> Subquery:
    """The open session of a token's row as JSON; ``key`` is the column that holds the session key (SE-10, SE-11)."""
    return Subquery(
        ErpSession.objects.open()
        .filter(kind=kind, key=OuterRef(key))
        .order_by()  # there is one at most, and nothing to sort
        .values_list(
            JSONObject(
                id=F("id"),
                user=F("user_id"),
                applications=F("applications"),
                address=F("address"),
                shared=F("shared_at"),
                seen=F("last_seen_at"),
                expires=F("expires_at"),
            )
        )
    )


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    # SQLite keeps times as text without a zone, all of them in UTC.
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def session_state(found: dict[str, Any] | None) -> SessionState | None:
    """What stands beside a token, or None when no session is open for it."""
    if found is None:
        return None
    expires = found["expires"]
    return SessionState(
        id=UUID(found["id"]),
        user_id=UUID(found["user"]),
        applications=found["applications"],
        address=found["address"],
        is_shared=found["shared"] is not None,
        last_seen_at=_time(found["seen"]),
        expires_at=None if expires is None else _time(expires),
    )


class SessionAuthentication(CredentialAuthentication):
    """Reads the credential: ``request.user`` is the ``Principal``, ``request.auth`` the ``SessionState`` of the session
    that the call goes on with, or None."""

    reader = TokenReader(of_person=_beside(Kind.INTERACTIVE, "sid"), of_service=_beside(Kind.SERVICE, "jti"))

    def authenticate(self, request: Request) -> tuple[Principal, SessionState | None]:
        principal, found = super().authenticate(request)
        return principal, session_state(found)
