"""A clock that was wrong for a night: what that night stamped is put in its place, and nothing lasts of it.

The wrong clock stands in 2090, so that it lies ahead on whatever day these tests run. Publications, backups and
alerts have tests of their own.
"""

import datetime as dt
import os
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo.faults import Scenario
from tests.conftest import END
from tests.support.fault_yard import READ, Yard, fixture_home, fixture_yard, on  # noqa: F401 (fixtures)
from tests.support.night_content import check_invariants, raw_content
from tests.support.quick_night import run_night, settings_of

pytestmark = [pytest.mark.timeout(600), pytest.mark.time]
WRONG = dt.datetime(2090, 3, 1, 1, 30, tzinfo=END.tzinfo)
EVE = END - dt.timedelta(days=1)
PULLED = (*READ, "case_key", "procedure", "drops")
STANDING = [[("Tên mới",)], [(dt.date(2023, 5, 29),)], [(1,)]]
STAGED = ("staging.procedure", "staging.plan_task", "staging.case_version", "staging.case")


def _night(
    yard: Yard, home: Path, as_of: dt.datetime, *rules: dict[str, Any], systems_at: dt.datetime
) -> None:
    """A night by our clock, while the systems keep theirs; what these tests look at is staged."""
    yard.settings(home, systems_at)
    yard.server.state.scenario = Scenario.parse(list(rules))
    try:
        settings = settings_of(home, as_of, yard.server.urls, yard.sources)
        run_night(settings, only=PULLED, builds=False)
        run_night(settings, builds=STAGED, steps=("build",))
    finally:
        yard.server.state.scenario = Scenario()


def _renamed(name: str) -> dict[str, Any]:
    return {
        "match": {"path": "/api/v1/procedures", "nth": 1}, "do": "edit", "set": {"name": name},
    }  # fmt: skip


def _drop(home: Path, name: str, text: str) -> None:
    path = home / "inbox" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (1_600_000_000, 1_600_000_000))
    path.with_name(f"{name}.done").touch()


def _plan(done: str) -> str:
    return f"plan_no,task_id,due_on,completed_on\n42/KH-UBND,42-01,2023-05-30,{done}\n"


def _standing(yard: Yard, home: Path) -> list[list[tuple[Any, ...]]]:
    """What the second night's lists and files say."""
    queries = (
        "select distinct name from staging.procedure",
        "select completed_on from staging.plan_task where task_id = '42-01'",
        "select count(*) from staging.\"case\" where case_code = 'F-1'",
    )
    return [yard.select(home, query) for query in queries]


def test_a_night_under_a_clock_far_ahead_leaves_nothing_behind(
    yard: Yard, home: Path, tmp_path: Path
) -> None:
    """The same nights under a right clock and under one that was wrong in between end with the same rows."""
    right = shutil.copytree(home, tmp_path / "right")
    for place, clock in ((home, WRONG), (right, EVE)):
        _drop(place, "plan_tasks_a.csv", _plan(""))
        _drop(
            place,
            "cases_a.csv",
            "case_code,agency_code,received_at\nF-1,H37.01,2023-06-01T09:00:00\n",
        )
        _night(yard, place, clock, _renamed("Tên cũ"), systems_at=EVE)
        _drop(place, "plan_tasks_b.csv", _plan("2023-05-29"))
        _night(yard, place, END, _renamed("Tên mới"), systems_at=END)
    entities = (*READ, "procedure")
    content = [raw_content(place, entities) for place in (home, right)]
    for found in content:  # its rows bear the file's own time
        del found["raw.drops__case"]
    assert content[0] == content[1]
    assert len(content[0]) > len(entities)
    check_invariants(home, yard.truth, READ)
    assert _standing(yard, home) == _standing(yard, right) == STANDING
    # Rebuilt from landing, where the wrong time stands in names and pages, it is the same again.
    (home / "warehouse.duckdb").unlink()
    settings = settings_of(home, END, yard.server.urls, yard.sources)
    run_night(settings, "replay", only=PULLED, builds=False)
    run_night(settings, builds=STAGED, steps=("build",))
    replayed = raw_content(home, entities)
    del replayed["raw.drops__case"]
    assert replayed == content[1]
    assert _standing(yard, home) == STANDING
    stamps = (
        "select max(loaded_at) from meta.batch union all select max(read_to) from meta.cursor union all "
        "select max(cursor_at) from meta.cursor union all select max(_loaded_at) from raw.cases__case union all "
        "select max(_version_at) from raw.cases__procedure union all select max(_version_at) from raw.drops__plan_task"
    )
    assert all(at <= END for (at,) in yard.select(home, stamps))


def test_a_sweep_is_due_again_a_week_after_a_wrong_one(yard: Yard, home: Path) -> None:
    """By its stamp the sweep of 2090 would be the last for a lifetime."""
    _night(yard, home, WRONG, systems_at=EVE)
    swept = "select count(*) from meta.batch where entity = 'case_key'"
    _night(yard, home, END, systems_at=END)
    before = yard.select(home, swept)
    _night(yard, home, END + dt.timedelta(days=8), systems_at=END + dt.timedelta(days=8))
    assert yard.select(home, swept) > before


def test_a_cursor_in_the_future_is_forgotten_and_everything_read_once(
    yard: Yard, home: Path
) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute(
            "update meta.cursor set cursor_at = '2999-01-01', read_to = '2999-01-01'"
        )
    yard.night(home)
    yard.check(home)
    assert yard.asked("case")[0]["query"]["updated_from"] == "2020-01-01T00:00:00+07:00"


def test_a_second_load_under_one_pinned_clock_keeps_both_versions_and_the_later_stands(
    yard: Yard, home: Path
) -> None:
    """A record that changed without a new time of change, on the same page and row: no grain is broken."""
    for fee in (1000, 2000):
        rule = on(
            "case",
            "edit",
            nth=1,
            times=None,
            set={"fee_total_vnd": fee, "updated_at": EVE.isoformat()},
        )
        yard.night(home, rule, only=("case", "drops"), mode="full")
    run_night(yard.settings(home, END), builds=STAGED, steps=("build",))
    found = yard.select(
        home,
        f"select distinct fee_total_vnd from staging.\"case\" where _version_at = '{EVE.isoformat()}'",
    )
    assert found == [(2000,)]
