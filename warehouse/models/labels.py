"""Privacy labels: which columns may point to a person, and what of that a model carries on.

Belongs here: reading sql/labels.yml, and following labels through a query's syntax tree. Doesn't: the
swap that a refusal prevents (build.py), or lineage for people to look at (lineage.py).

Unlike lineage, this decides, so it errs on one side: what can't be followed carries every label in reach.
Only counts and "is null" take a label off. Filters and joins carry nothing: they choose rows. A rank carries what
it goes by, except within one person's own rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import sqlglot.expressions as exp
import yaml
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope

from warehouse.errors import CatalogError
from warehouse.models.syntax import Tables, frozen, qualified

LABELS = ("safe", "quasi", "free_text", "direct", "sensitive", "unlabelled")
BARRED = frozenset({"free_text", "direct", "sensitive", "unlabelled"})
_GUARDED = ("raw", "staging", "quarantine")
# What these make of a value says nothing about it but that it was there.
_COUNTS = (exp.Count, exp.CountIf, exp.ApproxDistinct, exp.Exists, exp.RowNumber)
_RANKS = frozenset({"rank", "dense_rank", "row_number", "percent_rank", "cume_dist", "ntile"})


@dataclass(frozen=True)
class Labels:
    """What sql/labels.yml says: label by column name, entity.column or schema.table.column."""

    by_name: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Labels":
        """Read the file; none means that nothing is labelled (and nothing guarded).

        Raises:
            CatalogError: an unknown label, or a column in two lists.
        """
        if not path.exists():
            return cls()
        found: dict[str, str] = {}
        for label, names in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if label not in LABELS:
                raise CatalogError(f"{path}: {label} is no label; use {', '.join(LABELS[:-1])}.")
            for name in names:
                if name in found:
                    raise CatalogError(f"{path}: {name} stands in two lists; keep one.")
                found[name] = label
        return cls(found)

    def reviewed(self, table: str, column: str, carried: str) -> str:
        """What a column is after review: by schema.table.column, or schema.table.* for free text alone."""
        exact = self.by_name.get(f"{table}.{column}")
        if exact is None and carried == "free_text":
            exact = self.by_name.get(f"{table}.*")
        return exact or carried

    def of_source(self, table: str, column: str) -> str:
        """The label of a column that no model derives: raw, staging, quarantine, seeds, state."""
        schema, name = table.split(".", 1)
        if column.startswith("_") and schema != "quarantine":
            return "safe"
        entity = name.rsplit("__", 1)[-1]
        for known in (f"{table}.{column}", f"{entity}.{column}"):
            if known in self.by_name:
                return self.by_name[known]
        if schema not in _GUARDED:
            return "safe"
        return self.by_name.get(column, "unlabelled")


def carried_labels(
    query: str, known: Mapping[str, Mapping[str, str]], sources: Mapping[tuple[str, str], str]
) -> dict[str, str]:
    """The strictest label that each output column of `query` carries.

    `known` maps the tables it reads to their columns and types, `sources` (table, column) to labels.
    A query that can't be followed carries its strictest input in every column, under the name "*".
    """
    return dict(_followed(query, frozen(known), tuple(sorted(sources.items()))))


@lru_cache(maxsize=1024)  # a process that opens several warehouses follows each query once
def _followed(
    query: str,
    known: Tables,
    labels: tuple[tuple[tuple[str, str], str], ...],
) -> Mapping[str, str]:
    sources = dict(labels)
    worst = strictest(sources.values())
    try:
        root = qualified(query, known)
    except (SqlglotError, KeyError, ValueError, RecursionError):
        return {"*": worst}
    return _Walk(sources, worst).outputs(root) if root else {"*": worst}


def strictest(labels: Iterable[str]) -> str:
    """The label that allows least; safe when there is none."""
    return max(labels, key=LABELS.index, default="safe")


class _Walk:
    """One query's walk, scope by scope; scopes are remembered, because CTEs are read often."""

    def __init__(self, sources: Mapping[tuple[str, str], str], worst: str) -> None:
        self.sources, self.worst = sources, worst
        self._done: dict[int, dict[str, str]] = {}

    def outputs(self, scope: Scope) -> dict[str, str]:
        known = self._done.get(id(scope))
        if known is not None:
            return known
        # A recursive CTE reads itself: until it is known, it carries whatever may come in.
        self._done[id(scope)] = {"*": self.worst}
        found: dict[str, str] = {}
        if scope.set_operation_scopes:
            parts = [list(self.outputs(part).items()) for part in scope.set_operation_scopes]
            for column in zip(*parts, strict=False):
                found[column[0][0]] = strictest(label for _, label in column)
            if len({len(part) for part in parts}) > 1 or any("*" in dict(part) for part in parts):
                found["*"] = self.worst
        elif isinstance(scope.expression, exp.Subquery):
            inner = scope.expression.unnest()
            within = next((s for s in scope.traverse() if s.expression is inner), None)
            found = dict(self.outputs(within)) if within else {"*": self.worst}
        elif isinstance(scope.expression, exp.UDTF):
            found["*"] = self._of_scope(scope.parent or scope, scope.expression)
        elif isinstance(scope.expression, exp.Select):
            for place, projection in enumerate(scope.expression.selects):
                name = projection.alias_or_name or f"?{place}"
                # Set operations go by position, so no two columns may share a place here.
                name = f"{name}?{place}" if name in found else name
                found[name] = self.carried(projection, scope)
                if projection.is_star:
                    found["*"] = self.worst
        else:
            found["*"] = self.worst
        self._done[id(scope)] = found
        return found

    def carried(self, node: exp.Expression, scope: Scope) -> str:
        """The strictest label in an expression, counts and null tests aside."""
        if isinstance(node, _COUNTS) or (
            isinstance(node, exp.Is) and isinstance(node.expression, exp.Null)
        ):
            return "safe"
        if isinstance(node, exp.Star):
            return self.worst
        if isinstance(node, exp.Window):
            return (
                self._rank(node, scope) if _is_rank(node.this) else self.carried(node.this, scope)
            )
        if isinstance(node, exp.TableColumn):
            return self._of_scope(scope)  # a whole row as one value
        if isinstance(node, exp.Column):
            return self._column(node, scope)
        if isinstance(node, exp.Query):
            query = node.unnest()
            inner = next((s for s in scope.traverse() if s.expression is query), None)
            return strictest(self.outputs(inner).values()) if inner else self.worst
        return strictest(self.carried(child, scope) for child in node.iter_expressions())

    def _rank(self, window: exp.Window, scope: Scope) -> str:
        """Numbers in the order of codes tell the codes' order, and that is nearly the order in time."""
        named = [] if window.args.get("order") else scope.expression.args.get("windows") or []
        orders = [w.args["order"] for w in (window, *named) if w.args.get("order")]
        parts = [part for w in (window, *named) for part in w.args.get("partition_by") or []]
        if any(self.carried(part, scope) in BARRED for part in parts):
            return "safe"
        # Numbers without an order follow the rows as they lie, and these lie by what they hold.
        return (
            strictest(self.carried(o, scope) for o in orders) if orders else self._of_scope(scope)
        )

    def _column(self, column: exp.Column, scope: Scope) -> str:
        name = column.name
        reach: Scope | None = scope
        while reach is not None:
            if column.table in reach.sources:
                return self._from_source(reach.sources[column.table], name, reach)
            reach = reach.parent
        if not column.table and _is_lambda_name(column):
            return (
                "safe"  # what the lambda runs over is an argument beside it, and is followed there
            )
        return self._of_scope(scope)

    def _from_source(self, source: object, name: str, scope: Scope) -> str:
        if isinstance(source, Scope):
            if isinstance(source.expression, exp.Query):
                found = self.outputs(source)
                return found.get(name, found.get("*", self.worst))
            return self._of_scope(source.parent or scope, source.expression)
        if isinstance(source, exp.Table) and source.db:
            table = f"{source.db}.{source.name}"
            if (table, name) in self.sources:
                return self.sources[table, name]
            return strictest(label for (t, _), label in self.sources.items() if t == table)
        if isinstance(source, exp.Expression):
            return self._of_scope(scope, source)
        return self.worst

    def _of_scope(self, scope: Scope, within: exp.Expression | None = None) -> str:
        """Everything in reach: for rows made by unnest, structs taken apart, whole-row references."""
        if within is not None:
            columns = list(within.find_all(exp.Column, exp.TableColumn))
            if any(not isinstance(c, exp.Column) or c.table not in scope.sources for c in columns):
                return self.worst if columns else "safe"
            return strictest(
                self._from_source(scope.sources[c.table], c.name, scope) for c in columns
            )
        labels: list[str] = []
        for source in scope.sources.values():
            if isinstance(source, Scope) and isinstance(source.expression, exp.Query):
                labels.extend(self.outputs(source).values())
            elif isinstance(source, exp.Table) and source.db:
                table = f"{source.db}.{source.name}"
                labels.extend(label for (t, _), label in self.sources.items() if t == table)
        return strictest(labels) if labels else self.worst


def _is_rank(function: exp.Expression) -> bool:
    return isinstance(function, exp.RowNumber) or function.name.lower() in _RANKS or (
        function.sql_name().lower() in _RANKS if isinstance(function, exp.Func) else False
    )  # fmt: skip


def _is_lambda_name(column: exp.Column) -> bool:
    parent = column.parent
    while parent is not None:
        if isinstance(parent, exp.Lambda):
            return column.name in {name.name for name in parent.expressions}
        parent = parent.parent
    return False
