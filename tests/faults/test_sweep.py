"""On every day from 2026 to 2028 a small healthy world and an empty one publish, that night and the next.

`make test` takes some of the days; `make sweep` (MOTCUA_SWEEP=all) each of the 1,096. What stopped a night stands
in the failure of its day.
"""

from pathlib import Path

import pytest

from expectations.runner import run_suites
from tests.support.breadth import is_whole
from tests.support.hard_worlds import at, world_of
from tests.support.plain_night import chosen, parts_of
from tests.support.statements import judged
from tests.support.sweep import KINDS, every_day, fresh_home, night, two_nights

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
# The turn of an official year, Tết that nobody has announced, a leap day.
SOME = ("2026-12-31", "2027-02-06", "2028-02-29")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("day", every_day() if is_whole("SWEEP") else SOME)
def test_nothing_stops_a_healthy_site(day: str, kind: str, tmp_path: Path) -> None:
    stopped = two_nights(kind, at(day), tmp_path)
    assert not stopped, "\n".join(stopped)


def test_the_statements_say_what_great_expectations_says(tmp_path: Path) -> None:
    """Rule by rule, on a world in which some are broken: the sweep judges as a night does."""
    now = at("2026-06-30")
    connection = fresh_home()
    assert not list(night(connection, world_of("small", now), now, tmp_path))
    spoil = (
        "update marts.scorecard set numerator = numerator + 1", "delete from core.viewpoint",
        "insert into core.dim_date from core.dim_date limit 3", "drop table marts.forecast",
        # Of this table's rules one errs; the others are still counted.
        "alter table marts.on_time_difference rename column variant to other",
    )  # fmt: skip
    for statement in spoil:
        connection.execute(statement)
    suites = chosen([*parts_of().suites.values()])
    said = {
        (o.table, o.rule): o.state
        for o in run_suites(connection, suites)
        if not o.rule.startswith("canary")
    }
    mine = {(o.table, o.rule): o.state for o in judged(connection, suites)}
    assert said == mine
    assert set(mine.values()) == {"passed", "failed", "error"}
    assert sum(state != "passed" for state in mine.values()) > 4
    connection.close()


def test_the_sweep_is_that_of_the_issue() -> None:
    days = every_day()
    assert (len(days), days[0], days[-1]) == (1096, "2026-01-01", "2028-12-31")
    assert set(SOME) <= set(days)
