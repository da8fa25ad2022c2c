"""The SQL of a plan, built by the ORM once and then only executed.

A list of ten rows takes the ORM longer to put into SQL than the database to answer. A key is a parameter. The limit is
part of the text: PostgreSQL keeps one plan for a statement only if it knows how few rows are wanted, and planning the
joins of a product anew costs as much as everything else.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet, UUIDField

from erpnet_identity.compiled import Compiled

_SOME_KEY = UUID("a7b5c6d4-0000-4000-8000-00c0ffee0000")
_KEY = UUIDField()


class Statement:
    """Executes a ``values_list`` query set that is ordered by key: a page of it, or the row of one key."""

    def __init__(self, rows: QuerySet[Any, tuple[Any, ...]]) -> None:
        self._rows = rows
        # By database vendor as well: a process may be told to speak to another database.
        self._compiled: dict[tuple[str, str], Compiled] = {}

    def page(self, *, after: UUID | None, skip: int, limit: int) -> Sequence[tuple[Any, ...]]:
        """At most ``limit`` rows behind the key ``after``, ``skip`` of them left out."""
        window = f" LIMIT {limit:d}" + (f" OFFSET {skip:d}" if skip else "")
        return self._run("page" if after is None else "page-after", after, window)

    def one(self, key: UUID) -> tuple[Any, ...] | None:
        """The row of this key."""
        rows = self._run("one", key, "")
        return rows[0] if rows else None

    def _run(self, variant: str, key: UUID | None, window: str) -> list[tuple[Any, ...]]:
        place = (variant, connection.vendor)
        compiled = self._compiled.get(place)
        if compiled is None:
            compiled = self._compiled[place] = self._compile(variant)
        parameters = list(compiled.parameters)
        if key is not None:
            stand_in = _KEY.get_db_prep_value(_SOME_KEY, connection)
            parameters[parameters.index(stand_in)] = _KEY.get_db_prep_value(key, connection)
        return compiled.rows(parameters, tail=window)

    def _compile(self, variant: str) -> Compiled:
        rows = self._rows
        if variant == "page-after":
            rows = rows.filter(pk__gt=_SOME_KEY)
        elif variant == "one":
            rows = rows.filter(pk=_SOME_KEY).order_by()
        return Compiled.of(rows)
