"""The critical rules of the suites as one statement each, for nights whose subject isn't Great Expectations.

Belongs here: counting what breaks a rule, and saying it as an outcome. Doesn't: the rules; test_sweep.py shows
that each says here what Great Expectations says of it.
"""

from collections.abc import Iterable

import duckdb

from expectations.keys import _failing_rows
from expectations.outcome import Outcome, Verdict, explain, outcome_of
from expectations.predicates import quoted
from expectations.suite import Rule, Suite

SET = "expect_column_distinct_values_to_contain_set"


def judged(connection: duckdb.DuckDBPyConnection, suites: Iterable[Suite]) -> list[Outcome]:
    """The outcome of every critical rule."""
    return [
        outcome_of(suite, rule, _verdict(connection, suite, rule))
        for suite in suites
        for rule in suite.rules
        if rule.severity == "critical"
    ]


def _verdict(connection: duckdb.DuckDBPyConnection, suite: Suite, rule: Rule) -> Verdict:
    try:
        row = connection.execute(statement_of(suite, rule)).fetchone()
    except duckdb.Error as error:
        return Verdict("error", detail=explain(str(error)))
    assert row is not None
    return Verdict("failed" if row[0] else "passed", failed=row[0])


def statement_of(suite: Suite, rule: Rule) -> str:
    """The rule as one statement that counts what breaks it."""
    rows = _failing_rows(suite, rule)
    if rows is not None:
        return f"select count(*) from ({rows})"
    assert rule.type == SET, f"{suite.table} · {rule.id}: say here how {rule.type} is counted"
    schema, _, name = suite.table.partition(".")
    wanted = ", ".join(f"('{value}')" for value in rule.kwargs["value_set"])
    return (
        f"select count(*) from (values {wanted}) as wanted(value) "
        f"where value not in (select {quoted(rule.kwargs['column'])} from {quoted(schema)}.{quoted(name)})"
    )
