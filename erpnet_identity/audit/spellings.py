"""How a name that an administrator looks for is spelt in the audit trail, which keeps it as it was (ID-63).

The trail does not know accounts; the room that does says which logins are meant.
"""

from collections.abc import Callable, Iterable

_spellings: list[Callable[[str], Iterable[str]]] = []


def spelt_by(logins_of: Callable[[str], Iterable[str]]) -> None:
    """Ask ``logins_of`` for the logins, today's and former ones, that a typed one means."""
    _spellings.append(logins_of)


def spellings(login: str) -> set[str]:
    """Every way in which the typed login may stand in the trail."""
    return {spelling for logins_of in _spellings for spelling in logins_of(login)}
