"""The key sweep: which records a source still has, so that hard deletes and lost rows reach the figures.

Belongs here: comparing a complete list of keys with what stands, both ways. Doesn't: fetching the list,
or reading again what is lacking (assets.pull).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from warehouse.errors import WarehouseError
from warehouse.load.landed_pages import Batch, RawShape, ensure_raw_table, read_records
from warehouse.load.raw_tables import LoadCounts, log_batch
from warehouse.models.privacy import without_values
from warehouse.store.connection import transaction

MASS_DELETION_SHARE = 0.02


@dataclass(frozen=True)
class SweepResult:
    """Keys by what the sweep says of them."""

    swept: int
    deleted: int
    restored: int
    unknown: int


def read_keys(
    connection: duckdb.DuckDBPyConnection,
    shape: RawShape,
    batches: Sequence[Batch],
    now: dt.datetime,
) -> None:
    """Keep the keys of a sweep as temp.swept, one row a listed key; `changed_at` where the source tells it."""
    ensure_raw_table(connection, shape)
    version = f'to_instant("{shape.version_field}")' if shape.version_field else "null::timestamptz"
    connection.execute(
        "create or replace temp table swept (key varchar, changed_at timestamptz, batch_id varchar)"
    )
    for batch in batches:
        read_records(connection, shape, batch, now)
        connection.execute(
            f'insert into temp.swept select "{shape.key[0]}", {version}, _batch_id from temp.incoming'
        )


def find_gaps(
    connection: duckdb.DuckDBPyConnection, shape: RawShape, swept_entity: str
) -> list[dt.date]:
    """The days of change of the records in temp.swept that we lack, or have an older version of.

    Only of what should have been read by now: later changes are the next night's. Empty where the
    source's list of keys tells no time of change.
    """
    key = shape.key[0]
    rows = connection.execute(
        f"""
        with standing as (
            select "{key}" as key, max(_version_at) as newest_at
            from raw.{shape.system}__{swept_entity} group by all
        )
        select distinct cast(swept.changed_at as date) as day
        from temp.swept
        left join standing using (key)
        where (standing.key is null or standing.newest_at < swept.changed_at)
            and swept.changed_at <= (
                select max(read_to) from meta.cursor where system = $system and entity = $entity)
        order by day
        """,
        {"system": shape.system, "entity": swept_entity},
    ).fetchall()
    return [day for (day,) in rows]


@without_values("Comparing the swept keys")
def apply_sweep(
    connection: duckdb.DuckDBPyConnection,
    shape: RawShape,
    batches: Sequence[Batch],
    swept_entity: str,
    received_field: str,
    run_id: str,
    now: dt.datetime,
) -> SweepResult:
    """Mark the keys of `swept_entity` that a complete sweep (temp.swept) no longer found as deleted.

    `batches` together are that sweep; `received_field` is the day field that their windows bound.

    Raises:
        WarehouseError: more than 2 % of the keys would go; nothing is marked.
    """
    key = shape.key[0]
    target = f"raw.{shape.system}__{swept_entity}"
    first, last = _range(batches)
    connection.execute(
        f"""
        create or replace temp table known as
        select "{key}" as key from {target}
        where cast(try_cast("{received_field}" as timestamptz) as date) between $first and $last
            and "{key}" is not null
        group by all
        -- What came to be after the list was read can't be in it: in a replay all records are loaded by now.
        having min(_version_at) <= $read_at
        """,
        {"first": first, "last": last, "read_at": _read_at(connection, batches, now)},
    )
    gone = _one(
        connection, "select count(*) from temp.known where key not in (select key from temp.swept)"
    )
    total = _one(connection, "select count(*) from temp.known")
    already = _one(
        connection,
        "select count(*) from temp.known semi join (select key from meta.deletion where system = ? and entity = ?) "
        "using (key) where key not in (select key from temp.swept)",
        [shape.system, swept_entity],
    )
    if total and (gone - already) > MASS_DELETION_SHARE * total:
        raise WarehouseError(
            f"The {shape.system} source no longer lists {gone - already} of {total} keys of {swept_entity}, more "
            "than 2 %; nothing was marked as deleted: ask its operator whether they are really gone."
        )
    try:
        with transaction(connection):
            result = _commit(connection, shape, swept_entity, target, key, batches, run_id, now)
    finally:
        for table in ("swept", "known", "newly_gone", "landed", "incoming"):
            connection.execute(f"drop table if exists temp.{table}")
    return result


def _commit(
    connection: duckdb.DuckDBPyConnection,
    shape: RawShape,
    entity: str,
    target: str,
    key: str,
    batches: Sequence[Batch],
    run_id: str,
    now: dt.datetime,
) -> SweepResult:
    place = [shape.system, entity]
    # Marks come and go; the log keeps both, so that what was known on a day can be told later.
    connection.execute(
        """
        insert into meta.deletion_log by name
        select system, entity, key, 'restored' as event, $now as noted_at, $batch_id as batch_id from meta.deletion
        where system = $system and entity = $entity and key in (select key from temp.swept)
        """,
        {"system": shape.system, "entity": entity, "now": now, "batch_id": batches[-1].batch_id},
    )
    restored = _one(
        connection,
        "select count(*) from meta.deletion where system = ? and entity = ? and key in (select key from temp.swept)",
        place,
    )
    connection.execute(
        "delete from meta.deletion where system = ? and entity = ? and key in (select key from temp.swept)",
        place,
    )
    # Told by what they are, not by this moment, which an earlier sweep under a pinned clock bears, too.
    connection.execute(
        """
        create or replace temp table newly_gone as
        select $system as system, $entity as entity, key, $now::timestamptz as deleted_at, $batch_id as batch_id
        from temp.known
        where key not in (select key from temp.swept)
            and key not in (select key from meta.deletion where system = $system and entity = $entity)
        """,
        {"system": shape.system, "entity": entity, "now": now, "batch_id": batches[-1].batch_id},
    )
    connection.execute("insert into meta.deletion by name from temp.newly_gone")
    connection.execute(
        "insert into meta.deletion_log by name select system, entity, key, 'deleted' as event, "
        "deleted_at as noted_at, batch_id from temp.newly_gone"
    )
    deleted = _one(connection, "select count(*) from temp.newly_gone")
    unknown = _one(
        connection,
        f'select count(*) from (select distinct key from temp.swept) anti join (select "{key}" as key from {target}) '
        "using (key)",
    )
    _log(connection, shape, target, batches, run_id, now, deleted)
    swept = _one(connection, "select count(distinct key) from temp.swept")
    return SweepResult(swept, deleted, restored, unknown)


def _log(
    connection: duckdb.DuckDBPyConnection,
    shape: RawShape,
    target: str,
    batches: Sequence[Batch],
    run_id: str,
    now: dt.datetime,
    deleted: int,
) -> None:
    """A line a batch in the log of loads: a swept key is unchanged when known, inserted when new to us."""
    rows = connection.execute(
        f"""
        with keys as (select batch_id, key, row_number() over (partition by batch_id, key) as copy_no
                      from temp.swept),
        known as (select distinct "{shape.key[0]}" as key from {target})
        select
            batch_id,
            count(*),
            count(*) filter (copy_no = 1 and known.key is null),
            count(*) filter (copy_no = 1 and known.key is not null),
            count(*) filter (copy_no > 1)
        from keys left join known using (key)
        group by batch_id
        """
    ).fetchall()
    counted = {batch_id: counts for batch_id, *counts in rows}
    for batch in batches:
        fetched, inserted, unchanged, duplicate = counted.get(batch.batch_id, (0, 0, 0, 0))
        counts = LoadCounts(fetched, inserted, 0, unchanged, 0, duplicate, {})
        is_last = batch is batches[-1]
        log_batch(connection, shape, batch, run_id, now, counts, deleted if is_last else 0)


def _read_at(
    connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch], now: dt.datetime
) -> dt.datetime:
    """When the list was read; one read under a clock that ran ahead, by the newest change that it tells."""
    read_at = min(batch.read_at or now for batch in batches)
    if not any(batch.is_misdated for batch in batches):
        return read_at
    row = connection.execute("select max(changed_at) from temp.swept").fetchone()
    return min(read_at, row[0]) if row and row[0] else read_at


def _range(batches: Sequence[Batch]) -> tuple[dt.date, dt.date]:
    starts = [batch.window_start for batch in batches if batch.window_start]
    ends = [batch.window_end for batch in batches if batch.window_end]
    first = min(starts).date() if starts else dt.date.min
    last = max(ends).date() if ends else dt.date.max
    return first, last


def _one(
    connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[object] | None = None
) -> int:
    row = connection.execute(query, list(values or [])).fetchone()
    return int(row[0]) if row else 0
