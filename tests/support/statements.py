"""The critical rules of the suites as plain statements, for nights whose subject isn't Great Expectations.

Belongs here: counting what breaks a rule, and saying it as an outcome. Doesn't: the rules; test_sweep.py shows
that each says here what Great Expectations says of it.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress

import duckdb

from common import quoting
from expectations.keys import _failing_rows
from expectations.outcome import Outcome, Verdict, explain, outcome_of
from expectations.suite import Rule, Suite

SET = "expect_column_distinct_values_to_contain_set"


def judged(connection: duckdb.DuckDBPyConnection, suites: Iterable[Suite]) -> list[Outcome]:
    """The outcome of every critical rule."""
    return [
        outcome_of(suite, rule, verdict)
        for suite in suites
        for rule, verdict in _verdicts(connection, suite)
    ]


def _verdicts(
    connection: duckdb.DuckDBPyConnection, suite: Suite
) -> Iterator[tuple[Rule, Verdict]]:
    """All rules about single rows by one look at the table; one by one where that statement errs."""
    rules = [rule for rule in suite.rules if rule.severity == "critical"]
    counts = [f"count(*) filter (where {rule.breaks})" for rule in rules if rule.breaks is not None]
    together: Iterator[int] = iter(())
    if counts:
        with suppress(duckdb.Error):
            query = f"select {', '.join(counts)} from {_table(suite)}"
            together = iter(connection.execute(query).fetchone() or ())
    for rule in rules:
        known = next(together, None) if rule.breaks is not None else None
        yield rule, _verdict(connection, suite, rule) if known is None else _said(known)


def _verdict(connection: duckdb.DuckDBPyConnection, suite: Suite, rule: Rule) -> Verdict:
    try:
        row = connection.execute(statement_of(suite, rule)).fetchone()
    except duckdb.Error as error:
        return Verdict("error", detail=explain(str(error)))
    assert row is not None
    return _said(row[0])


def _said(failed: int) -> Verdict:
    return Verdict("failed" if failed else "passed", failed=failed)


def _table(suite: Suite) -> str:
    schema, _, name = suite.table.partition(".")
    return f"{quoting.name(schema)}.{quoting.name(name)}"


def statement_of(suite: Suite, rule: Rule) -> str:
    """The rule as one statement that counts what breaks it."""
    rows = _failing_rows(suite, rule)
    if rows is not None:
        return f"select count(*) from ({rows})"
    assert rule.type == SET, f"{suite.table} · {rule.id}: say here how {rule.type} is counted"
    wanted = ", ".join(f"('{value}')" for value in rule.kwargs["value_set"])
    return (
        f"select count(*) from (values {wanted}) as wanted(value) "
        f"where value not in (select {quoting.name(rule.kwargs['column'])} from {_table(suite)})"
    )
