"""The warehouse's own memory: what was loaded, how far, what was checked, what was published.

Belongs here: the tables in meta that code writes, one file each in warehouse/state/ (those that are queries are files
in sql/meta), and reading and writing them by name.
Doesn't: deciding anything from them.
"""

import datetime as dt
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse.store.connection import transaction
from warehouse.store.rows import rows_of

FOLDER = Path(__file__).parent.parent / "state"
_COLUMN = re.compile(r"^    (\w+) (\w+),?$", re.MULTILINE)
_COMMENT = "comment on column"


def _read() -> dict[str, tuple[str, dict[str, str]]]:
    """Text and columns of each file of warehouse/state/, by table."""
    texts = {
        f"meta.{path.stem}": path.read_text(encoding="utf-8")
        for path in sorted(FOLDER.glob("*.sql"))
    }
    return {table: (text, dict(_COLUMN.findall(text))) for table, text in texts.items()}


_FILES = _read()
# Column → type of each state table, by table.
STATE_TABLES: Mapping[str, Mapping[str, str]] = {
    table: columns for table, (_, columns) in _FILES.items()
}
# State that is published: its columns carry comments.
PUBLISHED_STATE = tuple(table for table, (text, _) in _FILES.items() if _COMMENT in text)


@dataclass(frozen=True)
class RunContext:
    """What a run holds for true; models read it from meta.run_context, never from the clock."""

    as_of: dt.datetime
    centre_code: str
    run_id: str


def ensure_state(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the state tables that don't exist yet, and columns added by later releases."""
    # In one commit: each waits for the disk, and every comment would be one.
    with transaction(connection):
        for table, (text, columns) in _FILES.items():
            create, *comments = text.split(";\n", 1)
            connection.execute(create)
            standing = {name for name, *_ in connection.execute(f"describe {table}").fetchall()}
            for name in columns.keys() - standing:
                connection.execute(f"alter table {table} add column {name} {columns[name]}")
            # Comments stand in the file with the columns that they are on, which may have just been added.
            connection.execute("".join(comments))


def set_run_context(connection: duckdb.DuckDBPyConnection, context: RunContext) -> None:
    """Write the one row of meta.run_context; data_as_of is the oldest of the sources' last reads."""
    connection.execute("delete from meta.run_context")
    connection.execute(
        """
        insert into meta.run_context by name
        select
            $as_of::timestamptz as as_of_at, cast($as_of::timestamptz as date) as as_of_on,
            $centre as centre_code, $run_id as run_id,
            coalesce((select least(min(read_to), $as_of::timestamptz) from meta.cursor
                      where system <> 'drops'), $as_of::timestamptz) as data_as_of
        """,
        {"as_of": context.as_of, "centre": context.centre_code, "run_id": context.run_id},
    )


def note_systems(
    connection: duckdb.DuckDBPyConnection,
    entities: Iterable[tuple[str, str]],
    connected: Container[str],
) -> None:
    """Write down which (system, entity) the source file names, and whether the run can ask its system."""
    rows = [(system, entity, system in connected) for system, entity in entities]
    with transaction(connection):
        connection.execute("delete from meta.source_entity")
        if rows:
            connection.executemany(
                "insert into meta.source_entity (system, entity, is_connected) values (?, ?, ?)",
                rows,
            )


def cursor_of(
    connection: duckdb.DuckDBPyConnection, system: str, entity: str
) -> dt.datetime | None:
    """The newest committed source time of an entity, or None before its first load."""
    row = connection.execute(
        "select cursor_at from meta.cursor where system = ? and entity = ?", [system, entity]
    ).fetchone()
    return row[0] if row else None


@dataclass(frozen=True)
class CheckRow:
    """What one rule said of one table: a row of meta.check_run but for the run, its time and its number.

    `evaluated` and `failed` count rows; `failing_keys` is JSON, a bounded list of keys; `seconds` the rule took.
    `fingerprint` says what the verdict hangs on; `carried_from` is the run that asked, where this one didn't.
    """

    table_name: str
    rule: str
    expectation: str
    severity: str
    owner: str
    reason_vi: str
    reason_en: str
    remedy_vi: str
    evaluated: int | None
    failed: int | None
    state: str
    failing_keys: str = "[]"
    seconds: float = 0.0
    detail: str | None = None
    fingerprint: str | None = None
    carried_from: str | None = None


def record_checks(
    connection: duckdb.DuckDBPyConnection, run_id: str, rows: Iterable[CheckRow]
) -> None:
    """Append one row an evaluated rule to meta.check_run (history is kept)."""
    given = [asdict(row) for row in rows]
    if not given:
        return
    # Builds and looks are numbered together, so that which came later doesn't hang on a clock.
    number = next_event(connection)
    # One statement for all: one a row takes a millisecond each, of hundreds of rows a night.
    names = list(given[0])
    marks = ", ".join(f"({', '.join('?' for _ in names)})" for _ in given)
    connection.execute(
        f"insert into meta.check_run by name select ?::varchar as run_id, now() as checked_at, "
        f"?::bigint as event_no, * from (values {marks}) as given ({', '.join(names)})",
        [run_id, number, *(row[name] for row in given for name in names)],
    )


def latest_checks(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """What each rule said last where that may be carried: its table, its counts, the run that asked it."""
    return rows_of(
        connection,
        """
        select table_name, rule, fingerprint, coalesce(carried_from, run_id) as run_id, state, evaluated, failed,
            failing_keys
        from meta.check_run
        qualify row_number() over (
            partition by table_name, rule order by event_no desc, checked_at desc) = 1 and fingerprint is not null
        """,
    )


def next_event(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of the next build of a table, or look at one; later ones have greater numbers."""
    row = connection.execute(
        "select 1 + coalesce(greatest((select max(event_no) from meta.check_run), "
        "(select max(event_no) from meta.table_doc)), 0)"
    ).fetchone()
    return int(row[0]) if row else 1


def all_trends(
    connection: duckdb.DuckDBPyConnection, runs: int = 5
) -> dict[tuple[str, str], list[str]]:
    """What each rule said in its last runs, oldest first: a count, or "error"; by table and rule."""
    rows = connection.execute(
        """
        select table_name, rule,
            list_reverse(list(struct_pack(state, failed) order by event_no desc, checked_at desc)[1:$runs])
        from meta.check_run
        group by table_name, rule
        """,
        {"runs": runs},
    ).fetchall()
    return {
        (name, rule): [trend_word(r["state"], r["failed"]) for r in said]
        for name, rule, said in rows
    }


def trend_word(state: str, failed: int) -> str:
    """One run in a trend: how many failed, or that the check could not run."""
    return "error" if state == "error" else str(failed)


def table_names(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Every table of the warehouse, as schema.table."""
    rows = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
    ).fetchall()
    return {name for (name,) in rows}


def count_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows of a table."""
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0
