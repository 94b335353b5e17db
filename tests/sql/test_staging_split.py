"""Received rows against the suites of staging: what can't stand goes to quarantine, what is doubtful stays."""

import json
from typing import Any

import pytest

from expectations.runner import run_suites
from expectations.suite import load_suites
from tests.support.staging_rows import CASE, META, SOUND, shared_warehouse
from warehouse.models.build import RowRule, build_model

BROKEN: dict[str, dict[str, Any]] = {
    "case_code_present": {"case_code": " "},
    "every_field_read": {"due_at": "13/13/2023"},
    "status_known": {"status": "11"},
    "channel_known": {"channel": "7"},
    "accepted_has_reception": {"received_at": None},
    "times_after_2000": {"finished_at": "1970-01-01T00:00:00Z"},
    "events_not_in_future": {"returned_at": "2999-01-01T00:00:00+07:00"},
    "version_not_in_future": {"updated_at": "2999-01-01T00:00:00+07:00"},
    "fee_not_negative": {"fee_total_vnd": "-5"},
    "extension_due_before_2100": {
        "extensions": '[{"kind": "apology", "new_due_at": "2100-01-01T00:00:00+07:00"}]'
    },
}


def received(case: dict[str, Any]) -> dict[str, Any]:
    """A case as text, as it lies in raw."""
    texts = {
        name: json.dumps(v) if isinstance(v, list) else v and str(v) for name, v in case.items()
    }
    return texts | {
        "_version_at": META["_version_at"], "_loaded_at": META["_loaded_at"], "_batch_id": "b",
        "_page_no": 1, "_row_no": 0, "_load_kind": "inserted", "_defects": [],
    }  # fmt: skip


def test_one_entry_splits_and_then_checks() -> None:
    """Rows that break a critical row rule go to quarantine; what is staged then passes the same rule."""
    warehouse = shared_warehouse()
    rows = [received(CASE)] + [
        received(CASE) | {"case_code": f"bad {rule}", "_row_no": number} | change
        for number, (rule, change) in enumerate(BROKEN.items(), start=1)
    ]
    warehouse.fill("raw.cases__case", rows)
    suite = load_suites()["staging.case_version"]
    rules = [RowRule(rule.id, rule.reason, rule.breaks or "false") for rule in suite.row_rules]
    build_model(warehouse.connection, warehouse.catalog.models[suite.table], rules)
    staged = warehouse.connection.execute(f"select case_code from {suite.table}").fetchall()
    split = warehouse.connection.execute(
        "select rules from quarantine.case_version order by _row_no"
    ).fetchall()
    assert staged == [(CASE["case_code"],)]
    assert [rule for rule, (found,) in zip(BROKEN, split, strict=True) if rule not in found] == []
    outcomes = run_suites(warehouse.connection, [suite])
    assert [o.rule for o in outcomes if o.state != "passed"] == []


# What the settled readings call doubtful, and no reason to refuse a row.
DOUBTFUL: dict[str, list[dict[str, Any]]] = {
    "pauses": [
        {"requested_at": "2023-05-08T08:00:00+07:00", "completed_at": "2023-05-04T08:00:00+07:00"},
        {"requested_at": "2023-04-03T08:00:00+07:00", "completed_at": "2023-06-20T08:00:00+07:00"},
    ],
    "extensions": [
        {"kind": "statutory", "issued_at": "2023-05-15T08:00:00+07:00", "new_due_at": "2023-05-10T17:00:00+07:00"},
        {"kind": "statutory", "new_due_at": "2023-05-20T17:00:00+07:00"},
        {"kind": "apology", "issued_at": "2023-05-15T08:00:00+07:00"},
    ],
}  # fmt: skip


def test_requests_and_extensions_that_count_for_nothing_stand() -> None:
    """Before the reception, after the end, completed before they were made, issued after their new day."""
    warehouse = shared_warehouse()
    warehouse.fill("raw.cases__case", [received(CASE | DOUBTFUL)])
    suite = load_suites()["staging.case_version"]
    rules = [RowRule(rule.id, rule.reason, rule.breaks or "false") for rule in suite.row_rules]
    build_model(warehouse.connection, warehouse.catalog.models[suite.table], rules)
    (row,) = warehouse.rows(
        "select len(pauses) as pauses, len(extensions) as extensions from staging.case_version"
    )
    assert row == {"pauses": 2, "extensions": 3}


@pytest.mark.parametrize(
    ("limit", "value"),
    [("15", 15), ("15.0", 15), ("0", 0), ("1001", 1001), ("-1", -1), ("2147483647", 2147483647),
     ("99999999999999999999", None), ("1.000", None), ("2.5", None), ("1e5", None), ("mười lăm", None)],
)  # fmt: skip
def test_no_limit_sends_a_procedure_to_quarantine(limit: str, value: int | None) -> None:
    """What lies outside 0 to 1000, or can't be read, gives no due day; the procedure itself stands."""
    warehouse = shared_warehouse()
    row = received(SOUND["staging.procedure"][0] | {"time_limit_value": limit})
    warehouse.fill("raw.cases__procedure", [row])
    suite = load_suites()["staging.procedure"]
    rules = [RowRule(rule.id, rule.reason, rule.breaks or "false") for rule in suite.row_rules]
    build_model(warehouse.connection, warehouse.catalog.models[suite.table], rules)
    assert warehouse.rows("select time_limit_value as found from staging.procedure") == [
        {"found": value}
    ]
    failed = {o.rule for o in run_suites(warehouse.connection, [suite]) if o.state == "failed"}
    is_sound = value is not None and 0 <= value <= 1000
    expected = set() if is_sound else {"limit_sensible" if value is not None else "limit_has_unit"}
    assert failed - {"agency_exists"} == expected
