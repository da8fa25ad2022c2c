"""The SQL of a plan, built by the ORM once and then only executed.

A list of ten rows takes the ORM longer to put into SQL than the database to answer. A key is a parameter. The limit is
part of the text: PostgreSQL keeps one plan for a statement only if it knows how few rows are wanted, and planning the
joins of a product anew costs as much as everything else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet, UUIDField

_SOME_KEY = UUID("a7b5c6d4-0000-4000-8000-00c0ffee0000")
_KEY = UUIDField()


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    parameters: tuple[Any, ...]
    key_at: int | None
    compiler: Any
    converters: dict[Any, Any]

    def rows(self, key: UUID | None, *, limit: int = 1, skip: int = 0) -> Sequence[tuple[Any, ...]]:
        parameters = list(self.parameters)
        if self.key_at is not None:
            parameters[self.key_at] = _KEY.get_db_prep_value(key, connection)
        window = f" LIMIT {limit:d}" + (f" OFFSET {skip:d}" if skip else "")
        with connection.cursor() as cursor:
            cursor.execute(self.sql + window, parameters)
            rows = cursor.fetchall()
        if not rows or not self.converters:
            return rows
        return [tuple(row) for row in self.compiler.apply_converters(rows, self.converters)]


class Statement:
    """Executes a ``values_list`` query set that is ordered by key: a page of it, or the row of one key."""

    def __init__(self, rows: QuerySet[Any, tuple[Any, ...]]) -> None:
        self._rows = rows
        # By database vendor as well: a process may be told to speak to another database.
        self._compiled: dict[tuple[str, str], _Compiled] = {}

    def page(self, *, after: UUID | None, skip: int, limit: int) -> Sequence[tuple[Any, ...]]:
        """At most ``limit`` rows behind the key ``after``, ``skip`` of them left out."""
        return self._get("page" if after is None else "page-after").rows(after, limit=limit, skip=skip)

    def one(self, key: UUID) -> tuple[Any, ...] | None:
        """The row of this key."""
        rows = self._get("one").rows(key)
        return rows[0] if rows else None

    def _get(self, variant: str) -> _Compiled:
        place = (variant, connection.vendor)
        compiled = self._compiled.get(place)
        if compiled is None:
            compiled = self._compiled[place] = self._compile(variant)
        return compiled

    def _compile(self, variant: str) -> _Compiled:
        rows = self._rows
        if variant == "page-after":
            rows = rows.filter(pk__gt=_SOME_KEY)
        elif variant == "one":
            rows = rows.filter(pk=_SOME_KEY).order_by()
        compiler = rows.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        key = _KEY.get_db_prep_value(_SOME_KEY, connection)
        columns = [column for column, _, _ in compiler.select[: compiler.col_count]]
        return _Compiled(
            sql,
            tuple(parameters),
            parameters.index(key) if variant != "page" else None,
            compiler,
            compiler.get_converters(columns),
        )
