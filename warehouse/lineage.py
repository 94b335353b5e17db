"""Column lineage: from which columns of which tables each column of a model is made.

Belongs here: walking a query's syntax tree with sqlglot. Doesn't: showing it (assets do).
Lineage explains; it never decides a figure, so a column it can't follow is left out, not guessed.
"""

from collections.abc import Mapping

import sqlglot.expressions as exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage

from warehouse.catalog import Model

ColumnRef = tuple[str, str]
TableColumns = Mapping[str, Mapping[str, str]]


def column_lineage(model: Model, known: TableColumns) -> dict[str, list[ColumnRef]]:
    """Map each column of `model` to the (table, column) pairs it is made from.

    `known` gives the columns and types of the tables that the model reads, as the database has them.
    """
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for table, columns in known.items():
        layer, name = table.split(".")
        schema.setdefault(layer, {})[name] = dict(columns)
    try:
        nodes = lineage(None, model.query, schema, dialect="duckdb")
    except (SqlglotError, KeyError, ValueError, RecursionError):
        return {}
    if not isinstance(nodes, dict):
        return {}
    found = {column: sorted(_leaves(node)) for column, node in nodes.items()}
    return {column: sources for column, sources in found.items() if sources}


def _leaves(root: Node) -> set[ColumnRef]:
    leaves: set[ColumnRef] = set()
    for node in root.walk():
        if not node.downstream and isinstance(node.expression, exp.Table) and node.expression.db:
            table = f"{node.expression.db}.{node.expression.name}"
            leaves.add((table, node.name.rsplit(".", 1)[-1].strip('"')))
    return leaves
