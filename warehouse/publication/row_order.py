"""The order of published rows, and the numbers of cases: drawn for one version, then forgotten.

Belongs here: in which order each published table is written, the numbers that stand for cases in it, the proof
that it came out so. Doesn't: writing the files (publish.py).

Which row comes first must tell nothing. In the restricted store case rows are numbered in the order of their
codes, which is nearly that of their reception: in a published file neighbours would tell each other's hidden
months, and two versions could be laid side by side. So tables with a case_no get new numbers in every version,
the same for a case in all of them, and their rows lie by these. All other tables are written by what stands in
them, first column first: grouping leaves rows in the order in which it met their first case.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from common import quoting
from warehouse.errors import PublicationError

CASE_NO = "case_no"
_DRAWN = "temp.drawn_case_no"


@contextmanager
def ordered_queries(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[str]
) -> Iterator[Mapping[str, str]]:
    """For each of `tables`, the query of its rows as one version tells them, in their order.

    The numbers are drawn on entering and are the same for all queries; nothing is left of them afterwards.
    """
    numbered = tables_with_cases(connection, tables)
    _draw(connection, numbered)
    try:
        yield {
            table: _by_number(table) if table in numbered else f"select * from {table} order by all"
            for table in tables
        }
    finally:
        connection.execute(f"drop table if exists {_DRAWN}")


def tables_with_cases(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> list[str]:
    """Those of `tables` whose rows are cases: found by their columns, so that a new one is never forgotten."""
    found = connection.execute(
        "select schema_name || '.' || table_name from duckdb_columns() "
        "where database_name = current_database() and column_name = ?",
        [CASE_NO],
    ).fetchall()
    return [table for table in tables if (table,) in found]


def refuse_other_order(
    reader: duckdb.DuckDBPyConnection, parquet: Path, tables: Sequence[str]
) -> None:
    """Read a new version as its readers will: rows of cases lie by their numbers, in the file and in Parquet.

    Raises:
        PublicationError: they don't, so that where a row lies may tell which case it is.
    """
    for table in tables_with_cases(reader, tables):
        twin = quoting.one_path(parquet.joinpath(*table.split(".")).with_suffix(".parquet"))
        places = {
            table: "rowid",
            f"read_parquet({quoting.text(twin)}, file_row_number = true)": "file_row_number",
        }
        for source, place in places.items():
            row = reader.execute(
                f"select count(*) from (select {CASE_NO}, lag({CASE_NO}) over (order by {place}) as before "
                f"from {source}) where {CASE_NO} <= before"
            ).fetchone()
            if row is None or row[0]:
                raise PublicationError(
                    f"The rows of {table} don't lie by their random numbers; it was not published."
                )


def _by_number(table: str) -> str:
    return (
        f"select t.* replace (d.{CASE_NO} as {CASE_NO}) from {table} as t "
        f"join {_DRAWN} as d on d.warehouse_no = t.{CASE_NO} order by d.{CASE_NO}"
    )


def _draw(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> None:
    """Number all cases of these tables from 1 on, in an order that nobody can find again.

    It is the order of hashes under 256 random bits that are held by this call alone: without them it can't be
    computed, not even by who knows every code and so every number of the store.
    """
    if not tables:
        return
    cases = " union ".join(f"select {CASE_NO} as warehouse_no from {table}" for table in tables)
    connection.execute(
        f"create or replace temp table {_DRAWN.removeprefix('temp.')} as "
        f"select warehouse_no, row_number() over (order by sha256($secret || warehouse_no)) as {CASE_NO} "
        f"from ({cases})",
        {"secret": secrets.token_hex(32)},
    )
