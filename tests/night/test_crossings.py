"""What the simulator sends of cases received for an agency elsewhere, and that it is kept."""

import datetime as dt

from demo.clockwork import LOCAL
from demo.crossings import SINCE
from demo.world import World

END = dt.datetime(2026, 9, 20, 1, 30, tzinfo=LOCAL)


def test_some_cases_go_elsewhere_since_the_law_says_so() -> None:
    world = World.build(seed=7, end=END, years=0.2, cases_per_year=20_000, procedures=40)
    rows = list(world.case_rows(END))
    day = dt.datetime.fromtimestamp(SINCE, dt.UTC).date().isoformat()
    assert day == "2026-08-05"
    before = [row for row in rows if row["submitted_at"] < day]
    since = [row for row in rows if row["submitted_at"] >= day]
    assert {row["cross_boundary"] for row in before} == {None}
    crossing = [row for row in since if row["cross_boundary"]]
    assert 0.02 * len(since) < len(crossing) < 0.06 * len(since)
    assert {row["competent_received_at"] for row in rows if not row["cross_boundary"]} == {None}
    arrived = [row for row in crossing if row["competent_received_at"]]
    # Some are still on their way; none arrives before it is received, and arriving changes the record.
    assert 0 < len(arrived) < len(crossing)
    for row in arrived:
        assert row["received_at"] < row["competent_received_at"] <= row["updated_at"]
