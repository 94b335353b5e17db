"""Faults put into copies of sound rows of core's tables, under the name of the rule that must find them.

Belongs here: which columns to replace, by table and rule. Doesn't: the other layers' faults and statements that spoil
a whole table (layer_faults.py).
"""

CORE: dict[str, dict[str, str]] = {
    "core.dim_agency": {"all_is_no_agency": "'ALL' as agency_code"},
    "core.daily_count": {"cases_sum_to_accepted": "1000 as row_count"},
    "core.daily_volume": {
        "latest_day_not_empty": "true as is_latest, 'empty' as verdict, 60 as expected, false as is_provisional",
        "latest_provisional_day_not_empty": "true as is_latest, 'empty' as verdict, 60 as expected, "
        "true as is_provisional",
        "recent_days_not_low": "'low' as verdict, date '2023-06-29' as day",
        "recent_days_not_high": "'high' as verdict, date '2023-06-29' as day",
    },
    "core.form_count": {
        "in_is_out": "open_count + 1 as open_count",
        "parts_fit": "open_count + 1 as overdue_count",
    },
    "core.dim_staff": {"no_one_lost": "'new' as staff_code"},
    "core.dim_working_day": {"in_step_with_calendar": "working_day_no + 1 as working_day_no"},
    "core.fct_nomination": {"nobody_lost": "'new' as staff_code"},
    "core.period_day": {"day_within_period": "period_start - 1 as day", "no_day_missing": ""},
    "core.case_shown": {"shown_truly_or_merged": "'H37.99' as agency_code"},
    "core.dim_date": {
        "no_day_missing": "date '2110-01-01' as day",
        "working_days_counted": "working_day_no + 1 as working_day_no",
        "known_days_are_right": "date '2026-01-02' as day, true as is_working",
    },
    "core.fct_case": {
        "no_case_lost": "'new' as case_code",
        "accepted_was_received": "true as is_accepted, null as received_on",
        "end_only_when_accepted": "now() as end_at, false as is_accepted",
        "end_has_kind": "null as end_at, 'finished' as end_kind",
        "due_is_derivable": "null as due_on",
        "due_was_given": "'derived' as due_source",
        "end_not_before_reception": "received_on - 1 as end_on",
        "due_not_before_reception": "received_on - 1 as due_on",
        "reception_in_calendar": "date '2009-12-31' as received_on",
        "counter_open_on_reception": "1 as channel, date '2023-05-01' as received_on",
        "due_on_working_day": "date '2023-05-01' as due_original_on",
        "judged_when_ended_and_due": "null as is_on_time, received_on as end_on, received_on as due_on",
        "late_has_apology": "false as is_on_time, 'finished' as end_kind, 0 as apology_count",
        "duration_not_negative": "-1 as duration_days",
    },
    "core.fct_case_due": {
        "extension_replaces": "date '2023-01-01' as extended_on, date '2023-01-02' as due_on",
        "pause_only_delays": "null as extended_on, due_original_on - 1 as due_on, 1 as moved_days",
        "moved_is_part_of_paused": "pause_days + 1 as moved_days",
        "no_pause_changes_nothing": "null as extended_on, due_original_on + 1 as due_on, 0 as pause_count",
        "due_moment_on_due_day": "cast(due_on + 1 as timestamptz) as due_until_at",
    },
    "core.fct_rating": {
        "valid_or_excluded": "'test' as exclusion, true as is_valid",
        "valid_has_level_and_agency": "null as level_code",
        "one_valid_a_case": "'again' as rating_id",
        "mostly_valid": "",
        "no_top_level_where_none_is": "'very_satisfied' as level_code, false as has_top_level, "
        "'declared' as top_level_basis",
        "scale_of_three_has_basis": "'3' as scale, null as top_level_basis",
    },
    "core.dim_rating_device": {
        "inferred_from_thirty": "'inferred' as basis, 29 as rating_count",
        "levels_within_ratings": "rating_count + 1 as top_count",
        "spans_do_not_overlap": "date '2023-05-01' as valid_from",
        "missing_level_is_declared": "'inferred' as basis, 30 as rating_count, false as has_top_level",
        "few_show_the_level": "'few' as basis, 2 as rating_count, 0 as top_count, 2 as neutral_count",
    },
    "core.fct_announcement": {
        "rolled_not_before_literal": "literal_due_on - 1 as rolled_due_on",
        "working_not_before_literal": "literal_due_on - 1 as working_due_on",
    },
    "core.fct_plan_task": {
        "cancelled_not_due": "true as is_cancelled, true as is_due",
        "in_time_has_product": "true as is_completed_in_time, false as has_product",
    },
    "core.fct_feedback": {
        "on_time_is_counted": "true as is_on_time, false as is_counted",
        "due_after_received": "received_on - 1 as due_on",
    },
    "core.case_history": {
        "valid_in_order": "valid_from - interval 1 day as valid_to",
        "one_current_version": "now() as valid_from",
    },
    "core.case_number": {"one_case_a_number": "'new' as case_code"},
    "core.overdue_day": {"count_positive": "0 as overdue_count"},
    "core.dim_period": {
        "in_order": "period_start - 1 as period_end",
        "judged_within": "period_end + 1 as evaluated_on",
    },
    "core.dim_service": {"live_in_order": "live_from - 1 as live_to"},
    "core.fct_extension": {
        "issued_before_end": "'after_end' as flaw",
    },
    "core.clock_event": {
        "span_within_request": "made_at - interval 1 day as span_from_at",
        "added_not_negative": "-1 as added_days",
        "made_in_time": "false as is_in_time",
    },
    "core.seen_case": {
        "nothing_after_the_instant": "timestamptz '9999-01-01 00:00:00' as end_at",
        "clock_starts_before_it_ends": "received_at + interval 1 day as clock_start_at, received_at as end_at",
    },
    "core.original_due": {"source_says_whence": "'none' as due_source"},
    "core.fct_pause": {
        "completed_after_requested": "requested_at - interval 1 day as completed_at"
    },
}
