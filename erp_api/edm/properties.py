"""The properties of entity types. A set says their names and columns; what else there is to know of a property, the
column knows."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from .types import Amount, DisplayText, MultiLanguage, Number, PropertyType, Quantity, Reference, type_of


class Use(enum.Flag):
    """What a query may do with a property (API-27, API-30, API-33)."""

    NOTHING = 0
    EQUAL = enum.auto()  # `eq`
    IN = enum.auto()  # `in`
    RANGE = enum.auto()  # `ge` and `le`
    TEXT = enum.auto()  # `contains`, `startswith` and `endswith`
    ORDER = enum.auto()  # `$orderby`
    THROUGH = enum.auto()  # properties of the record that is referred to


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an entity type.

    ``columns`` are the lookups, from the set's table, of the values it is made of: number and currency of an amount,
    number and unit of a quantity, the key of a reference, one column of anything else. ``nullable`` says whether the
    first of them can be empty. ``is_default`` tells whether it is returned without being selected (API-26).
    """

    name: str
    type: PropertyType
    columns: tuple[str, ...]
    nullable: bool
    use: Use = Use.NOTHING
    is_default: bool = True


# A property as a set describes it: complete once the table is known.
Described = Callable[[type[Model]], Property]


def _field_at(model: type[Model], lookup: str) -> tuple[Any, bool]:
    """The field that a lookup leads to, and whether its value can be null. Raises ``FieldDoesNotExist``."""
    *relations, name = lookup.split("__")
    nullable = False
    for relation in relations:
        field: Any = model._meta.get_field(relation)
        nullable = nullable or field.null
        model = field.related_model
    field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    return field, nullable or field.null


def value(name: str, column: str, use: Use = Use.NOTHING, *, is_default: bool = True) -> Described:
    """A property that is the value of a column."""

    def of(model: type[Model]) -> Property:
        field, nullable = _field_at(model, column)
        return Property(name, type_of(field), (column,), nullable, use, is_default)

    return of


def _measured(kind: type[Amount] | type[Quantity], name: str, column: str, unit: str) -> Described:
    def of(model: type[Model]) -> Property:
        field, nullable = _field_at(model, column)
        number = type_of(field)
        if not isinstance(number, Number):
            raise TypeError(f"{field} holds no decimal numbers")
        return Property(name, kind(number.precision, number.scale), (column, unit), nullable)

    return of


def amount(name: str, column: str, *, currency: str) -> Described:
    """A property that is a number of a currency, whose sign is in the column ``currency`` (API-62)."""
    return _measured(Amount, name, column, currency)


def quantity(name: str, column: str, *, unit: str) -> Described:
    """A property that is a number of a unit, whose code is in the column ``unit`` (API-63)."""
    return _measured(Quantity, name, column, unit)


def reference(name: str, entity_set: str, column: str, use: Use = Use.NOTHING) -> Described:
    """A property that is another record, of ``entity_set``. All references can be compared (contract file 70, section
    7)."""

    def of(model: type[Model]) -> Property:
        field, nullable = _field_at(model, column)
        if not field.is_relation:
            raise TypeError(f"{field} refers to no record")
        return Property(name, Reference(entity_set), (field.attname,), nullable, Use.EQUAL | Use.IN | use)

    return of


def display_text(column: str) -> Described:
    """What a record is called (API-112): the text of ``column`` in the language of the answer."""

    def of(model: type[Model]) -> Property:
        field, nullable = _field_at(model, column)
        if not isinstance(type_of(field), MultiLanguage):
            raise TypeError(f"{field} holds no texts in several languages")
        return Property("DisplayText", DisplayText(), (column,), nullable, is_default=False)

    return of


# What every record has, and none of it by default (API-112).
ID = value("Id", "pk", Use.EQUAL | Use.IN | Use.RANGE | Use.ORDER, is_default=False)
OBJECT_VERSION = value("ObjectVersion", "object_version", is_default=False)

# What records have beside that which no other record owns.
OF_AGGREGATES = (
    value("ExternalId", "external_id", Use.EQUAL | Use.IN, is_default=False),
    value("ExternalSystem", "external_system", Use.EQUAL | Use.IN, is_default=False),
    value("AggregateLastUpdateTimeUtc", "aggregate_last_update_time", Use.RANGE | Use.ORDER, is_default=False),
)

# Of records that say who made and who last changed them (API-50).
STAMPS = (
    value("CreationTime", "creation_time", Use.RANGE),
    value("CreationUser", "creation_user", Use.TEXT),
    value("UpdateTime", "update_time", Use.RANGE),
    value("UpdateUser", "update_user", Use.TEXT),
)
