"""Building a model: what hasn't changed stands; the rest is made, its contract checked, and swapped in.

Belongs here: materialising one Model, whole or in part, splitting broken rows of staging into quarantine, leaving a
table as it is. Doesn't: order (catalog.py), suites (expectations), which part is enough (renewal.py), what is written
down of a table (documents.py), orchestration (assets).
A build that fails leaves yesterday's table as it was.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import duckdb

from common import quoting
from warehouse.errors import ContractError
from warehouse.models.catalog import Model
from warehouse.models.documents import STAGING_COLUMNS, Built, Documents
from warehouse.models.headers import differences
from warehouse.models.inputs import InputReader, Inputs, Kept
from warehouse.models.privacy import without_values
from warehouse.models.quarantine import (
    RowRule,
    Share,
    refuse_too_many,
    share_of,
    write_quarantine,
)
from warehouse.models.renewal import NIGHT_CASE, VERSIONS, Renewal
from warehouse.models.table_content import digest, keep_content, made_of, next_content
from warehouse.store.connection import transaction
from warehouse.store.state import count_rows, table_names

__all__ = ["STAGING_COLUMNS", "BuildResult", "Builder", "RowRule", "build_model", "prune_tables"]

# With a pinned clock two loads bear the same time; a later batch's name sorts later.
NEWEST_FIRST = "_version_at desc, _loaded_at desc, _batch_id desc, _page_no desc, _row_no desc"
# Rows from which on a look at all of them costs more than it may save.
LARGE = 200_000
Way = Literal["whole", "part", "carried"]
QueryOf = Callable[[duckdb.DuckDBPyConnection, Model], str]


@dataclass(frozen=True)
class BuildResult:
    """What a build made; `columns` maps name to database type in table order.

    `way` says whether the table was built whole, renewed in part, or carried: left as it stood.
    """

    table: str
    rows: int
    seconds: float
    columns: Mapping[str, str]
    lineage: Mapping[str, list[tuple[str, str]]] = field(default_factory=dict)
    share: Share | None = None
    way: Way = "whole"

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
    return Builder(connection).build(model, rules, cap, query_of)


class Builder:
    """Builds the models of one run on one connection; what it has read of other tables it remembers.

    Give it the run's `models` and its `as_of`, and it leaves a table as it is where all that it was built from is
    what it was, and renews a part of it where that is enough; without models it builds every table whole.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        models: Iterable[Model] | None = None,
        as_of: dt.datetime | None = None,
    ) -> None:
        self.connection = connection
        self.documents = Documents(connection)
        self.carries = models is not None
        self.inputs = InputReader(connection)
        self.renewal = Renewal(connection, as_of)
        self.renewal.know(models or ())
        self._standing = table_names(connection)

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
        now = None if query_of or not self.carries else self.inputs.of(model, rules)
        before = self.inputs.kept(model.table) if now and model.table in self._standing else None
        way, share = self._make(model, rules, cap, query_of, now, before)
        return BuildResult(
            table=model.table,
            rows=self.documents.rows(model.table),
            seconds=time.perf_counter() - started,
            columns=self.documents.stands_as(model.table),
            lineage=self.documents.lineage(model.table),
            share=share,
            way=way,
        )

    def _make(
        self,
        model: Model,
        rules: Sequence[RowRule],
        cap: float | None,
        query_of: QueryOf | None,
        now: Inputs | None,
        before: Kept | None,
    ) -> tuple[Way, Share | None]:
        """The least that makes the table what building it whole would."""
        if now and before and before.inputs == now:
            return "carried", self._leave(model, before, cap)
        if now and before and self.renewal.is_enough(model, now, before):
            if not model.grows:
                self._rekey(model, now, before)
                return "part", None
            share = self._grow(model, rules, cap, now, before)
            # None: over the cap, and the other way leaves everything to see.
            if share is not None:
                return "part", share
        if model.keep:
            return "whole", self._split(model, rules, cap, now)
        self._replace(model, query_of, now)
        return "whole", None

    def _leave(self, model: Model, before: Kept, cap: float | None) -> Share | None:
        """The table stands; its share in quarantine is held against today's cap."""
        self.renewal.was(model.table, before.content)
        if model.keyed or model.grows:
            self.connection.execute(
                "update meta.table_content set as_of_at = ? where table_name = ?",
                [self.renewal.as_of, model.table],
            )
        if not model.keep:
            return None
        share = share_of(self.connection, model.table, model.table)
        refuse_too_many(share, cap)
        return share

    def _rekey(self, model: Model, now: Inputs, before: Kept) -> None:
        table, execute = model.table, self.connection.execute
        query = self.renewal.of_cases(model)
        with without_values(f"Building {table}"):
            execute(f"create or replace temp table part as {query}")
        standing = f"(from {table} semi join {NIGHT_CASE} using (case_code))"
        gone, come = made_of(self.connection, standing), made_of(self.connection, "temp.part")
        with self._transaction():
            if gone != come:
                execute(
                    f"delete from {table} where case_code in (select case_code from {NIGHT_CASE})"
                )
                execute(f"insert into {table} by name from temp.part")
                _check_grain(self.connection, model, "temp.part")
            self._accept_part(model, now, next_content(before.content, gone, come))
        self.renewal.was(table, before.content)

    def _grow(
        self, model: Model, rules: Sequence[RowRule], cap: float | None, now: Inputs, before: Kept
    ) -> Share | None:
        """Add what new raw rows bring; None where that leaves too many in quarantine, and nothing was done."""
        table, execute = model.table, self.connection.execute
        query, parts = self.renewal.of_new_rows(model, before)
        if not any(count_rows(self.connection, part) for part in parts.values()):
            # To plan a query of so many columns takes a second, whatever it reads.
            with self._transaction():
                self._accept_part(model, now, before.content)
            self.renewal.was(table, before.content)
            return share_of(self.connection, table, table)
        with without_values(f"Building {table}"):
            _judge(self.connection, query, rules)
        keys = ", ".join(f'"{key}"' for key in model.grain)
        execute(
            "create or replace temp table good as select * exclude (_rules) from temp.typed where len(_rules) = 0"
        )
        standing = f"(from {table} semi join temp.good using ({keys}))"
        come = "temp.good"
        if model.keep == "newest":
            come = "temp.part"
            execute(
                f"create or replace temp table part as from (from {standing} union all by name from temp.good) "
                + _newest(model)
            )
        try:
            with self._transaction():
                if model.keep == "newest":
                    execute(
                        f"delete from {table} where ({keys}) in (select ({keys}) from temp.part)"
                    )
                execute(f"insert into {table} by name from {come}")
                _check_grain(self.connection, model, standing)
                share = write_quarantine(self.connection, model, table, rules, parts)
                if share.exceeds(cap):
                    raise _TooManyError
                content = next_content(
                    before.content, "0:None:None", made_of(self.connection, come)
                )
                self._accept_part(model, now, content)
        except _TooManyError:
            return None
        if table == VERSIONS:
            self.renewal.take_versions("temp.good")
        self.renewal.was(table, before.content)
        return share

    def _accept_part(self, model: Model, now: Inputs, content: str) -> None:
        rows = count_rows(self.connection, model.table)
        self.documents.resize(model, Built(rows, {}, content, now.written(), self.renewal.as_of))
        self.inputs.built(model.table, content)

    def _split(
        self, model: Model, rules: Sequence[RowRule], cap: float | None, now: Inputs | None
    ) -> Share:
        """Stage a table whole; what breaks a rule goes to quarantine, and a share over the cap is refused."""
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
                self._accept(model, now)
        finally:
            self.connection.execute(f"drop table if exists {fresh}")
            self.connection.execute("drop table if exists temp.typed")
        return share

    def _replace(self, model: Model, query_of: QueryOf | None, now: Inputs | None) -> None:
        query = query_of(self.connection, model) if query_of else model.query
        with self._transaction():
            with without_values(f"Building {model.table}"):
                self.connection.execute(f"create or replace table {model.table} as {query}")
            self._accept(model, now)

    def _accept(self, model: Model, now: Inputs | None) -> None:
        """Check what was made against its contract and write its papers, inside the swap's transaction."""
        self.documents.forget_columns(model.table)
        columns = _check_columns(model, self.documents.columns(model.table))
        _check_grain(self.connection, model, model.table)
        rows = count_rows(self.connection, model.table)
        built_from = now.written() if now else ""
        # What a large table was built from tells its content as well, and costs no look at its rows.
        is_told = rows > LARGE and built_from
        content = f"from {digest(built_from)}" if is_told else made_of(self.connection, model.table)
        self.documents.write(model, Built(rows, columns, content, built_from, self.renewal.as_of))
        self.inputs.built(model.table, content)
        self._standing.add(model.table)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with transaction(self.connection):
                yield
        except BaseException:
            # What it remembers of the table may be of the build that is gone.
            self.documents = Documents(self.connection)
            self.inputs = InputReader(self.connection)
            raise


class _TooManyError(Exception):
    """More rows would wait in quarantine than the cap allows."""


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
    _judge(connection, model.query, rules)
    newest = _newest(model) if model.keep == "newest" else ""
    connection.execute(
        f"create table {fresh} as select * exclude (_rules) from temp.typed where len(_rules) = 0 {newest}"
    )
    return write_quarantine(connection, model, fresh, rules)


def _judge(connection: duckdb.DuckDBPyConnection, query: str, rules: Sequence[RowRule]) -> None:
    """Type the rows into temp.typed, each with the rules that it breaks."""
    broken_rules = ", ".join(
        f"case when {rule.breaks_sql} then {quoting.text(rule.rule)} end" for rule in rules
    )
    verdict = (
        f"list_filter([{broken_rules}], lambda rule: rule is not null)"
        if rules
        else "cast([] as varchar[])"
    )
    connection.execute(
        f"create or replace temp table typed as select *, {verdict} as _rules from ({query}\n) as typed"
    )


def _newest(model: Model) -> str:
    grain = ", ".join(model.grain)
    return f"qualify row_number() over (partition by {grain} order by {NEWEST_FIRST}) = 1"


def _check_columns(model: Model, found: Mapping[str, str]) -> dict[str, str]:
    promised = {**model.columns, **(STAGING_COLUMNS if model.schema == "staging" else {})}
    if told := list(differences(model.path, promised, found)):
        raise ContractError(" ".join(told))
    return dict(found)


def _check_grain(connection: duckdb.DuckDBPyConnection, model: Model, rows: str) -> None:
    if not model.grain:
        return
    key = ", ".join(f'"{name}"' for name in model.grain)
    row = connection.execute(
        f"select count(*) from (select 1 from {rows} group by {key} having count(*) > 1)"
    ).fetchone()
    if row and row[0]:
        raise ContractError(
            f"{model.path}: {row[0]} values of its grain ({key}) occur more than once; mend the query."
        )
