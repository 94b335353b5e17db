"""Which rows failed, by key only: one bounded query a failed rule.

Belongs here: SQL text that finds the keys of failing rows, in the order of the keys. Doesn't: counting
(Great Expectations does), any other column of a row. Aggregates over a table have no failing rows.
"""

from collections.abc import Collection

from expectations.predicates import quoted, row_condition
from expectations.suite import Rule, Suite
from expectations.vocabulary import UNEXPECTED_ROWS

_UNIQUE = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")


def failing_keys_sql(suite: Suite, rule: Rule, limit: int, columns: Collection[str]) -> str | None:
    """A query for the keys of at most `limit` failing rows, one text column; None where none can be named."""
    if not set(suite.key) <= set(columns):
        return None
    schema, _, name = suite.table.partition(".")
    table = f"{quoted(schema)}.{quoted(name)}"
    if rule.breaks is not None:
        source = f"select * from {table} where {rule.breaks}"
    elif rule.type in _UNIQUE:
        source = _repeated(table, rule)
    elif rule.type == UNEXPECTED_ROWS:
        batch = f"(select * from {table}) as subselect"
        source = str(rule.kwargs["unexpected_rows_query"]).rstrip("; \n").format(batch=batch)
    else:
        return None
    parts = ", ".join(f"coalesce(cast({quoted(column)} as varchar), '')" for column in suite.key)
    order = ", ".join(map(quoted, suite.key))
    return f"select concat_ws(' | ', {parts}) from ({source}) order by {order} limit {int(limit)}"


def _repeated(table: str, rule: Rule) -> str:
    names = rule.kwargs.get("column_list") or [rule.kwargs["column"]]
    by = ", ".join(map(quoted, names))
    given = rule.kwargs.get("row_condition")
    where = f"where {row_condition(given)}" if given is not None else ""
    return f"select * from {table} {where} qualify count(*) over (partition by {by}) > 1"
