"""Running suites inside the database with Great Expectations.

Belongs here: one context a run, one batch a table, two canaries, the outcome of every rule. Doesn't:
storing outcomes, deciding what to stop (the caller), opening the warehouse. Great Expectations is
imported inside functions only, because that takes seconds. Nothing is written to disk and nothing told
to anybody: the context lives in memory, with analytics and progress bars off.
"""

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from expectations.keys import count_sql, failing_keys_sql
from expectations.outcome import Outcome, Verdict, explain, outcome_of, verdict_of
from expectations.suite import Rule, Suite
from expectations.vocabulary import SUPPORTED

__all__ = ["Checker", "Outcome", "run_canaries", "run_suites"]

BROKEN_MACHINE = "Máy kiểm tra hỏng: phép thử biết trước kết quả đã cho kết quả sai."
_COUNTS_ONLY = {"result_format": "BASIC", "partial_unexpected_count": 0}
_CANARY_ROWS = "select * from (values (1, 'a'), (2, 'b'), (3, null)) as canary (id, word)"
_BINDING = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
_NOT_NULL = "expect_column_values_to_not_be_null"


class Connection(Protocol):
    """An open DuckDB connection of whoever owns the warehouse; only committed tables are seen."""

    def cursor(self) -> Any:
        """A second connection to the same open database."""

    def execute(self, query: str, parameters: Any = ...) -> Any:
        """Run a statement."""


def run_suites(
    connection: Connection, suites: Iterable[Suite], *, key_limit: int = 20
) -> list[Outcome]:
    """Check tables against their suites: two canaries first, then one outcome a rule.

    A rule that could not run is an error of its own: its table or column is missing, its SQL fails, the
    library raised. If a canary misbehaves, every rule of the run is an error.

    Args:
        connection: the open warehouse; its time zone is taken over, its transaction is not.
        suites: what to check.
        key_limit: how many keys of failing rows an outcome may carry.
    """
    with closing(Checker(connection)) as checker:
        return checker.run(suites, key_limit=key_limit)


def run_canaries(connection: Connection) -> list[Outcome]:
    """The two canaries alone: state passed where they behave, error where the machine is broken."""
    return run_suites(connection, ())


class Checker:
    """A Great Expectations context on one DuckDB cursor, for all suites of a run.

    Opening one takes as long as ten rules, so a night keeps one; the canaries run once, before the first
    suite. `close` it when the run ends.
    """

    def __init__(self, connection: Connection) -> None:
        """Open the context; tables are seen as committed at the time of each check."""
        self.cursor, self.engine, self.context = _open(connection)
        self.assets = 0
        self.is_sound: bool | None = None

    def close(self) -> None:
        """Give the cursors back."""
        self.engine.dispose()
        self.cursor.close()

    def run(self, suites: Iterable[Suite], *, key_limit: int = 20) -> list[Outcome]:
        """As run_suites; the canaries' outcomes come with the first call only."""
        outcomes = []
        if self.is_sound is None:
            outcomes = self.canaries()
            self.is_sound = all(outcome.state == "passed" for outcome in outcomes)
        broken = Verdict("error", detail=BROKEN_MACHINE)
        for suite in suites:
            outcomes += (
                self.check(suite, key_limit)
                if self.is_sound
                else [outcome_of(suite, rule, broken) for rule in suite.rules]
            )
        return outcomes

    def canaries(self) -> list[Outcome]:
        """One rule that must pass and one that must fail, with the counts they must show."""
        passes = _canary("canary_passes", "id", "Phép thử phải đạt.", "A check that must pass.")
        fails = _canary(
            "canary_fails", "word", "Phép thử phải không đạt.", "A check that must fail."
        )
        suite = Suite("meta.canary", ("id",), (passes, fails), Path())
        expected = {"canary_passes": ("passed", 3, 0), "canary_fails": ("failed", 3, 1)}
        try:
            asset = self._datasource("canary").add_query_asset("canary", query=_CANARY_ROWS)
            verdicts = self._validate(asset, suite.rules, 3)
        except Exception as error:  # noqa: BLE001 whatever is raised means the machine is broken
            verdicts = {
                rule.id: Verdict("error", detail=explain(str(error))) for rule in suite.rules
            }
        outcomes = []
        for rule in suite.rules:
            said = verdicts[rule.id]
            well = (said.state, said.evaluated, said.failed) == expected[rule.id]
            verdict = replace(said, state="passed", detail=None) if well else _broken(said)
            outcomes.append(outcome_of(suite, rule, verdict))
        return outcomes

    def check(self, suite: Suite, key_limit: int) -> list[Outcome]:
        """Every rule of one suite."""
        started = time.perf_counter()
        columns = self._columns(suite.table)
        missing = {rule.id: _missing(rule, suite.table, columns) for rule in suite.rules}
        runnable = [rule for rule in suite.rules if missing[rule.id] is None]
        verdicts = {id_: Verdict("error", detail=text) for id_, text in missing.items() if text}
        keys = self._count(suite, runnable, key_limit)
        if runnable:
            verdicts.update(self._table_verdicts(suite, runnable))
        for rule in runnable:
            if verdicts[rule.id].state == "failed" and rule.id not in keys:
                keys[rule.id] = self._keys(suite, rule, key_limit, columns)
        share = (time.perf_counter() - started) / len(suite.rules)
        return [
            outcome_of(suite, rule, verdicts[rule.id], keys.get(rule.id, ()), share)
            for rule in suite.rules
        ]

    def _table_verdicts(self, suite: Suite, rules: Sequence[Rule]) -> dict[str, Verdict]:
        schema, _, name = suite.table.partition(".")
        try:
            rows = int(
                self.cursor.execute(f'select count(*) from "{schema}"."{name}"').fetchone()[0]
            )
            self.assets += 1
            asset = self._datasource(schema).add_table_asset(
                f"{suite.table} {self.assets}", table_name=name
            )
            return self._validate(asset, rules, rows)
        except Exception as error:  # noqa: BLE001 a table that can't be checked is an error, not a crash
            return {rule.id: Verdict("error", detail=explain(str(error))) for rule in rules}

    def _validate(self, asset: Any, rules: Sequence[Rule], rows: int) -> dict[str, Verdict]:
        """All rules in one pass; those that raised once more alone, for one bad rule may spoil a bundle."""
        batch = asset.add_batch_definition_whole_table("whole").get_batch()
        verdicts = _try_together(batch, rules, rows)
        silent = [r for r in rules if verdicts.get(r.id, Verdict("error")).state == "error"]
        for rule in silent if len(rules) > 1 else ():
            verdicts.update(_try_together(batch, [rule], rows))
        for rule in rules:
            verdicts.setdefault(rule.id, Verdict("error", detail=explain("")))
        return verdicts

    def _count(self, suite: Suite, rules: Sequence[Rule], limit: int) -> dict[str, tuple[str, ...]]:
        """Count the rows that rules given as SQL find, for Great Expectations to judge; their keys by rule."""
        counted = self._datasource(suite.table.partition(".")[0]).get_execution_engine().counted
        counted.clear()
        keys = {}
        for rule in rules:
            query = count_sql(suite, rule, limit)
            if query is None:
                continue
            # What fails here is left out: Great Expectations runs it again and says what is wrong with it.
            with suppress(Exception):
                count, found = self.cursor.execute(query).fetchone()
                counted[_without_bindings(rule.kwargs)["unexpected_rows_query"]] = int(count)
                keys[rule.id] = tuple(found or ())
        return keys

    def _datasource(self, schema: str) -> Any:
        if schema not in self.context.data_sources.all():
            self.context.data_sources.add_duckdb(schema).bind(self.engine, schema)
        return self.context.data_sources.get(schema)

    def _columns(self, table: str) -> list[str]:
        schema, _, name = table.partition(".")
        found = self.cursor.execute(
            "select column_name from duckdb_columns() where database_name = current_database() "
            "and schema_name = ? and table_name = ?",
            [schema, name],
        ).fetchall()
        return [column for (column,) in found]

    def _keys(
        self, suite: Suite, rule: Rule, limit: int, columns: Sequence[str]
    ) -> tuple[str, ...]:
        query = failing_keys_sql(suite, rule, limit, columns)
        if query is None or limit < 1:
            return ()
        try:
            return tuple(key for (key,) in self.cursor.execute(query).fetchall())
        except Exception:  # noqa: BLE001 a query that doesn't select the key still has its count
            return ()


def _open(connection: Connection) -> tuple[Any, Any, Any]:
    """A cursor of our own, an engine for Great Expectations on another, and its context."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    from expectations import datasource  # noqa: F401 makes the datasource known
    from expectations.dialect import engine_on

    zone, calendar = connection.execute(
        "select current_setting('TimeZone'), current_setting('Calendar')"
    ).fetchone()
    settings = (f"set TimeZone = '{zone}'", f"set Calendar = '{calendar}'")
    cursor, session = connection.cursor(), connection.cursor()
    # A cursor is a fresh session: what a day is must not differ between building and checking.
    for setting in settings:
        cursor.execute(setting)
        session.execute(setting)
    quiet = DataContextConfig(
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
        # The default would make a temporary folder for documentation pages.
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
    )
    context = gx.get_context(mode="ephemeral", project_config=quiet)
    return cursor, engine_on(session), context


def _try_together(batch: Any, rules: Sequence[Rule], rows: int) -> dict[str, Verdict]:
    """Verdicts by rule id; a library that raises over the whole suite is an error of each rule."""
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    try:
        expectations = [
            ExpectationConfiguration(
                type=rule.type,
                kwargs=_without_bindings(rule.kwargs),
                severity=rule.severity,
                meta={"rule": rule.id},
            ).to_domain_obj()
            for rule in rules
        ]
        # Given at once: adding one by one compares each with all before it.
        suite = gx.ExpectationSuite(name="run", expectations=expectations)
        results = batch.validate(suite, result_format=_COUNTS_ONLY).results
    except Exception as error:  # noqa: BLE001 the library raises whatever a metric raised
        return {rule.id: Verdict("error", detail=explain(str(error))) for rule in rules}
    return {r.expectation_config.meta["rule"]: verdict_of(r, rows) for r in results}


def _without_bindings(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments whose SQL says `:word` literally, which SQLAlchemy would take for a parameter."""
    query = kwargs.get("unexpected_rows_query")
    if query is None:
        return dict(kwargs)
    return {**kwargs, "unexpected_rows_query": _BINDING.sub(r"\\:\1", str(query))}


def _missing(rule: Rule, table: str, columns: Sequence[str]) -> str | None:
    if not columns:
        return f"Không có bảng {table} trong kho."
    given = (rule.kwargs.get(argument) for argument in SUPPORTED[rule.type].columns)
    wanted = {str(n) for value in given for n in (value if isinstance(value, list) else [value])}
    absent = sorted(wanted - set(columns))
    if absent and rule.type != "expect_column_to_exist":
        return f"Bảng {table} không có cột {', '.join(absent)}."
    return None


def _canary(name: str, column: str, reason: str, reason_en: str) -> Rule:
    kwargs: Mapping[str, Any] = {"column": column}
    return Rule(name, _NOT_NULL, kwargs, "critical", reason, reason_en, "Motcua", False, None)


def _broken(said: Verdict) -> Verdict:
    return replace(
        said, state="error", detail=" ".join(filter(None, (BROKEN_MACHINE, said.detail)))
    )
