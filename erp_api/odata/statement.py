"""The rows of a plan: pages in key order and single records.

A list of ten rows takes the ORM longer to put into SQL than the database to answer, so both are compiled queries.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from erpnet_identity.compiled import CompiledQuery


class Statement:
    """Executes a ``values_list`` query set that is ordered by key: a page of it, or the row of one key."""

    def __init__(self, rows: QuerySet[Any, tuple[Any, ...]]) -> None:
        self._rows = rows
        self._first = CompiledQuery(0, lambda: rows)
        self._after = CompiledQuery(1, lambda key: rows.filter(pk__gt=key), of=UUID)
        self._one = CompiledQuery(1, lambda key: rows.filter(pk=key).order_by(), of=UUID)

    def page(self, *, after: UUID | None, skip: int, limit: int) -> Sequence[tuple[Any, ...]]:
        """At most ``limit`` rows behind the key ``after``, ``skip`` of them left out."""
        if after is None:
            return self._first.rows(limit=limit, offset=skip)
        return self._after.rows(after, limit=limit, offset=skip)

    def one(self, key: UUID) -> tuple[Any, ...] | None:
        """The row of this key."""
        rows = self._one.rows(key)
        return rows[0] if rows else None
