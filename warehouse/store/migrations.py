"""Migrations: what a warehouse file of an earlier release needs before this one reads it.

Belongs here: running warehouse/migrations/NNNN_*.sql once each, in order, all or nothing. Doesn't: new
state tables and columns (state.py makes them), or tables of sql/ (each night builds those anew).
A file without meta.schema_version is of 0.1.0, version 1.
"""

from pathlib import Path

import duckdb

from warehouse.errors import WarehouseError

FOLDER = Path(__file__).parent.parent / "migrations"
FIRST = 1


def steps() -> dict[int, Path]:
    """The migrations by the version they lead to."""
    return {int(path.name[:4]): path for path in sorted(FOLDER.glob("[0-9]*.sql"))}


NEWEST = max(steps(), default=FIRST)


def migrate(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Bring an open warehouse to this release's version; returns the versions it went through.

    Raises:
        WarehouseError: the file is newer than this release; it is left as it is.
    """
    before = _version(connection)
    if before > NEWEST:
        raise WarehouseError(
            f"This warehouse has schema version {before}, and this release knows {NEWEST}; "
            "install the newer release again, or restore a backup from before the upgrade."
        )
    done = []
    for version, path in steps().items():
        if version > before:
            connection.execute("begin")
            try:
                connection.execute(path.read_text(encoding="utf-8"))
                connection.execute(
                    "insert into meta.schema_version values (?, ?, now())", [version, path.stem[5:]]
                )
                connection.execute("commit")
            except duckdb.Error as error:
                connection.execute("rollback")
                raise WarehouseError(
                    f"Migration {path.name} failed ({type(error).__name__}); the warehouse is as it was: "
                    "restore the release you came from, and report it."
                ) from None
            done.append(version)
    return done


def _version(connection: duckdb.DuckDBPyConnection) -> int:
    is_new = not connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'meta' and table_name = 'batch'"
    ).fetchall()
    connection.execute(
        "create table if not exists meta.schema_version (version integer, name varchar, applied_at timestamptz)"
    )
    row = connection.execute("select max(version) from meta.schema_version").fetchone()
    if row is not None and row[0] is not None:
        return int(row[0])
    # A file that begins with this release needs none of the steps.
    start = NEWEST if is_new else FIRST
    connection.execute("insert into meta.schema_version values (?, 'start', now())", [start])
    return start
