"""The causes of a figure that counts no units, such as points: what became known since is let in kind by kind.

Belongs here: which records changed since a version and of what kind each change is, and the figure after each
kind has been let in. Doesn't: figures of units (restate.py), any rule.

Each cause is the difference between two successive figures, so the causes sum by construction. Their order is
fixed: late data, corrections, deletions, then what happened since. Where two kinds meet in one ratio, the later
one gets what only both together make.
"""

from collections.abc import Callable

import duckdb

from figures.overlay import replace_table, show_store
from figures.publication_log import RuleSet
from figures.replay import read_by
from figures.units import HAPPENED
from warehouse.models.catalog import Model

Figure = tuple[int, int]
STEPS = ("late_data", "correction", "deletion")


def difference(before: Figure, after: Figure) -> Figure:
    """By how much numerator and denominator moved."""
    return after[0] - before[0], after[1] - before[1]


def split_by_steps(
    connection: duckdb.DuckDBPyConnection,
    rules: RuleSet,
    target: str,
    as_of: str,
    measure: Callable[[], Figure],
) -> tuple[Figure, Figure, dict[str, Figure], dict[str, int]]:
    """The figure as known then, today's, the part of each cause and how many records each let in.

    The overlay shows what was known then under today's rules; at the end it shows the store. `as_of` is the
    version's moment as a literal.
    """
    models = read_by(rules, target)
    # Versions are what the newest rows are chosen from; these are compared themselves.
    staged = [m for m in models if m.schema == "staging" and m.keep != "versions"]
    for model in staged:
        _keep_changes(connection, model, as_of)
    let_in = _counts(connection, staged)
    first = before = measure()
    causes: dict[str, Figure] = {}
    for number, cause in enumerate(STEPS, 1):
        if cause not in let_in:
            continue
        for model in staged:
            _let_in(connection, model, STEPS[:number])
        for model in models:
            if model.schema != "staging":
                replace_table(connection, model.table, model.query)
        after = measure()
        causes[cause] = difference(before, after)
        before = after
    show_store(connection)
    today = measure()
    causes["progress"] = difference(before, today)
    return first, today, causes, let_in


def _keep_changes(connection: duckdb.DuckDBPyConnection, model: Model, as_of: str) -> None:
    """Keep the rows as known then, and the cause of each key whose row is another today."""
    keys = ", ".join(model.grain)
    happened = HAPPENED.get(model.table, "null::timestamptz")
    connection.execute(f"create or replace temp table then_{model.name} as from {model.table}")
    connection.execute(
        f"""
        create or replace temp table changed_{model.name} as
        with told as (select {keys}, _version_at, {happened} as happened_at,
                          record_of(_batch_id, _page_no, _row_no) as record from store.{model.table}),
        known as (select {keys}, record_of(_batch_id, _page_no, _row_no) as record from temp.then_{model.name})
        select {keys}, case
            when n.record is null then 'deletion'
            when n.happened_at > {as_of} then 'progress'
            when n._version_at <= {as_of} or t.record is null then 'late_data'
            else 'correction'
        end as cause
        from known as t full join told as n using ({keys})
        where t.record is distinct from n.record
        """
    )


def _let_in(connection: duckdb.DuckDBPyConnection, model: Model, causes: tuple[str, ...]) -> None:
    """Show today's row of each key whose change is of these causes, and the row known then of the others."""
    keys = ", ".join(model.grain)
    listed = ", ".join(f"'{cause}'" for cause in causes)
    chosen = f"(select {keys} from temp.changed_{model.name} where cause in ({listed}))"
    replace_table(
        connection,
        model.table,
        f"""
        select t.* from temp.then_{model.name} as t anti join {chosen} as c using ({keys})
        union all by name
        select n.* from store.{model.table} as n semi join {chosen} as c using ({keys})
        """,
    )


def _counts(connection: duckdb.DuckDBPyConnection, staged: list[Model]) -> dict[str, int]:
    every = " union all ".join(f"select cause from temp.changed_{model.name}" for model in staged)
    rows = connection.execute(f"select cause, count(*) from ({every}) group by cause").fetchall()
    return dict(rows)
