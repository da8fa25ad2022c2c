"""The second and third step of reading a token: what the database says of it now, and whether it is still good.

Every kind of credential has a row, which is what its statement gives, and a factory, which makes a ``TokenState`` of
it; ``check`` is the same for all.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from erpnet_identity.audit.causes import Cause

from .exceptions import InvalidCredential
from .parsing import ParsedToken
from .principal import Kind, Principal

# For the operator: the token is stored for another account than it names.
_ANOTHER_ACCOUNT = {Kind.USER: Cause.USER_CHANGED, Kind.SERVICE: Cause.SYSTEM_USER_CHANGED}


class PersonRow(NamedTuple):
    """What the statement gives for a person's token. The names are the columns, as the ORM finds them from the token's
    row; ``beside`` is what the resource server has asked for besides."""

    revoked_at: datetime | None
    expires: datetime
    application_id: UUID
    application__client_id: str
    application__is_enabled: bool
    sid: str
    grant__revoked_at: datetime | None
    user_id: UUID
    user__login: str
    user__name: str
    user__user_type: int
    user__is_admin: bool
    user__is_active: bool
    beside: Any


class ServiceRow(NamedTuple):
    """The same for a service's token, whose account is the system user that its application has now."""

    revoked_at: datetime | None
    expires: datetime
    application_id: UUID
    application__client_id: str
    application__is_enabled: bool
    application__client_type: str
    application__allows_service: bool
    application__system_user_id: UUID | None
    application__system_user__login: str
    application__system_user__name: str
    application__system_user__user_type: int
    application__system_user__is_admin: bool
    application__system_user__is_active: bool
    beside: Any


@dataclass(slots=True)  # not frozen, as every call makes one: see docs/decisions/hot-paths.md
class TokenState:
    """What a token says (``token``) and, as the database knows it now, everything that decides whether it is good.

    ``kind`` is that of the factory: which statement found the row. ``is_kind_allowed``: the application may still have
    tokens of this kind.
    """

    kind: Kind
    token: ParsedToken
    revoked_at: datetime | None
    expires: datetime
    application_id: UUID
    client_id: str
    is_application_enabled: bool
    is_kind_allowed: bool
    grant_revoked_at: datetime | None
    sid: str
    user_id: UUID | None
    login: str
    name: str
    user_type: int
    is_admin: bool
    is_active: bool

    @classmethod
    def of_person(cls, token: ParsedToken, row: PersonRow) -> "TokenState":
        """The state of the access token of a person who signed in."""
        return cls(
            kind=Kind.USER,
            token=token,
            revoked_at=row.revoked_at,
            expires=row.expires,
            application_id=row.application_id,
            client_id=row.application__client_id,
            is_application_enabled=row.application__is_enabled,
            is_kind_allowed=True,
            grant_revoked_at=row.grant__revoked_at,
            sid=row.sid,
            user_id=row.user_id,
            login=row.user__login,
            name=row.user__name,
            user_type=row.user__user_type,
            is_admin=row.user__is_admin,
            is_active=row.user__is_active,
        )

    @classmethod
    def of_service(cls, token: ParsedToken, row: ServiceRow) -> "TokenState":
        """The state of the access token of an application that acts as its system user."""
        return cls(
            kind=Kind.SERVICE,
            token=token,
            revoked_at=row.revoked_at,
            expires=row.expires,
            application_id=row.application_id,
            client_id=row.application__client_id,
            is_application_enabled=row.application__is_enabled,
            is_kind_allowed=row.application__client_type == "confidential" and row.application__allows_service,
            grant_revoked_at=None,
            sid="",
            user_id=row.application__system_user_id,
            login=row.application__system_user__login,
            name=row.application__system_user__name,
            user_type=row.application__system_user__user_type,
            is_admin=row.application__system_user__is_admin,
            is_active=row.application__system_user__is_active,
        )


def check(state: TokenState, *, now: datetime) -> Principal:
    """The caller that the token stands for (TK-106, API-91, API-95). Raises ``InvalidCredential`` with the cause."""
    if cause := _cause_of_refusal(state, now):
        raise InvalidCredential(cause, client_id=state.token.client_id, token_id=state.token.token_id)
    return Principal(
        kind=state.kind,
        user_id=str(state.user_id),
        login=state.login,
        name=state.name,
        user_type=state.user_type,
        is_admin=state.is_admin,
        application_id=str(state.application_id),
        client_id=state.client_id,
        scopes=state.token.scopes,
        token_id=state.token.token_id,
        sid=state.sid,
    )


def _cause_of_refusal(state: TokenState, now: datetime) -> Cause | None:
    """Why the token is not good, None when it is. Of several causes the first of this order is recorded."""
    if state.revoked_at is not None:
        return Cause.TOKEN_REVOKED
    if state.expires <= now:
        return Cause.TOKEN_EXPIRED
    if not state.is_application_enabled:
        return Cause.APPLICATION_DISABLED
    if not state.is_kind_allowed:
        return Cause.SERVICE_ACCESS_WITHDRAWN
    if state.grant_revoked_at is not None:
        return Cause.TOKEN_REVOKED
    # The token runs as the account it was issued for or not at all (ID-135).
    if str(state.user_id) != state.token.account_id:
        return _ANOTHER_ACCOUNT[state.kind]
    if not state.is_active:
        return Cause.USER_INACTIVE
    return None
