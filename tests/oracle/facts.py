"""What happened to each case, rating, announcement and task, from the sources' own records."""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from tests.oracle.workdays import add_working, is_working, roll, working_between

LOCAL = dt.timezone(dt.timedelta(hours=7))
Row = dict[str, Any]


@dataclass(frozen=True)
class CaseFact:
    """One accepted or not accepted case, with its days."""

    code: str
    agency: str
    procedure: str
    at_centre: bool
    online: bool
    accepted: bool
    received: dt.datetime | None
    received_on: dt.date | None
    end_on: dt.date | None
    end_kind: str | None
    handover_on: dt.date | None
    due_on: dt.date | None
    pauses: tuple[tuple[dt.date, dt.date | None], ...]
    ended: dt.datetime | None
    handed_over: dt.datetime | None
    asked: tuple[dt.datetime, ...]
    due_moment: dt.datetime | None
    """Only where the case's file compares by time, and the time was promised."""

    def in_time(self, at: dt.datetime) -> bool:
        """Whether what happens then happens on time."""
        if self.due_moment is not None:
            return at <= self.due_moment
        assert self.due_on is not None
        return at.date() <= self.due_on


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
        if str(row["is_deleted"]).lower() in ("true", "1"):
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
    pauses = []
    for pause in row["pauses"] or []:
        asked, done = instant(pause["requested_at"]), instant(pause["completed_at"])
        if asked and asked <= as_of:
            pauses.append((asked, done if done and done <= as_of else None))
    pauses.sort(key=lambda pair: pair[0])
    days = tuple((a.date(), d.date() if d else None) for a, d in pauses)
    agency = row["agency_code"]
    due = _due(row, received, as_of, days, limits.get(base_code(row["procedure_code"])))
    return CaseFact(
        code=row["case_code"],
        agency=aliases.get(agency, agency),
        procedure=base_code(row["procedure_code"]),
        at_centre=row["reception_unit_code"] == centre,
        online=str(row["channel"]) == "2",
        accepted=accepted,
        received=received,
        received_on=received.date() if received else None,
        end_on=end.date() if end else None,
        end_kind=kind,
        handover_on=back.date() if accepted and back else None,
        due_on=due,
        pauses=days,
        ended=end,
        handed_over=back if accepted else None,
        asked=tuple(asked for asked, _ in pauses),
        due_moment=_due_moment(row, due, as_of) if row.get("compare_by") == "time" else None,
    )


def _due(
    row: Row,
    received: dt.datetime | None,
    as_of: dt.datetime,
    pauses: tuple[tuple[dt.date, dt.date | None], ...],
    limit: Row | None,
) -> dt.date | None:
    if extended := _extended(row, as_of):
        return extended.date()
    given = instant(row["due_at"])
    due = given.date() if given else _derived(received, limit)
    if given is None and limit and limit["time_limit_unit"] == "working_hour" and received:
        return _after_working_minutes(
            received, int(limit["time_limit_value"]) * 60 + _paused_minutes(row, as_of)
        )
    shift = sum(working_between(asked, done) for asked, done in pauses if done)
    if due is None or shift == 0:
        return due
    # A due date on a day off counts from the working day before it.
    return add_working(due, shift)


def _extended(row: Row, as_of: dt.datetime) -> dt.datetime | None:
    statutory = [
        (instant(e["issued_at"]), instant(e["new_due_at"]))
        for e in row["extensions"] or []
        if e["kind"] == "statutory" and instant(e["issued_at"]) <= as_of  # type: ignore[operator]
    ]
    return max(statutory)[1] if statutory else None


def _due_moment(row: Row, due: dt.date | None, as_of: dt.datetime) -> dt.datetime | None:
    """Pauses move the day; the time of day stays as promised."""
    given = instant(row["due_at"])
    promised = dt.datetime.combine(due, given.timetz()) if given and due else None
    return _extended(row, as_of) or promised


def _derived(received: dt.datetime | None, limit: Row | None) -> dt.date | None:
    if received is None or limit is None or limit["time_limit_value"] is None:
        return None
    count, unit, start = int(limit["time_limit_value"]), limit["time_limit_unit"], received.date()
    if unit == "working_day":
        return add_working(start, count)
    if unit == "day":
        return roll(start + dt.timedelta(days=count))
    if unit == "hour":
        return roll((received + dt.timedelta(hours=count)).date())
    if unit == "month":
        month = start.month - 1 + count
        year, month = start.year + month // 12, month % 12 + 1
        last = (dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)).day
        return roll(dt.date(year, month, min(start.day, last)))
    if unit == "working_hour":
        return _after_working_minutes(received, count * 60)
    return None


def _after_working_minutes(start: dt.datetime, minutes: int) -> dt.date:
    """Walk through office hours minute by minute: 07:00–11:30 and 13:30–17:00."""
    at = start.replace(second=0, microsecond=0)
    while minutes > 0:
        clock = at.hour * 60 + at.minute
        if is_working(at.date()) and (420 <= clock < 690 or 810 <= clock < 1020):
            minutes -= 1
            last = at.date()
        at += dt.timedelta(minutes=1)
    return last


def _paused_minutes(row: Row, as_of: dt.datetime) -> int:
    """Office minutes of the completed pauses; a limit in hours stands still for so long."""
    total = 0
    for pause in row["pauses"] or []:
        at, done = instant(pause["requested_at"]), instant(pause["completed_at"])
        if at is None or done is None or done > as_of:
            continue
        at, done = (t.replace(second=0, microsecond=0) for t in (at, done))
        while at < done:
            clock = at.hour * 60 + at.minute
            total += is_working(at.date()) and (420 <= clock < 690 or 810 <= clock < 1020)
            at += dt.timedelta(minutes=1)
    return total


def level(text: str) -> str:
    """A rating level as the contract spells it, whatever its case, spacing or Unicode form."""
    return " ".join(unicodedata.normalize("NFC", text).upper().split())
