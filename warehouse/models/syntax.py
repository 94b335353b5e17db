"""A query's syntax tree with every column named by its table, for those who follow columns through it.

Belongs here: parsing and qualifying with sqlglot. Doesn't: what is followed (lineage.py, labels.py).
"""

from collections.abc import Mapping
from functools import lru_cache

from sqlglot import parse_one
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

TableColumns = Mapping[str, Mapping[str, str]]
Tables = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def frozen(known: TableColumns) -> Tables:
    """(table, ((column, type), …)) of what a query reads, so that it can be the key of a cache."""
    return tuple((table, tuple(columns.items())) for table, columns in sorted(known.items()))


def schema_of(known: Tables) -> dict[str, dict[str, dict[str, str]]]:
    """Schema → table → column → type, as sqlglot wants it."""
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for table, columns in known:
        layer, name = table.split(".")
        schema.setdefault(layer, {})[name] = dict(columns)
    return schema


@lru_cache(maxsize=2)  # lineage and labels of a model are followed one after the other
def qualified(query: str, known: Tables) -> Scope | None:
    """The root scope of a query; nobody may change its tree.

    Raises:
        SqlglotError, KeyError, ValueError, RecursionError: sqlglot can't follow the query.
    """
    tree = qualify(
        parse_one(query, read="duckdb"), dialect="duckdb", schema=schema_of(known),
        validate_qualify_columns=False, identify=False,
    )  # fmt: skip
    return build_scope(tree)
