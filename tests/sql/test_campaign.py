"""The campaign's snapshots against today's rules, and what staff evidence must never hold."""

import pytest

from tests.conftest import Site

pytestmark = pytest.mark.slow


def test_a_day_before_the_first_load_is_as_today_but_for_what_came_after(night: Site) -> None:
    """contracts.md §5.5: the figure equals on_time A over the same days; so does every case left alone since."""
    rows = night.warehouse(
        """
        with quiet as (
            select c.*
            from core.fct_case as c
            join staging.case as s using (case_code)
            where c.is_centre and c.is_accepted
                and coalesce(greatest(
                    s.received_at, s.finished_at, s.returned_at, s.stopped_at, s.rejected_at, s.withdrawn_at,
                    list_max([p.requested_at for p in s.pauses]), list_max([p.completed_at for p in s.pauses]),
                    list_max([e.issued_at for e in s.extensions])
                ) < timestamptz '2023-06-11 00:00:00+07', true)
        )
        select k.basis, k.end_on is not null as has_ended, count(*) as n,
            count(*) filter (
                (k.agency_code, k.due_on, k.end_on, k.is_on_time)
                is distinct from (q.agency_code, q.due_on, q.end_on, q.is_on_time)) as differing
        from quiet as q
        left join core.campaign_case as k on k.case_code = q.case_code and k.snapshot_on = date '2023-06-10'
        group by all
        """
    )
    assert {row["basis"] for row in rows} == {"source"}
    assert sum(row["n"] for row in rows if row["has_ended"]) > 1000
    assert sum(row["differing"] for row in rows) == 0


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
