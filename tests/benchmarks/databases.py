"""Throwaway PostgreSQL databases: a small one, and a copy of it with very many rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

APPLICATIONS = 100_000
TOKENS = 1_000_000


@contextmanager
def throwaway(server: str, name: str, *, template: str = "template1") -> Iterator[str]:
    """A new database on ``server``; yields its address and drops it at the end, whoever is still connected."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield f"{server}/{name}"
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def disconnect(server: str, name: str) -> None:
    """End idle connections, so that the database can be copied."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


def fill(address: str) -> None:
    """Add ``APPLICATIONS`` applications with a secret each and ``TOKENS`` access tokens that have not expired.

    New rows are copies of the one that is there, with what must differ replaced, so that this does not have to
    follow every change of the models.
    """
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '256MB'")
        connection.execute(
            f"CREATE TEMP TABLE numbered AS SELECT n, gen_random_uuid() id FROM generate_series(1, {APPLICATIONS}) n"
        )
        connection.execute("CREATE INDEX ON numbered (n)")
        _copies(
            connection,
            "trusted_apps_trustedapplication",
            "numbered",
            {"id": "numbered.id", "client_id": "'many.app/' || numbered.n", "name": "'Application ' || numbered.n"},
        )
        _copies(
            connection,
            "trusted_apps_clientsecret",
            "numbered",
            {
                "application_id": "numbered.id",
                "secret_hash": "encode(sha256(numbered.n::text::bytea), 'base64')",
            },
        )
        _copies(
            connection,
            "tokens_accesstoken",
            f"(SELECT t.n, numbered.id FROM generate_series(1, {TOKENS}) t(n)"
            f" JOIN numbered ON numbered.n = 1 + t.n % {APPLICATIONS}) many",
            {
                "application_id": "many.id",
                "jti": "upper(md5(many.n::text))",
                "token_checksum": "encode(sha256(many.n::text::bytea), 'hex')",
                "expires": "template.expires + many.n * interval '1 second'",
            },
        )
        connection.execute("VACUUM (ANALYZE)")


def _copies(connection: psycopg.Connection[Any], table: str, source: str, replaced: dict[str, str]) -> None:
    """Insert one copy of the table's first row for each row of ``source``, with a key of its own."""
    rows = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s", [table]
    )
    types: dict[str, str] = dict(rows.fetchall())
    if missing := replaced.keys() - types.keys():
        raise SystemExit(f"{table} has no column {', '.join(sorted(missing))}: the models have changed")
    values = {name: replaced.get(name, f'template."{name}"') for name in types}
    if "id" not in replaced:
        # A counted key counts by itself.
        if types["id"] == "uuid":
            values["id"] = "gen_random_uuid()"
        else:
            del values["id"]
    names = ", ".join(f'"{name}"' for name in values)
    connection.execute(
        f"INSERT INTO {table} ({names}) SELECT {', '.join(values.values())} "
        f"FROM {source} CROSS JOIN (SELECT * FROM {table} LIMIT 1) template"
    )
