"""A query whose SQL is built once: on the paths that every request takes, building it costs more than running it.

Measured on PostgreSQL for the look-up of an access token: 0.6 ms of 0.9 ms went into building the same text again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connections, transaction
from django.db.models import AutoField, CharField, Model, QuerySet, TextField, UUIDField

_PLAIN = (CharField, TextField)
_KEY = UUIDField()


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The SQL of one ``values_list`` query set, where its placeholders stand among the parameters, and what makes
    Python values of its rows."""

    sql: str
    parameters: Sequence[Any]
    places: Sequence[int]
    compiler: Any
    converters: Mapping[Any, Any]


class CompiledQuery:
    """A query over texts or keys, written with the ORM and compiled at its first use.

    ``build`` gets ``parameters`` placeholders and returns the query set. Every placeholder must end up as exactly one
    parameter of the SQL; anything else in the query must be constant. ``of`` is ``str`` or ``UUID``: what the
    parameters are. The SQL is kept per database alias and vendor, so that tests may switch databases.
    """

    def __init__(
        self, parameters: int, build: Callable[..., QuerySet[Any, Any]], *, of: type[str] | type[UUID] = str
    ) -> None:
        self._are_keys = of is UUID
        self._placeholders: list[Any] = [
            UUID(int=0xA7B5C6D4_0000_4000_8000_00C0FFEE0000 + number)
            if self._are_keys
            else f"\u0001placeholder-{number}\u0001"
            for number in range(parameters)
        ]
        self._build = build
        self._compiled: dict[tuple[str, str], _Compiled] = {}

    def rows(
        self, *values: str | UUID, limit: int | None = None, offset: int = 0, using: str = "default"
    ) -> list[tuple[Any, ...]]:
        """The rows for these parameters, at most ``limit`` of them behind the first ``offset``, converted as the ORM
        converts them. One statement, and none where no row is wanted. Raises ``TypeError`` for a query that cannot be
        compiled.

        The limit is part of the text, as in the ORM: PostgreSQL keeps one plan for a statement only if it knows how
        few rows are wanted.
        """
        if limit == 0:
            return []
        connection = connections[using]
        compiled = self._compiled.get((using, connection.vendor))
        if compiled is None:
            compiled = self._compiled[using, connection.vendor] = self._compile(using)
        parameters = list(compiled.parameters)
        for place, value in zip(compiled.places, values, strict=True):
            parameters[place] = self._bound(value, connection)
        sql = compiled.sql
        if limit is not None or offset:
            sql += f" {connection.ops.limit_offset_sql(offset, None if limit is None else offset + limit)}"
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            rows = cursor.fetchall()
        if not rows or not compiled.converters:
            return rows
        return [tuple(row) for row in compiled.compiler.apply_converters(rows, compiled.converters)]

    def _bound(self, value: Any, connection: Any) -> Any:
        """The value as the database wants it. A text is its own preparation."""
        return _KEY.get_db_prep_value(value, connection) if self._are_keys else value

    def _compile(self, using: str) -> _Compiled:
        connection = connections[using]
        compiler = self._build(*self._placeholders).using(using).query.get_compiler(using)
        sql, parameters = compiler.as_sql()
        placeholders = [self._bound(placeholder, connection) for placeholder in self._placeholders]
        if any(parameters.count(placeholder) != 1 for placeholder in placeholders):
            raise TypeError("every placeholder must appear exactly once in the SQL of a compiled query")
        columns = [column for column, _, _ in compiler.select[: compiler.col_count]]
        return _Compiled(
            sql,
            tuple(parameters),
            [parameters.index(placeholder) for placeholder in placeholders],
            compiler,
            compiler.get_converters(columns),
        )


def _prepared(field: Any, row: Model, connection: Any) -> Any:
    """The value of a field as ``save`` hands it to the database. A plain text is its own preparation."""
    if type(field) in _PLAIN:
        value = getattr(row, field.attname)
        if type(value) is str:
            return value
    return field.get_db_prep_save(field.pre_save(row, True), connection)


class CompiledInsert:
    """Inserts one row of each of some models, all or none of them, with SQL that is built once.

    Where the database can, it is a single statement: no transaction has to be begun and committed around it, which
    saves two of three round trips. The rows are prepared as ``save`` prepares them; they send no signals and do not
    learn keys that the database makes.
    """

    def __init__(self, *models: type[Model]) -> None:
        self._fields = [
            [field for field in model._meta.local_concrete_fields if not isinstance(field, AutoField)]
            for model in models
        ]
        self._tables = [model._meta.db_table for model in models]
        self._statements: dict[tuple[str, str], list[str]] = {}

    def insert(self, *rows: Model, using: str = "default") -> None:
        """Insert ``rows``, one for each model. Raises what the ORM raises, ``IntegrityError`` for example."""
        connection = connections[using]
        key = (using, connection.vendor)
        if key not in self._statements:
            self._statements[key] = self._build(connection)
        values = [
            [_prepared(field, row, connection) for field in fields]
            for fields, row in zip(self._fields, rows, strict=True)
        ]
        statements = self._statements[key]
        if len(statements) == 1:
            with connection.cursor() as cursor:
                cursor.execute(statements[0], [value for row in values for value in row])
            return
        # Inside a transaction of the caller no savepoint is needed: an error ends all of it, as it does above.
        with transaction.atomic(using=using, savepoint=False), connection.cursor() as cursor:
            for statement, row_values in zip(statements, values, strict=True):
                cursor.execute(statement, row_values)

    def _build(self, connection: Any) -> list[str]:
        quote = connection.ops.quote_name
        inserts = []
        for table, fields in zip(self._tables, self._fields, strict=True):
            columns = ", ".join(quote(field.column) for field in fields)
            places = ", ".join(["%s"] * len(fields))
            # Names of our own models only; every value is a parameter.
            inserts.append(f"INSERT INTO {quote(table)} ({columns}) VALUES ({places})")  # noqa: S608
        if connection.vendor != "postgresql":
            return inserts
        *first, last = inserts
        parts = ", ".join(f"part_{number} AS ({statement})" for number, statement in enumerate(first))
        return [f"WITH {parts} {last}" if parts else last]
