"""Rebuilding figures in an overlay: by kept rules, from what was known at a time.

Belongs here: showing raw as it was known, and running a rule set's models in order. Doesn't: comparing
(restate.py), any rule.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from figures.overlay import replace_table
from figures.publication_log import RuleSet
from warehouse.models.build import NEWEST_FIRST, RowRule
from warehouse.models.catalog import Model


def staged_query(model: Model, rules: Sequence[RowRule]) -> str:
    """What a staging model holds: its rows that break no rule, the newest of each key where it says so."""
    newest = ""
    if model.keep == "newest":
        newest = f"""qualify row_number() over (partition by {", ".join(model.grain)}
            order by {NEWEST_FIRST}) = 1"""
    broken = " or ".join(f"coalesce({rule.breaks_sql}, false)" for rule in rules) or "false"
    good = f"select * from typed where not ({broken})"
    return f"with typed as ({model.query}), good as ({good}) select * from good {newest}"


def known_then(
    context: Mapping[str, Any], loaded_at: str = "_loaded_at", batch_id: str = "_batch_id"
) -> str:
    """The condition that a row was known at the version `context`: loaded by then, and not by a later load.

    Loads bear the clock of their run, which may stand still or go back, so versions know the number of their
    last load, too; those of earlier releases have a time only.
    """
    known = (
        f"{loaded_at} <= timestamptz '{(context['known_at'] or context['as_of_at']).isoformat()}'"
    )
    if context["arrival_no"] is None:
        return known
    later = (
        "select batch_id from store.meta.batch group by batch_id "
        f"having count(*) = count(arrival_no) and min(arrival_no) > {context['arrival_no']}"
    )
    return f"{known} and {batch_id} not in ({later})"


def know_as_of(connection: duckdb.DuckDBPyConnection, context: Mapping[str, Any]) -> None:
    """Show raw and what was deleted as they were known at the version."""
    as_of = f"timestamptz '{context['as_of_at'].isoformat()}'"
    tables = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'store' and schema_name = 'raw'"
    ).fetchall()
    for (name,) in tables:
        connection.execute(
            f'create or replace view raw."{name}" as from store.raw."{name}" where {known_then(context)}'
        )
    replace_table(
        connection,
        "meta.deletion",
        f"""
        with numbered as (
            select batch_id, min(arrival_no) as arrival_no from store.meta.batch group by batch_id
        )
        select l.system, l.entity, l.key, l.noted_at as deleted_at, l.batch_id
        from store.meta.deletion_log as l
        left join numbered as n on n.batch_id = l.batch_id
        where {known_then(context, "l.noted_at", "l.batch_id")}
        qualify l.event = 'deleted' and row_number() over (
            partition by l.system, l.entity, l.key order by l.noted_at desc, n.arrival_no desc nulls last, l.event) = 1
        """,
    )
    replace_table(
        connection,
        "meta.run_context",
        f"select * replace ({as_of} as as_of_at, date '{context['as_of_on']}' as as_of_on, "
        f"'{context['centre_code']}' as centre_code) from store.meta.run_context",
    )


def apply_rules(connection: duckdb.DuckDBPyConnection, rules: RuleSet, target: str) -> None:
    """Rebuild `target` and what it reads by these rules."""
    connection.execute(rules.macros)
    for table, seed in rules.seeds.items():
        load_kept_seed(connection, table, seed)
    for model in read_by(rules, target):
        query = staged_query(model, rules.rules.get(model.table, ())) if model.keep else model.query
        replace_table(connection, model.table, query)


def read_by(rules: RuleSet, target: str) -> list[Model]:
    """`target` and the models it reads, near and far, in build order."""
    models = {model.table: model for model in rules.models}
    wanted, waiting = set(), [target]
    while waiting:
        table = waiting.pop()
        if table in models and table not in wanted:
            wanted.add(table)
            waiting.extend(models[table].depends_on)
    return [model for model in rules.models if model.table in wanted]


def load_kept_seed(
    connection: duckdb.DuckDBPyConnection, table: str, seed: Mapping[str, Any]
) -> None:
    """Put a seed as a rule set keeps it in the place of the overlay's."""
    columns = seed["columns"]
    if isinstance(
        columns, Mapping
    ):  # kept by 0.2.0, which lost their order: it is that of today's seed
        described = connection.execute(f"describe store.{table}").fetchall()
        columns = [[name, columns[name]] for name, *_ in described if name in columns]
    # All rows by one statement: one by one they took half the time of a restatement.
    values = zip(*seed["rows"], strict=True) if seed["rows"] else [[] for _ in columns]
    listed = ", ".join(f'unnest(cast(? as {kind}[])) as "{name}"' for name, kind in columns)
    replace_table(connection, table, f"select {listed}", [list(column) for column in values])
