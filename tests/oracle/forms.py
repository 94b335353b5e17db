"""Counts of Biểu 06, form 07a, the agencies' scorecard and the list of cases at risk (contracts.md §5.3, 5.4, 5.7).

Belongs here: which column a case stands in, period by period. Doesn't: the verdict on it (verdicts.py, clock.py).
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from tests.oracle.facts import CaseFact
from tests.oracle.tally import spans_until
from tests.oracle.verdicts import WITH_RESULT
from tests.oracle.workdays import working_between

# (kind, first day, agency or field) → count by column; what counts nothing isn't there.
Rows = dict[tuple[str, dt.date, str], Counter[str]]
SOON = 3


def bieu_06(facts: Iterable[CaseFact], today: dt.date) -> Rows:
    """Columns 3 to 13 by agency and in all."""
    return _form(facts, today, lambda f: f.agency)


def form_07a(facts: Iterable[CaseFact], today: dt.date) -> Rows:
    """The columns of form 07a that form 06 has too, by field and in all."""
    found: Rows = {}
    for key, row in _form(facts, today, lambda f: f.field).items():
        row["received_new_count"] = row.pop("received_online_count", 0) + row.pop(
            "received_direct_count", 0
        )
        row["settled_on_time_count"] += row.pop("settled_early_count", 0)
        found[key] = row
    return found


def _form(facts: Iterable[CaseFact], today: dt.date, unit: Callable[[CaseFact], str]) -> Rows:
    found: Rows = defaultdict(Counter)
    cases = [f for f in facts if f.accepted and f.at_centre and f.received_on]
    begins = min((f.received_on for f in cases if f.received_on), default=today)
    for kind, first, end in spans_until(begins, today, ("month", "quarter", "year")):
        for f in cases:
            columns = _columns(f, first, min(end, today))
            for code in (unit(f), "ALL"):
                if columns:
                    found[kind, first, code].update(columns)
    return found


def _columns(f: CaseFact, first: dt.date, last: dt.date) -> list[str]:
    """Where a case counts in a form of the days from `first` to `last`."""
    assert f.received_on is not None
    ended_on, _ = form_end(f)
    if f.received_on > last or (ended_on is not None and ended_on < first):
        return []
    if f.received_on < first:
        came = "carried_over_count"
    else:
        came = "received_online_count" if f.online else "received_direct_count"
    if ended_on is None or ended_on > last:
        return ["received_total_count", came, "open_total_count", *_open_columns(f, last)]
    return ["received_total_count", came, "settled_total_count", settled_column(f)]


def _open_columns(f: CaseFact, last: dt.date) -> list[str]:
    if f.due_on is None:
        return ["open_in_time_count", "no_due_open_count"]
    return ["open_late_count" if f.is_overdue_at_end_of(last) else "open_in_time_count"]


def form_end(f: CaseFact) -> tuple[dt.date | None, dt.datetime | None]:
    """The end of a case in the forms: what ended before reception ended with it."""
    if f.end_on and f.received_on and f.end_on < f.received_on:
        return f.received_on, f.received
    return f.end_on, f.ended


def settled_column(f: CaseFact) -> str:
    """The column of Biểu 06 in which a case that ended stands."""
    ended_on, ended = form_end(f)
    assert ended_on is not None
    assert ended is not None
    if f.end_kind not in WITH_RESULT:
        return "settled_on_time_count"
    if f.due_on is None:
        return "no_due_count"
    if not f.in_time(ended):
        return "settled_late_count"
    return "settled_early_count" if ended_on < f.due_on else "settled_on_time_count"


def agency_scorecard(facts: Iterable[CaseFact], today: dt.date) -> Rows:
    """Counts of cases by agency, month and year to date."""
    found: Rows = defaultdict(Counter)
    cases = [f for f in facts if f.accepted and f.at_centre and f.received_on]
    days = [at for f in cases for at in (f.received_on, f.end_on) if at]
    for kind, first, end in spans_until(min(days, default=today), today, ("month", "ytd")):
        last = min(end, today)
        for f in cases:
            marks = []
            if f.received_on and first <= f.received_on <= last:
                marks += ["received_count", *(["online_count"] if f.online else [])]
            if f.end_on and first <= f.end_on <= last:
                marks += ["closed_count", _closed_column(f)]
            if f.is_open_at_end_of(last) and f.is_overdue_at_end_of(last):
                marks.append("overdue_count")
            # What came by then less what ended by then, though a typing error may have one end before it came.
            stands = int(f.received_on <= last) - int(f.end_on is not None and f.end_on <= last)
            if stands:
                found[kind, first, f.agency]["open_count"] += stands
            if marks:
                found[kind, first, f.agency].update(marks)
    return found


def _closed_column(f: CaseFact) -> str:
    if f.due_on is None:
        return "no_due_count"
    assert f.ended is not None
    if not f.in_time(f.ended):
        return "late_count"
    return "early_count" if f.ended.date() < f.due_on else "on_the_day_count"


def at_risk(facts: Iterable[CaseFact], today: dt.date) -> Counter[tuple[dt.date, bool, int, int]]:
    """Open cases that don't wait, overdue or due soon, by (due day, overdue, working days left, status)."""
    found: Counter[tuple[dt.date, bool, int, int]] = Counter()
    for f in facts:
        if not (f.at_centre and f.clock and f.due_on and f.is_open_at_end_of(today)):
            continue
        if f.clock.waits_at_end_of(today):
            continue
        left = working_between(today, f.due_on) - working_between(f.due_on, today)
        is_overdue = f.is_overdue_at_end_of(today)
        if is_overdue or left <= SOON:
            found[f.due_on, is_overdue, left, f.status] += 1
    return found
