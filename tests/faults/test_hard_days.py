"""No rule stops a healthy site because of the date: nights on hard days, over worlds small, empty and odd.

`make test` takes each kind of world on some of the days; `make days` (MOTCUA_DAYS=all) every kind on every day.
Three days are whole nights of the command line in test_hard_nights.py.
"""

import datetime as dt
from pathlib import Path

import pytest
from openpyxl import load_workbook

from reports.forms import PROVISIONAL_NOTE
from tests.support.breadth import is_whole
from tests.support.hard_days import Home, home_of
from tests.support.hard_worlds import DAYS, KINDS, SINGLE, at, closed_on, world_of
from tests.support.plain_night import Told

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ONE_DAY = dt.timedelta(days=1)
# Day → the world that it meets in `make test`; those that begin something go on into the night after. Small and
# empty worlds meet their days in test_sweep.py.
USUAL = {
    "2026-02-17": "one case",
    "2026-02-22": "files only",
    "2027-01-01 00:00:00": "opens today",
    "2028-01-26 00:00:00": "mistyped",
}
GOES_ON = {("2027-01-01 00:00:00", "opens today")}
SWEEPS = is_whole("DAYS")


def meetings() -> list[tuple[str, str, bool]]:
    """Day, kind of world, and whether the night after is run too."""
    if not SWEEPS:
        return [(day, kind, (day, kind) in GOES_ON) for day, kind in USUAL.items()]
    return every_meeting()


def every_meeting() -> list[tuple[str, str, bool]]:
    """The single systems take turns; every small world goes on."""
    return [
        (day, kind, kind == "small")
        for place, day in enumerate(DAYS)
        for kind in KINDS
        if kind not in SINGLE or kind == SINGLE[place % len(SINGLE)]
    ]


@pytest.mark.parametrize(("day", "kind", "goes_on"), meetings())
def test_a_healthy_site_publishes(day: str, kind: str, goes_on: bool, tmp_path: Path) -> None:
    """Every critical rule, the cap and the gate on the whole catalogue; then page, workbook and metrics."""
    now = at(day)
    with home_of(tmp_path, kind, now) as home:
        for moment in (now, now + ONE_DAY) if goes_on else (now,):
            told = home.night(moment)
            _assert_published(home, told, f"{moment} ({DAYS[day]}), {kind}")


def _assert_published(home: Home, told: Told, where: str) -> None:
    assert not told.blocking, f"{where}: {'; '.join(told.blocking)}"
    assert told.version, where
    assert [path.name for path in told.reports] == [
        "scorecard.html",
        "scorecard.xlsx",
        "metrics.yml",
    ]
    assert all(path.stat().st_size > 1000 for path in told.reports), where
    ((counts),) = home.published(
        "select (select count(*) from marts.scorecard) as kpis, (select count(*) from meta.kpi) as known, "
        "(select count(*) from marts.scorecard where status <> 'no_data') as with_data, "
        "(select max(period_end) from marts.kpi_value where period_kind = 'ytd') as until, "
        "(select count(*) from marts.case_fact) as cases"
    )
    # Whatever is known, every KPI is there, to the day; without data it says so.
    assert counts["kpis"] == counts["known"] > 0, where
    assert counts["until"] == told.now.date(), where
    # What a source drops without a word is missed by the weekly sweep of keys, not by the night after.
    surplus = counts["cases"] - home.accepted_cases(told.now)
    assert surplus == 0 if home.nights == 1 else surplus >= 0, where
    if home.kind in ("empty", "mistyped", "small"):
        assert (counts["with_data"] > 0) == (home.kind == "small"), where
    _assert_calendar_is_told(home, told, where)


def _assert_calendar_is_told(home: Home, told: Told, where: str) -> None:
    """The page names the years that are awaited, and only those; the forms say where they rest on one."""
    awaited = {
        r["calendar_year"] for r in home.published("from meta.calendar_year where is_awaited")
    }
    year = told.now.year
    official = set(range(2021, 2027))
    assert awaited == {year, year + (told.now.month >= 10)} - official, where
    page = told.reports[0].read_text(encoding="utf-8")
    assert ('id="calendar"' in page) == bool(awaited), where
    assert all(f"lịch nghỉ chính thức {min(awaited)}" in page for _ in awaited), where
    ((rests),) = home.published(
        "select coalesce(bool_or(rests_on_provisional_calendar), false) as form from marts.bieu_06"
    )
    book = load_workbook(told.reports[1], read_only=True)
    # A form without rows has no sheet.
    rows = book["Biểu 06"].iter_rows(values_only=True) if "Biểu 06" in book.sheetnames else ()
    said = any(PROVISIONAL_NOTE in row for row in rows)
    assert said <= rests["form"], where
    # At the end of 2026 some due days already reach into the next year.
    if home.kind == "small" and year != 2026:
        assert said == rests["form"] == (year > 2026), where


def test_two_nights_in_one_second(tmp_path: Path) -> None:
    """At the same microsecond, and half a second later: each publishes, and nothing is counted twice."""
    first = at("2026-12-31 23:59:59")
    figures = (
        "select kpi_id, variant, period_kind, period_start, agency_code, numerator, denominator "
        "from marts.kpi_value order by all"
    )
    seen, versions = [], set()
    with home_of(tmp_path, "fifty cases", first) as home:
        for moment in (first, first, first + dt.timedelta(milliseconds=500)):
            told = home.night(moment)
            _assert_published(home, told, f"{moment}")
            versions.add(told.version)
            seen.append(home.published(figures))
    assert seen[0] == seen[1] == seen[2]
    assert len(versions) == 3


def test_a_night_over_midnight_keeps_its_day(tmp_path: Path) -> None:
    """The last year ends while the night reads; it judges all of it by the moment at which it began."""
    began = at("2026-12-31 23:59:58")
    with home_of(tmp_path, "fifty cases", began) as home:
        told = home.night(began, after_pull=began + dt.timedelta(minutes=30))
        _assert_published(home, told, "over midnight")
        assert told.now == began
        after = home.night(at("2027-01-01"))
        _assert_published(home, after, "the night after")
        ((newest),) = home.published(
            "select max(period_start) as year from marts.kpi_value where period_kind = 'year'"
        )
    assert newest["year"] == dt.date(2027, 1, 1)


def test_forty_skipped_nights_are_made_up_for(tmp_path: Path) -> None:
    """A machine that was off from 11 January over Tết: the first night reads all that came since."""
    back = at("2026-02-24")
    with home_of(tmp_path, "fifty cases", back) as home:
        before = home.night(back - 44 * ONE_DAY)
        _assert_published(home, before, "before")
        told = home.night(back)
        _assert_published(home, told, "after forty-three skipped nights")
        ((shown),) = home.published("select count(*) as n from marts.case_fact")
        assert shown["n"] == home.accepted_cases(back) > home.accepted_cases(before.now) > 0


def test_a_night_pinned_to_an_earlier_day_stops_at_nothing_that_came_since(tmp_path: Path) -> None:
    """MOTCUA_AS_OF of a month ago on today's home: what came since isn't taken for rows of the future."""
    now = at("2026-06-30")
    cases = "select count(*) as n from marts.case_fact"
    with home_of(tmp_path, "small", now) as home:
        assert not home.night(now).blocking
        ((standing),) = home.published(cases)
        earlier = home.night(now - 30 * ONE_DAY)
        assert not earlier.blocking, earlier.blocking
        ((then),) = home.published(cases)
        assert 0 < then["n"] < standing["n"]
        assert not home.warehouse("select 1 from quarantine.case_version where resolved_by is null")


LATEST = "select cast(day as varchar) as day, verdict from core.daily_volume where stream = 'case' and is_latest"


def test_a_day_off_that_nobody_has_announced_stops_nothing(tmp_path: Path) -> None:
    """Tết 2027 lasts a day longer than the package thinks: an empty Monday, and no official calendar that says so."""
    monday = dt.date(2027, 2, 15)
    now = at("2027-02-16")
    with home_of(tmp_path, "busy", now, closed_on(world_of("busy", now), monday)) as home:
        _assert_published(home, home.night(now), "an unannounced day off")
        assert home.warehouse(LATEST) == [{"day": f"{monday}", "verdict": "empty"}]


def test_an_empty_working_day_of_an_official_year_still_stops(tmp_path: Path) -> None:
    """The rule has kept its teeth: 23 February 2026 was worked, so its cases have been lost on the way."""
    now = at("2026-02-24")
    world = closed_on(world_of("busy", now), dt.date(2026, 2, 23))
    with home_of(tmp_path, "busy", now, world) as home:
        told = home.night(now)
    assert [text.partition(" (")[0] for text in told.blocking] == [
        "core.daily_volume: latest_day_not_empty"
    ]


def test_the_days_are_those_of_the_issue() -> None:
    assert len(DAYS) >= 40
    assert USUAL.keys() <= DAYS.keys()
    assert set(USUAL.values()) <= set(KINDS)
    # What `make days` runs; in an ordinary run some kinds wait for it.
    assert {kind for _, kind, _ in every_meeting()} == set(KINDS)
