"""Publication: a fresh, complete, verified file, and one link that switches to it.

Belongs here: writing and verifying a version, numbering it, taking a failed one back. Doesn't: the gate
(assets decide whether a night may publish), any figure, the order of rows (row_order.py), and what stands
already (versions.py).

The file and its Parquet twins change together, and a reader sees one whole version or the other. A
version's number orders it, never its time: a clock may have been wrong.
"""

import contextlib
import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from common import quoting
from common.disk import sync
from warehouse.errors import PublicationError
from warehouse.publication.row_order import ordered_queries, refuse_other_order
from warehouse.publication.versions import (
    FILE_NAME,
    current_version,
    list_versions,
    prune,
    switch_to,
)
from warehouse.store.connection import transaction
from warehouse.store.sequence import number_in, numbered_name
from warehouse.store.state import count_rows

STORAGE_VERSION = "v1.2.0"
LETTER = "v"


@dataclass(frozen=True)
class Publication:
    """A published version; `number` orders it among all, `rows` maps table to row count."""

    version: str
    number: int
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
    # The real clock, also under a pinned as-of: this is when people were told.
    now = now or dt.datetime.now(dt.UTC)
    number = _next_number(connection, folder)
    version = numbered_name(LETTER, number, now)
    building = versions / f".building-{version}"
    try:
        building.mkdir(parents=True)
        _forget_unfinished(connection, folder)
        _log_publication(connection, version, number, run_id, code_version, now)
        with ordered_queries(connection, tables) as queries:
            rows = _write_file(connection, building / FILE_NAME, queries)
            _write_parquet(connection, building, queries)
        _verify(building / FILE_NAME, rows)
        _settle(building)
        final = versions / version
        building.rename(final)
        sync(versions)
        switch_to(folder, version)
    except BaseException as failure:
        _take_back(connection, folder, version)
        if isinstance(failure, OSError | duckdb.IOException):
            raise _not_written(folder, version, failure) from None
        raise
    prune(folder, keep=version)
    return Publication(version, number, final / FILE_NAME, rows)


def _take_back(connection: duckdb.DuckDBPyConnection, folder: Path, version: str) -> None:
    """Remove what a failed publication left. A version that readers already see stays, with its row."""
    if current_version(folder) == version:
        return
    for leftover in (f".building-{version}", version):
        shutil.rmtree(folder / "versions" / leftover, ignore_errors=True)
    # The first failure is the one to tell; a row that can't be deleted now goes with the next publication.
    with contextlib.suppress(duckdb.Error):
        connection.execute("delete from meta.publication where version = ?", [version])


def _next_number(connection: duckdb.DuckDBPyConnection, folder: Path) -> int:
    """One more than any that is known: the warehouse may be rebuilt, the folder may have been emptied."""
    row = connection.execute(
        """
        select max(publication_no) from (
            select publication_no from meta.publication
            union all select publication_no from meta.published_context
            union all select publication_no from meta.published_value
        )
        """
    ).fetchone()
    kept = int(row[0]) if row and row[0] is not None else 0
    return 1 + max([kept, *map(number_in, list_versions(folder))])


def _forget_unfinished(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Delete rows of versions that were never there: their process died before the rename.

    They come after every version that stands, and nothing is kept of what they said.
    """
    connection.execute(
        """
        delete from meta.publication
        where publication_no > (select max(publication_no) from meta.publication where version in $standing)
            and version not in (select version from meta.published_context)
        """,
        {"standing": list_versions(folder)},
    )


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
    number: int,
    run_id: str,
    code_version: str,
    now: dt.datetime,
) -> None:
    connection.execute(
        """
        insert into meta.publication by name
        select
            $version as version, $number as publication_no, $now as published_at, data_as_of,
            $run_id as run_id, $code_version as code_version
        from meta.run_context
        """,
        {
            "version": version, "number": number, "now": now, "run_id": run_id,
            "code_version": code_version,
        },
    )  # fmt: skip


def _write_file(
    connection: duckdb.DuckDBPyConnection, path: Path, queries: Mapping[str, str]
) -> dict[str, int]:
    rows = {}
    comments = _comments(connection)
    connection.execute(
        f"attach {quoting.text(path)} as publication (storage_version '{STORAGE_VERSION}')"
    )
    try:
        # In one commit: each waits for the disk, and there are hundreds of comments.
        with transaction(connection):
            for table, query in queries.items():
                schema = table.split(".")[0]
                connection.execute(f"create schema if not exists publication.{schema}")
                connection.execute(f"create table publication.{table} as {query}")
                rows[table] = count_rows(connection, table)
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
        statements.setdefault(table, []).append(f"comment on {what} is {quoting.text(comment)}")
    return statements


def _write_parquet(
    connection: duckdb.DuckDBPyConnection, folder: Path, queries: Mapping[str, str]
) -> None:
    for table, query in queries.items():
        schema, name = table.split(".")
        (folder / schema).mkdir(exist_ok=True)
        path = quoting.text(folder / schema / f"{name}.parquet")
        connection.execute(f"copy ({query}) to {path} (format parquet, compression zstd)")


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
        refuse_other_order(reader, path.parent, list(expected))
    finally:
        reader.close()


def _settle(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            path.chmod(0o444)
            sync(path)
    # Public whatever the service's umask is; the restricted store lies beside, and is not.
    for path in [*folder.iterdir(), folder, folder.parent, folder.parent.parent]:
        if path.is_dir():
            path.chmod(0o755)
            sync(path)
