"""What can be told of the warehouse's files without a run: openable, cursors, latest times, log, size, devices.

Belongs here: read-only looks at the restricted store for `motcua doctor`. Doesn't: remedies (doctor).
"""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from warehouse.store.recovery import is_log_passed_by


@dataclass(frozen=True)
class Inspection:
    """A look at a warehouse file; `problem` is set when it could not be opened."""

    exists: bool
    held_by: str = ""
    problem: str = ""
    wal_bytes: int = 0
    schema_version: int = 0
    cursors: dict[str, dt.datetime] = field(default_factory=dict)
    awaited_years: tuple[int, ...] = ()
    undeclared_devices: tuple[str, ...] = ()
    latest: dict[str, dt.datetime] = field(default_factory=dict)


def look_at_warehouse(path: Path, lock: Path) -> Inspection:
    """Look at the warehouse; while a run holds it, only who does is told."""
    if not path.exists():
        return Inspection(exists=False)
    wal = path.with_name(path.name + ".wal")
    wal_bytes = wal.stat().st_size if wal.exists() else 0
    guard = FileLock(lock, mode=0o600)
    try:
        guard.acquire(timeout=0)
    except Timeout:
        note = lock.with_suffix(".holder")
        who = note.read_text(encoding="utf-8").strip() if note.exists() else "another run"
        return Inspection(exists=True, held_by=who, wal_bytes=wal_bytes)
    try:
        if is_log_passed_by(path):
            return Inspection(exists=True, problem="DamagedLog", wal_bytes=wal_bytes)
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        kind = type(error).__name__
        return Inspection(exists=True, problem=kind, wal_bytes=wal_bytes)
    finally:
        guard.release()
    try:
        return Inspection(
            exists=True,
            wal_bytes=wal_bytes,
            schema_version=_number(connection, "select max(version) from meta.schema_version"),
            cursors={
                f"{row[0]}.{row[1]}": row[2]
                for row in _rows(connection, "select system, entity, cursor_at from meta.cursor")
                if row[2]
            },
            latest=_latest(connection),
            awaited_years=tuple(
                int(row[0])
                for row in _rows(
                    connection,
                    "select calendar_year from core.dim_calendar_year where is_awaited order by 1",
                )
            ),
            undeclared_devices=_undeclared_devices(connection),
        )
    finally:
        connection.close()


def _latest(connection: duckdb.DuckDBPyConnection) -> dict[str, dt.datetime]:
    """The latest time of each kind that is kept, where there is one."""
    queries = {
        "load": "select max(loaded_at) from meta.batch",
        "check": "select max(checked_at) from meta.check_run",
        "built": "select max(built_at) from meta.table_doc",
        "publication": "select max(published_at) from meta.publication",
        "read_to": "select max(read_to) from meta.cursor",
    }
    found = {kind: _rows(connection, query) for kind, query in queries.items()}
    return {kind: rows[0][0] for kind, rows in found.items() if rows and rows[0][0] is not None}


def _undeclared_devices(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Devices that only their numbers say to lack the highest of three levels, each with these numbers."""
    rows = _rows(
        connection,
        "select source, device_id, rating_count, top_count, neutral_count from core.dim_rating_device "
        "where basis = 'inferred' and not has_top_level order by rating_count desc, source, device_id",
    )
    return tuple(
        f"{source}/{device or '–'} ({top} + {neutral} / {count})"
        for source, device, count, top, neutral in rows
    )


def leftover_logs(published: Path) -> list[Path]:
    """Write-ahead logs beside published files: a reader would refuse such a file."""
    return sorted(published.glob("versions/*/*.wal")) + sorted(published.glob("*.wal"))


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    try:
        return connection.execute(query).fetchall()
    except duckdb.CatalogException:
        return []


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    rows = _rows(connection, query)
    return int(str(rows[0][0])) if rows and rows[0][0] is not None else 0
