"""The types of properties (contract file 70, section 4), and which one a column has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Field

from erp_api.models.fields import MultiLanguageField


@dataclass(frozen=True, slots=True)
class Guid:
    """A key, written in lower case (API-60)."""


@dataclass(frozen=True, slots=True)
class Str:
    """A text; ``max_length`` is None for a text without limit."""

    max_length: int | None


@dataclass(frozen=True, slots=True)
class MultiLanguage:
    """A text in several languages (API-61), each of at most ``max_length`` characters."""

    max_length: int | None


@dataclass(frozen=True, slots=True)
class DisplayText:
    """What a record is called, in the language of the answer (API-112)."""


@dataclass(frozen=True, slots=True)
class Bool:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Int32:
    """A whole number."""


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number (API-68)."""

    precision: int
    scale: int


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of a currency (API-62)."""

    precision: int
    scale: int


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of a unit (API-63)."""

    precision: int
    scale: int


@dataclass(frozen=True, slots=True)
class DateTime:
    """A moment, written in UTC (API-64)."""


@dataclass(frozen=True, slots=True)
class Enum:
    """One of named members, stored as codes (API-66). ``members`` is stored code → name in the API."""

    members: Mapping[Any, str]


@dataclass(frozen=True, slots=True)
class Reference:
    """Another record, written with the set that the reference is declared with (API-67)."""

    entity_set: str


PropertyType = (
    Guid | Str | MultiLanguage | DisplayText | Bool | Int32 | Number | Amount | Quantity | DateTime | Enum | Reference
)

# By the class itself: a subclass may hold what its parent's type cannot, as BigIntegerField does.
_TYPES: Mapping[type[Any], PropertyType] = {
    models.UUIDField: Guid(),
    models.TextField: Str(None),
    models.BooleanField: Bool(),
    models.IntegerField: Int32(),
    models.PositiveIntegerField: Int32(),
    models.DateTimeField: DateTime(),
}


def type_of(field: "Field[Any, Any]") -> PropertyType:
    """The type of the values of a column. Raises ``TypeError`` for a column that has none."""
    if field.choices:
        return Enum(dict(field.flatchoices))
    match field:
        case models.CharField():
            return Str(field.max_length)
        case MultiLanguageField():
            return MultiLanguage(field.max_length)
        case models.DecimalField():
            return Number(field.max_digits, field.decimal_places)
    if type(field) not in _TYPES:
        raise TypeError(f"{field} has no type in the API")
    return _TYPES[type(field)]
