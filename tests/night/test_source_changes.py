"""What sources change, delete, commit late or send in another form: nothing is lost, and figures follow.

Each ends with the invariants I1–I5 against the server's truth. Numbers are those of the list of faults.
"""

import datetime as dt
from pathlib import Path

import pytest

from demo.faults import Scenario
from tests.conftest import END
from tests.support.fault_yard import (  # noqa: F401 (fixtures)
    START,
    Rule,
    Yard,
    again_after,
    entity_of,
    fixture_home,
    fixture_yard,
    on,
)
from tests.support.night_content import check_invariants
from tests.support.quick_night import run_night, small_catalog
from warehouse.errors import WarehouseError

pytestmark = pytest.mark.timeout(600)
TOMBSTONE = {"is_deleted": True, "agency_code": None, "status": None, "received_at": None}


# -- clocks, ties, late commits ------------------------------------------------------------------------------


def test_a_clock_that_runs_ahead_does_not_carry_the_cursor_along(yard: Yard, home: Path) -> None:
    """F25: two days ahead: the cursor stays with now, and the next night still finds what is new."""
    late = on("case", "edit", nth=1, times=None, shift_seconds={"updated_at": 2 * 86400})
    at = END - dt.timedelta(days=1)
    yard.night(home, late, as_of=at, only=("case",))
    ((cursor,),) = yard.select(home, "select cursor_at from meta.cursor where entity = 'case'")
    assert cursor <= at
    yard.night(home, only=("case",))
    truth = {row["case_code"] for row in yard.server.state.world.truth(END)["cases"]}
    assert truth <= {c for (c,) in yard.select(home, "select case_code from raw.cases__case")}


def test_rows_committed_late_with_an_earlier_time_are_caught_by_the_overlap(
    yard: Yard, home: Path
) -> None:
    """F25: of the last days' rows the older ones appear only tonight, behind the cursor."""
    eve = END - dt.timedelta(days=1)
    yard.night(home, as_of=eve - dt.timedelta(days=1), only=("case",))
    late = on("case", "withhold", nth=1, times=None, rows=3, **{"from": "end"})
    yard.night(home, late, as_of=eve, only=("case",))
    yard.night(home, only=("case",))
    # More nights have seen more versions than one night would; what stands is the truth.
    check_invariants(home, yard.truth, ("case",))


def test_what_no_overlap_catches_the_sweep_finds_and_reads_again(yard: Yard, home: Path) -> None:
    """F21, F25: rows that a night never saw lie far behind the cursor; the weekly sweep reads them again."""
    yard.night(home, on("case", "withhold", nth=1, times=None, rows=120), only=("case",))
    with pytest.raises(AssertionError, match=r"I1|I3"):
        yard.check(home, "case")
    told = yard.night(home, only=("case", "case_key"))["case_key"]
    assert told["reread"] > 0
    assert told["unknown"] == 0
    # The list of keys goes by the day of reception: what was never received is in no figure and no sweep.
    received = [row for row in yard.truth["cases"] if row["received_at"]]
    check_invariants(home, {**yard.truth, "cases": received}, ("case",))
    # Nothing is read again when nothing is lacking.
    told = yard.night(home, as_of=END + dt.timedelta(days=8), only=("case", "case_key"))["case_key"]
    assert told["reread"] == 0


def test_a_range_of_days_moves_no_cursor_past_what_was_never_read(yard: Yard, home: Path) -> None:
    """I5: `run --from` far ahead of the cursor leaves a gap, which the next night reads."""
    days = {"from": "2023-06-20", "to": "2023-06-22"}
    yard.night(home, mode="window", only=("case",), **days)
    yard.night(home, only=("case",))
    yard.check(home, "case")


def test_a_first_range_of_days_is_not_taken_for_all(yard: Yard, tmp_path: Path) -> None:
    """I5: on an empty warehouse the night after `run --from` reads from the beginning."""
    home = tmp_path / "fresh"
    yard.night(home, mode="window", only=("case",), **{"from": "2023-06-20"})
    yard.night(home, only=("case",))
    assert yard.asked("case")[0]["query"]["updated_from"] == "2020-01-01T00:00:00+07:00"
    check_invariants(home, yard.truth, ("case",))


def test_ties_at_page_edges_lose_nothing(yard: Yard, home: Path) -> None:
    """F27: every row of the window has the same time of change."""
    same = {"updated_at": END.isoformat()}
    yard.night(home, on("case", "edit", nth=1, times=None, set=same), only=("case",))
    truth = {row["case_code"] for row in yard.server.state.world.truth(END)["cases"]}
    assert truth <= {c for (c,) in yard.select(home, "select case_code from raw.cases__case")}


# -- deletions -------------------------------------------------------------------------------------------------


def test_a_mass_deletion_stops_and_marks_nothing(yard: Yard, home: Path) -> None:
    """F31."""
    half = on("case_key", "withhold", nth=1, times=None, rows=400)
    with pytest.raises(WarehouseError, match="more than 2 %"):
        yard.night(home, half, only=("case", "case_key"))
    assert yard.select(home, "select * from meta.deletion") == []


# -- what the source takes back: figures follow ------------------------------------------------------------------

ON_TIME = "marts.kpi_on_time"
NEEDED = ("case", "agency", "procedure", "drops")


def built_night(yard: Yard, home: Path, *rules: Rule, only: tuple[str, ...] = NEEDED) -> None:
    """A night that builds the figures of cases on time."""
    settings = yard.settings(home, END)
    tables = small_catalog(yard.sources)[1].ancestors(ON_TIME)
    yard.server.state.scenario = Scenario.parse(list(rules))
    run_night(settings, only=only, builds={*tables, ON_TIME})
    yard.server.state.scenario = Scenario()


def figures(yard: Yard, home: Path) -> dict[dt.date, tuple[int, int]]:
    """Month → the Centre's cases on time and cases ended."""
    months = f"select period_start, numerator, denominator from {ON_TIME}"
    where = "where variant = 'A' and period_kind = 'month' and agency_code = 'ALL'"
    return {month: (n, d) for month, n, d in yard.select(home, f"{months} {where}")}


def verdicts(yard: Yard, home: Path) -> dict[str, tuple[dt.date, bool]]:
    """Case → the month in which it ended and whether it was on time, for those that count."""
    query = (
        "select case_code, cast(date_trunc('month', end_on) as date), is_on_time from core.fct_case"
    )
    rows = yard.select(home, f"{query} where is_centre and is_accepted and is_on_time is not null")
    return {code: (month, good) for code, month, good in rows}


def moved(
    before: dict[str, tuple[dt.date, bool]], after: dict[str, tuple[dt.date, bool]], month: dt.date
) -> tuple[int, int]:
    """By how much a month's figure must differ, counted case by case."""
    of = [[good for m, good in told.values() if m == month] for told in (before, after)]
    return sum(of[1]) - sum(of[0]), len(of[1]) - len(of[0])


def test_a_due_date_corrected_after_the_return_restates_its_month(yard: Yard, home: Path) -> None:
    """F29: the corrected version stands beside the first one, and each month moves by just these cases."""
    built_night(yard, home)
    before, cases = figures(yard, home), verdicts(yard, home)
    edit = on("case", "edit", nth=1, shift_seconds={"due_at": -4 * 86400, "updated_at": 60})
    built_night(yard, home, edit)
    after, again = figures(yard, home), verdicts(yard, home)
    spoilt = {code for code in cases if cases[code][1] and not again[code][1]}
    assert spoilt, "some case that was on time is late by its corrected due date"
    assert again.keys() == cases.keys()
    for month in before:
        difference = moved(cases, again, month)
        assert after[month] == (before[month][0] + difference[0], before[month][1])
    code = min(spoilt)
    kept = yard.select(
        home, f"select distinct due_at from staging.case_version where case_code = '{code}'"
    )
    assert len(kept) > 1, "what was promised first is still known"


def test_what_the_source_deleted_leaves_numerator_and_denominator(yard: Yard, home: Path) -> None:
    """F30: three keys gone: the sweep marks them, figures lose them, raw keeps what had been read."""
    built_night(yard, home)
    before, cases = figures(yard, home), verdicts(yard, home)
    gone = on("case_key", "withhold", nth=4, rows=3)
    built_night(yard, home, gone, only=(*NEEDED, "case_key"))
    after, again = figures(yard, home), verdicts(yard, home)
    marked = {code for (code,) in yard.select(home, "select key from meta.deletion")}
    held = {row["case_code"] for row in yard.truth["cases"]}
    assert len(marked & held) == 3, "beside those that the world itself has deleted by now"
    assert cases.keys() - again.keys() == marked & cases.keys()
    assert marked & cases.keys(), "at least one of them counted"
    for month in before:
        lost = moved(cases, again, month)
        assert after[month] == (before[month][0] + lost[0], before[month][1] + lost[1])
    listed = ", ".join(f"'{code}'" for code in marked)
    query = f"select count(distinct case_code) from raw.cases__case where case_code in ({listed})"
    assert yard.select(home, query) == [(len(marked),)]
    # A second sweep under the same pinned clock finds nothing new to say.
    yard.night(home, gone, only=("case", "case_key"), mode="full")
    logged = "select count(*) from meta.deletion_log where event = 'deleted'"
    told = "select sum(deleted) from meta.batch where entity = 'case_key'"
    assert yard.select(home, logged) == yard.select(home, told) == [(len(marked),)]


# -- drift -----------------------------------------------------------------------------------------------------


def test_drift_is_told_and_nothing_personal_enters_by_it(yard: Yard, home: Path) -> None:
    """F33, F34: a new field is named, its content is nowhere; a field that stays out is named too."""
    changed = on("case", "edit", nth=1, times=None, set={"guardian_phone": "0912-canary"},
                 drop=["fee_total_vnd"])  # fmt: skip
    told = yard.night(home, changed, only=("case",))["case"]
    assert told["unknown_fields"] == "guardian_phone"
    assert told["missing_fields"] == "fee_total_vnd"
    drift = yard.select(home, "select distinct field, kind from meta.drift order by 1")
    assert drift == [("fee_total_vnd", "missing_field"), ("guardian_phone", "unknown_field")]
    tables = yard.select(
        home, "select distinct table_schema || '.' || table_name from information_schema.tables"
    )
    held = [table for (table,) in tables if table.startswith(("raw.", "meta."))]
    assert "raw.cases__case" in held
    for table in held:
        # The whole row as text, list and JSON columns included.
        query = f"select count(*) from {table} as r where cast(r as varchar) like '%canary%'"
        assert yard.select(home, query) == [(0,)], table


def test_what_a_row_breaks_by_goes_to_quarantine_with_its_reason(yard: Yard, home: Path) -> None:
    """F15, F35, F37, F38, F43: one row each; the night goes on, and every row is accounted for."""
    broken: dict[str, Rule] = {
        "F35 a list where a date was": on("case", "edit", nth=1, rows=1, set={"received_at": [1]}),
        "F37 a word for no status": on("case", "edit", nth=1, rows=1, set={"status": "N/A"}),
        "F37 null for a status": on("case", "edit", nth=1, rows=1, set={"status": None}),
        "F37 no agency": on("case", "edit", nth=1, rows=1, set={"agency_code": ""}),
        "deleted, and nothing else said": on("case", "edit", nth=1, rows=1, set=TOMBSTONE),
        "F38 a note of a megabyte": on("case", "edit", nth=1, rows=1, set={"exemption_reason": "x" * 1_100_000}),
        "F15 a key twice": on("case", "duplicate_keys", nth=1, field="status"),
        "F43 SQL in a value": on("case", "edit", nth=1, rows=1, set={"exemption_reason": "'); DROP TABLE x;--"}),
    }  # fmt: skip
    # The first rule that still holds is done, so each spoils one page.
    yard.server.state.scenario = Scenario.parse(list(broken.values()))
    yard.server.state.log.clear()
    tables = ("staging.case_version", "meta.reconciliation")
    run_night(yard.settings(home, END), "full", only=("case", "drops"), builds=tables)
    yard.server.state.scenario = Scenario()
    assert len([entry for entry in yard.server.state.log if entry["fault"]]) == len(broken)
    held = yard.select(home, "select rules, reason_vi from quarantine.case_version")
    # SQL text is as good as any other, and a deletion needs neither agency nor status.
    assert len(held) == len(broken) - 2, held
    assert all(rules and reason for rules, reason in held)
    sql = "select count(*) from raw.cases__case where exemption_reason like '%); DROP TABLE x;--'"
    assert yard.select(home, sql) == [(1,)]
    counts = (
        "fetched, inserted + updated + unchanged + stale + duplicate + quarantined, quarantined"
    )
    rows = yard.select(home, f"select {counts} from meta.reconciliation")
    assert all(fetched == kinds for fetched, kinds, _ in rows)
    assert sum(quarantined for _, _, quarantined in rows) == len(held)


def test_a_key_is_text_and_keeps_its_zeros(yard: Yard, home: Path) -> None:
    """F32: 12 becomes "0012" at the source: two keys for us, neither lost, and no number made of either."""
    rules = [
        on("case", "edit", nth=1, rows=1, set={"case_code": 12}),
        on("case", "edit", nth=2, rows=1, set={"case_code": "0012"}),
    ]
    yard.night(home, *rules, only=("case",))
    query = "select case_code from raw.cases__case where try_cast(case_code as int) = 12 order by 1"
    assert yard.select(home, query) == [("0012",), ("12",)]
    # The true records come back with the next night, by the overlap.
    yard.night(home, only=("case",))
    check_invariants(home, yard.truth, ("case",))


# -- windows that people ask for -----------------------------------------------------------------------------------


def test_a_full_read_and_a_range_of_days_ask_for_just_that(yard: Yard, home: Path) -> None:
    yard.night(home, mode="full", only=("case",))
    assert yard.asked("case")[0]["query"]["updated_from"] == "2020-01-01T00:00:00+07:00"
    yard.night(home, mode="window", only=("case",), **{"from": "2023-06-05", "to": "2023-06-07"})
    asked = yard.asked("case")[0]["query"]
    assert asked["updated_from"] == "2023-06-05T00:00:00+07:00"
    assert asked["updated_to"] == "2023-06-08T00:00:00+07:00"
    yard.night(home, only=("case",))
    yard.check(home, "case")
