"""Case X of contracts.md §5 and its days in November 2026, for tests of the oracle.

Belongs here: what a test says of X, and what follows for it. Doesn't: tests.
"""

import datetime as dt
from typing import Any

from tests.oracle.facts import CaseFact, Row, case_facts
from tests.oracle.verdicts import verdict

CENTRE = "TTPVHCC"


def at(day: float | str, clock: str = "10:00") -> str:
    """A time in November 2026 by day of the month, or of any other day."""
    text = day if isinstance(day, str) else f"2026-11-{int(day):02d}"
    return f"{text}T{clock}:00+07:00"


def on(day: int) -> dt.date:
    """A day of November 2026."""
    return dt.date(2026, 11, day)


def asked(first: int | str, last: int | str | None = None) -> Row:
    """A request, answered where it says when."""
    return {"seq": 1, "requested_at": at(first), "completed_at": at(last) if last else None}


def issued(first: int | None, new_due: int | None, kind: str = "statutory") -> Row:
    """An extension."""
    return {
        "kind": kind, "issued_at": at(first) if first else None,
        "new_due_at": at(new_due, "17:00") if new_due else None, "document_no": None,
    }  # fmt: skip


def row_of(**other: Any) -> Row:
    """The record of case X, received on 2 and due on 6; with other fields where a test names them."""
    row = {
        "case_code": "X", "agency_code": "A", "procedure_code": "1", "reception_unit_code": CENTRE, "channel": 1,
        "status": 4, "received_at": at(2, "09:00"), "due_at": at(6, "17:00"), "finished_at": None,
        "returned_at": None, "stopped_at": None, "rejected_at": None, "withdrawn_at": None, "is_deleted": False,
        "pauses": [], "extensions": [],
    }  # fmt: skip
    return row | other


def fact(
    *events: Row,
    ended: int | None = None,
    as_of: str | int = 30,
    limit: tuple[Any, Any] = (4, "day"),
    **other: Any,
) -> CaseFact:
    """What became of case X, with its requests and extensions."""
    row = row_of(
        finished_at=at(ended) if ended else None,
        pauses=[e for e in events if "seq" in e],
        extensions=[e for e in events if "kind" in e],
    )
    value, unit = limit
    procedure = {
        "procedure_code": "1",
        "field_code": "F",
        "time_limit_value": value,
        "time_limit_unit": unit,
    }
    truth = {"cases": [row | other], "agencies": [], "procedures": [procedure]}
    moment = dt.datetime.fromisoformat(at(as_of, "23:00"))
    return case_facts(truth, moment, CENTRE)["X"]


def due(*events: Row, ended: int | None = None, **other: Any) -> int | None:
    """The day of November on which X is due."""
    found = fact(*events, ended=ended, **other).due_on
    assert found is None or (found.year, found.month) == (2026, 11)
    return found.day if found else None


NOV = (on(1), on(30))


def is_on_time(found: CaseFact, variant: str = "A") -> bool | None:
    """X judged in November."""
    return verdict(variant, found, *NOV)


def overdue_days(found: CaseFact) -> set[int]:
    """Days of November at whose end X was overdue."""
    return {day for day in range(1, 31) if found.is_overdue_at_end_of(on(day))}
