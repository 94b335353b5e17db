"""The oracle's forms, lists, differences and snapshots, held to contracts.md §5.3 to 5.5 and 5.7, counted by hand.

Belongs here: several cases in one count, and what must hold of any drawn case. Doesn't: one case's due day
(test_requests.py, test_rules.py), comparing with the product (test_figures.py).
"""

import dataclasses
import datetime as dt
from random import Random
from typing import Any

from tests.oracle.difference import on_time_difference
from tests.oracle.facts import LOCAL, CaseFact, Row, case_facts
from tests.oracle.forms import agency_scorecard, at_risk, bieu_06, form_07a
from tests.oracle.limits import days_between
from tests.oracle.snapshots import Known, snapshot
from tests.support.case_x import CENTRE, asked, at, fact, on, row_of
from tests.support.made_up import Era, truth
from tests.support.warehouse_case import CENTRE as HERE

NO_DUE: dict[str, Any] = {"due_at": None, "limit": (None, None)}
NOVEMBER = ("month", on(1), "ALL")
DECEMBER = ("month", dt.date(2026, 12, 1), "ALL")


def several(*cases: CaseFact) -> list[CaseFact]:
    return [dataclasses.replace(case, code=f"X{place}") for place, case in enumerate(cases)]


def test_settled_is_early_on_the_day_late_and_without_a_due_day() -> None:
    early, exact, late = [fact(ended=5)] * 3, [fact(ended=6)] * 2, [fact(ended=9)] * 4
    row = bieu_06(several(*early, *exact, *late, fact(ended=9, **NO_DUE)), on(30))[NOVEMBER]
    names = ("settled_total", "settled_early", "settled_on_time", "settled_late", "no_due")
    assert [row[f"{name}_count"] for name in names] == [10, 3, 2, 4, 1]
    other = form_07a(several(*early, *exact, *late, fact(ended=9, **NO_DUE)), on(30))[NOVEMBER]
    names = ("settled_total", "settled_on_time", "settled_late", "no_due", "received_new")
    assert [other[f"{name}_count"] for name in names] == [10, 5, 4, 1, 10]


def test_what_ended_without_a_result_is_on_time_in_the_form_with_or_without_a_due_day() -> None:
    ends = ("withdrawn_at", "stopped_at", "rejected_at")
    cases = [fact(**{end: at(9)}, **more) for end in ends for more in ({}, NO_DUE)]
    row = bieu_06(several(*cases), on(30))[NOVEMBER]
    assert (row["settled_total_count"], row["settled_on_time_count"], row["no_due_count"]) == (
        6,
        6,
        0,
    )


def test_open_cases_without_a_due_day_are_in_time_and_counted() -> None:
    rows = bieu_06([fact(**NO_DUE, as_of="2026-12-15")], dt.date(2026, 12, 15))
    names = ("received_total", "carried_over", "open_total", "open_in_time", "no_due_open")
    assert [rows[NOVEMBER][f"{name}_count"] for name in names] == [1, 0, 1, 1, 1]
    assert [rows[DECEMBER][f"{name}_count"] for name in names] == [1, 1, 1, 1, 1]


def test_a_form_of_a_past_month_is_judged_as_of_its_end() -> None:
    """Asked on 27 November, answered on 4 December: it waited at the end of November, whatever its status says now."""
    story = {"received_at": at(23), "due_at": at(27), "as_of": "2026-12-31"}
    cases = several(fact(asked(27, "2026-12-04"), **story), fact(asked(30), status=5, **story))
    row = bieu_06(cases, dt.date(2026, 12, 31))[NOVEMBER]
    assert (row["open_in_time_count"], row["open_late_count"]) == (1, 1)
    assert agency_scorecard(cases, dt.date(2026, 12, 31))["month", on(1), "A"]["overdue_count"] == 1


def test_the_list_at_risk_leaves_out_what_waits_and_names_the_status() -> None:
    cases = [fact(status=5), fact(status=6), fact(asked(5), status=5), fact(asked(9), status=5)]
    assert at_risk(several(*cases), on(30)) == {
        (on(6), True, -15, 5): 2,
        (on(6), True, -15, 6): 1,
    }
    ahead = [fact(due_at=at(day), as_of=11) for day in (11, 13, 14, 16, 17)]
    assert {(row[0].day, row[1], row[2]) for row in at_risk(several(*ahead), on(11))} == {
        (11, False, 0), (13, False, 2), (14, False, 2), (16, False, 3)
    }  # fmt: skip


def test_the_scorecard_closes_whatever_ended_the_clock() -> None:
    cases = [
        fact(ended=5),
        fact(ended=6),
        fact(ended=9),
        fact(stopped_at=at(9), **NO_DUE),
        fact(withdrawn_at=at(9)),
    ]
    row = agency_scorecard(several(*cases), on(30))["month", on(1), "A"]
    names = ("closed", "early", "on_the_day", "late", "no_due")
    assert [row[f"{name}_count"] for name in names] == [5, 1, 1, 2, 1]


def test_ended_before_reception_goes_by_reception_in_forms_and_by_its_end_elsewhere() -> None:
    story = {"received_at": at("2026-12-02"), "due_at": at("2026-12-01"), "as_of": "2026-12-31"}
    cases, today = [fact(ended=30, **story)], dt.date(2026, 12, 31)
    forms, scorecard = bieu_06(cases, today), agency_scorecard(cases, today)
    assert NOVEMBER not in forms
    assert forms[DECEMBER]["settled_late_count"] == 1
    # What ended before it came is missing from what stands open in between.
    assert scorecard["month", on(1), "A"] == {"closed_count": 1, "early_count": 1, "open_count": -1}
    assert scorecard["month", dt.date(2026, 12, 1), "A"] == {"received_count": 1}


def test_returned_in_another_month_than_ended_has_rows_in_both() -> None:
    apart = fact(ended=5, returned_at=at("2026-12-02"), as_of="2026-12-31")
    early = fact(ended=9, returned_at=at(5))
    rows = on_time_difference(several(apart, early), dt.date(2026, 12, 31))
    of_d = {row[0:1] + row[1:2] + row[4:]: n for row, n in rows.items() if row[2:4] == ("ALL", "D")}
    assert of_d["month", on(1), "on_time", "not_counted", ""] == 1
    assert of_d["month", DECEMBER[1], "not_counted", "late", "ended_in_another_period"] == 1
    assert of_d["month", on(1), "late", "on_time", "returned_before_end"] == 1
    assert of_d["quarter", dt.date(2026, 10, 1), "on_time", "late", ""] == 1


def _known(loads: dict[str, list[Row]], gone: tuple[tuple[str, str], ...] = ()) -> Known:
    when = {load: dt.datetime.fromisoformat(load) for load in loads}
    versions = [row | {"known_from": when[load]} for load, rows in loads.items() for row in rows]
    return Known(
        versions,
        list(when.values()),
        [(code, dt.datetime.fromisoformat(load)) for code, load in gone],
        [],
        [],
    )


def _version(updated: int, **fields: Any) -> Row:
    return row_of(**fields) | {"updated_at": at(updated, "20:00")}


def _all(known: Known, day: int) -> tuple[int, int] | None:
    found = snapshot(known, on(1), on(day), CENTRE)
    return None if found is None else found.get("ALL", (0, 0))


def test_a_snapshot_is_what_the_first_load_after_its_day_knew() -> None:
    loads = {
        at(9, "01:30"): [_version(8)],
        at(11, "01:30"): [_version(10, finished_at=at(10, "15:00"), due_at=at(10))],
        at(12, "01:30"): [_version(11, finished_at=at(10, "15:00"), due_at=at(9))],
    }
    assert _all(_known(loads), 10) == (1, 1)
    assert _all(_known(loads), 11) == (1, 0)
    assert _all(_known(loads), 9) == (0, 0)
    assert _all(_known(loads), 12) is None
    assert _all(_known(loads, (("X", at(11, "01:30")),)), 10) == (0, 0)
    assert _all(_known(loads, (("X", at(12, "01:30")),)), 10) == (1, 1)


def test_before_the_first_load_the_newest_version_counts() -> None:
    collected = _version(13, finished_at=at(5), returned_at=at(13), status=10)
    known = _known(
        {at(20): [collected], at(25): [collected | {"due_at": at(4), "updated_at": at(24)}]}
    )
    assert _all(known, 10) == (1, 0)
    assert _all(known, 4) == (0, 0)
    assert _all(_known({at(20): [collected]}), 10) == (1, 1)


def test_what_came_after_a_snapshots_day_is_not_there_yet() -> None:
    def told(**fields: Any) -> Known:
        return _known({at(20): [_version(19, **fields)]})

    paused = {"finished_at": at(9), "pauses": [asked(5, 12)]}
    assert (_all(told(**paused), 11), _all(told(**paused), 12)) == ((1, 0), (1, 1))
    higher = {"withdrawn_at": at(5), "finished_at": at(12)}
    assert (_all(told(**higher), 11), _all(told(**higher), 12)) == ((1, 1), (1, 0))
    assert _all(told(received_at=at(12), finished_at=at(5)), 11) == (0, 0)


DRAWN = Era(dt.date(2026, 11, 2), dt.datetime(2026, 12, 15, 10, 30, tzinfo=LOCAL))


def test_repeated_and_shuffled_entries_change_nothing() -> None:
    told, dice = truth(7, DRAWN, 600, 0), Random(7)
    before = case_facts(told, DRAWN.as_of, HERE)
    for row in told["cases"]:
        row["pauses"] = dice.sample([*row["pauses"], *row["pauses"]], 2 * len(row["pauses"]))
        row["extensions"] = dice.sample(
            [*row["extensions"], *row["extensions"]], 2 * len(row["extensions"])
        )
    after = case_facts(told, DRAWN.as_of, HERE)
    assert {code: (f.due_on, f.requests, _days(f)) for code, f in before.items()} == {
        code: (f.due_on, f.requests, _days(f)) for code, f in after.items()
    }


def _days(f: CaseFact) -> int | None:
    return f.clock.duration() if f.clock else None


def test_one_due_day_is_right_for_every_past_day_of_any_case() -> None:
    """Where no event rewrites an earlier one: one end at most, one clock start, each request told once."""
    told = truth(8, DRAWN, 600, 0)
    ends = ("finished_at", "returned_at", "stopped_at", "rejected_at", "withdrawn_at")
    told["cases"] = [
        row | {"cross_boundary": None, "compare_by": "day"} for row in told["cases"]
        if sum(row[end] is not None for end in ends) <= 1
        and len({p["requested_at"] for p in row["pauses"]}) == len(row["pauses"])
    ]  # fmt: skip
    assert len(told["cases"]) > 200
    later = case_facts(told, DRAWN.as_of, HERE)
    overdue = 0
    for day in days_between(DRAWN.first, DRAWN.as_of.date() - dt.timedelta(days=1)):
        then = case_facts(told, dt.datetime.combine(day, dt.time.max, LOCAL), HERE)
        for code, f in later.items():
            if f.accepted and then[code].accepted:
                assert f.is_overdue_at_end_of(day) == then[code].is_overdue_at_end_of(day), (
                    code,
                    day,
                )
                overdue += f.is_overdue_at_end_of(day)
    assert overdue > 1000
