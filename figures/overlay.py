"""A second look at the restricted store: every table as it stands, some of them replaced, nothing written.

Belongs here: an in-memory database whose tables are views on the store, and replacing a table in it.
Doesn't: what is replaced and why (explain.py, restate.py).
Queries of sql/ run in it unchanged, since schemas and names are the store's.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from common import quoting
from warehouse.errors import WarehouseError
from warehouse.store.connection import Limits, open_warehouse


@contextmanager
def open_overlay(
    store: Path, macros: Path, limits: Limits | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an overlay on the store, which is attached read-only as `store`.

    Raises:
        WarehouseError: there is no store yet, or it can't be opened.
    """
    if not store.exists():
        raise WarehouseError(
            "There is no warehouse yet; run `motcua run` (or `motcua demo`) first."
        )
    connection = open_warehouse(":memory:", macros, limits)
    try:
        connection.execute(f"set temp_directory = {quoting.text(store.parent / 'tmp')}")
        connection.execute(f"attach {quoting.text(store)} as store (read_only)")
        show_store(connection)
        yield connection
    finally:
        connection.close()


def show_store(connection: duckdb.DuckDBPyConnection) -> None:
    """Show every table of the store as it stands; whatever replaced one is dropped."""
    replaced = connection.execute(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = current_database() and not temporary"
    ).fetchall()
    for schema, name in replaced:
        connection.execute(f'drop table "{schema}"."{name}"')
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'store'"
    ).fetchall()
    for schema, name in tables:
        connection.execute(f'create schema if not exists "{schema}"')
        connection.execute(
            f'create or replace view "{schema}"."{name}" as from store."{schema}"."{name}"'
        )


def replace_table(
    connection: duckdb.DuckDBPyConnection, table: str, query: str, values: Sequence[Any] = ()
) -> None:
    """Put the rows of `query` in the place of a table of the overlay; `query` may read `store.<table>`.

    `values` are its parameters.
    """
    schema, name = table.split(".")
    found = connection.execute(
        "select table_type from information_schema.tables "
        "where table_catalog = current_database() and table_schema = ? and table_name = ?",
        [schema, name],
    ).fetchone()
    connection.execute(f'create table "{schema}"."{name}__fresh" as {query}', values)
    if found:
        kind = "view" if found[0] == "VIEW" else "table"
        connection.execute(f'drop {kind} "{schema}"."{name}"')
    connection.execute(f'alter table "{schema}"."{name}__fresh" rename to "{name}"')
