"""What to do about a warehouse file that can't be read any more: find it out, and put it aside.

Belongs here: reading a closed file to its last block, renaming it. Doesn't: rebuilding (a replay of the
landing does that). Nothing is deleted: a damaged file may be all that an expert needs.
"""

import datetime as dt
import itertools
from pathlib import Path

import duckdb

from warehouse.errors import WarehouseError

# The first entry of every write-ahead log tells its version: DuckDB's field 100, entry type 98.
_LOG_BEGINS = b"\x64\x00\x62"


def is_log_passed_by(path: Path) -> bool:
    """Whether a write-ahead log lies beside the warehouse that DuckDB wouldn't read, without a word.

    It takes a log whose beginning it doesn't know for empty, opens the last checkpoint and later writes
    over the log. Damage further on it finds by itself; a log that merely ends too early is how a crash
    leaves it: the transactions that were whole stand, cursors with them, and the night reads the rest again.
    """
    log = path.with_name(path.name + ".wal")
    if not log.exists():
        return False
    with log.open("rb") as file:
        head = file.read(len(_LOG_BEGINS))
    return bool(head) and head != _LOG_BEGINS


def find_damage(path: Path) -> str | None:
    """Why a closed warehouse can't be read to its last row, in DuckDB's words; None where it can.

    Opening alone shows a broken header or write-ahead log; a broken block shows only when it is read.
    """
    if not path.exists():
        return None
    if is_log_passed_by(path):
        return "the write-ahead log has no beginning that DuckDB knows"
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
    parts = (path.with_name(path.name + ".wal"), path)
    stamps = itertools.chain([stamp], (f"{stamp}.{number:02d}" for number in itertools.count(2)))
    # A clock may say the same second twice, and what lies aside is never overwritten.
    free = next(s for s in stamps if not any(_aside(part, s).exists() for part in parts))
    moved = []
    # The log goes first: a log without its file is harmless, a file without its log has lost rows.
    for part in parts:
        if part.exists():
            try:
                moved.append(part.rename(_aside(part, free)))
            except OSError:
                raise WarehouseError(
                    f"{part.name} can't be moved aside; move it by hand, then run `motcua replay` again."
                ) from None
    return moved


def _aside(part: Path, stamp: str) -> Path:
    return part.with_name(f"{part.name}.damaged-{stamp}")
