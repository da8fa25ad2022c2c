"""EntitySet and Property: one description from which everything that depends on the model is derived."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Model

from .types import DateTime, Guid, Int32, PropertyType, Reference, Str


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an entity type.

    ``columns`` are the lookups, from the set's table, of the values it is made of: number and currency of an amount,
    number and unit of a quantity, the key of a reference, one column of anything else. ``flags`` are the letters of
    API-30 (E, I, R, L) and O. ``is_default`` tells whether it is returned without being selected (API-26).
    """

    name: str
    type: PropertyType
    columns: tuple[str, ...]
    nullable: bool = False
    flags: str = ""
    read_only: bool = False
    is_default: bool = True
    is_owner: bool = False
    filterable_through: bool = False


def attribute(name: str, type_: PropertyType, *columns: str, flags: str = "", **options: Any) -> Property:
    """A property that is a value."""
    return Property(name, type_, columns, flags=flags, **options)


def reference(name: str, entity_set: str, column: str, *, nullable: bool = False, **options: Any) -> Property:
    """A property that is another record. All references can be compared: flags E and I."""
    return Property(name, Reference(entity_set), (column,), nullable=nullable, flags="EI", **options)


# What every set has beside its own properties, and none of it by default (API-112). `Id` is filterable as API-30 says.
_ID = Property("Id", Guid(), ("pk",), flags="EIRO", read_only=True, is_default=False)
_VERSION = Property("ObjectVersion", Int32(), ("object_version",), read_only=True, is_default=False)
_OF_AGGREGATES = (
    Property("ExternalId", Str(128), ("external_id",), nullable=True, flags="EI", is_default=False),
    Property("ExternalSystem", Str(128), ("external_system",), nullable=True, flags="EI", is_default=False),
    Property(
        "AggregateLastUpdateTimeUtc",
        DateTime(),
        ("aggregate_last_update_time",),
        flags="RO",
        read_only=True,
        is_default=False,
    ),
)


@dataclass(frozen=True)
class EntitySet:
    """One published set: its names, its table and its own properties in model order.

    ``display`` describes the display text; ``search`` are the lookups that a search looks at; ``annotations`` makes,
    by name, the expressions that columns name and the table does not have. ``former_names`` are refused with a hint
    (API-12).
    """

    name: str
    type_name: str
    table: str
    model: type[Model]
    own_properties: tuple[Property, ...]
    display: Property
    search: tuple[str, ...]
    code_member: str = ""
    former_names: tuple[str, ...] = ()
    annotations: Mapping[str, Callable[[], Any]] = field(default_factory=dict)

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        """All properties by name, in the order in which they are written."""
        is_owned = any(property_.is_owner for property_ in self.own_properties)
        everything = (_ID, *self.own_properties, _VERSION, self.display, *(() if is_owned else _OF_AGGREGATES))
        return {property_.name: property_ for property_ in everything}

    @cached_property
    def default_names(self) -> tuple[str, ...]:
        """What is returned when nothing is selected (API-26)."""
        return tuple(name for name, property_ in self.properties.items() if property_.is_default)
