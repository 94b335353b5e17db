"""Stamps that a wrong clock left in the future: pulled back to the present, in the order they were made.

Belongs here: the times that we ourselves give to loads, readings, cursors and deletions. Doesn't: what sources
say of their own records (the rules judge that), publications and checks (they are ordered by number).

One run under a clock that is a year ahead stamps what it loads with next year. Later readings of a register
would then be older than it, a key sweep not due, a deletion newer than the case that came back, for a year. All
we know of such a stamp is that it was made before now, and in which order; so that is what is kept of it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

import duckdb

from warehouse.pages import RawShape

# So many rows that sources themselves date so much later than our clock: then it is the clock that is behind.
ROWS_OF_PROOF = 10
LEAD_OF_PROOF = dt.timedelta(days=1)
_OURS = (
    ("meta.batch", "loaded_at"),
    ("meta.drift", "seen_at"),
    ("meta.deletion", "deleted_at"),
    ("meta.deletion_log", "noted_at"),
    ("meta.cursor", "updated_at"),
    ("meta.published_context", "known_at"),
)
_READ = (("meta.cursor", "cursor_at"), ("meta.cursor", "read_to"))


def pull_back(
    connection: duckdb.DuckDBPyConnection,
    now: dt.datetime,
    shapes: Mapping[str, RawShape],
    machine: dt.datetime | None = None,
) -> dt.datetime | None:
    """Pull stamps that lie after every clock's present back to just before `now`; the latest that was found.

    `now` is the run's clock, and `machine` that of the machine (by default its own): a pinned one in the past
    isn't taken for the present. Where sources date their own rows later too, the clock is behind and the stamps
    are right, so nothing is touched.
    """
    latest = max(now, machine or dt.datetime.now(dt.UTC))
    present = _present_tables(connection)
    stamps = [(table, column) for table, column in _stamps(shapes) if table in present]
    found = connection.execute(
        f"select max(claimed) from ({_later([*stamps, *_READ], '>')})", {"latest": latest}
    ).fetchone()
    if found is None or found[0] is None or _is_behind(connection, latest, shapes, present):
        return None
    connection.execute("begin")
    try:
        connection.execute(
            f"""
            create or replace temp table believed as
            select claimed, $now::timestamptz - to_microseconds(row_number() over (order by claimed desc)) as believed
            from ({_later(stamps, ">=")})
            """,
            # What an earlier correction put just before this very moment moves along.
            {"latest": latest - dt.timedelta(seconds=1), "now": now},
        )
        _mend_files(connection, latest, shapes, present)
        _mend_cursors(connection, latest, now)
        for table, column in stamps:
            connection.execute(
                f'update {table} set "{column}" = b.believed '
                f'from temp.believed as b where {table}."{column}" = b.claimed'
            )
        connection.execute("drop table temp.believed")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    latest_claimed: dt.datetime = found[0]
    return latest_claimed


def _later(stamps: Sequence[tuple[str, str]], than: str) -> str:
    return " union ".join(
        f'select "{column}" as claimed from {table} where "{column}" {than} $latest'
        for table, column in stamps
    )


def _present_tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
    ).fetchall()
    return {name for (name,) in rows}


def _stamps(shapes: Mapping[str, RawShape]) -> list[tuple[str, str]]:
    """Tables and columns whose times are ours; a system's own change time is the system's affair."""
    raw = [(table, "_loaded_at") for table in shapes]
    read = [(table, "_version_at") for table, shape in shapes.items() if not shape.version_field]
    return [*_OURS, *raw, *read]


def _is_behind(
    connection: duckdb.DuckDBPyConnection,
    latest: dt.datetime,
    shapes: Mapping[str, RawShape],
    present: set[str],
) -> bool:
    dated = [t for t, s in shapes.items() if s.version_field and not s.is_file and t in present]
    if not dated:
        return False
    rows = " union all ".join(f"select _version_at from {table}" for table in dated)
    row = connection.execute(
        f"select count(*) from ({rows}) where _version_at > $latest",
        {"latest": latest + LEAD_OF_PROOF},
    ).fetchone()
    return row is not None and row[0] >= ROWS_OF_PROOF


def _mend_files(
    connection: duckdb.DuckDBPyConnection,
    latest: dt.datetime,
    shapes: Mapping[str, RawShape],
    present: set[str],
) -> None:
    """A file's time, which its rows carry as their version, goes with the time at which it was loaded."""
    for table, shape in shapes.items():
        if shape.is_file and shape.version_field and table in present:
            connection.execute(
                f"""
                update {table} set _version_at = b.believed, "{shape.version_field}" = cast(b.believed as varchar)
                from temp.believed as b
                where {table}._loaded_at = b.claimed and {table}._version_at > $latest
                """,
                {"latest": latest},
            )


def _mend_cursors(
    connection: duckdb.DuckDBPyConnection, latest: dt.datetime, now: dt.datetime
) -> None:
    """How far a source was really read nobody knows: to its newest row, or, where that is no time either, nowhere."""
    connection.execute(
        "update meta.cursor set cursor_at = null where cursor_at > $latest", {"latest": latest}
    )
    connection.execute(
        "update meta.cursor set read_to = least(coalesce(cursor_at, $now), $now) where read_to > $latest",
        {"latest": latest, "now": now},
    )
