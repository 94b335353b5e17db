"""What of a night must come out equal, and what must hold after any night (I1–I6).

Belongs here: hashes of published and raw tables, invariants against the systems' truth. Doesn't: running
a night (quick_night.py).
"""

import datetime as dt
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import duckdb

KINDS = ("inserted", "updated", "unchanged", "stale", "duplicate")
VOLATILE_TABLES = {"meta.publication", "meta.reconciliation"}


def published_content(home: Path) -> dict[str, str]:
    """A hash of every published table, without what tells of loads and versions."""
    with duckdb.connect(str(home / "published" / "kpi.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
        tables = connection.execute(
            "select schema_name || '.\"' || table_name || '\"' from duckdb_tables()"
        ).fetchall()
        return {
            table: _digest(connection, table)
            for (table,) in tables
            if table.replace('"', "") not in VOLATILE_TABLES
        }


def raw_content(home: Path, entities: Collection[str] = ()) -> dict[str, str]:
    """A hash of the raw tables' versions (of all entities, or these) and of the deletions: all that figures hang on."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
        tables = connection.execute(
            "select 'raw.' || table_name from duckdb_tables() where schema_name = 'raw'"
        ).fetchall()
        found = {
            table: _digest(connection, table)
            for (table,) in tables
            if not entities or table.split("__")[1] in entities
        }
        keys = connection.execute("select entity, key from meta.deletion order by all").fetchall()
        return {**found, "meta.deletion": repr(keys)}


def _digest(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    columns = [row[0] for row in connection.execute(f"describe {table}").fetchall()]
    # A case number is random in each version, so that it leads to nobody.
    kept = [c for c in columns if c != "case_no" and (not c.startswith("_") or c == "_version_at")]
    # A list without a change time takes the time of reading, which differs from run to run.
    if table.startswith("raw.") and not {"updated_at", "submitted_at", "changed_at"} & set(columns):
        kept.remove("_version_at")
    listed = ", ".join(f'"{name}"' for name in kept)
    # In the database: as Python objects the figures of a night would take longer than the night.
    rows = connection.execute(
        "select count(*), sum(md5_number_lower(cast(one as varchar))), "
        "sum(md5_number_upper(cast(one as varchar))) "
        f"from (select distinct {listed} from {table}) as one"
    ).fetchall()
    return repr(rows)


def check_invariants(
    home: Path, truth: Mapping[str, list[dict[str, Any]]], entities: Collection[str] = ()
) -> None:
    """I1–I5 on the restricted store, against what the systems hold for true."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        ask = connection.execute
        listed = {"cases": ("cases__case", "case_code", "updated_at"),
                  "ratings": ("ratings__rating", "rating_id", "submitted_at"),
                  "submissions": ("services__submission", "submission_id", "changed_at"),
                  "services": ("services__service", "service_id", None)}  # fmt: skip
        listed = {
            n: t for n, t in listed.items() if not entities or t[0].split("__")[1] in entities
        }
        for name, (table, key, version) in listed.items():
            newest = dict(
                ask(
                    f"select {key}, max(_version_at) from raw.{table} where {key} not in "
                    "(select key from meta.deletion) group by all"
                ).fetchall()
            )
            lost = {row[key] for row in truth[name]} - newest.keys()
            assert not lost, f"I1: {name} lost {sorted(lost)[:5]}"
            for row in truth[name] if version else ():
                assert newest[row[key]] == dt.datetime.fromisoformat(row[version]), (
                    f"I3: {row[key]}"
                )
            twice = ask(
                f"select {key} from raw.{table} group by {key}, _version_at, _content_hash "
                "having count(*) > 1"
            ).fetchall()
            assert not twice, f"I2: {name} doubled {twice[:5]}"
        for row in ask(
            f"select batch_id, fetched, {' + '.join(KINDS)} as kinds from meta.batch"
        ).fetchall():
            assert row[1] == row[2], f"I4: {row}"
        for table in [table for table, _, version in listed.values() if version]:
            cursor_at, newest_at = ask(
                "select (select cursor_at from meta.cursor where system || '__' || entity = ?), "
                f"(select max(_version_at) from raw.{table})",
                [table],
            ).fetchall()[0]
            assert cursor_at <= newest_at, f"I5: {table}"


def check_published(home: Path, versions: set[str]) -> dict[str, str]:
    """I6: the link leads to one whole version of these, or nothing has been published yet; its content."""
    link = home / "published" / "current"
    if not link.is_symlink():
        assert not versions
        return {}
    assert link.readlink().name in versions
    assert not list((home / "published").glob("versions/[!.]*/*.wal"))
    content = published_content(home)
    assert content
    return content
