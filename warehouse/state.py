"""The warehouse's own memory: what was loaded, how far, what was checked, what was published.

Belongs here: the tables in meta that code writes (those that are queries are files in sql/meta).
Doesn't: deciding anything from them.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.connection import transaction
from warehouse.rows import rows_of

STATE_TABLES = {
    "meta.run_context": """
        as_of_at timestamptz, as_of_on date, centre_code varchar, run_id varchar, data_as_of timestamptz""",
    "meta.batch": """
        batch_id varchar, system varchar, entity varchar, window_start timestamptz, window_end timestamptz,
        source_total bigint, fetched bigint, inserted bigint, updated bigint, unchanged bigint,
        stale bigint, duplicate bigint, deleted bigint, loaded_at timestamptz, run_id varchar, arrival_no bigint""",
    "meta.cursor": """
        system varchar, entity varchar, cursor_at timestamptz, read_to timestamptz, batch_id varchar,
        updated_at timestamptz""",
    "meta.drift": """
        system varchar, entity varchar, field varchar, kind varchar, row_count bigint,
        batch_id varchar, seen_at timestamptz""",
    "meta.deletion": """
        system varchar, entity varchar, key varchar, deleted_at timestamptz, batch_id varchar""",
    "meta.deletion_log": """
        system varchar, entity varchar, key varchar, event varchar, noted_at timestamptz, batch_id varchar""",
    "meta.published_value": """
        version varchar, kpi_id varchar, variant varchar, period_kind varchar, period_start date,
        agency_code varchar, numerator bigint, denominator bigint, publication_no bigint""",
    "meta.published_context": """
        version varchar, as_of_at timestamptz, as_of_on date, centre_code varchar, fingerprint varchar,
        known_at timestamptz, publication_no bigint, arrival_no bigint""",
    "meta.rule_set": "fingerprint varchar, kept_at timestamptz, body varchar",
    "meta.quarantine_tally": """
        table_name varchar, batch_id varchar, load_kind varchar, rule varchar, reason_vi varchar,
        row_count bigint, resolved_count bigint, is_first_rule boolean""",
    "meta.check_run": """
        run_id varchar, checked_at timestamptz, table_name varchar, rule varchar, expectation varchar,
        severity varchar, owner varchar, reason_vi varchar, reason_en varchar, evaluated bigint,
        failed bigint, state varchar, failing_keys varchar, seconds double, remedy_vi varchar,
        detail varchar, event_no bigint, fingerprint varchar, carried_from varchar""",
    "meta.publication": """
        version varchar, published_at timestamptz, data_as_of timestamptz, run_id varchar,
        code_version varchar, publication_no bigint""",
    "meta.column_doc": "table_name varchar, column_name varchar, data_type varchar, label varchar",
    "meta.table_doc": """
        table_name varchar, description varchar, grain varchar, row_count bigint, built_at timestamptz,
        fingerprint varchar, event_no bigint""",
    "meta.table_content": "table_name varchar, content varchar, built_from varchar, as_of_at timestamptz",
    "meta.lineage": """
        table_name varchar, column_name varchar, source_table varchar, source_column varchar""",
    "meta.erasure": """
        tombstone varchar, erased_at timestamptz, document_no varchar, landing_records bigint,
        originals bigint, warehouse_rows bigint""",
    "meta.person_key": "key_id varchar, since timestamptz, retired_at timestamptz",
    "meta.column_label": """
        table_name varchar, column_name varchar, label varchar, fingerprint varchar""",
}
# State that is published, with the comments that its columns carry there.
PUBLISHED_STATE: Mapping[str, Mapping[str, str]] = {
    "meta.publication": {
        "version": "Bản công bố. Version.",
        "published_at": "Công bố lúc. Published.",
        "data_as_of": "Dữ liệu đến. Data as of.",
        "run_id": "Lần chạy. Run.",
        "code_version": "Bản phần mềm. Version of the program.",
        "publication_no": "Số thứ tự công bố, mới nhất là lớn nhất. Number of the publication; the newest is largest.",
    },
    "meta.column_doc": {
        "table_name": "Bảng. Table.",
        "column_name": "Cột. Column.",
        "data_type": "Kiểu dữ liệu. Type.",
        "label": "Nhãn. Label.",
    },
    "meta.lineage": {
        "table_name": "Bảng. Table.",
        "column_name": "Cột. Column.",
        "source_table": "Bảng nguồn. Table it comes from.",
        "source_column": "Cột nguồn. Column it comes from.",
    },
}


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
        for table, columns in STATE_TABLES.items():
            connection.execute(f"create table if not exists {table} ({columns})")
            for column in columns.split(","):
                connection.execute(f"alter table {table} add column if not exists {column.strip()}")
            for column, label in PUBLISHED_STATE.get(table, {}).items():
                connection.execute(f"comment on column {table}.{column} is '{label}'")


def set_run_context(connection: duckdb.DuckDBPyConnection, context: RunContext) -> None:
    """Write the one row of meta.run_context; data_as_of is the oldest of the sources' last reads."""
    connection.execute("delete from meta.run_context")
    connection.execute(
        """
        insert into meta.run_context
        select
            $as_of::timestamptz, cast($as_of::timestamptz as date), $centre, $run_id,
            coalesce((select least(min(read_to), $as_of::timestamptz) from meta.cursor
                      where system <> 'drops'), $as_of::timestamptz)
        """,
        {"as_of": context.as_of, "centre": context.centre_code, "run_id": context.run_id},
    )


def cursor_of(
    connection: duckdb.DuckDBPyConnection, system: str, entity: str
) -> dt.datetime | None:
    """The newest committed source time of an entity, or None before its first load."""
    row = connection.execute(
        "select cursor_at from meta.cursor where system = ? and entity = ?", [system, entity]
    ).fetchone()
    return row[0] if row else None


def record_checks(
    connection: duckdb.DuckDBPyConnection, run_id: str, rows: Iterable[dict[str, object]]
) -> None:
    """Append one row an evaluated rule to meta.check_run (history is kept)."""
    given = list(rows)
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
