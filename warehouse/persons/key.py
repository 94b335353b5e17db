"""The key of the keyed hashes: which one the store is under, and the change to another.

Belongs here: the key's id beside the hashes, opening the store under it, re-hashing in one transaction. Doesn't:
where keys are kept (settings), which batches are landed (assets), what is hashed (the sources file).
All hashes of a store are under one key at any moment; meta.person_key names it, never holds it.
"""

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.errors import WarehouseError
from warehouse.load.landed_pages import Batch, RawShape, content_hash, read_again
from warehouse.models.table_content import forget_contents
from warehouse.store.connection import Limits, open_warehouse, set_person_key, transaction
from warehouse.store.migrations import migrate
from warehouse.store.state import ensure_state

Hashed = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Rotation:
    """What a change of key did: values under the new key, and those that the landing no longer holds."""

    key_id: str
    rehashed: int
    dropped: int


def key_id(key: bytes) -> str:
    """Twelve hex digits that name a key and tell nothing of it."""
    return hmac.new(key, b"motcua key id", hashlib.sha256).hexdigest()[:12]


def stored_key_id(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The id of the key that the store's hashes are under; None before its first night."""
    row = connection.execute(
        "select key_id from meta.person_key where retired_at is null"
    ).fetchone()
    return str(row[0]) if row else None


def use_person_key(
    connection: duckdb.DuckDBPyConnection, keys: Sequence[bytes], hashed: Callable[[], Hashed]
) -> None:
    """Give the connection the one of `keys` that the store's hashes are under; a new store takes the first.

    `hashed` names the (raw table, column) pairs that hold hashes; without any, every key is right.

    Raises:
        WarehouseError: the store is under another key; hashes under two keys could never be joined.
    """
    stored = stored_key_id(connection)
    for key in keys:
        if key_id(key) == stored:
            set_person_key(connection, key)
            return
    if stored is not None and any(_has_values(connection, *pair) for pair in hashed()):
        raise WarehouseError(
            f"The person keys of this warehouse were made with the key {stored}, and MOTCUA_PII_KEY is "
            f"{key_id(keys[0])}; put the right key back, or change it by `motcua rotate-key`."
        )
    _name_key(connection, keys[0], dt.datetime.now(dt.UTC))
    set_person_key(connection, keys[0])


@contextmanager
def open_store(
    path: Path,
    macros: Path,
    keys: Sequence[bytes],
    hashed: Callable[[], Hashed],
    limits: Limits | None = None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for writing as this release has it: migrated, its state complete, under the right key.

    Raises:
        WarehouseError: it can't be opened, is of a newer release, or is under none of `keys`.
    """
    with closing(open_warehouse(path, macros, limits)) as connection:
        migrate(connection)
        ensure_state(connection)
        use_person_key(connection, keys, hashed)
        yield connection


def rotate(
    connection: duckdb.DuckDBPyConnection,
    landed: Iterable[tuple[RawShape, Sequence[Batch]]],
    hashed: Hashed,
    old: bytes,
    new: bytes,
    now: dt.datetime,
) -> Rotation:
    """Put every hash under the new key, from the values that the landing still holds, or not at all.

    A hash whose value is no longer landed becomes null: without the old key it can't be joined anyway.
    """
    connection.execute(
        "create or replace temp table rehashed (name varchar, old_hash varchar, new_hash varchar)"
    )
    shapes = []
    for shape, batches in landed:
        # A kind that was never sent has no table yet.
        if not _columns(connection, shape.table):
            continue
        shapes.append(shape)
        names = [column for table, column in hashed if table == shape.table]
        for batch in batches:
            _map_values(connection, shape, names, batch, (old, new), now)
    try:
        with transaction(connection):
            rehashed = dropped = 0
            for table, column in _places(connection, hashed):
                kept, lost = _rehash(connection, table, column)
                rehashed, dropped = rehashed + kept, dropped + lost
            for shape in shapes:
                connection.execute(
                    f"update {shape.table} set _content_hash = {content_hash(shape)}"
                )
            _rehash_quarantine(connection, hashed)
            _forget_keys(connection)
            forget_contents(connection)
            _name_key(connection, new, now)
    finally:
        connection.execute("drop table temp.rehashed")
    return Rotation(key_id(new), rehashed, dropped)


def _map_values(
    connection: duckdb.DuckDBPyConnection,
    shape: RawShape,
    names: Sequence[str],
    batch: Batch,
    keys: tuple[bytes, bytes],
    now: dt.datetime,
) -> None:
    """Read a batch under both keys and remember which hash becomes which."""
    for key, copy in zip(keys, ("under_old", "under_new"), strict=True):
        set_person_key(connection, key)
        read_again(connection, shape, batch, now)
        connection.execute(f"create or replace temp table {copy} as from incoming")
    for name in names:
        connection.execute(
            f'insert into temp.rehashed select distinct $name, o."{name}", n."{name}" '
            "from temp.under_old as o join temp.under_new as n using (_page_no, _row_no) "
            f'where o."{name}" is not null and not exists (select 1 from temp.rehashed as r '
            f'where r.name = $name and r.old_hash = o."{name}")',
            {"name": name},
        )
    for table in ("landed", "incoming", "under_old", "under_new"):
        connection.execute(f"drop table temp.{table}")


def _places(connection: duckdb.DuckDBPyConnection, hashed: Hashed) -> list[tuple[str, str]]:
    """Every table column that holds hashes: those of raw, and what keeps their names further on."""
    rows = connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where database_name = current_database() and list_contains($names, column_name) "
        "and list_contains(['raw', 'staging', 'core', 'quarantine'], schema_name)",
        {"names": sorted({column for _, column in hashed})},
    ).fetchall()
    return [
        (f'{schema}."{table}"', column)
        for schema, table, column in rows
        if schema != "raw" or (f"{schema}.{table}", column) in hashed
    ]


def _rehash(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> tuple[int, int]:
    # Another entity may keep a field of the same name as it is.
    is_hash = f"regexp_full_match(cast(\"{column}\" as varchar), '[0-9a-f]{{64}}')"
    row = connection.execute(
        f'select count(*), count(*) filter ("{column}" in '
        f"(select old_hash from temp.rehashed where name = $name)) from {table} where {is_hash}",
        {"name": column},
    ).fetchone()
    connection.execute(
        f'update {table} as t set "{column}" = (select max(new_hash) from temp.rehashed as r '
        f'where r.name = $name and r.old_hash = t."{column}") where {is_hash}',
        {"name": column},
    )
    whole, found = row if row else (0, 0)
    return found, whole - found


def _rehash_quarantine(connection: duckdb.DuckDBPyConnection, hashed: Hashed) -> None:
    """Records wait in quarantine as one text each; its hashes go, until the next night writes them anew."""
    tables = connection.execute(
        "select table_name, data_type from duckdb_columns() where schema_name = 'quarantine' "
        "and column_name = 'record' and database_name = current_database()"
    ).fetchall()
    for table, kind in tables:
        for name in sorted({column for _, column in hashed}):
            connection.execute(
                f'update quarantine."{table}" as q set record = cast(replace(cast(q.record as varchar), '
                f"r.old_hash, r.new_hash) as {kind}) from temp.rehashed as r where r.name = $name "
                f"and r.old_hash = json_extract_string(cast(q.record as json), '$.\"{name}\"')",
                {"name": name},
            )


def _forget_keys(connection: duckdb.DuckDBPyConnection) -> None:
    """Earlier checks that named rows by an old hash keep their counts; the names lead nowhere now."""
    connection.execute(
        "update meta.check_run set failing_keys = '[]' where list_has_any("
        "regexp_extract_all(failing_keys, '[0-9a-f]{64}'), (select list(old_hash) from temp.rehashed))"
    )


def _name_key(connection: duckdb.DuckDBPyConnection, key: bytes, now: dt.datetime) -> None:
    connection.execute(
        "update meta.person_key set retired_at = $now where retired_at is null", {"now": now}
    )
    connection.execute(
        "insert into meta.person_key (key_id, since) values ($id, $now)",
        {"id": key_id(key), "now": now},
    )


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    """The columns of a table; none where there is no such table."""
    found = connection.execute(
        "select column_name from duckdb_columns() where schema_name = ? and table_name = ?",
        table.split(".", 1),
    ).fetchall()
    return {column for (column,) in found}


def _has_values(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> bool:
    return bool(
        column in _columns(connection, table)
        and connection.execute(f'select 1 from {table} where "{column}" is not null limit 1').fetchone()
    )  # fmt: skip
