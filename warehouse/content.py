"""What a table holds, as one short text: equal texts mean equal rows, whatever their order.

Belongs here: making, keeping and forgetting these texts. Doesn't: what is left undone because of them
(build.py, the checks' runner). Whatever changes rows by another way than a build forgets all of them.

A built table's text is kept with the build; that of any other (raw, seeds, quarantine, state) is made from its
rows when it is asked for.
"""

from collections.abc import Iterable, Sequence

import duckdb

TABLE = "meta.table_content"
# What tells two raw rows apart; the texts that came are long, and _content_hash stands for them.
_RAW_IDENTITY = "_batch_id, _page_no, _row_no, _content_hash, _version_at, _loaded_at, _load_kind"


def contents(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> dict[str, str]:
    """The content of each of `tables`; one that doesn't stand is left out, and nothing may rest on it."""
    wanted = sorted(set(tables))
    found: dict[str, str] = dict(
        connection.execute(
            f"select table_name, content from {TABLE} where list_contains($tables, table_name)",
            {"tables": wanted},
        ).fetchall()
    )
    for table in wanted:
        if table not in found:
            try:
                found[table] = made_of(connection, table)
            except duckdb.CatalogException:
                continue
    return found


def made_of(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str] | None = None
) -> str:
    """The content of a table's rows as they stand, or of some of its columns."""
    if columns is None and table.startswith("raw."):
        whole = f"row({_RAW_IDENTITY})"
    else:
        whole = f"row({', '.join(columns)})" if columns else "t"
    row = connection.execute(
        f"select count(*), bit_xor(hash({whole})), sum(hash({whole})) from {table} as t"
    ).fetchone()
    return ":".join(str(part) for part in row) if row else ""


def keep_content(
    connection: duckdb.DuckDBPyConnection, table: str, content: str, built_from: str = ""
) -> None:
    """Keep a table's content and what it was built from, in the caller's transaction if there is one."""
    connection.execute(f"delete from {TABLE} where table_name = ?", [table])
    connection.execute(f"insert into {TABLE} values (?, ?, ?)", [table, content, built_from])


def forget_contents(connection: duckdb.DuckDBPyConnection, table: str | None = None) -> None:
    """Take nothing for known any more, of one table or of all: the next night builds and asks again."""
    connection.execute(f"delete from {TABLE} where table_name = coalesce(?, table_name)", [table])
