"""Which rows failed, by key only, and how many of them: one bounded query a rule.

Belongs here: SQL text that finds the keys of failing rows, in the order of the keys. Doesn't: judging
(Great Expectations does), any other column of a row. Aggregates over a table have no failing rows.
"""

from collections.abc import Collection, Iterable

from common import quoting
from expectations.predicates import row_condition
from expectations.suite import Rule, Suite
from expectations.vocabulary import UNEXPECTED_ROWS

UNIQUE = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")


def failing_keys_sql(suite: Suite, rule: Rule, limit: int, columns: Collection[str]) -> str | None:
    """A query for the keys of at most `limit` failing rows, one text column; None where none can be named."""
    source = _failing_rows(suite, rule)
    if source is None or not set(suite.key) <= set(columns):
        return None
    order = ", ".join(map(quoting.name, suite.key))
    text = _text_of(map(quoting.name, suite.key))
    return f"select {text} from ({source}) order by {order} limit {int(limit)}"


def count_sql(suite: Suite, rule: Rule, limit: int) -> str | None:
    """One row of an unexpected-rows rule: how many fail, and the keys of at most `limit` of them.

    One statement for both, because looking for the rows is what takes the time.
    """
    source = _failing_rows(suite, rule)
    if source is None or rule.type != UNEXPECTED_ROWS:
        return None
    if limit < 1:
        return f"select count(*), null from ({source})"
    packed = ", ".join(f"k{place} := {quoting.name(name)}" for place, name in enumerate(suite.key))
    # Only the keys that are kept are made into text.
    text = _text_of(f"k.k{place}" for place in range(len(suite.key)))
    keys = f"list_transform(min(struct_pack({packed}), {int(limit)}), lambda k: {text})"
    return f"select count(*), {keys} from ({source})"


def _failing_rows(suite: Suite, rule: Rule) -> str | None:
    schema, _, name = suite.table.partition(".")
    table = f"{quoting.name(schema)}.{quoting.name(name)}"
    if rule.breaks is not None:
        return f"select * from {table} where {rule.breaks}"
    if rule.type in UNIQUE:
        return _repeated(table, rule)
    if rule.type == UNEXPECTED_ROWS:
        batch = f"(select * from {table})"
        return str(rule.kwargs["unexpected_rows_query"]).format(batch=batch)
    return None


def _text_of(values: Iterable[str]) -> str:
    parts = ", ".join(f"coalesce(cast({value} as varchar), '')" for value in values)
    return f"concat_ws(' | ', {parts})"


def _repeated(table: str, rule: Rule) -> str:
    names = rule.kwargs.get("column_list") or [rule.kwargs["column"]]
    by = ", ".join(map(quoting.name, names))
    given = rule.kwargs.get("row_condition")
    where = f"where {row_condition(given)}" if given is not None else ""
    return f"select * from {table} {where} qualify count(*) over (partition by {by}) > 1"
