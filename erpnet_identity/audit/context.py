"""Who is acting and where from, for the current request."""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, field

from erpnet_identity.edge.callers import caller_of

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the current work comes from. ``correlation_id`` ties response, log line and event together."""

    correlation_id: str
    address: str = ""
    user_agent: str = ""
    # Names of the events that were prepared so far; an empty one stands for an event that was left out (AU-11).
    noted: list[str] = field(default_factory=list, compare=False)

    @property
    def caller(self) -> str:
        """What limits count the address under."""
        return caller_of(self.address)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who caused a change, as plain values that outlive what they name.

    ``kind`` is ``user``, ``application``, ``manifest`` or ``system``; ``id`` the stable key, ``name`` what people read.
    """

    kind: str
    id: str
    name: str


SYSTEM = Actor("system", "", "system")

_origin: ContextVar[Origin | None] = ContextVar("audit_origin", default=None)


def correlation_id_from(header: str) -> str:
    """The incoming correlation id if it is well formed (AU-05), else a new one."""
    if header and _WELL_FORMED.fullmatch(header):
        return header
    return secrets.token_hex(16)


def enter(origin: Origin) -> object:
    """Begin work on behalf of ``origin``. Returns what ``leave`` wants."""
    return _origin.set(origin)


def leave(token: object) -> None:
    """End the work begun with ``enter``."""
    _origin.reset(token)  # type: ignore[arg-type]


def current() -> Origin:
    """Where the current work comes from. Outside a request (a command, a test) a new correlation id each time
    unless ``enter`` was called."""
    return _origin.get() or Origin(correlation_id=secrets.token_hex(16))
