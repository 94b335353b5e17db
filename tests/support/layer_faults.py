"""Faults put into the tables of core, marts and meta, under the name of the rule that must find them.

Belongs here: what is wrong in a copy of a sound row, or the statement that spoils a table. Doesn't: building
the tables (layers_warehouse.py) or running suites (test_expectations_layers.py).
"""

from typing import Any

from expectations.suite import Rule, Suite
from tests.support.core_faults import CORE

# How a row of a table breaks a rule: the columns to replace in a copy of one of its rows.
BAD: dict[str, dict[str, str]] = CORE | {
    "marts.form_07a": {
        "received_is_old_and_new": "received_total_count + 1 as received_total_count",
        "settled_is_on_time_and_late": "settled_total_count + 1 as settled_total_count",
        "open_is_in_time_and_late": "open_total_count + 1 as open_total_count",
        "received_is_settled_and_open": "received_total_count + 1 as received_total_count",
        "no_count_negative": "-1 as carried_over_count",
        "equals_bieu_06": "received_total_count + 1 as received_total_count",
        "fields_sum_to_total": "received_total_count + 1 as received_total_count",
    },
    "marts.form_07b": {
        "competence_adds_up": "competence_total_count + 1 as competence_total_count",
        "no_level_above_total": "one_stop_total_count + 1 as one_stop_province_count",
    },
    "marts.kpi_measure": {
        "parts_not_negative": "-1 as numerator",
        "kpi_registered": "'none' as kpi_id",
        "period_known": "date '1990-01-01' as period_start",
        "days_of_ratings_sum_to_years": "'dissatisfied' as kpi_id, 'year' as period_kind, "
        "date '2021-01-01' as period_start",
    },
    "marts.rating_group": {
        "shown_as_itself_or_merged": "'lạ' as shown_code",
    },
    "marts.campaign": {
        "on_time_within_closed": "closed_count + 1 as on_time_count",
        "ratio_within_one": "1.5 as on_time_ratio",
        "agencies_sum_to_all": "closed_count + 1 as closed_count",
    },
    "marts.index_766_measure": {"parts_not_negative": "-1 as numerator"},
    "marts.on_time_difference": {
        "judgements_differ": "judgement_a as judgement_other",
        "agencies_sum_to_all": "case_count + 1 as case_count",
        "explains_the_whole_difference": "case_count + 1 as case_count",
    },
    "marts.kpi_value": {
        "period_in_order": "period_start - 1 as period_end",
        "numerator_within_denominator": "denominator + 1 as numerator",
        "no_value_without_denominator": "null as value",
        "value_is_the_quotient": "value + 0.001 as value",
        "ratio_within_one": "1.5 as value",
        "no_data_without_denominator": "'no_data' as status",
        "judged_only_by_target": "'met' as status, null as target",
        "judged_on_whole_numbers": "98996 as numerator, 100000 as denominator, 0.98996 as value, "
        "'>' as comparison, 0.99 as target, 'met' as status",
        "dissatisfied_judged_on_count": "'dissatisfied' as kpi_id, '=' as comparison, 0 as target, "
        "1 as numerator, 'met' as status",
        "no_figure_without_source": "true as lacks_source",
        "agencies_sum_to_centre": "numerator + 1 as numerator, denominator + 1 as denominator",
        "small_groups_suppressed": "'dissatisfied' as kpi_id, 4 as denominator, 0 as numerator",
        "no_rating_lost_in_merging": "'dissatisfied' as kpi_id, 'A' as variant, 'H37.99' as agency_code, "
        "'year' as period_kind, date '2023-01-01' as period_start",
        "centre_has_every_period": "date '2001-01-01' as period_start, 'H37.16' as agency_code",
        "days_sum_to_months": "'day' as period_kind",
        "months_sum_to_years": "'month' as period_kind",
        "one_headline_a_kpi": "'other' as variant, true as is_headline",
        "data_not_after_as_of": "now() as data_as_of",
    },
    "marts.bieu_06": {
        "column_3_is_4_5_6": "received_online_count + 1 as received_online_count",
        "column_7_is_8_9_10": "settled_early_count + 1 as settled_early_count",
        "column_11_is_12_13": "open_late_count + 1 as open_late_count",
        "column_3_is_7_11": "settled_total_count + 1 as settled_total_count",
        "no_count_negative": "-1 as received_online_count",
        "column_6_is_column_11_before": "carried_over_count + 1 as carried_over_count",
        "agencies_sum_to_total": "received_total_count + 1 as received_total_count",
        "no_due_open_within_12": "open_in_time_count + 1 as no_due_open_count",
    },
    "marts.index_766": {
        "points_within_covered": "covered_millionths + 1 as points_millionths",
        "points_within_bounds": "points + 0.5 as lowest_points",
        "groups_sum_to_total": "points_millionths + 1 as points_millionths",
        "total_is_of_a_hundred": "'total' as group_code, 99 as max_points",
        "total_is_classed": "'total' as group_code, null as band_lowest",
        "some_metrics_have_no_data": "'total' as group_code, 'ALL' as agency_code, 'ytd' as period_kind, "
        "date '2023-01-01' as period_start, 1 as missing_metric_count",
        "some_rules_are_hypotheses": "'total' as group_code, 'ALL' as agency_code, 'ytd' as period_kind, "
        "date '2023-01-01' as period_start, 1 as hypothesis_metric_count",
    },
    "marts.index_766_metric": {
        "numerator_within_denominator": "2 as numerator, 1 as denominator",
        "points_within_maximum": "max_millionths + 1 as points_millionths",
        "nothing_invented": "'no_source' as state",
    },
    "marts.scorecard": {
        "equals_kpi_value": "numerator + 1 as numerator",
        "is_the_newest": "period_start - interval 1 year as period_start",
        "budget_agrees_with_status": "'met' as status, -1 as lateness_budget",
    },
    "marts.case_fact": {
        "no_case_lost": "-1 as case_no",
        "sums_equal_kpi": "'closed' as state, true as on_time_a, date '2023-05-01' as ended_month_on",
        "only_closed_has_month": "'open' as state, date '2023-05-01' as ended_month_on",
        "five_say_the_same": "'H37.99' as agency_code",
        "counted_only_when_closed": "'open' as state, true as on_time_a",
        "prime_is_part_of_a": "true as on_time_a_prime, false as on_time_a",
    },
    "marts.at_risk": {"overdue_is_past": "not is_overdue as is_overdue"},
    "marts.kpi_trend": {
        "numerator_within_denominator": "denominator + 1 as numerator",
        "previous_is_previous": "-1 as previous_value",
    },
    "marts.agency_scorecard": {
        "online_within_received": "received_count + 1 as online_count",
        "closed_is_its_parts": "closed_count + 1 as late_count",
        "counts_not_negative": "-1 as closed_count",
        "overdue_is_open": "open_count + 1 as overdue_count",
        "share_follows_count": "null as rating_count, 0.5 as very_satisfied_ratio",
        "share_within_one": "1.5 as very_satisfied_ratio",
        "small_groups_suppressed": "4 as rating_count",
        "sums_equal_kpi": "'month' as period_kind, 1 as early_count",
        "open_flows_on": "open_count + 7 as open_count",
    },
    "marts.procedure_scorecard": {
        "online_within_received": "received_count + 1 as online_count",
        "late_within_closed": "closed_count + 1 as late_count",
        "small_groups_suppressed": "4 as rating_count",
    },
    "meta.reconciliation": {
        "every_row_accounted": "fetched + 1 as fetched",
        "counts_not_negative": "-1 as stale",
        "source_total_agrees": "fetched + 1 as source_total",
        "few_quarantined": "2 as quarantined",
        "most_rows_usable": "fetched as quarantined, now() as loaded_at",
    },
    "meta.freshness": {"read_within_36_hours": "true as is_stale"},
}
# Rules about a table that a copied row can't break; a statement does.
STATEMENTS: dict[tuple[str, str], str] = {
    # No rating of these cases has criteria, so both tables are empty and a fault is a row put in.
    ("core.nd61_case", "one_row_each"): "insert into core.nd61_case by name "
    "select 'R' as rating_id, 'c1' as index_code from range(2)",
    ("core.nd61_case", "points_in_range"): "insert into core.nd61_case by name select 3 as points",
    ("core.nd61_case", "decree_in_force"): "insert into core.nd61_case by name "
    "select date '2026-01-01' as rated_on",
    ("marts.nd61_agency", "one_row_each"): "insert into marts.nd61_agency by name "
    "select 'year' as period_kind, date '2023-01-01' as period_start, 'H37' as agency_code from range(2)",
    ("marts.nd61_agency", "no_small_group"): "insert into marts.nd61_agency by name "
    "select 4 as rated_case_count",
    ("marts.nd61_agency", "total_needs_all_nine"): "insert into marts.nd61_agency by name "
    "select 8 as index_count, 9 as total_points",
    ("marts.nd61_agency", "total_in_range"): "insert into marts.nd61_agency by name "
    "select 19 as total_points",
    ("core.dim_date", "year_has_usual_length"): "update core.dim_date set is_working = true",
    ("core.viewpoint", "now_is_there"): "update core.viewpoint set viewpoint = 'then'",
    ("core.dim_date", "covers_as_of"): "delete from core.dim_date where day > date '2023-12-31'",
    ("core.fct_case", "some_centre_cases"): "update core.fct_case set is_centre = false",
    ("core.fct_rating", "mostly_valid"): "update core.fct_rating set is_valid = false",
    ("core.provisional_period", "one_row_each"): "insert into core.provisional_period "
    "select 'case', 'month', date '2023-05-01', 'ALL' from range(2)",
    ("core.provisional_period", "basis_is_asked_for"): "insert into core.provisional_period "
    "values ('nhầm', 'month', date '2023-05-01', 'ALL')",
    (
        "core.provisional_period",
        "agencies_lie_in_the_centre",
    ): "insert into core.provisional_period values ('case', 'month', date '2023-05-01', 'H37.16')",
    ("core.dim_calendar_year", "awaited_calendar_is_here"): "update core.dim_calendar_year "
    "set is_awaited = true where calendar_year = 2024",
    (
        "core.source_given",
        "named_sources_known",
    ): "delete from core.source_given where source = 'service'",
    ("marts.kpi_value", "p90_not_below_median"): "update marts.kpi_value set numerator = -1 "
    "where kpi_id = 'nd224_working_days' and variant = 'p90'",
    ("marts.kpi_value", "every_kpi_published"): "delete from marts.kpi_value where variant = 'B'",
}


def replacements(suite: Suite, rule: Rule) -> str:
    by_hand = BAD.get(suite.table, {})
    if rule.id in by_hand:
        return by_hand[rule.id]
    kwargs: dict[str, Any] = dict(rule.kwargs)
    match rule.type.removeprefix("expect_column_"):
        case "values_to_not_be_null":
            return f"null as {kwargs['column']}"
        case "values_to_be_in_set":
            return f"'lạ' as {kwargs['column']}"
        case "values_to_be_between":
            wrong = (
                kwargs["max_value"] + 1 if "min_value" not in kwargs else kwargs["min_value"] - 1
            )
            return f"{wrong} as {kwargs['column']}"
    if rule.type.endswith("unique"):
        return ""
    raise AssertionError(f"say in BAD or STATEMENTS how {suite.table} breaks {rule.id}")


def source_row(table: str) -> str:
    """A row that is sound in itself: of the Centre, judged, with every value there."""
    if table == "marts.kpi_value":
        return (
            "where kpi_id = 'on_time' and variant = 'A' and denominator > 0 and agency_code = 'ALL'"
        )
    if table == "core.fct_case":
        return "where due_on is not null and end_kind = 'finished' and is_centre"
    return {
        "core.clock_event": "where viewpoint = 'now'",
        "core.seen_case": "where received_at is not null",
        "core.original_due": "where due_source = 'given'",
        "core.fct_case_due": "where due_original_on is not null",
        "core.fct_rating": "where is_valid",
        "marts.scorecard": "where kpi_id = 'on_time'",
        "marts.agency_scorecard": "where period_start = date '2023-05-01'",
        "core.daily_count": "where stream = 'case'",
        "marts.bieu_06": "where period_kind = 'month' and period_start = date '2023-05-01' and agency_code <> 'ALL'",
        "marts.campaign": "where agency_code <> 'ALL'",
        "marts.on_time_difference": "where agency_code <> 'ALL'",
        "marts.kpi_trend": "where kpi_id = 'on_time' and period_start = date '2023-05-01'",
    }.get(table, "where true")
