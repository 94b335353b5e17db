"""The expectation types a suite may use, in Great Expectations' own names, and their arguments.

Belongs here: the closed list that lets a suite be checked in milliseconds, without importing Great
Expectations. Doesn't: reading suites (suite.py), running them (runner.py). A test proves that this list
and Great Expectations' own registry agree, name by name and argument by argument.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ExpectationType:
    """Arguments of one expectation type.

    `columns` are the arguments that name columns of the table (a name or a list of names); `row` is true
    where the verdict depends on one row alone, so that the rule can split broken rows into quarantine.
    """

    required: frozenset[str]
    optional: frozenset[str]
    columns: tuple[str, ...] = ()
    row: bool = False

    @property
    def arguments(self) -> frozenset[str]:
        """Every argument a rule of this type may carry."""
        return self.required | self.optional


UNEXPECTED_ROWS = "unexpected_rows_expectation"
_CONDITION = ("row_condition",)
_MAP = ("mostly", *_CONDITION)
_RANGE = ("min_value", "max_value", "strict_min", "strict_max")
_PAIR = ("column_A", "column_B")


def _type(
    required: tuple[str, ...],
    optional: tuple[str, ...] = (),
    columns: tuple[str, ...] = ("column",),
    *,
    row: bool = False,
) -> ExpectationType:
    return ExpectationType(frozenset(columns + required), frozenset(optional), columns, row)


def _table(required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> ExpectationType:
    return ExpectationType(frozenset(required), frozenset(optional))


SUPPORTED: Mapping[str, ExpectationType] = {
    "expect_column_values_to_not_be_null": _type((), _MAP, row=True),
    "expect_column_values_to_be_null": _type((), _MAP, row=True),
    "expect_column_values_to_be_in_set": _type(("value_set",), _MAP, row=True),
    "expect_column_values_to_not_be_in_set": _type(("value_set",), _MAP, row=True),
    "expect_column_values_to_be_between": _type((), _RANGE + _MAP, row=True),
    "expect_column_value_lengths_to_be_between": _type((), _RANGE + _MAP, row=True),
    "expect_column_value_lengths_to_equal": _type(("value",), _MAP, row=True),
    "expect_column_values_to_match_regex": _type(("regex",), _MAP, row=True),
    "expect_column_values_to_not_match_regex": _type(("regex",), _MAP, row=True),
    "expect_column_pair_values_a_to_be_greater_than_b": _type(
        (), ("or_equal", "ignore_row_if", *_MAP), _PAIR, row=True
    ),
    "expect_column_pair_values_to_be_equal": _type((), ("ignore_row_if", *_MAP), _PAIR, row=True),
    "expect_column_values_to_be_unique": _type((), _MAP),
    "expect_compound_columns_to_be_unique": _type((), ("ignore_row_if", *_MAP), ("column_list",)),
    "expect_multicolumn_sum_to_equal": _type(
        ("sum_total",), ("ignore_row_if", *_MAP), ("column_list",)
    ),
    "expect_column_distinct_values_to_be_in_set": _type(("value_set",), _CONDITION),
    "expect_column_distinct_values_to_contain_set": _type(("value_set",), _CONDITION),
    "expect_column_distinct_values_to_equal_set": _type(("value_set",), _CONDITION),
    "expect_column_most_common_value_to_be_in_set": _type(
        ("value_set",), ("ties_okay", *_CONDITION)
    ),
    "expect_column_max_to_be_between": _type((), _RANGE + _CONDITION),
    "expect_column_min_to_be_between": _type((), _RANGE + _CONDITION),
    "expect_column_mean_to_be_between": _type((), _RANGE + _CONDITION),
    "expect_column_median_to_be_between": _type((), _RANGE + _CONDITION),
    "expect_column_stdev_to_be_between": _type((), _RANGE + _CONDITION),
    "expect_column_sum_to_be_between": _type((), _RANGE + _CONDITION),
    "expect_column_proportion_of_non_null_values_to_be_between": _type((), _RANGE + _CONDITION),
    "expect_column_proportion_of_unique_values_to_be_between": _type((), _RANGE + _CONDITION),
    "expect_column_unique_value_count_to_be_between": _type((), _RANGE + _CONDITION),
    "expect_column_to_exist": _type((), ("column_index",)),
    "expect_table_row_count_to_be_between": _table((), _RANGE + _CONDITION),
    "expect_table_row_count_to_equal": _table(("value",), _CONDITION),
    "expect_table_column_count_to_be_between": _table((), ("min_value", "max_value")),
    "expect_table_column_count_to_equal": _table(("value",)),
    "expect_table_columns_to_match_set": _table(("column_set",), ("exact_match",)),
    "expect_table_columns_to_match_ordered_list": _table(("column_list",)),
    UNEXPECTED_ROWS: ExpectationType(
        frozenset(), frozenset({"unexpected_rows_query", "row_predicate"})
    ),
}

# Types Great Expectations knows but DuckDB can't run, or that would carry values out of the database.
UNSUPPORTED: frozenset[str] = frozenset(
    {
        "expect_column_kl_divergence_to_be_less_than",
        "expect_column_pair_values_to_be_in_set",
        "expect_column_quantile_values_to_be_between",
        "expect_column_type_to_be",
        "expect_column_value_z_scores_to_be_less_than",
        "expect_column_values_to_be_dateutil_parseable",
        "expect_column_values_to_be_decreasing",
        "expect_column_values_to_be_in_type_list",
        "expect_column_values_to_be_increasing",
        "expect_column_values_to_be_json_parseable",
        "expect_column_values_to_be_of_type",
        "expect_column_values_to_match_json_schema",
        "expect_column_values_to_match_like_pattern",
        "expect_column_values_to_match_like_pattern_list",
        "expect_column_values_to_match_regex_list",
        "expect_column_values_to_match_strftime_format",
        "expect_column_values_to_not_be_outliers",
        "expect_column_values_to_not_match_like_pattern",
        "expect_column_values_to_not_match_like_pattern_list",
        "expect_column_values_to_not_match_regex_list",
        "expect_multicolumn_values_to_be_equal",
        "expect_query_results_to_match_comparison",
        "expect_select_column_values_to_be_unique_within_record",
        "expect_table_row_count_to_equal_other_table",
    }
)
