"""How rows of a set become JSON: compiled once per set and selection, then only applied.

A plan knows which columns to read and holds one function per property from a row to the property's text. No model
instance is made, no reference is followed: a reference is written from its key, currencies and units come with the
same statement (API-67).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..edm import types
from ..edm.properties import Property
from ..edm.registry import ENTITY_SETS
from . import encoding
from .statement import Statement

Row = tuple[Any, ...]
Getter = Callable[[Row], str]


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled selection."""

    statement: Statement
    template: str
    names: tuple[str, ...]
    getters: tuple[Getter, ...]

    def write(self, row: Row, *, context: str = "", skip_nulls: bool = False) -> str:
        """One entity object. ``context`` is control information for an object that stands alone (API-08)."""
        values = [get(row) for get in self.getters]
        if not skip_nulls and not context:
            return self.template % tuple(values)
        members = [
            f'"{name}":{value}'
            for name, value in zip(self.names, values, strict=True)
            if not (skip_nulls and value == "null")
        ]
        return "{" + context + ",".join(members) + "}"


def _getter(property_: Property, at: Mapping[str, int], languages: tuple[str, ...]) -> Getter:
    """The function that writes one property of a row; ``at`` says where in the row a column is."""
    type_ = property_.type
    place = at[property_.columns[0]]
    if isinstance(type_, types.Amount | types.Quantity):
        member = "Currency" if isinstance(type_, types.Amount) else "Unit"
        unit = at[property_.columns[1]]
        return lambda row: "null" if row[place] is None else encoding.amount(row[place], row[unit], member)
    if isinstance(type_, types.DisplayText):
        return lambda row: encoding.text(encoding.in_language(row[place], languages))
    encode: Callable[[Any], str]
    match type_:
        case types.Guid():
            encode = '"{}"'.format
        case types.Str():
            encode = encoding.text
        case types.MultiLanguage():
            encode = encoding.multi_language
        case types.Bool():
            encode = encoding.boolean
        case types.Int32():
            encode = str
        case types.Number():
            encode = encoding.number
        case types.DateTime():
            encode = encoding.moment
        case types.Enum(members=members):
            named = {code: encoding.text(name) for code, name in members.items()}
            encode = named.__getitem__
        case types.Reference(entity_set=target):
            encode = f'{{{{"@odata.id":"{target}({{}})"}}}}'.format
    if not property_.nullable:
        return lambda row: encode(row[place])
    return lambda row: "null" if row[place] is None else encode(row[place])


@lru_cache(maxsize=512)
def plan(set_name: str, names: tuple[str, ...], languages: tuple[str, ...] = ()) -> Plan:
    """The plan for these properties of a set, which are known to exist. ``languages`` are those of the display text
    (API-112); a plan without it is the same in all of them."""
    entity_set = ENTITY_SETS[set_name]
    properties = [entity_set.properties[name] for name in names]
    columns = tuple(dict.fromkeys(["pk", *_columns(properties)]))
    at = {column: place for place, column in enumerate(columns)}

    needed = {column.split("__")[0] for column in columns}
    annotations = {name: make() for name, make in entity_set.annotations.items() if name in needed}
    rows = entity_set.model._default_manager.order_by("pk").annotate(**annotations).values_list(*columns)

    written = ("@odata.id", *names)
    getters: list[Getter] = [lambda row: f'"{set_name}({row[0]})"']
    getters += [_getter(property_, at, languages) for property_ in properties]
    template = "{" + ",".join([f'"{name}":%s' for name in written]) + "}"
    return Plan(Statement(rows), template, written, tuple(getters))


def _columns(properties: Iterable[Property]) -> list[str]:
    return [column for property_ in properties for column in property_.columns]
