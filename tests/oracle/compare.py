"""Where the warehouse's tables and the oracle differ, as lines to read.

Belongs here: keys, columns and what "the same" means. Doesn't: any rule.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable

from tests.oracle.difference import NAMED, Judged, on_time_difference
from tests.oracle.facts import CaseFact, Row
from tests.oracle.forms import Rows, agency_scorecard, at_risk, bieu_06, form_07a
from tests.oracle.snapshots import Known, snapshot

SNAPSHOTS = (dt.date(2023, 6, 6), dt.date(2023, 6, 10))
Query = Callable[[str], list[Row]]
BIEU_06 = (
    "received_total_count", "received_online_count", "received_direct_count", "carried_over_count",
    "settled_total_count", "settled_early_count", "settled_on_time_count", "settled_late_count", "no_due_count",
    "open_total_count", "open_in_time_count", "open_late_count", "no_due_open_count",
)  # fmt: skip
FORM_07A = (
    "received_total_count", "received_new_count", "carried_over_count", "settled_total_count",
    "settled_on_time_count", "settled_late_count", "no_due_count", "open_total_count", "open_in_time_count",
    "open_late_count", "no_due_open_count",
)  # fmt: skip
SCORECARD = (
    "received_count", "online_count", "closed_count", "early_count", "on_the_day_count", "late_count",
    "no_due_count", "open_count", "overdue_count",
)  # fmt: skip


def all_differences(query: Query, facts: dict[str, CaseFact], today: dt.date) -> list[str]:
    """Cases first, since one wrong case is behind many wrong sums."""
    cases = facts.values()
    return [
        *case_differences(query, facts),
        *_table(query, "marts.bieu_06", "agency_code", BIEU_06, bieu_06(cases, today)),
        *_table(query, "marts.form_07a", "field_code", FORM_07A, form_07a(cases, today)),
        *_table(
            query,
            "marts.agency_scorecard",
            "agency_code",
            SCORECARD,
            agency_scorecard(cases, today),
        ),
        *_risk(query, cases, today),
        *_judged(query, on_time_difference(cases, today)),
    ]


def case_differences(query: Query, facts: dict[str, CaseFact]) -> list[str]:
    """Accepted cases that core.fct_case judges otherwise."""
    found = []
    published = query(
        "select case_code, end_on, due_on, duration_days, is_on_time from core.fct_case where is_accepted"
    )
    got = {row.pop("case_code"): row for row in published}
    expected = {f.code: _story(f) for f in facts.values() if f.accepted}
    for code in sorted(got.keys() | expected.keys()):
        mine, theirs = expected.get(code), got.get(code)
        if mine != theirs:
            found.append(f"core.fct_case {code}: built {theirs}, true {mine}")
    return found


def _story(f: CaseFact) -> Row:
    judged = f.in_time(f.ended) if f.ended and f.due_on else None
    days = f.clock.duration() if f.clock else None
    return {"end_on": f.end_on, "due_on": f.due_on, "duration_days": days, "is_on_time": judged}


def _table(
    query: Query, table: str, unit: str, columns: Iterable[str], expected: Rows
) -> list[str]:
    got = {
        (row["period_kind"], row["period_start"], row[unit]): row
        for row in query(f"select * from {table}")
    }
    found = []
    for key in sorted(got.keys() | expected.keys(), key=str):
        mine = {name: expected[key][name] if key in expected else 0 for name in columns}
        row = got.get(key, dict.fromkeys(columns, 0))
        theirs = {name: row.get(name, "no such column") for name in columns}
        wrong = [
            f"{name} {theirs[name]} for {mine[name]}"
            for name in columns
            if mine[name] != theirs[name]
        ]
        if wrong:
            found.append(f"{table} {key}: published {', '.join(wrong)}")
    return found


def campaign_differences(query: Query, known: Known, first: dt.date, centre: str) -> list[str]:
    """Snapshots of the campaign that began on `first` which are published otherwise."""
    found = []
    rows = query("select snapshot_on, agency_code, closed_count, on_time_count from marts.campaign")
    for day in SNAPSHOTS:
        told = snapshot(known, first, day, centre)
        got = {
            row["agency_code"]: (row["closed_count"], row["on_time_count"])
            for row in rows
            if row["snapshot_on"] == day
        }
        if told is None:
            found += [f"marts.campaign {day}: published {got}, nothing known yet"] if got else []
            continue
        for agency in sorted(got.keys() | told.keys()):
            mine, theirs = told.get(agency, (0, 0)), got.get(agency, (0, 0))
            if mine != theirs:
                found.append(f"marts.campaign {day} {agency}: published {theirs}, true {mine}")
    return found


def _risk(query: Query, cases: Iterable[CaseFact], today: dt.date) -> list[str]:
    rows = query("select * from marts.at_risk")
    got = Counter(
        (row["due_on"], row["is_overdue"], row["working_days_left"], row.get("status"))
        for row in rows
    )
    return _counted("marts.at_risk", got, at_risk(cases, today))


def _judged(query: Query, expected: Counter[Judged]) -> list[str]:
    got: Counter[Judged] = Counter()
    for row in query("select * from marts.on_time_difference"):
        is_named = row["variant"] == "D" and row["reason"] in NAMED
        why = row["reason"] if is_named else ""
        place = row["period_kind"], row["period_start"], row["agency_code"], row["variant"]
        got[(*place, row["judgement_a"], row["judgement_other"], why)] += row["case_count"]
    return _counted("marts.on_time_difference", got, expected)


def _counted(table: str, got: Counter, expected: Counter) -> list[str]:  # type: ignore[type-arg]
    return [
        f"{table} {key}: published {got[key]}, true {expected[key]}"
        for key in sorted(got.keys() | expected.keys(), key=str)
        if got[key] != expected[key]
    ]
