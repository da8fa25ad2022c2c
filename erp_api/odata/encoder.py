"""How rows of a selection become JSON: made once per selection, then only applied.

An encoder holds one function per property from a row to the property's text. No model instance is made: a reference is
written from its key, currencies and units come with the same statement (API-67). What is expanded is read by one
statement for each selection in the tree, whatever the number of rows (API-28).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from .. import json_encoding
from ..edm import types
from ..edm.properties import Property
from .rows import Row, columns, rows_of
from .selection import Selection

Getter = Callable[[Row], str]


@dataclass(frozen=True, slots=True)
class Encoder:
    """What writes the rows of a selection."""

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
        return lambda row: "null" if row[place] is None else json_encoding.amount(row[place], row[unit], member)
    if isinstance(type_, types.DisplayText):
        return lambda row: json_encoding.text(json_encoding.in_language(row[place], languages))
    encode: Callable[[Any], str]
    match type_:
        case types.Guid():
            encode = '"{}"'.format
        case types.Str():
            encode = json_encoding.text
        case types.MultiLanguage():
            encode = json_encoding.multi_language
        case types.Bool():
            encode = json_encoding.boolean
        case types.Int32():
            encode = str
        case types.Number():
            encode = json_encoding.number
        case types.DateTime():
            encode = json_encoding.moment
        case types.Enum(members=members):
            named = {code: json_encoding.text(name) for code, name in members.items()}
            encode = named.__getitem__
        case types.Reference(entity_set=target):
            encode = f'{{{{"@odata.id":"{target}({{}})"}}}}'.format
    if not property_.nullable:
        return lambda row: encode(row[place])
    return lambda row: "null" if row[place] is None else encode(row[place])


@lru_cache(maxsize=512)
def encoder(selection: Selection, languages: tuple[str, ...] = ()) -> Encoder:
    """The encoder of a selection, made once per process. ``languages`` are those of the display text (API-112); a
    selection without it is written the same in all of them."""
    set_name, properties = selection.entity_set.name, selection.entity_set.properties
    at = {column: place for place, column in enumerate(columns(selection))}
    # The objects of what is expanded stand behind the columns.
    expanded = {name: len(at) + number for number, (name, _) in enumerate(selection.expanded)}

    written = ("@odata.id", *selection.names)
    getters: list[Getter] = [lambda row: f'"{set_name}({row[0]})"']
    getters += [
        itemgetter(expanded[name]) if name in expanded else _getter(properties[name], at, languages)
        for name in selection.names
    ]
    template = "{" + ",".join([f'"{name}":%s' for name in written]) + "}"
    return Encoder(template, written, tuple(getters))


def write(
    selection: Selection,
    rows: Sequence[Row],
    *,
    languages: tuple[str, ...] = (),
    context: str = "",
    skip_nulls: bool = False,
) -> list[str]:
    """The entity objects of rows, with what is expanded in them (API-07, API-28, API-39)."""
    for name, inside in selection.expanded:
        rows = _with_objects(selection, rows, name, inside, languages=languages, skip_nulls=skip_nulls)
    one = encoder(selection, languages).write
    if context or skip_nulls:
        return [one(row, context=context, skip_nulls=skip_nulls) for row in rows]
    return list(map(one, rows))


def _with_objects(
    selection: Selection, rows: Sequence[Row], name: str, inside: Selection, **options: Any
) -> Sequence[Row]:
    """The rows with the object of what the reference ``name`` refers to behind them."""
    place = columns(selection).index(selection.entity_set.properties[name].columns[0])
    keys = {row[place] for row in rows if row[place] is not None}
    found = list(rows_of(inside).filter(pk__in=keys).order_by()) if keys else []
    objects = dict(zip((row[0] for row in found), write(inside, found, **options), strict=True))
    return [(*row, objects.get(row[place], "null")) for row in rows]
