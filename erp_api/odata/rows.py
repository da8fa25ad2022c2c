"""The rows of a selection.

The ORM makes the query; every value in it is bound. It takes longer to put a page of ten rows into SQL than the
database to answer, so the queries of plain pages are compiled: those that ask for nothing but keys.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from erpnet_identity.platform.compiled import CompiledQuery

from .selection import Selection

Row = tuple[Any, ...]


def columns(selection: Selection) -> tuple[str, ...]:
    """What a row holds, as lookups from the set's table: the key first."""
    properties = selection.entity_set.properties
    wanted = [column for name in selection.names for column in properties[name].columns]
    return tuple(dict.fromkeys(["pk", *wanted]))


def rows_of(selection: Selection) -> QuerySet[Any, Row]:
    """The rows of all records of the set, in key order."""
    entity_set, wanted = selection.entity_set, columns(selection)
    needed = {column.partition("__")[0] for column in wanted}
    annotations = {name: make() for name, make in entity_set.annotations.items() if name in needed}
    return entity_set.model._default_manager.order_by("pk").annotate(**annotations).values_list(*wanted)


class PlainPages:
    """Pages in key order, and single records."""

    def __init__(self, selection: Selection) -> None:
        rows = rows_of(selection)
        self._first = CompiledQuery(0, lambda: rows)
        self._after = CompiledQuery(1, lambda key: rows.filter(pk__gt=key), of=UUID)
        self._one = CompiledQuery(1, lambda key: rows.filter(pk=key).order_by(), of=UUID)

    def page(self, *, after: UUID | None, skip: int, limit: int) -> Sequence[Row]:
        """At most ``limit`` rows behind the key ``after``, ``skip`` of them left out."""
        if after is None:
            return self._first.rows(limit=limit, offset=skip)
        return self._after.rows(after, limit=limit, offset=skip)

    def one(self, key: UUID) -> Row | None:
        """The row of this key."""
        rows = self._one.rows(key)
        return rows[0] if rows else None


@lru_cache(maxsize=512)
def plain_pages(selection: Selection) -> PlainPages:
    """The compiled queries of a selection, made once per process."""
    return PlainPages(selection)
