"""Principal: who is calling, through which application, with which scopes."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What the caller presented."""

    USER = "user"  # an access token of a person who signed in
    SERVICE = "service"  # an access token of an application's system user


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of one request. Made only by ``token_state.check``; after it nobody reads a credential again.

    The account's values are those of the database now, not those of the token (API-95).
    """

    kind: Kind
    user_id: str
    login: str
    name: str
    user_type: int
    is_admin: bool
    application_id: str
    client_id: str
    scopes: frozenset[str]
    token_id: str
    sid: str = ""

    @property
    def is_service(self) -> bool:
        """Whether no person is behind the call."""
        return self.kind is Kind.SERVICE

    @property
    def is_authenticated(self) -> bool:
        """Always true; Django's words for it."""
        return True

    @property
    def session_key(self) -> str:
        """What calls of one session have in common: the identity session, or the service's token (SE-10, SE-11)."""
        return self.sid or self.token_id
