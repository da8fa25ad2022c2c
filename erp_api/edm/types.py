"""The types of properties (contract file 70, section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guid:
    """A key, written in lower case (API-60)."""


@dataclass(frozen=True, slots=True)
class Str:
    """A text; ``max_length`` is None for a text without limit."""

    max_length: int | None


@dataclass(frozen=True, slots=True)
class MultiLanguage:
    """A text in several languages (API-61)."""

    max_length: int | None


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

    name: str
    members: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reference:
    """Another record, written with the set that the reference is declared with (API-67)."""

    entity_set: str


PropertyType = Guid | Str | MultiLanguage | Bool | Int32 | Number | Amount | Quantity | DateTime | Enum | Reference
