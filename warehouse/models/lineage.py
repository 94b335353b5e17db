"""Column lineage: from which columns of which tables each column of a model is made.

Belongs here: walking a query's syntax tree with sqlglot. Doesn't: showing it (assets do).
Lineage explains; it never decides a figure, so a column it can't follow is left out, not guessed.
"""

from functools import lru_cache

import sqlglot.expressions as exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage

from warehouse.models.catalog import Model
from warehouse.models.syntax import TableColumns, Tables, frozen, qualified, schema_of

ColumnRef = tuple[str, str]


def column_lineage(model: Model, known: TableColumns) -> dict[str, list[ColumnRef]]:
    """Map each column of `model` to the (table, column) pairs it is made from.

    `known` gives the columns and types of the tables that the model reads, as the database has them.
    """
    return {column: list(sources) for column, sources in _walked(model.query, frozen(known))}


@lru_cache(maxsize=1024)  # a process that opens several warehouses walks each query once
def _walked(query: str, known: Tables) -> tuple[tuple[str, tuple[ColumnRef, ...]], ...]:
    try:
        scope = qualified(query, known)
        if scope is None:
            return ()
        # Untrimmed: copying a select for each of its columns was most of a first night's walk.
        nodes = lineage(
            None, scope.expression, schema_of(known), dialect="duckdb",
            scope=scope, trim_selects=False, copy=False,
        )  # fmt: skip
    except (SqlglotError, KeyError, ValueError, RecursionError):
        return ()
    if not isinstance(nodes, dict):
        return ()
    found = ((column, tuple(sorted(_leaves(node)))) for column, node in nodes.items())
    return tuple((column, sources) for column, sources in found if sources)


def _leaves(root: Node) -> set[ColumnRef]:
    leaves: set[ColumnRef] = set()
    for node in root.walk():
        if not node.downstream and isinstance(node.expression, exp.Table) and node.expression.db:
            table = f"{node.expression.db}.{node.expression.name}"
            leaves.add((table, node.name.rsplit(".", 1)[-1].strip('"')))
    return leaves
