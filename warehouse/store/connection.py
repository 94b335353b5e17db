"""Opening the restricted warehouse: one writer, one lock, the same pragmas and macros everywhere.

Belongs here: file lock, connection settings, macros, file mode. Doesn't: tables (state.py, build.py).
"""

import datetime as dt
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from common.local_time import TIME_ZONE
from common.rows import named
from warehouse.errors import PublicationError, WarehouseBusyError, WarehouseError
from warehouse.store.recovery import is_log_passed_by

# How DuckDB 1.5 writes too: an earlier release can open the file, and refuses it by its schema version, in words.
FILE_FORMAT = "v1.0.0"
SCHEMAS = ("raw", "seeds", "staging", "core", "marts", "quarantine", "meta")


@dataclass(frozen=True)
class Limits:
    """What DuckDB may use of the machine."""

    memory: str = "1400MB"
    threads: int = 2


@contextmanager
def hold_lock(path: Path, holder: str) -> Iterator[None]:
    """Hold the warehouse's lock while a run lasts.

    Dagster's queue is no lock (its command line passes the queue by), so every writer takes this one.
    The kernel frees it when the process dies, so a crash never blocks the next night.

    Raises:
        WarehouseBusyError: another process holds it; the message says who and since when.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    note = path.with_suffix(".holder")
    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        who = note.read_text(encoding="utf-8").strip() if note.exists() else "another run"
        raise WarehouseBusyError(
            f"The warehouse is held by {who}; wait until that run ends, then start again."
        ) from None
    try:
        since = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        note.write_text(f"{holder} (process {os.getpid()}) since {since}\n", encoding="utf-8")
        yield
    finally:
        lock.release()


def open_warehouse(
    path: Path | str, macros: Path, limits: Limits | None = None, *, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    """Open the warehouse file (or ":memory:") with the project's settings, schemas and macros.

    Raises:
        WarehouseError: the file can't be opened; the message says how to restore it.
    """
    limits = limits or Limits()
    in_memory = str(path) == ":memory:"
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": limits.memory,
        "threads": limits.threads,
        "preserve_insertion_order": False,
        "storage_compatibility_version": FILE_FORMAT,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if not in_memory:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        config["temp_directory"] = str(Path(path).parent / "tmp")
        if is_log_passed_by(Path(path)):
            raise _not_opened(path, "its write-ahead log is damaged")
    try:
        connection = duckdb.connect(str(path), read_only=read_only, config=config)
    except duckdb.Error as error:
        raise _not_opened(path, _first_line(error)) from None
    connection.execute(f"set TimeZone = '{TIME_ZONE}'")
    # The calendar decides week and month names; nothing may depend on the machine's locale.
    connection.execute("set Calendar = 'gregorian'")
    connection.execute("set enable_progress_bar = false")
    if not read_only:
        # In one commit: each waits for the disk, and every macro would be one.
        with transaction(connection):
            for schema in SCHEMAS:
                connection.execute(f"create schema if not exists {schema}")
            connection.execute(macros.read_text(encoding="utf-8"))
        if not in_memory:
            Path(path).chmod(0o600)
    return connection


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All that is done inside, or none of it."""
    connection.execute("begin")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        # The first error is the one to tell: a statement or commit that failed may have closed the transaction.
        with suppress(duckdb.TransactionException):
            connection.execute("rollback")
        raise


def _not_opened(path: Path | str, why: str) -> WarehouseError:
    return WarehouseError(
        f"The warehouse file {Path(path).name} can't be opened ({why}); run "
        "`motcua replay --from 2020-01-01`, which moves it aside and rebuilds it from landing."
    )


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def set_person_key(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give macro person_hash its HMAC-SHA256 key, on this connection alone and in no stored text."""
    block = 64
    padded = (hashlib.sha256(key).digest() if len(key) > block else key).ljust(block, b"\0")
    for name, pad in (("person_key_inner", 0x36), ("person_key_outer", 0x5C)):
        text = "".join(f"\\x{byte ^ pad:02X}" for byte in padded)
        connection.execute(f"set variable {name} = cast('{text}' as blob)")


@contextmanager
def open_published(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a published or closed file read-only, in local time.

    Raises:
        PublicationError: there is no such file yet.
    """
    if not path.exists():
        raise PublicationError(
            "Nothing has been published yet; run `motcua run` (or `motcua demo`) first."
        )
    connection = duckdb.connect(str(path), read_only=True)
    try:
        connection.execute(f"set TimeZone = '{TIME_ZONE}'")
        yield connection
    finally:
        connection.close()


def read_rows(path: Path, query: str) -> list[dict[str, Any]]:
    """Run a query on a closed or published file, read-only, and return its rows as dicts."""
    with open_published(path) as connection:
        return named(connection.execute(query))
