"""Row rules as SQL: the predicate that is true for a row that breaks an expectation.

Belongs here: pure text → text, with the same null rules as Great Expectations, so that the splitting of
broken rows into quarantine and the later check judge by one entry. Doesn't: reading suites, running
anything. A null value breaks no rule but the null rules; an unknown comparison is not a break.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from common import quoting

Kwargs = Mapping[str, Any]


class PredicateError(ValueError):
    """The arguments of a row rule can't be said in SQL; the message says why."""


def breaks(kind: str, kwargs: Kwargs) -> str:
    """The SQL condition that is TRUE for a row that breaks this rule, else FALSE or NULL.

    Args:
        kind: expectation type in Great Expectations' own name, one that judges single rows.
        kwargs: its arguments as in the suite; `mostly` isn't allowed.

    Raises:
        PredicateError: the type doesn't judge single rows, or an argument doesn't fit.
    """
    if kwargs.get("mostly") is not None:
        raise PredicateError("a row rule can't carry `mostly`: a row is right or it isn't; drop it")
    try:
        rule = _RULES[kind]
    except KeyError:
        raise PredicateError(f"{kind} doesn't judge single rows") from None
    condition = kwargs.get("row_condition")
    predicate = rule(kwargs)
    if condition is None:
        return predicate
    return f"({row_condition(condition)}) and ({predicate})"


def row_condition(condition: Any) -> str:
    """A row_condition, in Great Expectations' serialised form, as SQL."""
    if not isinstance(condition, Mapping):
        raise PredicateError(
            "row_condition must be a mapping: {type: comparison, column: {name: x}, operator: '==', "
            "parameter: 1}, {type: nullity, column: {name: x}, is_null: false}, or and/or of such"
        )
    kind = condition.get("type")
    if kind in ("and", "or"):
        return f" {kind} ".join(f"({row_condition(c)})" for c in condition["conditions"])
    if kind == "nullity":
        verb = "is null" if condition["is_null"] else "is not null"
        return f"{quoting.name(condition['column']['name'])} {verb}"
    if kind == "comparison":
        return _comparison(condition)
    raise PredicateError(
        f"row_condition type {kind!r} isn't known; use comparison, nullity, and, or"
    )


def looked_at(kwargs: Kwargs) -> str | None:
    """The SQL condition of the rows a rule looks at; None: it looks at every row."""
    condition = kwargs.get("row_condition")
    return None if condition is None else row_condition(condition)


def left_out(kind: str, kwargs: Kwargs) -> str | None:
    """The SQL condition of rows that can't be judged, for their values are missing; None: no row.

    Raises:
        PredicateError: an argument doesn't fit.
    """
    if kind in _NULL_RULES or kind == "unexpected_rows_expectation":
        return None
    if "column_list" in kwargs:
        names, joined = kwargs["column_list"], _word(kwargs, "all_values_are_missing", _LISTS)
    elif "column_A" in kwargs:
        names, joined = (
            [kwargs["column_A"], kwargs["column_B"]],
            _word(kwargs, "both_values_are_missing", _PAIRS),
        )
    else:
        names, joined = [kwargs["column"]], "and"
    return (
        None if joined is None else f" {joined} ".join(f"{quoting.name(n)} is null" for n in names)
    )


def _word(kwargs: Kwargs, default: str, words: Mapping[str, str | None]) -> str | None:
    ignore = kwargs.get("ignore_row_if", default)
    if ignore not in words:
        raise PredicateError(f"ignore_row_if {ignore!r} isn't known; use one of {sorted(words)}")
    return words[ignore]


def condition_columns(condition: Any) -> set[str]:
    """The columns a row_condition names."""
    if not isinstance(condition, Mapping):
        return set()
    if "conditions" in condition:
        return {name for part in condition["conditions"] for name in condition_columns(part)}
    return {str(condition.get("column", {}).get("name"))}


def literal(value: Any) -> str:
    """A YAML scalar as a SQL literal."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dt.datetime):
        kind = "timestamptz" if value.tzinfo else "timestamp"
        return f"{kind} '{value.isoformat(sep=' ')}'"
    if isinstance(value, dt.date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, str):
        return quoting.text(value)
    raise PredicateError(
        f"{value!r} can't stand in a rule; use text, a number, a date or true/false"
    )


_NULL_RULES = ("expect_column_values_to_not_be_null", "expect_column_values_to_be_null")
# What Great Expectations leaves out: rows where so many of the columns are null; None: no row.
_PAIRS = {"both_values_are_missing": "and", "either_value_is_missing": "or", "neither": None}
_LISTS = {"all_values_are_missing": "and", "any_value_is_missing": "or", "never": None}
_OPERATORS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def _comparison(condition: Mapping[str, Any]) -> str:
    column, operator = quoting.name(condition["column"]["name"]), str(condition["operator"])
    value = condition["parameter"]
    if operator.upper() in ("IN", "NOT_IN"):
        verb = "in" if operator.upper() == "IN" else "not in"
        return f"{column} {verb} ({', '.join(map(literal, value))})"
    if operator not in _OPERATORS:
        raise PredicateError(
            f"operator {operator!r} isn't known; use one of {sorted(_OPERATORS)}, IN, NOT_IN"
        )
    return f"{column} {_OPERATORS[operator]} {literal(value)}"


def _column(kwargs: Kwargs) -> str:
    return quoting.name(kwargs["column"])


def _not_null(kwargs: Kwargs) -> str:
    return f"{_column(kwargs)} is null"


def _null(kwargs: Kwargs) -> str:
    return f"{_column(kwargs)} is not null"


def _members(kwargs: Kwargs) -> Sequence[Any]:
    values = kwargs["value_set"]
    if not isinstance(values, list | tuple):
        raise PredicateError("value_set must be a list")
    return [value for value in values if value is not None]


def _in_set(kwargs: Kwargs) -> str:
    values = _members(kwargs)
    if not values:
        return f"{_column(kwargs)} is not null"
    return f"{_column(kwargs)} not in ({', '.join(map(literal, values))})"


def _not_in_set(kwargs: Kwargs) -> str:
    values = _members(kwargs)
    if not values:
        return "false"
    return f"{_column(kwargs)} in ({', '.join(map(literal, values))})"


def _outside(subject: str, kwargs: Kwargs) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is None and high is None:
        raise PredicateError("min_value and max_value can't both be missing")
    parts = []
    if low is not None:
        parts.append(f"{subject} {'<=' if kwargs.get('strict_min') else '<'} {literal(low)}")
    if high is not None:
        parts.append(f"{subject} {'>=' if kwargs.get('strict_max') else '>'} {literal(high)}")
    return " or ".join(parts)


def _between(kwargs: Kwargs) -> str:
    return _outside(_column(kwargs), kwargs)


def _lengths_between(kwargs: Kwargs) -> str:
    return _outside(f"length({_column(kwargs)})", kwargs)


def _length_equal(kwargs: Kwargs) -> str:
    return f"length({_column(kwargs)}) <> {literal(kwargs['value'])}"


def _match(kwargs: Kwargs) -> str:
    return f"not regexp_matches({_column(kwargs)}, {literal(kwargs['regex'])})"


def _not_match(kwargs: Kwargs) -> str:
    return f"regexp_matches({_column(kwargs)}, {literal(kwargs['regex'])})"


def _ignored(kwargs: Kwargs, predicate: str) -> str:
    first, second = quoting.name(kwargs["column_A"]), quoting.name(kwargs["column_B"])
    word = _word(kwargs, "both_values_are_missing", _PAIRS)
    if word is None:
        return predicate
    return f"not ({first} is null {word} {second} is null) and ({predicate})"


def _pair_greater(kwargs: Kwargs) -> str:
    first, second = quoting.name(kwargs["column_A"]), quoting.name(kwargs["column_B"])
    return _ignored(kwargs, f"{first} {'<' if kwargs.get('or_equal') else '<='} {second}")


def _pair_equal(kwargs: Kwargs) -> str:
    first, second = quoting.name(kwargs["column_A"]), quoting.name(kwargs["column_B"])
    different = f"{first} <> {second} or {first} is null or {second} is null"
    return _ignored(kwargs, different)


def _row_predicate(kwargs: Kwargs) -> str:
    if "row_predicate" not in kwargs:
        raise PredicateError("only a row_predicate judges single rows; a query judges the table")
    return f"({str(kwargs['row_predicate']).strip()})"


_RULES: Mapping[str, Callable[[Kwargs], str]] = {
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_null": _null,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_not_be_in_set": _not_in_set,
    "expect_column_values_to_be_between": _between,
    "expect_column_value_lengths_to_be_between": _lengths_between,
    "expect_column_value_lengths_to_equal": _length_equal,
    "expect_column_values_to_match_regex": _match,
    "expect_column_values_to_not_match_regex": _not_match,
    "expect_column_pair_values_a_to_be_greater_than_b": _pair_greater,
    "expect_column_pair_values_to_be_equal": _pair_equal,
    "unexpected_rows_expectation": _row_predicate,
}
