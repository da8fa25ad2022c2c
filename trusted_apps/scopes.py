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


# What a claim stands behind: which scope lets an application know it (OIDC Core §5.4, ID-142).
CLAIMS = {
    PROFILE: ("name", "preferred_username", "email", "email_verified", "locale", "id", "user_type", "is_admin", "db"),
    EMAIL: ("email", "email_verified"),
}


class InvalidScope(Exception):
    """The request names scopes that cannot be granted: ``names``, or none at all when nothing would be left."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = list(names)
        super().__init__(" ".join(self.names))


def unknown(names: Iterable[str]) -> list[str]:
    """Those that are no scopes at all, whichever application asks for them."""
    return [name for name in names if name not in MEANING]


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
    refused = [scope for scope in asked if scope not in PROTOCOL and scope != LEGACY and scope not in allowed]
    if refused:
        raise InvalidScope(refused)
    kept = [scope for scope in asked if scope not in PROTOCOL]
    if asked and not kept:
        raise InvalidScope(asked)
    if all(scope == LEGACY for scope in kept):
        if not allowed:
            raise InvalidScope
        kept += allowed
    return kept


def grant_to_user(
    requested: str, registered_scope: str, *, is_internal: bool = False, identity_implies_access: bool = False
) -> list[str]:
    """The scopes that a person's sign-in gives an application, before the person's own type is looked at.

    ``registered_scope`` is the record's text, ``is_internal`` says that the application is one of the product's own
    sites, ``identity_implies_access`` is its compatibility switch (TK-103). The order is that of the request (TK-98).
    A request that names no resource scope gets exactly what it names (TK-92), except one that names nothing at all or
    ``DomainApi`` alone beside protocol scopes: that one gets every registered resource scope (TK-90, TK-95). Raises
    ``InvalidScope`` (TK-91, TK-96).
    """
    allowed = [scope for scope in registered(registered_scope) if scope != SEC or is_internal]
    asked = split(requested)
    refused = [scope for scope in asked if scope not in PROTOCOL and scope != LEGACY and scope not in allowed]
    if refused:
        raise InvalidScope(refused)
    names_resource = any(scope in RESOURCE for scope in asked)
    only_protocol = bool(asked) and all(scope in PROTOCOL for scope in asked)
    if names_resource or (only_protocol and not identity_implies_access):
        return asked
    granted = [*asked, *(scope for scope in allowed if scope not in asked)]
    if all(scope == LEGACY for scope in granted):
        raise InvalidScope
    return granted


def without_data(granted: list[str]) -> list[str]:
    """What is left of granted scopes for a person who never reaches an API (ID-182)."""
    return [scope for scope in granted if scope not in RESOURCE]


def of_claims(names: Iterable[str]) -> list[str]:
    """The scopes that would cover these single claims, each once: a claim that is asked for by its name needs the
    same consent as its scope (OP-61). ``email`` is covered by the narrower scope; unknown claims by none."""
    found: dict[str, None] = {}
    for name in names:
        for scope in (EMAIL, PROFILE):
            if name in CLAIMS[scope]:
                found[scope] = None
                break
    return list(found)
