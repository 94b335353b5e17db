"""Reading landed pages: the files of a batch → one row a record, allow-listed fields as text.

Belongs here: the shape of an entity, DuckDB reading its JSON, fields that no list names.
Doesn't: what the rows are to what stands (raw_tables.py). JSON never becomes Python objects.
"""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from common import quoting
from warehouse.errors import WarehouseError
from warehouse.load.raw_field import RawField

TECHNICAL_COLUMNS = {
    "_defects": "varchar[]",
    "_version_at": "timestamptz",
    "_batch_id": "varchar",
    "_page_no": "integer",
    "_row_no": "integer",
    "_loaded_at": "timestamptz",
    "_load_kind": "varchar",
    "_content_hash": "uhugeint",
}
ROW_BYTES_LIMIT = 1_000_000
SMALLEST_OBJECT_LIMIT = 1024 * 1024
# What is wrong with a record as such. All but the size can be told from the lists of keys that occur.
TOO_LARGE = f"case when strlen(cast(payload as varchar)) > {ROW_BYTES_LIMIT} then 'too_large' end"
DEFECTS = (
    "case when len(json_keys(payload)) > len(list_distinct(json_keys(payload))) then 'duplicate_keys' end",
    TOO_LARGE,
    "case when json_type(payload) <> 'OBJECT' then 'not_an_object' end",
)


@dataclass(frozen=True)
class RawShape:
    """How an entity's records lie in its pages, and what of them is kept.

    `is_file`: the records come from dropped files, whose rows take the file's time as their version; a
    row that says the same as last month's file is unchanged, although that time is another.
    """

    system: str
    entity: str
    key: tuple[str, ...]
    fields: tuple[RawField, ...]
    records_path: tuple[str, ...] = ()
    version_field: str | None = None
    refused: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    is_file: bool = False

    @property
    def table(self) -> str:
        """The raw table of the entity."""
        return f"raw.{self.system}__{self.entity}"


@dataclass(frozen=True)
class Batch:
    """A landed batch with its manifest's facts; files in page order.

    `read_at` is the run's clock when it was read; records without a time of their own take it, so that
    replaying batches in order gives what loading them night by night gave. `begins_late`: its window
    begins after the first day that is ever asked for, so that alone it isn't everything. `is_misdated`: it was
    read under a clock that ran ahead, so its files' own times mean no more than `read_at`.
    """

    batch_id: str
    files: tuple[Path, ...]
    window_start: dt.datetime | None
    window_end: dt.datetime | None
    source_total: int | None
    largest_page_bytes: int
    read_to: dt.datetime
    read_at: dt.datetime | None = None
    begins_late: bool = False
    is_misdated: bool = False


def ensure_raw_table(connection: duckdb.DuckDBPyConnection, shape: RawShape) -> None:
    """Create the raw table, or add the columns that a changed source file names.

    Rows that stand get the hash that they would have had with those columns empty: else whatever is read again
    after an upgrade would count as another version.
    """
    columns = {field.name: "varchar" for field in shape.fields} | TECHNICAL_COLUMNS
    listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    connection.execute(f"create table if not exists {shape.table} ({listed})")
    present = {name for name, *_ in connection.execute(f"describe {shape.table}").fetchall()}
    added = {name: kind for name, kind in columns.items() if name not in present}
    for name, kind in added.items():
        connection.execute(f'alter table {shape.table} add column "{name}" {kind}')
    if added:
        connection.execute(f"update {shape.table} set _content_hash = {content_hash(shape)}")


def read_records(
    connection: duckdb.DuckDBPyConnection, shape: RawShape, batch: Batch, now: dt.datetime
) -> dict[str, int]:
    """Read a batch's pages into temp.incoming, one row a record; returns unknown fields and their rows.

    Raises:
        WarehouseError: the pages lack a required field altogether.
    """
    _read_pages(connection, shape, batch)
    drift, are_sound = _find_drift(connection, shape)
    _shape_rows(connection, shape, batch, now, are_sound)
    return drift


def read_again(
    connection: duckdb.DuckDBPyConnection, shape: RawShape, batch: Batch, now: dt.datetime
) -> None:
    """Read a batch that was loaded before into temp.incoming; what it lacks or adds was told then."""
    _read_pages(connection, shape, batch)
    _shape_rows(connection, shape, batch, now)


def content_hash(shape: RawShape) -> str:
    """SQL that says, over the entity's kept fields, whether two rows say the same; a file's time doesn't count."""
    said = [f.name for f in shape.fields if not (shape.is_file and f.name == shape.version_field)]
    content = ", ".join(f'coalesce("{name}", chr(0))' for name in said)
    return f"md5_number(concat_ws('\x1f', {content}))"


def _read_pages(connection: duckdb.DuckDBPyConnection, shape: RawShape, batch: Batch) -> None:
    files = [quoting.one_path(path) for path in batch.files]
    if not files:
        connection.execute(
            "create or replace temp table landed (page_no integer, row_no bigint, payload json)"
        )
        return
    # A page is cut into its records by from_json: read_json would unpack it five times as slowly, and
    # it clears buffers of twice the largest object, so that is no larger than the pages are.
    limit = max(SMALLEST_OBJECT_LIMIT, batch.largest_page_bytes + 1024)
    structure: object = ["JSON"]
    for part in reversed(shape.records_path):
        structure = {part: structure}
    accessor = "".join(f".{quoting.name(part)}" for part in shape.records_path)
    connection.execute(
        f"""
        create or replace temp table landed as
        with pages as (
            select filename, from_json(json, $structure) as page
            from read_json_objects($files, format = 'unstructured', filename = true, maximum_object_size = {limit})
        ),
        cut as (select filename, page{accessor} as records from pages)
        select
            cast(regexp_extract(filename, 'page-([0-9]+)[^/]*$', 1) as integer) as page_no,
            generate_subscripts(records, 1) as row_no,
            unnest(records) as payload
        from cut
        """,
        {"files": files, "structure": json.dumps(structure)},
    )


def _find_drift(
    connection: duckdb.DuckDBPyConnection, shape: RawShape
) -> tuple[dict[str, int], bool]:
    """Names of fields that came although no list names them, with the rows they came in; 0: a field stays out.

    Also whether every record is an object that has no key twice: few lists of keys occur, so that this costs
    nothing here and much if each record were asked again.

    Raises:
        WarehouseError: rows came, but none of them has a required field.
    """
    connection.execute(
        "create or replace temp table key_list as "
        "select json_keys(payload) as keys, count(*) as row_count from landed group by all"
    )
    rows = connection.execute(
        "select key, sum(row_count) from temp.key_list, unnest(keys) as k (key) group by all order by all"
    ).fetchall()
    odd = connection.execute(
        """
        select count(*) from temp.key_list
        where not coalesce(len(keys) > 0 and len(keys) = len(list_distinct(keys)), false)
        """
    ).fetchone()
    connection.execute("drop table temp.key_list")
    seen = {str(name): int(count) for name, count in rows}
    expected = {field.path[0]: field.name for field in shape.fields}
    lost = sorted(
        path
        for path, name in expected.items()
        if name in shape.required and seen and path not in seen
    )
    if lost:
        raise WarehouseError(
            f"The {shape.system} source no longer sends {', '.join(lost)} in {shape.entity}; "
            "ask its operator, or give the field's new name in the sources file, then run again."
        )
    unknown = {
        name: count for name, count in seen.items() if name not in expected.keys() | shape.refused
    }
    # People leave columns out of files as they like; a system that stops sending one has changed.
    asked = {
        field.path[0] for field in shape.fields if field.constant is None and not field.is_optional
    }
    absent = asked - seen.keys() if seen and not shape.is_file else set()
    return {**unknown, **dict.fromkeys(sorted(absent), 0)}, odd == (0,)


def _shape_rows(
    connection: duckdb.DuckDBPyConnection,
    shape: RawShape,
    batch: Batch,
    now: dt.datetime,
    are_sound: bool = False,
) -> None:
    tree: dict[str, object] = {}
    for field in shape.fields:
        branch = tree
        for part in field.path[:-1]:
            branch = branch.setdefault(part, {})  # type: ignore[assignment]
        branch[field.path[-1]] = "JSON" if field.is_json else "VARCHAR"
    columns = []
    for field in shape.fields:
        value = "r." + ".".join(map(quoting.name, field.path))
        text = f"cast({field.sql(value)} as varchar)"
        if shape.is_file and batch.is_misdated and field.name == shape.version_field:
            text = (
                f"case when to_instant({text}) > $read_at::timestamptz "
                f"then cast($read_at::timestamptz as varchar) else {text} end"
            )
        columns.append(f'{text} as "{field.name}"')
    version = (
        f'to_instant("{shape.version_field}")' if shape.version_field else "$read_at::timestamptz"
    )
    names = ", ".join(f'"{field.name}"' for field in shape.fields)
    defects = (TOO_LARGE,) if are_sound else DEFECTS
    connection.execute(
        f"""
        create or replace temp table incoming as
        with read as (
            select
                page_no, row_no, from_json(payload, $structure) as r,
                list_filter([{", ".join(defects)}], lambda defect: defect is not null) as defects
            from landed
        ),
        named as (select page_no, row_no, defects, {", ".join(columns)} from read)
        select
            {names},
            defects as _defects,
            coalesce({version}, $read_at::timestamptz) as _version_at,
            $batch_id as _batch_id,
            page_no as _page_no,
            cast(row_no as integer) as _row_no,
            $now::timestamptz as _loaded_at,
            {content_hash(shape)} as _content_hash
        from named
        """,
        {
            "structure": json.dumps(tree),
            "batch_id": batch.batch_id,
            "now": now,
            "read_at": batch.read_at or now,
        },
    )
