"""What to do about a warehouse file that can't be read any more: find it out, and put it aside.

Belongs here: reading a closed file to its last block, renaming it. Doesn't: rebuilding (a replay of the
landing does that). Nothing is deleted: a damaged file may be all that an expert needs.
"""

import datetime as dt
from pathlib import Path

import duckdb

from warehouse.errors import WarehouseError


def find_damage(path: Path) -> str | None:
    """Why a closed warehouse can't be read to its last row, in DuckDB's words; None where it can.

    Opening alone shows a broken header or write-ahead log; a broken block shows only when it is read.
    """
    if not path.exists():
        return None
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute(
                "select schema_name || '.\"' || table_name || '\"' from duckdb_tables() where not internal"
            ).fetchall()
            for (table,) in tables:
                connection.execute(f"select bit_xor(hash(t)) from {table} as t").fetchall()
    except (duckdb.Error, UnicodeDecodeError) as error:
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    return None


def set_aside(path: Path, now: dt.datetime | None = None) -> list[Path]:
    """Rename the warehouse and its write-ahead log; returns the new names. The caller holds the lock.

    Raises:
        WarehouseError: it can't be renamed.
    """
    stamp = f"{(now or dt.datetime.now(dt.UTC)).astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
    moved = []
    # The log goes first: a log without its file is harmless, a file without its log has lost rows.
    for part in (path.with_name(path.name + ".wal"), path):
        if part.exists():
            target = part.with_name(f"{part.name}.damaged-{stamp}")
            try:
                moved.append(part.rename(target))
            except OSError:
                raise WarehouseError(
                    f"{part.name} can't be moved aside; move it by hand, then run `motcua replay` again."
                ) from None
    return moved
