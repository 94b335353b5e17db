"""Loading landed pages into raw: DuckDB reads the files, rows and cursor commit together.

Belongs here: landed bytes → rows of raw.<system>__<entity>, counted by kind. Doesn't: fetching
(sources), typing (staging) or judging (quarantine). JSON never becomes Python objects.

raw keeps every distinct version of every record, with the allow-listed fields as the text that came.
A field that isn't on the allow-list is never stored; its name is told in meta.drift.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.errors import WarehouseError

TECHNICAL_COLUMNS = {
    "_defects": "varchar[]",
    "_version_at": "timestamptz",
    "_batch_id": "varchar",
    "_page_no": "integer",
    "_row_no": "integer",
    "_loaded_at": "timestamptz",
    "_load_kind": "varchar",
    "_content_hash": "hugeint",
}
ROW_BYTES_LIMIT = 1_000_000
# A source clock may run ahead a little; what lies further in the future must not move the cursor.
CLOCK_TOLERANCE = dt.timedelta(minutes=15)


@dataclass(frozen=True)
class RawField:
    """One allow-listed field: `sql` makes its text from the struct `r` of paths read from the record."""

    name: str
    path: tuple[str, ...]
    is_json: bool = False
    sql: str = "{value}"


@dataclass(frozen=True)
class RawShape:
    """How an entity's records lie in its pages, and what of them is kept."""

    system: str
    entity: str
    key: tuple[str, ...]
    fields: tuple[RawField, ...]
    records_path: tuple[str, ...] = ()
    version_field: str | None = None
    refused: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()

    @property
    def table(self) -> str:
        """The raw table of the entity."""
        return f"raw.{self.system}__{self.entity}"


@dataclass(frozen=True)
class Batch:
    """A landed batch with its manifest's facts; files in page order."""

    batch_id: str
    files: tuple[Path, ...]
    window_start: dt.datetime | None
    window_end: dt.datetime | None
    source_total: int | None
    largest_page_bytes: int
    read_to: dt.datetime


@dataclass(frozen=True)
class LoadCounts:
    """What became of the rows of one batch; fetched equals the sum of the others."""

    fetched: int
    inserted: int
    updated: int
    unchanged: int
    stale: int
    duplicate: int
    drift: Mapping[str, int]

    def as_metadata(self) -> dict[str, int]:
        """The counts alone, by kind."""
        return {
            kind: getattr(self, kind)
            for kind in ("fetched", "inserted", "updated", "unchanged", "stale", "duplicate")
        }


def ensure_raw_table(connection: duckdb.DuckDBPyConnection, shape: RawShape) -> None:
    """Create the raw table, or add the columns that a changed source file names."""
    columns = {field.name: "varchar" for field in shape.fields} | TECHNICAL_COLUMNS
    listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    connection.execute(f"create table if not exists {shape.table} ({listed})")
    for name, kind in columns.items():
        connection.execute(f'alter table {shape.table} add column if not exists "{name}" {kind}')


def load_batch(
    connection: duckdb.DuckDBPyConnection, shape: RawShape, batch: Batch, run_id: str, now: dt.datetime
) -> LoadCounts:
    """Load one landed batch; loading it again changes nothing but the log of loads.

    Raises:
        WarehouseError: the pages lack a required field altogether (a renamed or removed column).
    """
    ensure_raw_table(connection, shape)
    _read_pages(connection, shape, batch)
    drift = _find_drift(connection, shape)
    _shape_rows(connection, shape, batch, now)
    _classify(connection, shape)
    connection.execute("begin")
    try:
        counts = _commit_rows(connection, shape, batch, run_id, now, drift)
        connection.execute("commit")
    except BaseException:
        _roll_back(connection)
        raise
    finally:
        for table in ("landed", "incoming", "classified"):
            connection.execute(f"drop table if exists temp.{table}")
    return counts


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    """Roll back without hiding the first error: a failed commit has already closed its transaction."""
    try:
        connection.execute("rollback")
    except duckdb.TransactionException:
        return


def _read_pages(connection: duckdb.DuckDBPyConnection, shape: RawShape, batch: Batch) -> None:
    files = [str(path) for path in batch.files]
    limit = max(16 * 1024 * 1024, batch.largest_page_bytes + 1024)
    if not files:
        connection.execute(
            "create or replace temp table landed (page_no integer, row_no bigint, payload json)"
        )
        return
    if shape.records_path:
        first, *rest = shape.records_path
        kind = "json[]"
        for part in reversed(rest):
            kind = f'struct("{part}" {kind})'
        accessor = ".".join(f'"{part}"' for part in shape.records_path)
        source = (
            f"select filename, {accessor} as records from read_json($files, columns = {{'{first}': '{kind}'}}, "
            f"format = 'unstructured', filename = true, maximum_object_size = {limit})"
        )
    else:
        source = (
            "select filename, from_json(json, '[\"JSON\"]') as records from read_json_objects($files, "
            f"format = 'unstructured', filename = true, maximum_object_size = {limit})"
        )
    connection.execute(
        f"""
        create or replace temp table landed as
        with pages as ({source})
        select
            cast(regexp_extract(filename, 'page-([0-9]+)', 1) as integer) as page_no,
            generate_subscripts(records, 1) as row_no,
            unnest(records) as payload
        from pages
        """,
        {"files": files},
    )


def _find_drift(connection: duckdb.DuckDBPyConnection, shape: RawShape) -> dict[str, int]:
    """Names of fields that came although no list names them, with the rows they came in.

    Raises:
        WarehouseError: rows came, but none of them has a required field.
    """
    rows = connection.execute(
        """
        select key, sum(row_count)
        from (select json_keys(payload) as keys, count(*) as row_count from landed group by all),
             unnest(keys) as k (key)
        group by all order by all
        """
    ).fetchall()
    seen = {str(name): int(count) for name, count in rows}
    expected = {field.path[0]: field.name for field in shape.fields}
    lost = sorted(
        path for path, name in expected.items() if name in shape.required and seen and path not in seen
    )
    if lost:
        raise WarehouseError(
            f"The {shape.system} source no longer sends {', '.join(lost)} in {shape.entity}; "
            "ask its operator, or give the field's new name in the sources file, then run again."
        )
    return {name: count for name, count in seen.items() if name not in expected.keys() | shape.refused}


def _shape_rows(
    connection: duckdb.DuckDBPyConnection, shape: RawShape, batch: Batch, now: dt.datetime
) -> None:
    tree: dict[str, object] = {}
    for field in shape.fields:
        branch = tree
        for part in field.path[:-1]:
            branch = branch.setdefault(part, {})  # type: ignore[assignment]
        branch[field.path[-1]] = "JSON" if field.is_json else "VARCHAR"
    columns = []
    for field in shape.fields:
        value = "r." + ".".join(f'"{part}"' for part in field.path)
        columns.append(f'cast({field.sql.format(value=value)} as varchar) as "{field.name}"')
    version = (
        f'try_cast("{shape.version_field}" as timestamptz)' if shape.version_field else "$now::timestamptz"
    )
    names = ", ".join(f'"{field.name}"' for field in shape.fields)
    connection.execute(
        f"""
        create or replace temp table incoming as
        with read as (
            select
                page_no, row_no, from_json(payload, $structure) as r,
                list_filter([
                    case when len(json_keys(payload)) > len(list_distinct(json_keys(payload)))
                         then 'duplicate_keys' end,
                    case when strlen(cast(payload as varchar)) > {ROW_BYTES_LIMIT} then 'too_large' end,
                    case when json_type(payload) <> 'OBJECT' then 'not_an_object' end
                ], lambda defect: defect is not null) as defects
            from landed
        ),
        named as (select page_no, row_no, defects, {", ".join(columns)} from read)
        select
            {names},
            defects as _defects,
            coalesce({version}, $now::timestamptz) as _version_at,
            $batch_id as _batch_id,
            page_no as _page_no,
            cast(row_no as integer) as _row_no,
            $now::timestamptz as _loaded_at,
            md5_number(concat_ws('\x1f', {", ".join(f'coalesce("{f.name}", chr(0))' for f in shape.fields)}))
                as _content_hash
        from named
        """,
        {"structure": json.dumps(tree), "batch_id": batch.batch_id, "now": now},
    )


def _classify(connection: duckdb.DuckDBPyConnection, shape: RawShape) -> None:
    """Say of each incoming row what it is to what stands: the identity of meta.reconciliation.

    duplicate: the same content came earlier in this batch. unchanged: that version stands already.
    stale: an older version than the newest that stands. updated, inserted: newer, or a new key.
    """
    key = ", ".join(f'"{name}"' for name in shape.key)
    on_key = " and ".join(f'new."{name}" is not distinct from old."{name}"' for name in shape.key)
    same_version = "and old._version_at = new._version_at" if shape.version_field else ""
    stored = f"(select {key}, _content_hash, _version_at from {shape.table} semi join incoming using ({key}))"
    if not shape.version_field:
        stored = f"""(select {key}, _content_hash, _version_at from {shape.table} semi join incoming using ({key})
            qualify row_number() over (partition by {key} order by _version_at desc, _loaded_at desc) = 1)"""
    connection.execute(
        f"""
        create or replace temp table classified as
        with stored as {stored},
        newest as (select {key}, max(_version_at) as newest_at from stored group by all),
        numbered as (
            select *, row_number() over (
                partition by {key}, _version_at, _content_hash order by _page_no, _row_no) as copy_no
            from incoming
        )
        select
            new.* exclude (copy_no),
            case
                when new.copy_no > 1 then 'duplicate'
                when exists (select 1 from stored as old where {on_key}
                             and old._content_hash = new._content_hash {same_version}) then 'unchanged'
                when old.newest_at is null then 'inserted'
                when new._version_at < old.newest_at then 'stale'
                else 'updated'
            end as _load_kind
        from numbered as new
        left join newest as old on {on_key}
        """
    )


def _commit_rows(
    connection: duckdb.DuckDBPyConnection,
    shape: RawShape,
    batch: Batch,
    run_id: str,
    now: dt.datetime,
    drift: Mapping[str, int],
) -> LoadCounts:
    names = [field.name for field in shape.fields] + list(TECHNICAL_COLUMNS)
    listed = ", ".join(f'"{name}"' for name in names)
    # A key's first version in a batch is the insert; further versions of it in the batch are updates.
    partition = ", ".join(f'"{name}"' for name in shape.key)
    connection.execute(
        f"""
        insert into {shape.table} ({listed})
        select * replace (
            case when _load_kind = 'inserted' and row_number() over (
                     partition by {partition} order by _version_at, _page_no, _row_no) > 1
                 then 'updated' else _load_kind end as _load_kind)
        from (select {listed} from classified where _load_kind in ('inserted', 'updated', 'stale'))
        """
    )
    tally = dict(
        connection.execute("select _load_kind, count(*) from classified group by all").fetchall()
    )
    first_of_key = connection.execute(
        f"select count(*) from {shape.table} where _batch_id = ? and _loaded_at = ? and _load_kind = 'inserted'",
        [batch.batch_id, now],
    ).fetchone()
    inserted = int(first_of_key[0]) if first_of_key else 0
    counts = LoadCounts(
        fetched=sum(tally.values()),
        inserted=inserted,
        updated=tally.get("updated", 0) + tally.get("inserted", 0) - inserted,
        unchanged=tally.get("unchanged", 0),
        stale=tally.get("stale", 0),
        duplicate=tally.get("duplicate", 0),
        drift=drift,
    )
    _log_batch(connection, shape, batch, run_id, now, counts)
    _move_cursor(connection, shape, batch, now)
    connection.executemany(
        "insert into meta.drift values (?, ?, ?, 'unknown_field', ?, ?, ?)",
        [[shape.system, shape.entity, name, rows, batch.batch_id, now] for name, rows in drift.items()],
    ) if drift else None
    return counts


def _log_batch(
    connection: duckdb.DuckDBPyConnection,
    shape: RawShape,
    batch: Batch,
    run_id: str,
    now: dt.datetime,
    counts: LoadCounts,
) -> None:
    values: Sequence[object] = [
        batch.batch_id, shape.system, shape.entity, batch.window_start, batch.window_end,
        batch.source_total, counts.fetched, counts.inserted, counts.updated, counts.unchanged,
        counts.stale, counts.duplicate, 0, now, run_id,
    ]  # fmt: skip
    marks = ", ".join("?" for _ in values)
    connection.execute(f"insert into meta.batch values ({marks})", values)


def _move_cursor(
    connection: duckdb.DuckDBPyConnection, shape: RawShape, batch: Batch, now: dt.datetime
) -> None:
    """Move the cursor to the newest row of the batch, never back and never into the future."""
    newest = connection.execute(
        "select max(_version_at) from classified where _version_at <= ?", [now + CLOCK_TOLERANCE]
    ).fetchone()
    previous = connection.execute(
        "select cursor_at, read_to from meta.cursor where system = ? and entity = ?",
        [shape.system, shape.entity],
    ).fetchone()
    candidates = [at for at in (newest and newest[0], previous and previous[0]) if at]
    cursor_at = min(max(candidates), now) if candidates else None
    read_to = max(at for at in (batch.read_to, previous and previous[1]) if at)
    connection.execute(
        "delete from meta.cursor where system = ? and entity = ?", [shape.system, shape.entity]
    )
    connection.execute(
        "insert into meta.cursor values (?, ?, ?, ?, ?, ?)",
        [shape.system, shape.entity, cursor_at, read_to, batch.batch_id, now],
    )
