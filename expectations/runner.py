"""Running suites inside the database with Great Expectations.

Belongs here: two canaries, every rule counted and given to the judge, the outcome of every rule. Doesn't:
counting (scan.py), judging (judge.py, through Great Expectations), storing outcomes, deciding what to stop
(the caller), opening the warehouse.
"""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from expectations.judge import Judge
from expectations.judge_process import JudgeProcess, RemoteJudge
from expectations.keys import failing_keys_sql
from expectations.outcome import Outcome, Verdict, explain, outcome_of
from expectations.scan import count_rules, count_source
from expectations.suite import Rule, Suite
from expectations.vocabulary import SUPPORTED

__all__ = ["Checker", "Outcome", "run_canaries", "run_suites", "warm_up"]

BROKEN_MACHINE = "Máy kiểm tra hỏng: phép thử biết trước kết quả đã cho kết quả sai."
_CANARY_ROWS = "select * from (values (1, 'a'), (2, 'b'), (3, null)) as canary (id, word)"
_NOT_NULL = "expect_column_values_to_not_be_null"


class Warehouse(Protocol):
    """An open DuckDB connection of whoever owns the warehouse; only committed tables are seen."""

    def cursor(self) -> Any:
        """A second connection to the same open database."""

    def execute(self, query: str, parameters: Any = ...) -> Any:
        """Run a statement."""


def run_suites(
    connection: Warehouse,
    suites: Iterable[Suite],
    *,
    key_limit: int = 20,
    is_counting: bool = True,
) -> list[Outcome]:
    """Check tables against their suites: two canaries first, then one outcome a rule.

    A rule that could not run is an error of its own: its table or column is missing, its SQL fails, the
    library raised. If a canary misbehaves, every rule of the run is an error.

    Args:
        connection: the open warehouse; its time zone is taken over, its transaction is not.
        suites: what to check.
        key_limit: how many keys of failing rows an outcome may carry.
        is_counting: whether rows are counted in common scans; otherwise Great Expectations counts by itself,
            rule by rule, which proves the scans right.
    """
    with closing(Checker(connection, is_counting=is_counting)) as checker:
        return checker.run(suites, key_limit=key_limit)


def run_canaries(connection: Warehouse) -> list[Outcome]:
    """The two canaries alone: state passed where they behave, error where the machine is broken."""
    return run_suites(connection, ())


_warmed_up: list[None] = []


def warm_up() -> JudgeProcess | None:
    """Start a judge's process, to be ready when the first table is; None where it would gain nothing.

    In a process that has the library already, or runs its second night (the tests do), judging is done here.
    """
    if _warmed_up or "great_expectations" in sys.modules:
        return None
    _warmed_up.append(None)
    return JudgeProcess()


class Checker:
    """The machine of the checks on one connection, for all suites of a run.

    Opening one takes as long as ten rules, so a night keeps one; the canaries run once, before the first
    suite. `close` it when the run ends.
    """

    def __init__(
        self,
        connection: Warehouse,
        *,
        is_counting: bool = True,
        process: JudgeProcess | None = None,
    ) -> None:
        """Open the machine; tables are seen as committed at the time of each check.

        Args:
            connection: the open warehouse.
            is_counting: as for run_suites.
            process: a judge's process that was started before; it is taken over where it has come up.
        """
        self.cursor, session = _cursors(connection)
        self.judge: Judge | RemoteJudge
        if process is not None and process.is_ready():
            self.judge = RemoteJudge(process, session)
        else:
            self.judge = Judge(session)
        self.is_counting = is_counting
        self.is_sound: bool | None = None

    def close(self) -> None:
        """Give the cursors back."""
        self.judge.close()
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
        """One rule that must pass and one that must fail, with the counts they must show.

        Each is judged twice: by counts of the scan, as most rules are, and by Great Expectations' own.
        """
        passes = _canary("canary_passes", "id", "Phép thử phải đạt.", "A check that must pass.")
        fails = _canary(
            "canary_fails", "word", "Phép thử phải không đạt.", "A check that must fail."
        )
        suite = Suite("meta.canary", ("id",), (passes, fails), Path())
        expected = {"canary_passes": ("passed", 3, 0), "canary_fails": ("failed", 3, 1)}
        outcomes = []
        for rule, *said in zip(suite.rules, *self._canary_verdicts(suite.rules), strict=True):
            wrong = [v for v in said if (v.state, v.evaluated, v.failed) != expected[rule.id]]
            verdict = _broken(wrong[0]) if wrong else replace(said[0], state="passed", detail=None)
            outcomes.append(outcome_of(suite, rule, verdict))
        return outcomes

    def _canary_verdicts(self, rules: Sequence[Rule]) -> list[list[Verdict]]:
        try:
            counts = count_source(self.cursor, f"({_CANARY_ROWS})", rules).by_rule
            ways = [self.judge.query(_CANARY_ROWS, rules, 3, way) for way in (counts, {})]
        except Exception as error:  # noqa: BLE001 whatever is raised means the machine is broken
            said = Verdict("error", detail=explain(str(error)))
            ways = [{rule.id: said for rule in rules}] * 2
        return [[way[rule.id] for rule in rules] for way in ways]

    def check(self, suite: Suite, key_limit: int) -> list[Outcome]:
        """Every rule of one suite."""
        started = time.perf_counter()
        columns = self._columns(suite.table)
        missing = {rule.id: _missing(rule, suite.table, columns) for rule in suite.rules}
        runnable = [rule for rule in suite.rules if missing[rule.id] is None]
        verdicts = {id_: Verdict("error", detail=text) for id_, text in missing.items() if text}
        keys: dict[str, tuple[str, ...]] = {}
        if runnable:
            said, keys = self._judged(suite, runnable, key_limit)
            verdicts.update(said)
        for rule in runnable:
            if verdicts[rule.id].state == "failed" and rule.id not in keys:
                keys[rule.id] = self._keys(suite, rule, key_limit, columns)
        share = (time.perf_counter() - started) / len(suite.rules)
        return [
            outcome_of(suite, rule, verdicts[rule.id], keys.get(rule.id, ()), share)
            for rule in suite.rules
        ]

    def _judged(
        self, suite: Suite, rules: Sequence[Rule], limit: int
    ) -> tuple[dict[str, Verdict], dict[str, tuple[str, ...]]]:
        """The verdict on each rule, and the keys that its count brought along."""
        try:
            counts = count_rules(self.cursor, suite, rules if self.is_counting else (), limit)
        except Exception as error:  # noqa: BLE001 a table that can't be read is an error, not a crash
            said = Verdict("error", detail=explain(str(error)))
            return {rule.id: said for rule in rules}, {}
        verdicts = self.judge.table(suite.table, rules, counts.rows, counts.by_rule)
        return verdicts, counts.keys

    def _columns(self, table: str) -> list[str]:
        schema, _, name = table.partition(".")
        try:
            # Binding a query that reads no row takes a tenth of asking the catalogue.
            return [
                c for c, *_ in self.cursor.execute(f'from "{schema}"."{name}" limit 0').description
            ]
        except Exception:  # noqa: BLE001 no such table, or one that can't be bound: the catalogue knows
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


def _cursors(connection: Warehouse) -> tuple[Any, Any]:
    """Two cursors of our own: to count by, and for the judge."""
    zone, calendar = connection.execute(
        "select current_setting('TimeZone'), current_setting('Calendar')"
    ).fetchone()
    cursors = connection.cursor(), connection.cursor()
    # A cursor is a fresh session: what a day is must not differ between building and checking.
    for cursor in cursors:
        cursor.execute(f"set TimeZone = '{zone}'")
        cursor.execute(f"set Calendar = '{calendar}'")
    return cursors


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
    breaks = f"{column} is null"
    return Rule(name, _NOT_NULL, kwargs, "critical", reason, reason_en, "Motcua", False, breaks)


def _broken(said: Verdict) -> Verdict:
    return replace(
        said, state="error", detail=" ".join(filter(None, (BROKEN_MACHINE, said.detail)))
    )
