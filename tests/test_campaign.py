"""The campaign's snapshots against today's rules, and what staff evidence must never hold."""

import pytest

from orchestration.definitions import wire
from tests.conftest import END, Site
from warehouse.overlay import open_overlay, replace_table

pytestmark = pytest.mark.slow


def test_due_days_of_a_snapshot_today_are_todays(night: Site) -> None:
    """The rule of due days as of then is the rule of core.fct_case_due: on as-of they agree case by case."""
    settings = night.settings(END)
    catalog = wire(settings).catalog
    with open_overlay(settings.warehouse_path, settings.sql_root / "macros.sql") as connection:
        replace_table(
            connection, "seeds.campaigns",
            "select * replace ('2023-06-30' as end_on, '2023-06-30' as nomination_deadline_on) "
            "from store.seeds.campaigns limit 1",
        )  # fmt: skip
        # As-of is 01:30 of that day, and a snapshot is of the day's end; nothing happened between.
        query = catalog.models["core.campaign_case"].query
        differing = connection.execute(
            f"""
            with snapshot as (select * from ({query})),
            today as (
                select case_code, agency_code, due_on, end_on from core.fct_case where is_centre and is_accepted
            )
            select count(*), count(*) filter (
                (t.agency_code, t.due_on) is distinct from (s.agency_code, s.due_on)
                or (t.end_on is distinct from s.end_on and coalesce(s.end_on, t.end_on) < date '2023-06-30'))
            from today as t full join snapshot as s using (case_code)
            """
        ).fetchone()
    assert differing is not None
    assert differing[0] > 1000
    assert differing[1] == 0


def test_evidence_is_restricted_and_has_no_score(night: Site) -> None:
    rows = night.warehouse("select * from core.staff_evidence")
    assert rows
    assert not {name for name in rows[0] if "score" in name or "rank" in name or "point" in name}
    for row in rows:
        assert row["on_time_ratio"] is None or row["closed_count"] >= 30
        assert row["supplements_per_hundred"] is None or row["received_count"] >= 30
    published = night.published(
        "select table_schema || '.' || table_name as name from information_schema.tables"
    )
    assert not [row for row in published if "staff" in row["name"]]
    columns = night.published(
        "select column_name as name from information_schema.columns where table_schema = 'marts'"
    )
    assert not [
        row
        for row in columns
        if row["name"] in {"staff_code", "case_code", "received_by", "assigned_to"}
    ]
