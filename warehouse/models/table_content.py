"""What a table holds, as one short text: equal texts mean equal rows, whatever their order.

Belongs here: making, keeping and forgetting these texts. Doesn't: what is left undone because of them
(build.py, the checks' runner). Whatever changes rows by another way than a build forgets all of them.

A built table's text is kept with the build; that of any other (raw, seeds, quarantine, state) is made from its
rows when it is asked for. Different texts may mean equal rows: then something is done that needn't be.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence

import duckdb

TABLE = "meta.table_content"
# What tells two raw rows apart; the texts that came are long, and _content_hash stands for them.
_RAW_IDENTITY = (
    "_batch_id", "_page_no", "_row_no", "_content_hash", "_version_at", "_loaded_at", "_load_kind",
)  # fmt: skip


def contents(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> dict[str, str]:
    """The content of each of `tables`; one that doesn't stand is left out, and nothing may rest on it."""
    wanted = sorted(set(tables))
    found: dict[str, str] = dict(
        connection.execute(
            f"select table_name, content from {TABLE} where content <> '' and list_contains($tables, table_name)",
            {"tables": wanted},
        ).fetchall()
    )
    for table in wanted:
        if table not in found:
            try:
                is_raw = table.startswith("raw.")
                found[table] = (
                    raw_content(connection, table) if is_raw else made_of(connection, table)
                )
            except duckdb.CatalogException:
                continue
    return found


def made_of(
    connection: duckdb.DuckDBPyConnection, rows: str, columns: Sequence[str] | None = None
) -> str:
    """The content of a table's rows as they stand, or of some of its columns; `rows` may be a subquery."""
    whole = f"row({', '.join(columns)})" if columns else "t"
    row = connection.execute(
        f"select count(*), bit_xor(hash({whole})), sum(hash({whole})) from {rows} as t"
    ).fetchone()
    return ":".join(str(part) for part in row) if row else ""


def raw_content(connection: duckdb.DuckDBPyConnection, table: str, upto: int | None = None) -> str:
    """The content of a raw table's first rows (of all without `upto`), and behind which row they end."""
    if upto is None:
        row = connection.execute(f"select 1 + coalesce(max(rowid), -1) from {table}").fetchone()
        upto = int(row[0]) if row else 0
    first = f"(from {table} where rowid < {upto})"
    return f"{upto}@{made_of(connection, first, _RAW_IDENTITY)}"


def raw_end(content: str) -> int:
    """Behind which row the rows of a raw table's content end."""
    return int(content.partition("@")[0])


def next_content(before: str, gone: str, come: str) -> str:
    """The content of a table in which some rows took the place of others; the same where they are equal."""
    if gone == come:
        return before
    return "then " + digest(f"{before}|{gone}|{come}")


def digest(text: str) -> str:
    """A long text in short: half as long as a person's hash, so that nobody looking for those finds these."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def keep_content(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    content: str,
    built_from: str = "",
    as_of: dt.datetime | None = None,
) -> None:
    """Keep a table's content, what it was built from and the as-of it is right for, in the caller's transaction."""
    connection.execute(f"delete from {TABLE} where table_name = ?", [table])
    connection.execute(
        f"insert into {TABLE} values (?, ?, ?, ?)", [table, content, built_from, as_of]
    )


def forget_contents(connection: duckdb.DuckDBPyConnection) -> None:
    """Take nothing for known any more: the next night builds and asks everything again."""
    connection.execute(f"delete from {TABLE}")
