"""Rows that break each rule of each staging suite: by the rule's type where that says how, else by hand.

Belongs here: what is wrong with a row, under the name of the rule that must find it. Doesn't: running
suites (test_expectations_rules.py).
"""

from typing import Any

from expectations.suite import Rule, Suite
from tests.support.staging_rows import (
    CASE,
    DONE_PAUSE,
    FUTURE,
    META,
    NEW_YEAR_1970,
    OPEN,
    PAUSE,
    SOUND,
    Row,
)

# Rules of several rows of one case.
SHARED = ("due_not_edited", "one_row_a_version", "case_once_a_batch")
CAST = [{"_cast_errors": ["due_at"]}]


def _item(**fields: Any) -> list[Row]:
    return [{"items": [SOUND["staging.decision"][0]["items"][0] | fields]}]


def _waits(*seconds: int) -> list[Row]:
    """Ratings of one device, each some seconds after 10:20."""
    return [
        {"device_id": "K9", "rated_at": f"2023-05-11T10:20:{s:02d}+07:00",
         "submitted_at": "2023-05-11T10:30:00+07:00"}
        for s in seconds
    ]  # fmt: skip


BROKEN: dict[str, dict[str, list[Row]]] = {
    "staging.case_version": {
        "codes_are_no_placeholder": [{"agency_code": "N/A"}],
        "agency_present": [{"agency_code": None}],
        # an unknown way, and the kiosk before it was one
        "channel_known": [{"channel": 77}, {"channel": 4}],
        "accepted_has_reception": [{"received_at": None}],
        "times_after_2000": [{"due_at": NEW_YEAR_1970}],
        "pause_times_after_2000": [{"pauses": [DONE_PAUSE | {"completed_at": NEW_YEAR_1970}]}],
        "events_not_in_future": [{"returned_at": FUTURE}],
        "version_not_in_future": [{"updated_at": FUTURE}],
        "due_before_2100": [{"due_at": "2100-01-01T17:00:00+07:00"}],
        "extension_due_before_2100": [
            {"extensions": [{"kind": kind, "new_due_at": "2100-01-01T17:00:00+07:00"}]}
            for kind in ("statutory", "apology")
        ],
        "case_once_a_batch": [{}, {"_row_no": 2}],
        "due_not_edited": [{}, {"due_at": "2023-06-30T17:00:00+07:00", "_row_no": 2}],
    },
    "staging.case": {
        "case_code_form": [{"case_code": "Hồ sơ 7"}],
        "due_present": [{"due_at": None}],
        "agency_code_is_new": [{"agency_code": "000.00.30.H37"}],
        "due_within_five_years": [{"due_at": "2030-01-01T17:00:00+07:00"}],
        "finished_status_has_end": [{"status": 9, "finished_at": None}],
        "finished_has_no_open_pause": [
            {"pauses": [PAUSE]},
            OPEN | {"status": 7, "pauses": [PAUSE]},
            OPEN | {"stopped_at": "2023-05-20T10:00:00+07:00", "pauses": [PAUSE]},
        ],
        # the second entry completes the request of the first
        "waiting_has_open_pause": [
            OPEN | {"status": 5, "pauses": pauses} for pauses in ([DONE_PAUSE], [PAUSE, DONE_PAUSE])
        ],
        "stopped_status_has_time": [OPEN | {"status": 8}],
        "withdrawn_status_has_time": [OPEN | {"status": 7}],
        "open_status_has_no_end": [{"status": 4}],
        "pauses_in_order": [{"pauses": [PAUSE | {"completed_at": "2023-05-03T10:00:00+07:00"}]}],
        "one_supplement_request": [
            {"pauses": [DONE_PAUSE, DONE_PAUSE | {"requested_at": "2023-05-05T10:00:00+07:00"}]}
        ],
        "extension_kind_known": [{"extensions": [{"kind": "gia hạn"}]}],
        "statutory_extension_has_document": [{"extensions": [{"kind": "statutory"}]}],
        "statutory_extension_has_issue_time": [
            {"extensions": [{"kind": "statutory", "new_due_at": "2023-05-25T17:00:00+07:00"}]}
        ],
        "extension_has_new_due": [
            {"extensions": [{"kind": "apology", "issued_at": "2023-05-15T17:00:00+07:00"}]}
        ],
        "extension_due_after_issue": [
            {"extensions": [{"kind": "statutory", "issued_at": "2023-05-15T08:00:00+07:00",
                             "new_due_at": "2023-05-14T17:00:00+07:00"}]}
        ],
        "competent_after_received": [{"competent_received_at": "2023-04-27T09:19:00+07:00"}],
        "procedure_code_keeps_its_zeros": [{"procedure_code": "1.00422"}],
        "one_apology": [{"extensions": [{"kind": "apology"}, {"kind": "apology"}]}],
        "deleted_results_not_digitised": [OPEN | {"result_digitised": True}],
        "paid_online_has_fee": [{"fee_total_vnd": 0}],
        "online_not_filed_at_counter": [{"submitted_at": "2023-04-27T09:18:00+07:00"}],
        "not_finished_in_minutes": [{"finished_at": "2023-04-27T09:21:00+07:00"}],
        "code_date_is_reception": [{"case_code": "H37.16-230101-0012"}],
        "day_and_month_not_swapped": [
            {"case_code": "H37.16-230504-0012", "submitted_at": "2023-04-05T08:15:00+07:00",
             "received_at": "2023-04-05T09:20:00+07:00"}
        ],
        "text_is_nfc": [{"exemption_reason": "La\u0323ng So\u031bn"}],
        "agency_exists": [{"agency_code": "H37.99"}],
        "procedure_exists": [{"procedure_code": "1.009999"}],
        "procedure_in_force": [
            {"case_code": "H37.16-190427-0012", "submitted_at": "2019-04-27T08:15:00+07:00",
             "received_at": "2019-04-27T09:20:00+07:00"}
        ],
        "no_district_after_july_2025": [
            {"case_code": "H37.30-250702-0012", "agency_code": "H37.30",
             "submitted_at": "2025-07-02T08:15:00+07:00", "received_at": "2025-07-02T09:20:00+07:00"}
        ],
        "receiving_staff_exists": [{"received_by": "CB999"}],
        "received_after_submitted": [{"submitted_at": "2023-04-28T08:15:00+07:00"}],
        "finished_after_received": [{"finished_at": "2023-04-26T10:00:00+07:00"}],
        "returned_after_finished": [{"finished_at": "2023-05-12T10:00:00+07:00"}],
        "returned_after_received": [{"returned_at": "2023-04-26T10:00:00+07:00"}],
        "stopped_after_received": [{"stopped_at": "2023-04-26T10:00:00+07:00"}],
        "withdrawn_after_received": [{"withdrawn_at": "2023-04-26T10:00:00+07:00"}],
        "due_after_received": [{"due_at": "2023-04-26T10:00:00+07:00"}],
        "some_cases": [],
    },
    "staging.agency": {
        "not_its_own_relative": [{"parent_code": "bad"}],
        "parent_exists": [{"parent_code": "H37.77"}],
        "one_successor": [{"predecessor_code": "000.00.30.H37"}],
        "district_ended": [{"kind": "district", "valid_to": None}],
        "name_is_nfc": [{"name": "La\u0323ng So\u031bn"}],
    },
    "staging.procedure": {
        "limit_sensible": [{"time_limit_value": -1}, {"time_limit_value": 1001}],
        "limit_has_unit": [{"time_limit_value": None}],
        "agency_exists": [{"agency_code": "H37.99"}],
    },
    "staging.staff": {
        "home_agency_exists": [{"home_agency_code": "H37.99"}],
        "no_lost_zero": [{"staff_code": "0123"}, {"staff_code": "123"}],
    },
    "staging.rating": {
        "times_after_2000": [{"rated_at": NEW_YEAR_1970}],
        "not_in_future": [{"submitted_at": FUTURE}],
        "level_known": [{"level_code": None, "level_raw": "TUYỆT"}],
        "level_text_is_nfc": [{"level_raw": "RA\u0302\u0301T HA\u0300I LO\u0300NG"}],
        "level_fits_scale": [{"scale": "3", "level_code": "very_dissatisfied"}],
        "dissatisfied_has_reason": [{"level_code": "dissatisfied", "reason": None}],
        "submitted_after_rated": [{"submitted_at": "2023-05-11T10:00:00+07:00"}],
        "in_opening_hours": [{"rated_at": "2023-05-11T03:00:00+07:00"}],
        "case_exists": [{"case_code": "H37.16-230427-9999"}],
        "rated_after_reception": [{"rated_at": "2023-04-27T08:00:00+07:00"}],
        "one_rating_a_case": [{"rated_at": "2023-05-11T11:00:00+07:00"}],
        "device_not_in_bursts": _waits(1, 5, 9),
        "staff_exists": [{"staff_code": "CB999"}],
    },
    "staging.service": {
        "pilot_has_start": [{"pilot_from": None}],
        "stopped_has_day": [{"state": "stopped"}],
        "public_not_withdrawn": [{"withdrawn_on": "2023-05-01"}],
        "withdrawn_after_published": [{"withdrawn_on": "2022-05-01"}],
        "procedure_exists": [{"procedure_code": "1.009999"}],
        "agency_exists": [{"agency_code": "H37.99"}],
    },
    "staging.submission": {
        "times_after_2000": [{"submitted_at": NEW_YEAR_1970}],
        "not_in_future": [{"accepted_at": FUTURE}],
        "accepted_after_submitted": [{"accepted_at": "2023-04-27T08:00:00+07:00"}],
        "rejected_after_submitted": [{"rejected_at": "2023-04-27T08:00:00+07:00"}],
        "accepted_or_rejected": [{"rejected_at": "2023-04-28T08:00:00+07:00"}],
        "rejected_has_reason": [{"rejected_at": "2023-04-28T08:00:00+07:00"}],
        "accepted_has_case": [{"case_code": None}],
        "service_exists": [{"service_id": "S9"}],
        "case_exists": [{"case_code": "H37.16-230427-9999"}],
        "case_channel_is_online": [{"case_code": "counter"}],
    },
    "staging.decision": {
        "not_in_future": [{"decided_on": "2023-07-09"}],
        "has_items": [{"items": []}],
        "action_known": _item(action="moi"),
        "items_have_procedure": _item(procedure_code=None),
        "published_after_decided": _item(published_at="2023-04-20T16:02:00+07:00"),
        "published_not_in_future": _item(published_at=FUTURE),
        "published_after_2000": _item(published_at=NEW_YEAR_1970),
        "procedure_once": [{"items": [{"procedure_code": "1.1"}, {"procedure_code": "1.1"}]}],
        "agency_exists": [{"agency_code": "H37.99"}],
    },
    "staging.plan_task": {
        "not_completed_in_future": [{"completed_on": "2023-07-09"}],
        "completed_has_product": [{"product_document_no": None}],
        "product_has_completion": [{"completed_on": None}],
        "cancelled_not_completed": [{"cancelled_by": "9/QĐ"}],
        "lead_agency_exists": [{"lead_agency_code": "H37.99"}],
    },
    "staging.feedback": {
        "answered_after_received": [{"answered_on": "2023-05-01"}],
        "published_after_answered": [{"published_on": "2023-05-16"}],
        "not_in_future": [{"answered_on": "2023-07-09"}],
        "agency_exists": [{"agency_code": "H37.99"}],
        "case_exists": [{"case_code": "H37.16-230427-9999"}],
    },
    "staging.nomination": {
        "submitted_before_deadline": [{"submitted_on": "2023-06-07"}],
        "met_has_evidence": [{"evidence": None, "staff_code": "CB018"}],
        "staff_exists": [{"staff_code": "CB999"}],
        "no_lost_zero": [{"staff_code": "456"}],
    },
    "staging.calendar_override": {
        "scope_is_the_centres": [{"scope": "H37.30"}],
        "working_day_is_weekend": [{"day": "2026-01-12"}],
        "day_off_is_weekday": [{"day": "2026-01-11", "is_working": False}],
    },
    "staging.kpi_target": {
        "target_not_negative": [{"target": -0.5}],
        "ratio_within_one": [{"target": 99}],
        "kpi_exists": [{"kpi_id": "no_such"}],
    },
    "staging.rating_device": {
        "device_has_rated": [{"device_id": "KIOSK-3"}],
    },
}  # fmt: skip
# Rows that other tables' references need; they belong to no rule of their own.
NEEDED: dict[str, list[Row]] = {
    "staging.case": [CASE | {"case_code": "counter", "channel": 1}],
    "staging.staff": [{"staff_code": "0456"}],
}


def _made_by_type(rule: Rule, sound: Row) -> list[Row]:
    """Rows that break a rule whose type says how."""
    kwargs = rule.kwargs
    match rule.type.removeprefix("expect_column_"):
        case "values_to_not_be_null":
            return [{kwargs["column"]: None}]
        case "values_to_be_in_set":
            return [{kwargs["column"]: 77 if isinstance(kwargs["value_set"][0], int) else "lạ"}]
        case "values_to_match_regex":
            return [{kwargs["column"]: "???"}]
        case "values_to_be_between":
            low = kwargs["min_value"]
            return [{kwargs["column"]: low - 1 if isinstance(low, int) else "1970-01-01"}]
        case "pair_values_a_to_be_greater_than_b":
            return [{kwargs["column_A"]: "2001-01-01", kwargs["column_B"]: "2002-01-01"}]
        case "values_to_be_unique":
            return [{}, {}]
    if rule.type == "expect_compound_columns_to_be_unique":
        return [{}, {}]
    raise AssertionError(f"say in BROKEN how a row breaks {rule.id}")


def rows_for(suite: Suite, rule: Rule, number: int) -> list[Row]:
    """Bad rows of one rule under a key of their own, unless the rule is about the key."""
    sound = SOUND[suite.table][0]
    by_hand = {"every_field_read": CAST} | BROKEN.get(suite.table, {})
    changes = by_hand[rule.id] if rule.id in by_hand else _made_by_type(rule, sound)
    key, rows = suite.key[0], []
    for part, change in enumerate(changes):
        row = META | sound | change
        shared = rule.type.endswith("unique") or rule.id in SHARED
        if key not in change and suite.table != "staging.calendar_override":
            row[key] = f"bad {rule.id}" if shared or len(changes) == 1 else f"bad {rule.id} {part}"
        if key not in change and suite.table == "staging.calendar_override":
            row[key] = f"2030-{1 + number % 12:02d}-{1 + number:02d}"
        if suite.table == "staging.agency" and row.get("parent_code") == "bad":
            row["parent_code"] = row[key]
        rows.append(row)
    return rows
