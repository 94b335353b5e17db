"""Building a model: beside the old table, contract checked, then swapped in one transaction.

Belongs here: materialising one Model and splitting broken rows of staging into quarantine.
Doesn't: order (catalog.py), suites (expectations), orchestration (assets).
A build that fails leaves yesterday's table as it was.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from warehouse.catalog import Model
from warehouse.errors import ContractError
from warehouse.lineage import column_lineage
from warehouse.privacy import column_labels, record_labels, without_values
from warehouse.quarantine import RowRule, Share, quoted, refuse_too_many, write_quarantine
from warehouse.state import next_event

__all__ = ["STAGING_COLUMNS", "BuildResult", "RowRule", "build_model", "prune_tables"]

# With a pinned clock two loads bear the same time; a later batch's name sorts later.
NEWEST_FIRST = "_version_at desc, _loaded_at desc, _batch_id desc, _page_no desc, _row_no desc"
QueryOf = Callable[[duckdb.DuckDBPyConnection, Model], str]
STAGING_COLUMNS: Mapping[str, str] = {
    "_cast_errors": "Trường không đọc được. Fields whose text could not be cast.",
    "_version_at": "Thời điểm của phiên bản. Source time of this version.",
    "_batch_id": "Lô nguồn. Source batch.",
    "_page_no": "Trang trong lô. Page in the batch.",
    "_row_no": "Dòng trong trang. Row in the page.",
    "_loaded_at": "Thời điểm nạp. When it was loaded.",
}


@dataclass(frozen=True)
class BuildResult:
    """What a build made; `columns` maps name to database type in table order."""

    table: str
    rows: int
    seconds: float
    columns: Mapping[str, str]
    lineage: Mapping[str, list[tuple[str, str]]] = field(default_factory=dict)
    share: Share | None = None

    @property
    def quarantined(self) -> int:
        """Rows that wait in quarantine for a correction."""
        return self.share.waiting if self.share else 0


def build_model(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    rules: Sequence[RowRule] = (),
    cap: float | None = None,
    query_of: QueryOf | None = None,
) -> BuildResult:
    """Materialise a model; for staging, rows that break one of `rules` go to quarantine.

    Args:
        connection: the open warehouse.
        model: what to build.
        rules: critical row rules.
        cap: the share of rows (0 to 1) that may wait in quarantine; None for no cap.
        query_of: another engine's answer to the model's query, as a query; None for the model's own.

    Raises:
        ContractError: columns or grain differ from the header; the old table still stands.
        QuarantineError: too many rows are in quarantine; they are there to see, the old table stands.
    """
    started = time.perf_counter()
    fresh = f"{model.schema}.{model.name}__new"
    connection.execute(f"drop table if exists {fresh}")
    share = None
    try:
        with without_values(f"Building {model.table}"):
            if model.keep:
                share = _stage(connection, model, fresh, rules)
                refuse_too_many(share, cap)
            else:
                query = query_of(connection, model) if query_of else model.query
                connection.execute(f"create table {fresh} as {query}")
        known = _columns_of(connection, [*model.depends_on, fresh])
        columns = _check_columns(model, known.pop(fresh))
        _check_grain(connection, model, fresh)
        privacy = column_labels(connection, model, known)
    except BaseException:
        connection.execute(f"drop table if exists {fresh}")
        connection.execute("drop table if exists temp.typed")
        raise
    fingerprint, lineage = _lineage(connection, model, known)
    rows = _swap(connection, model, fresh, columns, lineage, fingerprint, privacy)
    return BuildResult(model.table, rows, time.perf_counter() - started, columns, lineage, share)


def _lineage(
    connection: duckdb.DuckDBPyConnection, model: Model, known: Mapping[str, Mapping[str, str]]
) -> tuple[str, Mapping[str, list[tuple[str, str]]]]:
    """The model's lineage, walked again only when its query or the columns it reads have changed."""
    fingerprint = hashlib.sha256(repr((model.query, sorted(known.items()))).encode()).hexdigest()
    row = connection.execute(
        "select fingerprint from meta.table_doc where table_name = ?", [model.table]
    ).fetchone()
    if row is None or row[0] != fingerprint:
        return fingerprint, column_lineage(model, known)
    found: dict[str, list[tuple[str, str]]] = {}
    edges = connection.execute(
        "select column_name, source_table, source_column from meta.lineage where table_name = ? order by all",
        [model.table],
    ).fetchall()
    for column, table, source in edges:
        found.setdefault(column, []).append((table, source))
    return fingerprint, found


def prune_tables(connection: duckdb.DuckDBPyConnection, keep: frozenset[str]) -> list[str]:
    """Drop the staging, core and marts tables whose file is gone; returns their names."""
    rows = connection.execute(
        """
        select table_schema || '.' || table_name from information_schema.tables
        where table_schema in ('seeds', 'staging', 'core', 'marts') order by 1
        """
    ).fetchall()
    gone = [name for (name,) in rows if name not in keep]
    for name in gone:
        connection.execute(f"drop table {name}")
    return gone


def _stage(
    connection: duckdb.DuckDBPyConnection, model: Model, fresh: str, rules: Sequence[RowRule]
) -> Share:
    """Split the typed rows: what breaks a rule goes to quarantine, the rest is staged."""
    broken_rules = ", ".join(
        f"case when {rule.breaks_sql} then '{quoted(rule.rule)}' end" for rule in rules
    )
    verdict = (
        f"list_filter([{broken_rules}], lambda rule: rule is not null)"
        if rules
        else "cast([] as varchar[])"
    )
    connection.execute(
        f"create or replace temp table typed as select *, {verdict} as _rules from ({model.query}\n) as typed"
    )
    newest = ""
    if model.keep == "newest":
        grain = ", ".join(model.grain)
        newest = f"""qualify row_number() over (
            partition by {grain} order by {NEWEST_FIRST}) = 1"""
    connection.execute(
        f"create table {fresh} as select * exclude (_rules) from temp.typed where len(_rules) = 0 {newest}"
    )
    share = write_quarantine(connection, model, fresh, rules)
    connection.execute("drop table temp.typed")
    return share


def _check_columns(model: Model, found: Mapping[str, str]) -> dict[str, str]:
    promised = {**model.columns, **(STAGING_COLUMNS if model.schema == "staging" else {})}
    missing = [name for name in promised if name not in found]
    extra = [name for name in found if name not in promised]
    if missing or extra:
        raise ContractError(
            f"{model.path}: the query lacks the columns {missing} and has the undocumented {extra}; "
            "bring query and header together."
        )
    return dict(found)


def _check_grain(connection: duckdb.DuckDBPyConnection, model: Model, fresh: str) -> None:
    if not model.grain:
        return
    key = ", ".join(f'"{name}"' for name in model.grain)
    row = connection.execute(
        f"select count(*) from (select 1 from {fresh} group by {key} having count(*) > 1)"
    ).fetchone()
    if row and row[0]:
        raise ContractError(
            f"{model.path}: {row[0]} values of its grain ({key}) occur more than once; mend the query."
        )


def _columns_of(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[str] | frozenset[str]
) -> dict[str, dict[str, str]]:
    # Asked table by table: the list of all columns is made anew for each question, which takes longer.
    return {
        table: {name: kind for name, kind, *_ in connection.execute(f"describe {table}").fetchall()}
        for table in sorted(tables)
    }


def _swap(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    fresh: str,
    columns: Mapping[str, str],
    lineage: Mapping[str, list[tuple[str, str]]],
    fingerprint: str,
    privacy: tuple[str, Mapping[str, str]],
) -> int:
    labels = {**STAGING_COLUMNS, **model.columns}
    row = connection.execute(f"select count(*) from {fresh}").fetchone()
    rows = int(row[0]) if row else 0
    connection.execute("begin")
    try:
        connection.execute(f"drop table if exists {model.table}")
        connection.execute(f'alter table {fresh} rename to "{model.name}"')
        connection.execute("; ".join(_comments(model, columns, labels)))
        _document(connection, model, columns, labels, lineage, [rows, fingerprint])
        record_labels(connection, model.table, privacy)
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return rows


def _comments(model: Model, columns: Mapping[str, str], labels: Mapping[str, str]) -> Iterator[str]:
    yield f"comment on table {model.table} is '{quoted(model.description)}'"
    for name in columns:
        yield f"comment on column {model.table}.\"{name}\" is '{quoted(labels[name])}'"


def _document(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    columns: Mapping[str, str],
    labels: Mapping[str, str],
    lineage: Mapping[str, list[tuple[str, str]]],
    built: Sequence[int | str],
) -> None:
    rows, fingerprint = built
    number = next_event(connection)
    for table in ("column_doc", "table_doc", "lineage"):
        connection.execute(f"delete from meta.{table} where table_name = ?", [model.table])
    connection.execute(
        "insert into meta.column_doc select $table, unnest($names), unnest($kinds), unnest($labels)",
        {
            "table": model.table,
            "names": list(columns),
            "kinds": list(columns.values()),
            "labels": [labels[name] for name in columns],
        },
    )
    connection.execute(
        "insert into meta.table_doc by name select ? as table_name, ? as description, ? as grain, "
        "? as row_count, now() as built_at, ? as fingerprint, ? as event_no",
        [model.table, model.description, ", ".join(model.grain), rows, fingerprint, number],
    )
    edges = [(name, *source) for name, found in lineage.items() for source in found]
    if edges:
        names, tables, sources = zip(*edges, strict=True)
        connection.execute(
            "insert into meta.lineage select $table, unnest($names), unnest($tables), unnest($sources)",
            {
                "table": model.table,
                "names": list(names),
                "tables": list(tables),
                "sources": list(sources),
            },
        )
