"""What an address under the service root names (API-09 to API-12)."""

import re
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from ..edm.entity_set import EntitySet
from ..edm.registry import ENTITY_SETS, RENAMED, SECURITY_PREFIX
from ..exceptions import InvalidQuery, NotFound, NotSupported, Renamed
from ..responses import service_root

READ_ONLY = ("GET", "HEAD", "OPTIONS")
_SEGMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\(.*\))?\Z", re.DOTALL)
_SLASHES = re.compile(r"/{2,}")
_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")

# Addresses of OData and of the ERP that this product leaves out or does not serve yet.
UNSUPPORTED = frozenset(
    {
        "$metadata", "$batch", "$entity",
        "BeginTransaction", "EndTransaction", "GetChanges", "GetVersion", "GetRenamedEntityTypes", "Reset",
        "Import", "ExecuteScript", "WaitForChanges", "GetRepositoryEvents", "CreateAdjustmentDocuments",
    }
)  # fmt: skip
UNSUPPORTED_OPERATIONS = frozenset({"GetAllowedCustomPropertyValues", "CreateNotification", "CreateCopy"})


class Kind(Enum):
    """What can be addressed."""

    ROOT = "root"
    SET = "set"
    ENTITY = "entity"
    COUNT = "count"
    NOTHING = "nothing"  # a security set that is not published; without `sec` the answer is 403 and does not say so
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Address:
    """An address that was found. ``key`` is still text: whether it is a key is asked after the guards.

    ``methods`` is empty where every method gets the same answer.
    """

    kind: Kind
    methods: tuple[str, ...] = READ_ONLY
    entity_set: EntitySet | None = None
    key: str = ""
    name: str = ""
    is_security: bool = False


def resolve(path: str) -> Address:
    """The address named by ``path``, relative to the service root. Raises ``NotFound``, ``Renamed``."""
    # Programs put addresses together from a base and a name: a slash too many between or behind them names nothing.
    path = _SLASHES.sub("/", path).strip("/")
    if not path:
        return Address(Kind.ROOT)
    first, slash, rest = path.partition("/")
    found = _SEGMENT.match(first)
    name, key = (found[1], found[2]) if found else (first, None)
    if name in UNSUPPORTED:
        return Address(Kind.UNSUPPORTED, methods=(), name=name)
    if name.startswith(SECURITY_PREFIX):
        return Address(Kind.NOTHING, methods=(), name=name, is_security=True)
    if name in RENAMED:
        raise Renamed(
            f"The name {name} is no longer supported. The entity set is now {RENAMED[name]}. "
            f"All renamed entity types: {service_root()}GetRenamedEntityTypes"
        )
    entity_set = ENTITY_SETS.get(name)
    if entity_set is None:
        if name.startswith(("$all", "$crossjoin")):
            raise NotFound(f"{name[:40]} is not an address. One entity set per address; use $expand for related data.")
        raise NotFound(f"There is no entity set or operation {name[:100]!r}.")
    if not slash:
        if key is None:
            return Address(Kind.SET, entity_set=entity_set)
        return Address(Kind.ENTITY, entity_set=entity_set, key=key[1:-1])
    if key is None and rest == "$count":
        return Address(Kind.COUNT, entity_set=entity_set)
    if key is not None and rest in UNSUPPORTED_OPERATIONS:
        return Address(Kind.UNSUPPORTED, methods=(), name=rest)
    raise NotFound(
        f"{rest[:100]!r} below {name} is not an address: one entity per address. "
        "Use $expand and $select for related records and single properties."
    )


def key_of(address: Address) -> UUID:
    """The key of an entity address. Raises ``InvalidQuery`` for anything but an unquoted GUID (API-09)."""
    if not _GUID.match(address.key):
        raise InvalidQuery(f"{address.key[:100]!r} is not a key. A key is an unquoted GUID in parentheses.")
    return UUID(address.key)


def check_served(address: Address) -> None:
    """Raises for an address that is known and has no answer. Asked after the guards: a refused call learns nothing."""
    if address.kind is Kind.UNSUPPORTED:
        raise NotSupported(f"{address.name} is not supported.")
    if address.kind is Kind.NOTHING:
        raise NotFound(f"There is no entity set {address.name[:100]!r}.")
