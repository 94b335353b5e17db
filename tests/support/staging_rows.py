"""Sound rows of every staging table, as a night would have left them.

Belongs here: what each table holds when nothing is wrong, and the warehouse that holds it. Doesn't: rows
that break a rule (staging_faults.py).
"""

import functools
from typing import Any

from tests.support.warehouse_case import CaseWarehouse

Row = dict[str, Any]
META = {
    "_version_at": "2023-05-04T10:00:03+07:00",
    "_loaded_at": "2023-06-01T01:00:00+07:00",
    "_batch_id": "b",
    "_page_no": 1,
    "_row_no": 1,
    "_cast_errors": [],
}
NEW_YEAR_1970 = "1970-01-01T07:00:00+07:00"
FUTURE = "2023-07-09T08:00:00+07:00"
CODE = "H37.16-230427-0012"
PAUSE = {"seq": 1, "requested_at": "2023-05-04T10:00:00+07:00", "completed_at": None, "reason": "x"}
DONE_PAUSE = PAUSE | {"completed_at": "2023-05-08T10:00:00+07:00"}
CASE: Row = {
    "case_code": CODE,
    "procedure_code": "1.004221",
    "field_code": "G13-TN02",
    "agency_code": "H37.16",
    "reception_unit_code": "H37.01.TTPVHCC",
    "channel": 2,
    "applicant_type": 1,
    "submitted_at": "2023-04-27T08:15:00+07:00",
    "received_at": "2023-04-27T09:20:00+07:00",
    "due_at": "2023-05-18T17:00:00+07:00",
    "finished_at": "2023-05-10T10:00:00+07:00",
    "returned_at": "2023-05-11T10:00:00+07:00",
    "status": 10,
    "pauses": [],
    "extensions": [],
    "fee_total_vnd": 120000,
    "paid_online": 1,
    "received_by": "CB017",
    "updated_at": META["_version_at"],
    "is_deleted": False,
}
OPEN: Row = {"status": 4, "finished_at": None, "returned_at": None}
SOUND: dict[str, list[Row]] = {
    "staging.agency": [
        {"agency_code": "H37.16", "name": "Sở Tài nguyên", "kind": "department", "valid_from": "2020-01-01"},
        {
            "agency_code": "H37.30", "name": "Huyện Cao Lộc", "kind": "district",
            "parent_code": "H37.16", "predecessor_code": "000.00.30.H37",
            "valid_from": "2020-01-01", "valid_to": "2025-06-30",
        },
    ],
    "staging.procedure": [
        {
            "procedure_code": "1.004221", "name": "Đăng ký", "time_limit_value": 15,
            "time_limit_unit": "working_day", "agency_code": "H37.16", "valid_from": "2020-01-01",
            "valid_to": "2030-01-01",
        }
    ],
    "staging.staff": [
        {
            "staff_code": "CB017", "employment_type": "civil_servant", "home_agency_code": "H37.16",
            "at_centre_from": "2020-01-01", "at_centre_to": "2030-01-01",
        }
    ],
    "staging.case_version": [CASE],
    "staging.case": [CASE],
    "staging.rating": [
        {
            "rating_id": "R1", "source": "kiosk", "device_id": "KIOSK-03", "case_code": CODE,
            "staff_code": "CB017", "rated_at": "2023-05-11T10:05:00+07:00", "scale": "5",
            "level_raw": "RẤT HÀI LÒNG", "level_code": "very_satisfied", "is_test": False,
            "submitted_at": "2023-05-11T10:06:00+07:00",
        }
    ],
    "staging.service": [
        {
            "service_id": "S1", "procedure_code": "1.004221", "agency_code": "H37.16", "level": 4,
            "state": "public", "published_on": "2022-10-05", "pilot_from": "2022-09-01",
            "pilot_to": "2023-12-31",
        }
    ],
    "staging.submission": [
        {
            "submission_id": "N1", "service_id": "S1", "case_code": CODE,
            "submitted_at": "2023-04-27T08:15:00+07:00", "accepted_at": "2023-04-27T09:20:00+07:00",
        }
    ],
    "staging.decision": [
        {
            "decision_no": "612/QĐ-UBND", "decided_on": "2023-04-27", "agency_code": "H37.16",
            "items": [{
                "procedure_code": "1.004221", "action": "new", "complete": True, "accurate": True,
                "published_at": "2023-05-04T16:02:00+07:00",
            }],
        }
    ],
    "staging.plan_task": [
        {
            "plan_no": "42/KH-UBND", "task_id": "42-07", "task": "Rà soát", "quality": "passed",
            "lead_agency_code": "H37.16", "due_on": "2023-05-30", "completed_on": "2023-05-26",
            "product_document_no": "12/BC-SCT",
        }
    ],
    "staging.feedback": [
        {
            "feedback_id": "F1", "kind": "petition", "received_on": "2023-05-15", "case_code": CODE,
            "agency_code": "000.00.30.H37", "answered_on": "2023-05-20", "published_on": "2023-05-22",
        }
    ],
    "staging.nomination": [
        {
            "staff_code": "CB017", "submitted_on": "2023-06-05", "criterion_1": "met",
            "criterion_2": "not_met", "evidence": "Sáng kiến",
        }
    ],
    "staging.calendar_override": [
        {"day": "2026-01-10", "is_working": True, "scope": "ALL", "document_no": "12729/VPCP-KGVX"}
    ],
    "staging.kpi_target": [
        {
            "kpi_id": "on_time", "scope": "ALL", "comparison": ">", "target": 0.99,
            "valid_from": "2023-01-01", "valid_to": "2023-12-31", "document_no": "1/KH",
        }
    ],
    "staging.rating_device": [
        {
            "source": "kiosk", "device_id": "KIOSK-03", "has_top_level": True, "valid_from": "2023-01-01",
            "document_no": "3/TB",
        }
    ],
}  # fmt: skip


@functools.cache
def shared_warehouse() -> CaseWarehouse:
    """One warehouse for the tests of rules; each module fills what it needs before it runs."""
    return CaseWarehouse()
