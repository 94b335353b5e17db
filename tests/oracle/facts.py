"""What happened to each case, from the source's own record.

Belongs here: reading times, codes and yes or no; acceptance, the clock's start and its end. Doesn't: what moves a
due day (clock.py), counting (kpi.py, forms.py).
"""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from tests.oracle.clock import Clock, Request, united
from tests.oracle.limits import limit_of

LOCAL = dt.timezone(dt.timedelta(hours=7))
Row = dict[str, Any]
# NĐ 309/2026: from this day of reception on, the clock of a case received for an agency elsewhere starts there.
STARTS_ELSEWHERE = dt.date(2026, 8, 5)


@dataclass(frozen=True)
class CaseFact:
    """One accepted or not accepted case, with its days."""

    code: str
    agency: str
    procedure: str
    field: str
    """UNKNOWN where neither the case nor its procedure names one."""
    status: int
    at_centre: bool
    online: bool
    accepted: bool
    received: dt.datetime | None
    received_on: dt.date | None
    end_on: dt.date | None
    end_kind: str | None
    handover_on: dt.date | None
    ended: dt.datetime | None
    handed_over: dt.datetime | None
    requests: tuple[Request, ...]
    clock: Clock | None
    """None where nothing was received."""

    @property
    def due_on(self) -> dt.date | None:
        """The one due day, where there is one."""
        return self.clock.due.day if self.clock and self.clock.due else None

    @property
    def asked(self) -> tuple[dt.datetime, ...]:
        """When requests were made, each once."""
        return tuple(request.at for request in self.requests)

    @property
    def pauses(self) -> tuple[tuple[dt.date, dt.date | None], ...]:
        """Days on which requests were made and answered."""
        return tuple((q.at.date(), q.done.date() if q.done else None) for q in self.requests)

    def in_time(self, at: dt.datetime) -> bool:
        """Whether what happens then happens on time."""
        assert self.clock is not None
        assert self.clock.due is not None
        return self.clock.due.holds(at)

    def is_open_at_end_of(self, day: dt.date) -> bool:
        """Accepted by the end of a day, and not ended by it."""
        if not self.accepted or self.received_on is None or self.received_on > day:
            return False
        return self.end_on is None or self.end_on > day

    def is_overdue_at_end_of(self, day: dt.date) -> bool:
        """Open, not waiting, and past its due day."""
        assert self.clock is not None
        return self.is_open_at_end_of(day) and self.clock.is_overdue_at_end_of(day)


def yes(value: object) -> bool:
    """A source's yes."""
    return str(value).lower() in ("true", "1")


def instant(text: str | None) -> dt.datetime | None:
    """A source's time in local time."""
    if not text:
        return None
    at = dt.datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=LOCAL)).astimezone(LOCAL)


def day(text: str | None) -> dt.date | None:
    """A source's date."""
    return dt.date.fromisoformat(text[:10]) if text else None


def base_code(code: str | None) -> str:
    """A procedure's code without the local suffix."""
    return re.sub(r"\.000\.00\.00\.H\d\d$", "", code or "")


def agency_names(truth: dict[str, list[Row]]) -> dict[str, str]:
    """Old code → code, for codes that only a successor knows."""
    known = {row["agency_code"] for row in truth["agencies"]}
    return {
        row["predecessor_code"]: row["agency_code"]
        for row in truth["agencies"]
        if row["predecessor_code"] and row["predecessor_code"] not in known
    }


def case_facts(truth: dict[str, list[Row]], as_of: dt.datetime, centre: str) -> dict[str, CaseFact]:
    """Facts of every case that isn't deleted, by code."""
    aliases = agency_names(truth)
    limits = {base_code(row["procedure_code"]): row for row in truth["procedures"]}
    found = {}
    for row in truth["cases"]:
        if yes(row["is_deleted"]):
            continue
        found[row["case_code"]] = _case(row, as_of, centre, aliases, limits)
    return found


def _case(
    row: Row, as_of: dt.datetime, centre: str, aliases: dict[str, str], limits: dict[str, Row]
) -> CaseFact:
    def known(name: str) -> dt.datetime | None:
        at = instant(row[name])
        return at if at and at <= as_of else None

    received = known("received_at")
    accepted = received is not None and row["status"] not in (1, 3)
    ends = [
        (name, known(f"{name}_at"))
        for name in ("finished", "returned", "stopped", "rejected", "withdrawn")
    ]
    ends = [
        (n, at) for n, at in ends if at and not (n == "rejected" and received and at <= received)
    ]
    kind, end = ends[0] if accepted and ends else (None, None)
    back = known("returned_at") or end
    agency = row["agency_code"]
    procedure = limits.get(base_code(row["procedure_code"]))
    requests = _requests(row, as_of)
    clock = None
    if received:
        clock = Clock(
            start=_start(row, received, as_of),
            end=end,
            as_of=as_of,
            requests=requests,
            extensions=_extensions(row, as_of),
            promised=instant(row["due_at"]),
            limit=limit_of(procedure),
            by_time=row.get("compare_by") == "time",
        )
    return CaseFact(
        code=row["case_code"],
        agency=aliases.get(agency, agency),
        procedure=base_code(row["procedure_code"]),
        field=row.get("field_code") or (procedure or {}).get("field_code") or "UNKNOWN",
        status=row["status"],
        at_centre=row["reception_unit_code"] == centre,
        online=str(row["channel"]) == "2",
        accepted=accepted,
        received=received,
        received_on=received.date() if received else None,
        end_on=end.date() if end else None,
        end_kind=kind,
        handover_on=back.date() if accepted and back else None,
        ended=end,
        handed_over=back if accepted else None,
        requests=tuple(requests),
        clock=clock,
    )


def _requests(row: Row, as_of: dt.datetime) -> list[Request]:
    entries = [
        (instant(p["requested_at"]), instant(p["completed_at"])) for p in row["pauses"] or []
    ]
    return united([(at, done) for at, done in entries if at], as_of)


def _extensions(row: Row, as_of: dt.datetime) -> list[tuple[dt.datetime, dt.datetime]]:
    found = []
    for entry in row["extensions"] or []:
        issued, new_due = instant(entry["issued_at"]), instant(entry["new_due_at"])
        if entry["kind"] == "statutory" and issued and new_due and issued <= as_of:
            found.append((issued, new_due))
    return found


def _start(row: Row, received: dt.datetime, as_of: dt.datetime) -> dt.datetime:
    """When the clock starts: at reception, or since NĐ 309/2026 when the competent agency got the file."""
    there = instant(row.get("competent_received_at"))
    is_elsewhere = yes(row.get("cross_boundary")) and received.date() >= STARTS_ELSEWHERE
    return there if there and there <= as_of and is_elsewhere else received


def level(text: str) -> str:
    """A rating level as the contract spells it, whatever its case, spacing or Unicode form."""
    return " ".join(unicodedata.normalize("NFC", text).upper().split())
