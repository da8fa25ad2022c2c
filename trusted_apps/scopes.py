"""The scope vocabulary and its arithmetic. Pure (TK-86 to TK-104)."""

from collections.abc import Iterable

READ, UPDATE, SEC = "read", "update", "sec"
OPENID, PROFILE, EMAIL, OFFLINE_ACCESS = "openid", "profile", "email", "offline_access"
LEGACY = "DomainApi"

RESOURCE = frozenset({READ, UPDATE, SEC})
PROTOCOL = frozenset({OPENID, PROFILE, EMAIL, OFFLINE_ACCESS})
# What may stand in a record of the registry (TA-44, TA-45).
STORABLE = frozenset({OPENID, PROFILE, EMAIL, OFFLINE_ACCESS, READ, UPDATE, LEGACY})
SUPPORTED = [OPENID, PROFILE, EMAIL, OFFLINE_ACCESS, READ, UPDATE]

MEANING = {
    OPENID: "know who signed in",
    PROFILE: "see the name and language of the person",
    EMAIL: "see the e-mail address of the person",
    OFFLINE_ACCESS: "stay connected while the person is away",
    READ: "read data",
    UPDATE: "create, change and delete data",
    SEC: "manage users and security",
    LEGACY: "nothing (kept for old clients)",
}


class InvalidScope(Exception):
    """The request names scopes that cannot be granted: ``names``, or none at all when nothing would be left."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = list(names)
        super().__init__(" ".join(self.names))


def split(text: str) -> list[str]:
    """The scopes of a space-separated text, in order, each once. Commas do not separate (TK-102)."""
    return list(dict.fromkeys(word for word in text.split(" ") if word))


def registered(text: str) -> list[str]:
    """The resource scopes of a record's ``scope`` text, in the order in which they are stored."""
    return [scope for scope in split(text) if scope in RESOURCE]


def grant_to_service(requested: str, registered_scope: str) -> list[str]:
    """The scopes of a client-credentials token: ``requested`` as sent, ``registered_scope`` as in the record.

    Protocol scopes are left out silently (TK-89); ``DomainApi`` grants nothing and is echoed (TK-94); a request that
    names nothing else gets all registered resource scopes (TK-90, TK-95), one that names only protocol scopes is
    refused (TK-100). Raises ``InvalidScope``.
    """
    allowed = registered(registered_scope)
    asked = split(requested)
    unknown = [scope for scope in asked if scope not in PROTOCOL and scope != LEGACY and scope not in allowed]
    if unknown:
        raise InvalidScope(unknown)
    kept = [scope for scope in asked if scope not in PROTOCOL]
    if asked and not kept:
        raise InvalidScope(asked)
    if all(scope == LEGACY for scope in kept):
        if not allowed:
            raise InvalidScope
        kept += allowed
    return kept
