"""Macros of sql/macros.sql put in place: a call becomes the macro's own expression.

Belongs here: reading the file into syntax trees, replacing calls, names of lambdas kept apart. Doesn't:
other dialects (dialect.py). DuckDB stores macros in the database; other engines know none, so they
get the query as it would read without them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import sqlglot
import sqlglot.expressions as exp
from sqlglot.dialects.duckdb import DuckDB

from warehouse.errors import CatalogError


class _Parser(DuckDB.Parser):  # type: ignore[misc]
    # to_boolean is our macro, whatever other engines call so; len is of lists, length of texts.
    FUNCTIONS: ClassVar[Mapping[str, Any]] = {
        name: made
        for name, made in DuckDB.Parser.FUNCTIONS.items()
        if name not in ("TO_BOOLEAN", "LEN")
    }


class Source(DuckDB):  # type: ignore[misc]
    """DuckDB's dialect as this project writes it."""

    Parser = _Parser


@dataclass(frozen=True)
class Macro:
    """A macro: its parameters, and its body as a syntax tree."""

    name: str
    parameters: tuple[str, ...]
    body: exp.Expression


def read_macros(path: Path) -> Mapping[str, Macro]:
    """The macros of a file by name, bodies already free of other macros.

    Raises:
        CatalogError: a macro can't be parsed.
    """
    try:
        statements = sqlglot.parse(path.read_text(encoding="utf-8"), read=Source)
    except sqlglot.errors.SqlglotError as error:
        raise CatalogError(
            f"{path} can't be parsed ({str(error).splitlines()[0]}); mend the macro."
        ) from None
    found: dict[str, Macro] = {}
    for statement in statements:
        if not isinstance(statement, exp.Create):
            continue
        head = statement.this
        name = head.this.name.lower()
        parameters = tuple(item.name.lower() for item in head.expressions)
        found[name] = Macro(name, parameters, inline(statement.expression, found))
    return found


def inline(tree: exp.Expression, macros: Mapping[str, Macro]) -> exp.Expression:
    """The tree with every call of a macro replaced, from the inside out."""

    def replace(node: exp.Expression) -> exp.Expression:
        macro = macros.get(node.name.lower()) if isinstance(node, exp.Anonymous) else None
        if macro is None:
            return node
        given = dict(zip(macro.parameters, node.expressions, strict=True))
        return exp.Paren(this=_filled(macro.body, given))

    tree = tree.copy()
    for node in reversed(list(tree.find_all(exp.Anonymous, bfs=True))):
        fresh = replace(node)
        if fresh is not node:
            if node is tree:
                return fresh
            node.replace(fresh)
    return tree


def _filled(body: exp.Expression, given: Mapping[str, exp.Expression]) -> exp.Expression:
    """A macro's body with its parameters replaced; members of a lambda hide them."""
    holder = exp.Paren(this=body.copy())
    for column in list(holder.find_all(exp.Column)):
        name = column.name.lower()
        if not column.table and name in given and not _is_hidden(column, name):
            column.replace(exp.Paren(this=given[name].copy()))
    return holder.this


def _is_hidden(column: exp.Column, name: str) -> bool:
    lambdas = column.parent.find_ancestor(exp.Lambda) if column.parent else None
    while lambdas is not None:
        if name in (item.name.lower() for item in lambdas.expressions):
            return True
        lambdas = lambdas.parent.find_ancestor(exp.Lambda) if lambdas.parent else None
    return False
