"""Spark's tables held against DuckDB's: the same rows, integers exactly.

Belongs here: comparing a table in the lake with its twin in a warehouse, by DuckDB. Doesn't: making either.
Whole numbers, texts, days, instants, lists: equal, row by row with their multiplicity. Doubles: equal to
a relative 1e-12, since sums of doubles hang on the order of their terms.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from common import quoting
from spark.engine import partition
from warehouse.models.catalog import Model

TOLERANCE = 1e-12
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UBIGINT", "UINTEGER")


@dataclass(frozen=True)
class Comparison:
    """What differs: kinds of columns, rows that only one side has, doubles beyond tolerance."""

    province: str
    table: str
    rows: int
    kinds: tuple[str, ...]
    only_duckdb: int
    only_spark: int
    doubles: int

    @property
    def is_equal(self) -> bool:
        """Nothing differs."""
        return not (self.kinds or self.only_duckdb or self.only_spark or self.doubles)


def compare(
    connection: duckdb.DuckDBPyConnection, model: Model, lake: Path, province: str
) -> Comparison:
    """Compare one table of a province's open warehouse with the lake's."""
    pattern = quoting.one_path(partition(lake, model.table, province)) + "/*.parquet"
    files = f"read_parquet({quoting.text(pattern)}, hive_partitioning = false)"
    ours = _columns(connection, model.table)
    theirs = _columns(connection, files)
    kinds = tuple(
        f"{name}: {kind} / {theirs.get(name, 'missing')}"
        for name, kind in ours.items()
        if _family(kind) != _family(theirs.get(name, "missing"))
    ) + tuple(f"{name}: missing / {kind}" for name, kind in theirs.items() if name not in ours)
    rows = _one(connection, f"select count(*) from {model.table}")
    if kinds:
        return Comparison(province, model.table, rows, kinds, 0, 0, 0)
    exact = [name for name, kind in ours.items() if kind != "DOUBLE"]
    ours_sql = f"select {', '.join(quoting.name(name) for name in exact)} from {model.table}"
    cast = ", ".join(f"cast({quoting.name(name)} as {ours[name]})" for name in exact)
    theirs_sql = f"select {cast} from {files}"
    return Comparison(
        province,
        model.table,
        rows,
        kinds,
        _one(connection, f"select count(*) from ({ours_sql} except all {theirs_sql})"),
        _one(connection, f"select count(*) from ({theirs_sql} except all {ours_sql})"),
        _far_doubles(connection, model, files, ours),
    )


def _far_doubles(
    connection: duckdb.DuckDBPyConnection, model: Model, files: str, ours: dict[str, str]
) -> int:
    """Rows of the same key in which a double differs; a table of doubles needs a grain to be compared by."""
    doubles = [name for name, kind in ours.items() if kind == "DOUBLE"]
    if not doubles:
        return 0
    if not model.grain:
        raise ValueError(f"{model.table} has doubles and no grain to compare them by.")
    keys = " and ".join(
        f"a.{quoting.name(key)} is not distinct from b.{quoting.name(key)}" for key in model.grain
    )
    apart = " or ".join(
        f"(a.{name} is null) <> (b.{name} is null) or abs(a.{name} - b.{name})"
        f" > {TOLERANCE} * greatest(abs(a.{name}), abs(b.{name}), 1)"
        for name in map(quoting.name, doubles)
    )
    return _one(
        connection,
        f"select count(*) from {model.table} as a join {files} as b on {keys} where {apart}",
    )


def _columns(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    rows = connection.execute(f"describe select * from {source}").fetchall()
    return {row[0]: row[1] for row in rows}


def _family(kind: str) -> str:
    if kind in _WHOLE or (kind.startswith("DECIMAL") and kind.endswith(",0)")):
        return "whole"
    return kind


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
