"""DuckDB's SQL as this project writes it, rendered for Apache Spark by sqlglot.

Belongs here: the bridges, one function each, from a construct of the one dialect to the other where sqlglot
leaves it as it is or gives it another meaning. Doesn't: running queries (engine.py) or macros
(macros.py). No query is forked: what has no bridge here is written portably in sql/ itself.

What is bridged, and why:
- a / b: DuckDB divides as double, Spark keeps decimals and cuts their digits → both sides become double.
- a // b: whole division → div.
- arg_max(x, y) skips rows where x is null; max_by doesn't → a filter says so. Tuples become structs.
- any_value skips nulls; Spark's doesn't unless told.
- isodow: Monday is 1; sqlglot counts from Sunday.
- x[k] counts from 1 and gives null beyond the end → try_element_at. len(list) → size.
- chr(272): Spark's goes only to 255 → the letter itself.
- count(*) filter (...) over w: Spark filters no window → count(case when ...).
- cross join lateral (values ...): Spark's values see no outer column → lateral inline(array(struct(...)));
  cross join unnest(list) → lateral explode(list), in its place among the joins.
- hugeint → decimal(38, 0).
- to_months, to_days, to_hours → intervals that are made; nfc_normalize → ICU, which Spark brings along for collations.
- try_strptime with a list of formats → the first of try_to_timestamp that reads it.
- regexp_full_match → rlike with both ends tied.
- schema.table → a view of that name, since each province has views of its own.
"""

from collections.abc import Callable, Mapping

import sqlglot
import sqlglot.expressions as exp

from spark.macros import Macro, Source, inline
from warehouse.errors import CatalogError

_FORMATS = {"%d/%m/%Y": "d/M/yyyy", "%H:%M:%S": "H:m:s", "%H:%M": "H:m"}


def render(query: str, macros: Mapping[str, Macro]) -> str:
    """The query in Spark's SQL; tables are views named schema__table.

    Raises:
        CatalogError: the query can't be parsed or uses what has no counterpart.
    """
    try:
        tree = inline(sqlglot.parse_one(query, read=Source), macros)
        tree = _bridged(tree)
        return str(tree.sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE))
    except sqlglot.errors.SqlglotError as error:
        raise CatalogError(
            f"This query can't be rendered for Spark: {str(error).splitlines()[0]}; "
            "write it in portable SQL."
        ) from None


def view_name(table: str) -> str:
    """core.fct_case → core__fct_case."""
    return table.replace(".", "__")


def _bridged(tree: exp.Expression) -> exp.Expression:
    """Every node bridged, from the inside out, so that a bridge finds its operands bridged."""
    for node in reversed(list(tree.bfs())):
        fresh = _bridge(node)
        if fresh is not node:
            node.replace(fresh)
    return tree


def _bridge(node: exp.Expression) -> exp.Expression:
    bridge = _BRIDGES.get(type(node))
    if bridge is not None:
        return bridge(node)
    if isinstance(node, exp.Anonymous):
        named = _NAMED.get(node.name.lower())
        return named(node) if named else node
    return node


def _call(name: str, *given: exp.Expression) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(given))


def _filtered_window(node: exp.Expression) -> exp.Expression:
    if not isinstance(node.this, exp.Filter):
        return node
    counted, condition = node.this.this, node.this.expression.this
    value = exp.Literal.number(1) if isinstance(counted.this, exp.Star) else counted.this
    counted.set("this", exp.Case(ifs=[exp.If(this=condition, true=value)]))
    node.set("this", counted)
    return node


def _division(node: exp.Expression) -> exp.Expression:
    for side in ("this", "expression"):
        node.set(side, exp.cast(exp.Paren(this=node.args[side]), "double"))
    # Spark's own division of doubles: nothing for sqlglot to add.
    return exp.Div(this=node.this, expression=node.expression, typed=False, safe=False)


def _whole_division(node: exp.Expression) -> exp.Expression:
    left, right = exp.Paren(this=node.this), exp.Paren(this=node.expression)
    return exp.Paren(this=exp.IntDiv(this=left, expression=right))


def _arg_max(node: exp.Expression) -> exp.Expression:
    value, order = node.this, node.expression
    known = exp.Not(this=exp.Is(this=exp.Paren(this=value.copy()), expression=exp.Null()))
    if isinstance(order, exp.Tuple):
        order = exp.Struct(expressions=[item.copy() for item in order.expressions])
    made = _call("max_by", value.copy(), order.copy())
    if isinstance(node.parent, exp.Filter):
        where = node.parent.expression
        where.set("this", exp.and_(exp.Paren(this=where.this), known))
        return made
    return exp.Filter(this=made, expression=exp.Where(this=known))


def _any_value(node: exp.Expression) -> exp.Expression:
    return _call("any_value", node.this, exp.true())


def _iso_weekday(node: exp.Expression) -> exp.Expression:
    return exp.Paren(
        this=exp.Add(this=_call("weekday", node.this), expression=exp.Literal.number(1))
    )


def _bracket(node: exp.Expression) -> exp.Expression:
    return _call("try_element_at", node.this, exp.cast(node.expressions[0], "int"))


def _letter(node: exp.Expression) -> exp.Expression:
    return exp.Literal.string(chr(int(node.expressions[0].name)))


def _table(node: exp.Expression) -> exp.Expression:
    if not node.args.get("db"):
        return node
    name = node.name
    node.set("this", exp.to_identifier(view_name(f"{node.db}.{name}")))
    node.set("db", None)
    if not node.alias:
        node.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
    return node


def _lateral(node: exp.Expression) -> exp.Expression:
    """The source of a join that makes rows of a row: unnest(list) or lateral (values …)."""
    source, alias = node.this, node.this.args.get("alias")
    if isinstance(source, exp.Unnest):
        made = _call("explode", source.expressions[0])
    elif isinstance(source, exp.Lateral):
        values = source.this.unnest() if isinstance(source.this, exp.Subquery) else source.this
        rows = [_row(row.expressions) for row in values.expressions]
        made, alias = _call("inline", _call("array", *rows)), source.args.get("alias")
    else:
        return node
    node.set("this", exp.Lateral(this=made, alias=alias))
    return node


def _row(values: list[exp.Expression]) -> exp.Expression:
    # The members of an array must have the same names too.
    named = [[exp.Literal.string(f"c{place}"), value] for place, value in enumerate(values)]
    return _call("named_struct", *(item for pair in named for item in pair))


def _strptime(node: exp.Expression) -> exp.Expression:
    text, formats = node.expressions
    tried = []
    for item in formats.expressions:
        pattern = item.name
        for ours, theirs in _FORMATS.items():
            pattern = pattern.replace(ours, theirs)
        tried.append(_call("try_to_timestamp", text.copy(), exp.Literal.string(pattern)))
    return exp.Coalesce(this=tried[0], expressions=tried[1:])


def _nfc(node: exp.Expression) -> exp.Expression:
    text = node.expressions[0]
    composed = _call(
        "reflect",
        exp.Literal.string("com.ibm.icu.text.Normalizer"),
        exp.Literal.string("compose"),
        text,
        exp.false(),
    )
    known = exp.Not(this=exp.Is(this=exp.Paren(this=text.copy()), expression=exp.Null()))
    return exp.Case(ifs=[exp.If(this=known, true=composed)])


def _full_match(node: exp.Expression) -> exp.Expression:
    pattern = exp.Literal.string(f"^(?:{node.expression.name})$")
    return exp.RegexpLike(this=exp.Paren(this=node.this), expression=pattern)


def _wide_integer(node: exp.Expression) -> exp.Expression:
    return exp.DataType.build("decimal(38, 0)") if node.is_type("int128") else node


_BRIDGES: Mapping[type[exp.Expression], Callable[[exp.Expression], exp.Expression]] = {
    exp.Div: _division,
    exp.IntDiv: _whole_division,
    exp.ArgMax: _arg_max,
    exp.AnyValue: _any_value,
    exp.DayOfWeekIso: _iso_weekday,
    exp.Bracket: _bracket,
    exp.Chr: _letter,
    exp.Table: _table,
    exp.RegexpFullMatch: _full_match,
    exp.Window: _filtered_window,
    exp.Join: _lateral,
    exp.DataType: _wide_integer,
    exp.ToDays: lambda node: _call("make_dt_interval", node.this),
}
_NAMED: Mapping[str, Callable[[exp.Expression], exp.Expression]] = {
    "try_strptime": _strptime,
    "nfc_normalize": _nfc,
    "to_months": lambda node: _call("make_ym_interval", exp.Literal.number(0), *node.expressions),
    "to_hours": lambda node: _call("make_dt_interval", exp.Literal.number(0), *node.expressions),
    "random": lambda _: _call("rand"),
    "len": lambda node: _call("size", *node.expressions),
}
