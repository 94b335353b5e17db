"""Loading landed pages into raw: DuckDB reads the files, rows and cursor commit together.

Belongs here: landed bytes → rows of raw.<system>__<entity>, counted by kind. Doesn't: fetching
(sources), typing (staging) or judging (quarantine). JSON never becomes Python objects.

raw keeps every distinct version of every record, with the allow-listed fields as the text that came.
A field that isn't on the allow-list is never stored; its name is told in meta.drift.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from warehouse.load.landed_pages import (
    TECHNICAL_COLUMNS,
    Batch,
    RawShape,
    ensure_raw_table,
    read_records,
)
from warehouse.models.privacy import without_values
from warehouse.store.connection import transaction

# A source clock may run ahead a little; what lies further in the future must not move the cursor.
CLOCK_TOLERANCE = dt.timedelta(minutes=15)
# What may become of a row; the first is all of them.
KINDS = ("fetched", "inserted", "updated", "unchanged", "stale", "duplicate")


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
        return {kind: getattr(self, kind) for kind in KINDS}


@without_values("Loading a landed batch")
def load_batch(
    connection: duckdb.DuckDBPyConnection,
    shape: RawShape,
    batch: Batch,
    run_id: str,
    now: dt.datetime,
) -> LoadCounts:
    """Load one landed batch; loading it again changes nothing but the log of loads.

    Raises:
        WarehouseError: the pages lack a required field altogether (a renamed or removed column).
    """
    ensure_raw_table(connection, shape)
    drift = read_records(connection, shape, batch, now)
    _classify(connection, shape)
    try:
        with transaction(connection):
            counts = _commit_rows(connection, shape, batch, run_id, now, drift)
    finally:
        connection.execute("drop view if exists temp.classified")
        for table in ("landed", "incoming", "compared"):
            connection.execute(f"drop table if exists temp.{table}")
    return counts


def _classify(connection: duckdb.DuckDBPyConnection, shape: RawShape) -> None:
    """Say of each incoming row what it is to what stands: the identity of meta.reconciliation.

    duplicate: the same content came earlier in this batch. unchanged: that version stands already.
    stale: an older version than the newest that stands. updated, inserted: newer, or a new key.
    """
    key = ", ".join(f'"{name}"' for name in shape.key)
    if _are_all_new(connection, shape, key):
        connection.execute(
            "create or replace temp view classified as "
            "select *, false as _confirms, 'inserted' as _load_kind from temp.incoming"
        )
        return
    on_key = " and ".join(f'new."{name}" is not distinct from old."{name}"' for name in shape.key)
    # A system's own change time is part of what it says; the time of a reading or of a file isn't.
    has_own_version = shape.version_field is not None and not shape.is_file
    same_version = "and old._version_at = new._version_at" if has_own_version else ""
    stored = f"(select {key}, _content_hash, _version_at from {shape.table} semi join incoming using ({key}))"
    if not has_own_version:
        stored = f"""(select {key}, _content_hash, _version_at from {shape.table} semi join incoming using ({key})
            qualify row_number() over (
                partition by {key} order by _version_at desc, _loaded_at desc, _batch_id desc) = 1)"""
    connection.execute(
        f"""
        create or replace temp table compared as
        with stored as {stored},
        newest as (select {key}, max(_version_at) as newest_at from stored group by all),
        numbered as (
            select *, row_number() over (
                partition by {key}, _version_at, _content_hash order by _page_no, _row_no) as copy_no
            from incoming
        )
        select
            new.* exclude (copy_no),
            -- A row that a later file repeats is kept with that file's time: no older file may outdate it.
            {"coalesce(new._version_at > old.newest_at, false)" if shape.is_file else "false"} as _confirms,
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
    connection.execute("create or replace temp view classified as from temp.compared")


def _are_all_new(connection: duckdb.DuckDBPyConnection, shape: RawShape, key: str) -> bool:
    """Whether no key comes twice and none stands yet, as on a first night: then nothing is to be compared."""
    row = connection.execute(
        f"""
        select not exists (from {shape.table} as old semi join temp.incoming as new using ({key}))
            and (select count(*) from temp.incoming)
                = (select count(*) from (select 1 from temp.incoming group by {key}))
            and not exists (from temp.incoming where {" or ".join(f'"{k}" is null' for k in shape.key)})
        """
    ).fetchone()
    return bool(row and row[0])


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
    partition = ", ".join(f'"{name}"' for name in shape.key)
    tally = dict(
        connection.execute("select _load_kind, count(*) from classified group by all").fetchall()
    )
    # Not asked of the table: with a pinned clock, rows of an earlier load bear the same time.
    first_of_key = connection.execute(
        f"select count(*) from (select {partition} from classified where _load_kind = 'inserted' group by all)"
    ).fetchone()
    inserted = int(first_of_key[0]) if first_of_key else 0
    chosen = f"""select {listed} from classified where _load_kind in ('inserted', 'updated', 'stale')
        or (_confirms and _load_kind = 'unchanged')"""
    if inserted < tally.get("inserted", 0):
        # A key's first version in a batch is the insert; further versions of it in the batch are updates.
        chosen = f"""
            select * replace (
                case when _load_kind = 'inserted' and row_number() over (
                         partition by {partition} order by _version_at, _page_no, _row_no) > 1
                     then 'updated' else _load_kind end as _load_kind)
            from ({chosen})"""
    connection.execute(f"insert into {shape.table} ({listed}) {chosen}")
    counts = LoadCounts(
        fetched=sum(tally.values()),
        inserted=inserted,
        updated=tally.get("updated", 0) + tally.get("inserted", 0) - inserted,
        unchanged=tally.get("unchanged", 0),
        stale=tally.get("stale", 0),
        duplicate=tally.get("duplicate", 0),
        drift=drift,
    )
    log_batch(connection, shape, batch, run_id, now, counts)
    _move_cursor(connection, shape, batch, now)
    connection.executemany(
        "insert into meta.drift (system, entity, field, kind, row_count, batch_id, seen_at) "
        "values (?, ?, ?, ?, ?, ?, ?)",
        [
            [
                shape.system,
                shape.entity,
                name,
                "unknown_field" if rows else "missing_field",
                rows,
                batch.batch_id,
                now,
            ]
            for name, rows in drift.items()
        ],
    ) if drift else None
    return counts


def log_batch(
    connection: duckdb.DuckDBPyConnection,
    shape: RawShape,
    batch: Batch,
    run_id: str,
    now: dt.datetime,
    counts: LoadCounts,
    deleted: int = 0,
) -> None:
    """Write a batch's line in meta.batch, the log of loads; `deleted` are the keys that a sweep marked.

    Loads are numbered: with a pinned clock they bear the same time, and which came later must still be told.
    """
    line: dict[str, object] = {
        "batch_id": batch.batch_id, "system": shape.system, "entity": shape.entity,
        "window_start": batch.window_start, "window_end": batch.window_end, "source_total": batch.source_total,
        **counts.as_metadata(), "deleted": deleted, "loaded_at": now, "run_id": run_id,
    }  # fmt: skip
    given = ", ".join(f"${name} as {name}" for name in line)
    connection.execute(
        f"insert into meta.batch by name select {given}, 1 + coalesce(max(arrival_no), 0) as arrival_no "
        "from meta.batch",
        line,
    )


def _move_cursor(
    connection: duckdb.DuckDBPyConnection, shape: RawShape, batch: Batch, now: dt.datetime
) -> None:
    """Move the cursor to the newest row of the batch: never back, never into the future, never over a gap."""
    newest = connection.execute(
        "select max(_version_at) from classified where _version_at <= ?", [now + CLOCK_TOLERANCE]
    ).fetchone()
    previous = connection.execute(
        "select cursor_at, read_to from meta.cursor where system = ? and entity = ?",
        [shape.system, shape.entity],
    ).fetchone()
    if _leaves_gap(batch, previous[1] if previous else None):
        return
    candidates = [at for at in (newest and newest[0], previous and previous[0]) if at]
    cursor_at = min(max(candidates), now) if candidates else None
    read_to = max(at for at in (batch.read_to, previous and previous[1]) if at)
    connection.execute(
        "delete from meta.cursor where system = ? and entity = ?", [shape.system, shape.entity]
    )
    connection.execute(
        "insert into meta.cursor (system, entity, cursor_at, read_to, batch_id, updated_at) values (?, ?, ?, ?, ?, ?)",
        [shape.system, shape.entity, cursor_at, read_to, batch.batch_id, now],
    )


def _leaves_gap(batch: Batch, read_to: dt.datetime | None) -> bool:
    """Whether something before the batch's window was never read: days asked for by hand, or a backfill."""
    if batch.window_start is None:
        return False
    return batch.begins_late if read_to is None else batch.window_start > read_to
