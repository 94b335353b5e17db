"""No published figure is about fewer than five ratings but the whole Centre's, nor does any difference tell one."""

import datetime as dt
from collections import defaultdict
from typing import Any

import pytest

from figures.explain import explain
from figures.overlay import open_overlay
from orchestration.console.explanation_text import explanation_text
from orchestration.definitions import wire
from tests.conftest import END, Site

pytestmark = pytest.mark.slow
RATED = "kpi_id in ('very_satisfied', 'dissatisfied')"


def by_place(rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, int]]:
    found: dict[tuple[Any, ...], dict[str, int]] = defaultdict(dict)
    for row in rows:
        place = row["kpi_id"], row["period_kind"], row["period_start"]
        found[place][row["agency_code"]] = row["denominator"]
    return found


def test_every_published_rating_group_has_five_and_the_sums_hold(night: Site) -> None:
    shown = by_place(night.published(f"select * from marts.kpi_value where {RATED}"))
    true = by_place(night.warehouse(f"select * from marts.kpi_measure where {RATED}"))
    merged = blanked = 0
    for place, groups in shown.items():
        total = groups.pop("ALL")
        held = true.get(place, {}).get("ALL", 0)
        assert all(size >= 5 or size == total for size in groups.values()), (place, groups)
        assert sum(groups.values()) == total, place
        assert total == (0 if held < 5 and place[1] in ("day", "week") else held), place
        merged += "OTHER" in groups and place[1] == "month"
        blanked += total == 0 and place in true
        if place[1] in ("day", "week"):
            assert groups.keys() <= {"OTHER"}, place
    # the small province has both, so the two rules above were put to the test
    assert merged > 5
    assert blanked > 5


def test_no_difference_of_periods_tells_a_small_group(night: Site) -> None:
    """A quarter less its months, a year less its quarters: what is hidden stays open by five or more."""
    shown = by_place(night.published(f"select * from marts.kpi_value where {RATED}"))
    true = by_place(night.warehouse(f"select * from marts.kpi_measure where {RATED}"))
    put_to_test = 0
    for (kpi, kind, start), agencies in true.items():
        inner = {"year": "quarter", "quarter": "month"}.get(kind)
        parts = [p for p in true if p[:2] == (kpi, inner) and _within(p[2], kind, start)]
        for agency in agencies.keys() - {"ALL"} if inner else ():
            own = [p for p in parts if true[p].get(agency)]
            visible = [p for p in own if agency in shown[p]]
            assert visible in ([], own), (kpi, kind, start, agency)
            if visible or agency not in shown[kpi, kind, start]:
                continue
            # Its sum over the parts is known, and so is each part's OTHER: a table of which the edges are told.
            edges = [shown[p].get("OTHER", true[p]["ALL"] - sum(shown[p].values())) for p in parts]
            row, whole = agencies[agency], sum(edges)
            for part, edge in zip(parts, edges, strict=True):
                if 0 < true[part].get(agency, 0) < 5 <= true[part]["ALL"]:
                    put_to_test += 1
                    assert min(row, edge, whole - row, whole - edge) >= 5, (part, agency)
    assert put_to_test > 5


def _within(day: dt.date, kind: str, start: dt.date) -> bool:
    months = 12 if kind == "year" else 3
    return 0 <= (day.year - start.year) * 12 + day.month - start.month < months


def test_no_other_table_tells_a_merged_agency(night: Site) -> None:
    """Agencies by month, procedures by year and the points for satisfaction, less what is shown of the same."""
    shown = by_place(night.published(f"select * from marts.kpi_value where {RATED}"))
    cards = night.published("select * from marts.agency_scorecard")
    seen = 0
    for row in cards:
        own = shown["dissatisfied", row["period_kind"], row["period_start"]]
        assert row["rating_count"] == own.get(row["agency_code"])
        seen += row["rating_count"] is not None
        own = shown["very_satisfied", row["period_kind"], row["period_start"]]
        assert (row["very_satisfied_ratio"] is None) == (row["agency_code"] not in own)
    assert seen > 4
    parts: dict[tuple[Any, str], int] = defaultdict(int)
    for row in night.published(
        "select * from marts.procedure_scorecard where rating_count is not null"
    ):
        assert row["rating_count"] >= 5
        parts[row["period_start"], row["agency_code"]] += row["rating_count"]
    assert parts
    for (year, agency), count in parts.items():
        rest = shown["dissatisfied", "year", year][agency] - count
        assert rest == 0 or rest >= 5, (year, agency)
    states = defaultdict(set)
    for row in night.published(
        "select * from marts.index_766_metric where metric_code = 'DOSSIER_RECEIVING_SATISFACTION'"
    ):
        own = shown["dissatisfied", row["period_kind"], row["period_start"]]
        states[row["state"]].add(row["agency_code"] in own)
        assert row["state"] != "below_five" or row["numerator"] is row["points"] is None
    # an agency that stands in OTHER never has a row of its own, so it never has points
    assert states["below_five"] == {False}
    assert True in states["scored"]


def test_the_staff_of_a_campaign_have_no_small_group(night: Site) -> None:
    rows = night.published("select * from marts.campaign")
    for day in {row["snapshot_on"] for row in rows}:
        counts = {
            r["agency_code"]: r["eligible_staff_count"] for r in rows if r["snapshot_on"] == day
        }
        shown = {code: n for code, n in counts.items() if n is not None}
        assert all(n >= 5 for n in shown.values())
        rest = shown.pop("ALL", 0) - sum(shown.values())
        assert rest == 0 or rest >= 5, (day, counts)


def test_explaining_a_merged_agency_explains_the_row_it_stands_in(night: Site) -> None:
    settings = night.settings(END)
    catalog = wire(settings).catalog
    merged = night.warehouse(
        "select *, strftime(period_start, '%Y-%m') as month from marts.rating_group "
        "where kpi_id = 'dissatisfied' and period_kind = 'month' and shown_code = 'OTHER' order by all limit 1"
    )[0]
    day = night.warehouse(
        "select * from marts.rating_group where kpi_id = 'dissatisfied' and period_kind = 'day' "
        "and shown_code is null and agency_code <> 'ALL' order by all limit 1"
    )[0]
    with open_overlay(settings.warehouse_path, settings.sql_root / "macros.sql") as connection:
        found = explain(connection, catalog, "dissatisfied", merged["month"], merged["agency_code"])
    assert found.merged == merged["agency_code"]
    assert found.figure["agency_code"] == "OTHER"
    assert found.is_exact
    assert found.figure["denominator"] >= 5
    assert merged["agency_code"] in {unit["agency_code"] for unit in found.units}
    assert merged["agency_code"] in explanation_text(found, 5)
    # fewer than five in all: each is listed with that as the reason, for the Centre and for its agency
    for agency in ("ALL", day["agency_code"]):
        with open_overlay(settings.warehouse_path, settings.sql_root / "macros.sql") as connection:
            found = explain(connection, catalog, "dissatisfied", str(day["period_start"]), agency)
        assert found.is_exact
        assert found.figure["status"] == "no_data"
        assert "below_five" in {unit["reason"] for unit in found.units}


def test_at_least_five_published_cases_say_the_same(night: Site) -> None:
    """All that an acquaintance may know of a case, joined over every table that has case rows."""
    known = (
        "f.agency_code, f.agency_name, f.procedure_code, f.procedure_name, f.field_name, f.channel, "
        "f.received_month_on, f.ended_month_on, "
        "coalesce(r.agency_code, f.agency_code), coalesce(r.procedure_code, f.procedure_code)"
    )
    groups = night.published(
        f"select count(*) as n, any_value(f.procedure_code) as procedure_code, any_value(f.agency_code) as agency_code "
        f"from marts.case_fact as f left join marts.at_risk as r using (case_no) group by {known}"
    )
    assert min(group["n"] for group in groups) >= 5
    # the rule is at work, and leaves enough to drill down to
    total = sum(group["n"] for group in groups)
    assert total == night.published("select count(*) as n from marts.case_fact")[0]["n"]
    named = sum(g["n"] for g in groups if g["procedure_code"] != "OTHER")
    assert 0.05 < named / total < 1
    assert sum(g["n"] for g in groups if g["agency_code"] != "OTHER") / total > 0.7


def test_figures_still_come_out_of_the_published_cases(night: Site) -> None:
    """On-time by month for the Centre exactly; no other number of cases than the figures say."""
    months = night.published(
        "select ended_month_on as month, count(*) filter (on_time_a) as n, count(on_time_a) as d "
        "from marts.case_fact where on_time_a is not null and ended_month_on is not null group by all"
    )
    figures = {
        row["period_start"]: (row["numerator"], row["denominator"])
        for row in night.published(
            "select * from marts.kpi_value where kpi_id = 'on_time' and is_headline "
            "and period_kind = 'month' and agency_code = 'ALL'"
        )
    }
    assert len(months) > 6
    for row in months:
        assert figures[row["month"]] == (row["n"], row["d"])
    whole = night.published(
        "select count(*) filter (on_time_a) as n, count(on_time_a) as d from marts.case_fact"
    )[0]
    assert whole["d"] == sum(d for _, d in figures.values())
    assert whole["n"] == sum(n for n, _ in figures.values())
