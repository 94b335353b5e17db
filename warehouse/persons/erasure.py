"""Erasure in the restricted store: rows of a person go from every table, then the file is made anew.

Belongs here: deleting by case code or keyed hash, the tombstone, the rebuilt file. Doesn't: the landing
(sources.erasure). A deleted row's text stays in the file's free blocks, so deleting alone isn't erasing.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from common import quoting
from common.disk import sync
from warehouse.models.table_content import forget_contents
from warehouse.store.connection import transaction

_SCHEMAS = ("raw", "staging", "core", "marts", "quarantine")


def erase_rows(
    connection: duckdb.DuckDBPyConnection,
    case_codes: Sequence[str],
    hashed: Sequence[tuple[str, str]] = (),
    values: Sequence[str] = (),
) -> int:
    """Delete the rows of these cases, and those whose keyed hash is of one of `values`; returns rows.

    `hashed` names the (table, column) pairs that hold keyed hashes; the connection holds the key.
    """
    codes = sorted(set(case_codes))
    with transaction(connection):
        # A person's other rows are found by their hash first, and then go with their case codes.
        for table, column in hashed:
            named = _names_case(connection, table)
            if named:
                rows = connection.execute(
                    f'select distinct case_code from {table} where "{column}" in '
                    "(select person_hash(v) from unnest($values) as u (v)) and case_code is not null",
                    {"values": list(values)},
                ).fetchall()
                codes = sorted({*codes, *(code for (code,) in rows)})
        removed = 0
        for table in _tables_with(connection, "case_code"):
            removed += _delete(connection, f"{table} where list_contains($codes, case_code)", codes)
        for table, column in hashed:
            removed += _delete(
                connection,
                f'{table} where "{column}" in (select person_hash(v) from unnest($codes) as u (v))',
                list(values),
            )
        for table in _tables_with(connection, "record"):
            removed += _delete(
                connection,
                f"{table} where len(list_filter($codes, lambda c: contains(cast(record as varchar), c))) > 0",
                [*codes, *values],
            )
        removed += _delete(connection, "meta.deletion where list_contains($codes, key)", codes)
        connection.execute(
            "update meta.check_run set failing_keys = '[]' where "
            "len(list_filter($codes, lambda c: contains(failing_keys, c))) > 0",
            {"codes": codes},
        )
        forget_contents(connection)
    return removed


def write_tombstone(
    connection: duckdb.DuckDBPyConnection, document_no: str, counts: Sequence[int], now: dt.datetime
) -> str:
    """Remember that something was erased, on which document's order, and how much: not who."""
    tombstone = uuid.uuid4().hex
    connection.execute(
        "insert into meta.erasure (tombstone, erased_at, document_no, landing_records, originals, warehouse_rows) "
        "values (?, ?, ?, ?, ?, ?)",
        [tombstone, now, document_no, *counts],
    )
    return tombstone


def rebuild_file(path: Path, opened: Callable[[Path], duckdb.DuckDBPyConnection]) -> None:
    """Copy the closed warehouse to a new file and put it in the old one's place; nothing of the old stays."""
    fresh = path.with_name(f".{path.name}.rebuilt")
    fresh.unlink(missing_ok=True)
    connection = opened(path)
    try:
        name = connection.execute("select current_database()").fetchone()
        connection.execute("checkpoint")
        connection.execute(f"attach {quoting.text(fresh)} as rebuilt")
        connection.execute(
            f"copy from database {quoting.name(name[0] if name else 'warehouse')} to rebuilt"
        )
        connection.execute("checkpoint rebuilt")
        connection.execute("detach rebuilt")
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    finally:
        connection.close()
    fresh.chmod(0o600)
    sync(fresh)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)
    fresh.replace(path)


def _tables_with(connection: duckdb.DuckDBPyConnection, column: str) -> list[str]:
    rows = connection.execute(
        "select table_schema || '.\"' || table_name || '\"' from information_schema.columns "
        "where column_name = ? and list_contains(?, table_schema) order by 1",
        [column, list(_SCHEMAS)],
    ).fetchall()
    return [table for (table,) in rows]


def _names_case(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    schema, name = table.split(".", 1)
    return f'{schema}."{name}"' in _tables_with(connection, "case_code")


def _delete(connection: duckdb.DuckDBPyConnection, what: str, codes: Sequence[str]) -> int:
    row = connection.execute(f"delete from {what}", {"codes": list(codes)}).fetchone()
    return int(row[0]) if row else 0
