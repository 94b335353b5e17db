"""Building a model: what hasn't changed stands; the rest is made, its contract checked, and swapped in.

Belongs here: materialising one Model, splitting broken rows of staging into quarantine, and leaving a table as
it is when everything that it was built from is what it was. Doesn't: order (catalog.py), suites (expectations),
what is written down of a table (documents.py), orchestration (assets).
A build that fails leaves yesterday's table as it was.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb

from warehouse.catalog import Model
from warehouse.content import contents, keep_content, made_of
from warehouse.documents import STAGING_COLUMNS, Built, Documents
from warehouse.errors import ContractError
from warehouse.privacy import without_values
from warehouse.quarantine import (
    RowRule,
    Share,
    quoted,
    refuse_too_many,
    share_of,
    write_quarantine,
)
from warehouse.state import count_rows, table_names

__all__ = ["STAGING_COLUMNS", "BuildResult", "Builder", "RowRule", "build_model", "prune_tables"]

# With a pinned clock two loads bear the same time; a later batch's name sorts later.
NEWEST_FIRST = "_version_at desc, _loaded_at desc, _batch_id desc, _page_no desc, _row_no desc"
LARGE = 200_000
CONTEXT = "meta.run_context"
CONTEXT_COLUMNS = ("as_of_at", "as_of_on", "centre_code", "run_id", "data_as_of")
# A query that asks the session has inputs that no table holds.
_ASKS_SESSION = ("getvariable", "person_hash", "current_date", "now(")
QueryOf = Callable[[duckdb.DuckDBPyConnection, Model], str]


@dataclass(frozen=True)
class BuildResult:
    """What a build made; `columns` maps name to database type in table order.

    `is_carried` says that the table stands as an earlier run built it from the same inputs.
    """

    table: str
    rows: int
    seconds: float
    columns: Mapping[str, str]
    lineage: Mapping[str, list[tuple[str, str]]] = field(default_factory=dict)
    share: Share | None = None
    is_carried: bool = False

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
    """Materialise one model, whatever stands; see Builder.build."""
    return Builder(connection, carries=False).build(model, rules, cap, query_of)


class Builder:
    """Builds the models of one run on one connection; what it has read of other tables it remembers.

    `carries` leaves a table as it is where everything that it was built from is what it was.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, carries: bool = True) -> None:
        self.connection = connection
        self.carries = carries
        self.documents = Documents(connection)
        self._standing = table_names(connection)
        self._given: dict[str, str] = {}

    def build(
        self,
        model: Model,
        rules: Sequence[RowRule] = (),
        cap: float | None = None,
        query_of: QueryOf | None = None,
    ) -> BuildResult:
        """Materialise a model; for staging, rows that break one of `rules` go to quarantine.

        Args:
            model: what to build.
            rules: critical row rules.
            cap: the share of rows (0 to 1) that may wait in quarantine; None for no cap.
            query_of: another engine's answer to the model's query, as a query; None for the model's own.

        Raises:
            ContractError: columns or grain differ from the header; the old table still stands.
            QuarantineError: too many rows are in quarantine; they are there to see, the old table stands.
        """
        started = time.perf_counter()
        # Another engine keeps its own copy of each table for those that come after.
        built_from = "" if query_of or not self.carries else self._inputs(model, rules)
        is_carried = bool(built_from) and self._built_from(model.table) == built_from
        share = None
        if model.keep:
            share = self._split(model, rules, cap, built_from, is_carried=is_carried)
        elif not is_carried:
            self._replace(model, query_of, built_from)
        return BuildResult(
            table=model.table,
            rows=self.documents.rows(model.table),
            seconds=time.perf_counter() - started,
            columns=self.documents.stands_as(model.table),
            lineage=self.documents.lineage(model.table),
            share=share,
            is_carried=is_carried,
        )

    def _split(
        self,
        model: Model,
        rules: Sequence[RowRule],
        cap: float | None,
        built_from: str,
        *,
        is_carried: bool,
    ) -> Share:
        """Stage a table, or find its share in quarantine as it stands; refuse a share over the cap."""
        if is_carried:
            share = share_of(self.connection, model.table, model.table)
            refuse_too_many(share, cap)
            return share
        fresh = f"{model.schema}.{model.name}__new"
        # Quarantine is rewritten before the swap: a night that dies between must build again.
        keep_content(self.connection, model.table, "")
        self.connection.execute(f"drop table if exists {fresh}")
        try:
            with without_values(f"Building {model.table}"):
                share = _stage(self.connection, model, fresh, rules)
                refuse_too_many(share, cap)
            with self._transaction():
                self.connection.execute(f"drop table if exists {model.table}")
                self.connection.execute(f'alter table {fresh} rename to "{model.name}"')
                self._accept(model, built_from)
        finally:
            self.connection.execute(f"drop table if exists {fresh}")
            self.connection.execute("drop table if exists temp.typed")
        return share

    def _replace(self, model: Model, query_of: QueryOf | None, built_from: str) -> None:
        query = query_of(self.connection, model) if query_of else model.query
        with self._transaction():
            with without_values(f"Building {model.table}"):
                self.connection.execute(f"create or replace table {model.table} as {query}")
            self._accept(model, built_from)

    def _accept(self, model: Model, built_from: str) -> None:
        """Check what was made against its contract and write its papers, inside the swap's transaction."""
        self.documents.forget_columns(model.table)
        columns = _check_columns(model, self.documents.columns(model.table))
        _check_grain(self.connection, model)
        rows = count_rows(self.connection, model.table)
        # What a large table was built from tells its content as well, and costs no look at its rows.
        is_large = rows > LARGE and built_from
        content = f"from {built_from}" if is_large else made_of(self.connection, model.table)
        self.documents.write(model, Built(rows, columns, content, built_from))
        self._given[model.table] = content

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("begin")
        try:
            yield
            self.connection.execute("commit")
        except BaseException:
            _roll_back(self.connection)
            # What it remembers of the table may be of the build that is gone.
            self.documents = Documents(self.connection)
            self._given.clear()
            raise

    def _built_from(self, table: str) -> str:
        """What the standing table was built from; empty where that isn't known or it doesn't stand."""
        if table not in self._standing:
            return ""
        row = self.connection.execute(
            "select c.built_from from meta.table_content as c join meta.table_doc as d using (table_name) "
            "where c.table_name = ?",
            [table],
        ).fetchone()
        return str(row[0] or "") if row else ""

    def _inputs(self, model: Model, rules: Sequence[RowRule]) -> str:
        """All that a build depends on, as one text; empty where something of it isn't known."""
        texts = (model.query, *(rule.breaks_sql for rule in rules))
        if any(word in text for text in texts for word in _ASKS_SESSION):
            return ""
        read = {*model.depends_on, *(table for rule in rules for table in rule.reads)}
        given = self._contents(read, texts)
        if given.keys() != read:
            return ""
        said = (
            _own_code(), duckdb.__version__, model.macros, model.query, model.description, model.grain,
            tuple(model.columns.items()), model.keep, model.publish, sorted(model.labels.by_name.items()),
            [(rule.rule, rule.reason_vi, rule.breaks_sql) for rule in rules], sorted(given.items()),
        )  # fmt: skip
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def _contents(self, read: set[str], texts: Sequence[str]) -> dict[str, str]:
        # State is written while a night runs; what was loaded or built before this model isn't.
        asked = {table for table in read if table not in self._given or table.startswith("meta.")}
        self._given |= contents(self.connection, asked - {CONTEXT})
        given = {table: self._given[table] for table in read if table in self._given}
        if CONTEXT in read:
            # Its one row is another every night; most queries read a day or the Centre's code of it.
            named = [column for column in CONTEXT_COLUMNS if any(column in text for text in texts)]
            given[CONTEXT] = made_of(self.connection, CONTEXT, named or CONTEXT_COLUMNS)
        return given


@cache
def _own_code() -> str:
    """The text of what builds, so that another release builds anew."""
    here = Path(__file__).parent
    names = ("build.py", "quarantine.py", "documents.py")
    return hashlib.sha256(b"".join((here / name).read_bytes() for name in names)).hexdigest()


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    """Roll back without hiding the first error: a failed statement may have closed the transaction."""
    try:
        connection.execute("rollback")
    except duckdb.TransactionException:
        return


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
        connection.execute("delete from meta.table_content where table_name = ?", [name])
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
    return write_quarantine(connection, model, fresh, rules)


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


def _check_grain(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    if not model.grain:
        return
    key = ", ".join(f'"{name}"' for name in model.grain)
    row = connection.execute(
        f"select count(*) from (select 1 from {model.table} group by {key} having count(*) > 1)"
    ).fetchone()
    if row and row[0]:
        raise ContractError(
            f"{model.path}: {row[0]} values of its grain ({key}) occur more than once; mend the query."
        )
