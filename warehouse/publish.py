"""Publication: a fresh, complete, verified file, and one link that switches to it.

Belongs here: writing, verifying, switching, pruning and rolling back versions. Doesn't: the gate
(assets decide whether a night may publish) and any figure.

published/
    kpi.duckdb -> current/kpi.duckdb        never changes
    current    -> versions/<version>        the one link that a publication switches
    versions/<version>/kpi.duckdb, <schema>/<table>.parquet
So the file and its Parquet twins change together, and a reader sees one whole version or the other.
"""

import contextlib
import datetime as dt
import os
import shutil
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.errors import PublicationError

STORAGE_VERSION = "v1.2.0"
DAILY_KEPT = 14
MONTHLY_KEPT = 12
READERS_GRACE = dt.timedelta(hours=1)
FILE_NAME = "kpi.duckdb"


@dataclass(frozen=True)
class Publication:
    """A published version; `rows` maps table to row count."""

    version: str
    path: Path
    rows: dict[str, int]


def publish(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    tables: Sequence[str],
    *,
    run_id: str,
    code_version: str,
    now: dt.datetime | None = None,
) -> Publication:
    """Write `tables` of the warehouse to a new version and switch the link to it.

    Raises:
        PublicationError: the new file doesn't hold what the warehouse holds, or can't be written; the
            link stays, and nothing of the version is left.
    """
    versions = folder / "versions"
    # The real clock names a version, so that names sort by publication also under a pinned as-of.
    now = now or dt.datetime.now(dt.UTC)
    version = f"{now.astimezone(dt.UTC):%Y%m%dT%H%M%S%fZ}"
    building = versions / f".building-{version}"
    try:
        building.mkdir(parents=True)
        _forget_unfinished(connection, folder)
        _log_publication(connection, version, run_id, code_version, now)
        rows = _write_file(connection, building / FILE_NAME, tables)
        _write_parquet(connection, building, tables)
        _verify(building / FILE_NAME, rows)
        _settle(building)
        final = versions / version
        building.rename(final)
        _sync(versions)
        switch_to(folder, version)
    except BaseException as failure:
        _take_back(connection, folder, version)
        if isinstance(failure, OSError | duckdb.IOException):
            raise _not_written(folder, version, failure) from None
        raise
    _prune(folder, keep=version)
    return Publication(version, final / FILE_NAME, rows)


def list_versions(folder: Path) -> list[str]:
    """Complete versions, oldest first."""
    versions = folder / "versions"
    if not versions.is_dir():
        return []
    return sorted(path.name for path in versions.iterdir() if not path.name.startswith("."))


def current_version(folder: Path) -> str | None:
    """The version that readers see, or None before the first publication."""
    link = folder / "current"
    return link.readlink().name if link.is_symlink() else None


def roll_back(folder: Path, version: str | None = None) -> str:
    """Switch the link to `version`, or to the one before the current; returns it.

    Raises:
        PublicationError: there is no such version.
    """
    versions = list_versions(folder)
    current = current_version(folder)
    if version is None:
        older = [name for name in versions if current is not None and name < current]
        if not older:
            raise PublicationError(
                "There is no version before the current one; `motcua rollback` needs two publications."
            )
        version = older[-1]
    if version not in versions:
        raise PublicationError(
            f"There is no version {version}; choose one of {', '.join(versions)}."
        )
    switch_to(folder, version)
    return version


def _take_back(connection: duckdb.DuckDBPyConnection, folder: Path, version: str) -> None:
    """Remove what a failed publication left. A version that readers already see stays, with its row."""
    if current_version(folder) == version:
        return
    for leftover in (f".building-{version}", version):
        shutil.rmtree(folder / "versions" / leftover, ignore_errors=True)
    # The first failure is the one to tell; a row that can't be deleted now goes with the next publication.
    with contextlib.suppress(duckdb.Error):
        connection.execute("delete from meta.publication where version = ?", [version])


def _forget_unfinished(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Delete rows of versions that were never there: their process died before the rename."""
    if versions := list_versions(folder):
        connection.execute("delete from meta.publication where version > ?", [versions[-1]])


def _not_written(folder: Path, version: str, failure: Exception) -> PublicationError:
    why = getattr(failure, "strerror", None) or str(failure).splitlines()[0]
    stands = (
        f"readers already see the new version {version}"
        if current_version(folder) == version
        else "the old version stands"
    )
    return PublicationError(
        f"The folder {folder.name}/ can't be written ({why}); make room or mend its permissions, then "
        f"run `motcua publish`: {stands}."
    )


def _log_publication(
    connection: duckdb.DuckDBPyConnection,
    version: str,
    run_id: str,
    code_version: str,
    now: dt.datetime,
) -> None:
    connection.execute(
        """
        insert into meta.publication
        select $version, $now, data_as_of, $run_id, $code_version from meta.run_context
        """,
        {"version": version, "now": now, "run_id": run_id, "code_version": code_version},
    )


def _write_file(
    connection: duckdb.DuckDBPyConnection, path: Path, tables: Iterable[str]
) -> dict[str, int]:
    rows = {}
    comments = _comments(connection)
    connection.execute(f"attach '{path}' as publication (storage_version '{STORAGE_VERSION}')")
    try:
        for table in tables:
            schema = table.split(".")[0]
            connection.execute(f"create schema if not exists publication.{schema}")
            connection.execute(f"create table publication.{table} as from {table}")
            row = connection.execute(f"select count(*) from {table}").fetchone()
            rows[table] = int(row[0]) if row else 0
            if table in comments:
                connection.execute("; ".join(comments[table]))
        connection.execute("checkpoint publication")
    finally:
        connection.execute("detach publication")
    return rows


def _comments(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """The statements that say of each table's twin what the warehouse says of it and its columns."""
    described = connection.execute(
        """
        select schema_name || '.' || table_name, '' as column_name, comment from duckdb_tables()
        where database_name = current_database() and comment is not null
        union all
        select schema_name || '.' || table_name, column_name, comment from duckdb_columns()
        where database_name = current_database() and comment is not null
        """
    ).fetchall()
    statements: dict[str, list[str]] = {}
    for table, column, comment in described:
        what = f'column publication.{table}."{column}"' if column else f"table publication.{table}"
        text = comment.replace("'", "''")
        statements.setdefault(table, []).append(f"comment on {what} is '{text}'")
    return statements


def _write_parquet(
    connection: duckdb.DuckDBPyConnection, folder: Path, tables: Iterable[str]
) -> None:
    for table in tables:
        schema, name = table.split(".")
        (folder / schema).mkdir(exist_ok=True)
        connection.execute(
            f"copy {table} to '{folder / schema / name}.parquet' (format parquet, compression zstd)"
        )


def _verify(path: Path, expected: dict[str, int]) -> None:
    """Reopen the new file as a reader would and compare; a leftover .wal is a refusal."""
    if path.with_name(path.name + ".wal").exists():
        raise PublicationError(
            "The new file has a write-ahead log beside it; it was not published."
        )
    reader = duckdb.connect(str(path), read_only=True)
    try:
        for table, rows in expected.items():
            row = reader.execute(f"select count(*) from {table}").fetchone()
            if row is None or row[0] != rows:
                raise PublicationError(
                    f"The new file's {table} is incomplete; it was not published."
                )
    finally:
        reader.close()


def _settle(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            path.chmod(0o444)
            _sync(path)
    # Public whatever the service's umask is; the restricted store lies beside, and is not.
    for path in [*folder.iterdir(), folder, folder.parent, folder.parent.parent]:
        if path.is_dir():
            path.chmod(0o755)
            _sync(path)


def switch_to(folder: Path, version: str) -> None:
    """Point `current` at a version by renaming a new link over the old one: there is no gap."""
    fresh = folder / f".current-{uuid.uuid4().hex}"
    fresh.symlink_to(Path("versions") / version)
    fresh.replace(folder / "current")
    steady = folder / FILE_NAME
    if not steady.is_symlink():
        steady.symlink_to(Path("current") / FILE_NAME)
    _sync(folder)


def _prune(folder: Path, keep: str) -> None:
    """Keep the newest of each of the last days and months; drop what no rule keeps."""
    newest_of_day: dict[str, str] = {}
    newest_of_month: dict[str, str] = {}
    for name in list_versions(folder):
        newest_of_day[name[:8]] = name
        newest_of_month[name[:6]] = name
    wanted = {keep, current_version(folder)}
    wanted |= {newest_of_day[day] for day in sorted(newest_of_day)[-DAILY_KEPT:]}
    wanted |= {newest_of_month[month] for month in sorted(newest_of_month)[-MONTHLY_KEPT:]}
    versions = list_versions(folder)
    young = f"{dt.datetime.now(dt.UTC) - READERS_GRACE:%Y%m%dT%H%M%S%fZ}"
    for name in versions:
        # A reader that has just followed the link may still be opening a version that is not current.
        if name not in wanted and name < young:
            shutil.rmtree(folder / "versions" / name, ignore_errors=True)
    for leftover in (folder / "versions").glob(".building-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _sync(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
