"""A query whose SQL is built once: on the paths that every request takes, building it costs more than running it.

Measured on PostgreSQL for the look-up of an access token: 0.6 ms of 0.9 ms went into building the same text again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction
from django.db.models import AutoField, CharField, Model, QuerySet, TextField

_PLAIN = (CharField, TextField)


@dataclass(frozen=True, slots=True)
class Compiled:
    """The SQL of one ``values_list`` query set and what makes Python values of its rows."""

    sql: str
    parameters: tuple[Any, ...]
    using: str
    _compiler: Any
    _converters: dict[Any, Any]

    @classmethod
    def of(cls, rows: QuerySet[Any, Any], *, using: str = "default") -> "Compiled":
        """Compile a query set as the ORM would run it now."""
        compiler = rows.using(using).query.get_compiler(using)
        sql, parameters = compiler.as_sql()
        columns = [column for column, _, _ in compiler.select[: compiler.col_count]]
        return cls(sql, tuple(parameters), using, compiler, compiler.get_converters(columns))

    def rows(self, parameters: Sequence[Any], *, tail: str = "") -> list[tuple[Any, ...]]:
        """The rows for these parameters, converted as the ORM converts them. One statement. ``tail`` is SQL of the
        caller's own making that is added behind, never anything that a stranger sent."""
        with connections[self.using].cursor() as cursor:
            cursor.execute(self.sql + tail, parameters)
            rows = cursor.fetchall()
        if not rows or not self._converters:
            return rows
        return [tuple(row) for row in self._compiler.apply_converters(rows, self._converters)]


class CompiledQuery:
    """A query over text parameters, written with the ORM and compiled at its first use.

    ``build`` gets ``parameters`` placeholders and returns the query set. Every placeholder must end up as exactly one
    parameter of the SQL; anything else in the query must be constant. The SQL is kept per database alias and vendor,
    so that tests may switch databases.
    """

    def __init__(self, parameters: int, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self._placeholders = [f"\u0001placeholder-{number}\u0001" for number in range(parameters)]
        self._build = build
        # Beside the SQL, where each placeholder stands among its parameters.
        self._compiled: dict[tuple[str, str], tuple[Compiled, list[int]]] = {}

    def rows(self, *values: str, using: str = "default") -> list[tuple[Any, ...]]:
        """The rows for these parameters. One statement. Raises ``TypeError`` for a query that cannot be compiled."""
        key = (using, connections[using].vendor)
        if key not in self._compiled:
            self._compiled[key] = self._compile(using)
        compiled, places = self._compiled[key]
        parameters = list(compiled.parameters)
        for place, value in zip(places, values, strict=True):
            parameters[place] = value
        return compiled.rows(parameters)

    def _compile(self, using: str) -> tuple[Compiled, list[int]]:
        compiled = Compiled.of(self._build(*self._placeholders), using=using)
        if any(compiled.parameters.count(placeholder) != 1 for placeholder in self._placeholders):
            raise TypeError("every placeholder must appear exactly once in the SQL of a compiled query")
        return compiled, [compiled.parameters.index(placeholder) for placeholder in self._placeholders]


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
