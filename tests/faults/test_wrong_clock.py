"""Dagster's own scheduler and sensors after a clock that ran a year ahead, on a real instance; doctor; children."""

import datetime as dt
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.scheduler.instigation import SensorInstigatorData
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._scheduler.scheduler import launch_scheduled_runs

from common.local_time import LOCAL
from orchestration.console.children import WatchedClock, serve
from orchestration.operating.doctor import examine
from orchestration.operating.wrong_clock import forget_times_ahead, times_ahead
from orchestration.settings import Settings, use_dagster_home
from sources.landing.open_batch import open_batch
from warehouse.backup import make_backup
from warehouse.publication.versions import list_versions, roll_back, switch_to

pytestmark = pytest.mark.time

LOG = logging.getLogger("tests.scheduler")
DAY = dt.timedelta(days=1)
YEAR = 365 * DAY
MONDAY = dt.datetime(2026, 11, 23, 12, 0, tzinfo=LOCAL)


@pytest.fixture
def now() -> dt.datetime:
    """Asked by each test, for what Dagster and doctor do goes by the clock: a run of all tests takes its time."""
    return dt.datetime.now(dt.UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(home=tmp_path / "home", _env_file=None)


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    use_dagster_home(settings)
    with dg.DagsterInstance.get() as opened:
        yield opened


@pytest.fixture
def workspace(instance: dg.DagsterInstance) -> Iterator[WorkspaceProcessContext]:
    origin = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(module_name="tests.support.nightly_only"), location_name="nights"
    )
    with WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as opened:
        yield opened


def pass_of_scheduler(workspace: WorkspaceProcessContext, at: dt.datetime) -> None:
    """One pass of Dagster's scheduler, as a daemon that has just been started takes it at that time."""
    for error in launch_scheduled_runs(workspace, LOG, at.astimezone(dt.UTC), {}):
        assert error is None, error


def nights(workspace: WorkspaceProcessContext, at: dt.datetime) -> int:
    """How many runs there are after a pass."""
    pass_of_scheduler(workspace, at)
    return int(workspace.instance.get_runs_count())


def test_nights_start_again_after_a_year_ahead(workspace: WorkspaceProcessContext) -> None:
    """Without the mending no night starts until the wrong date has come; a night that ran isn't run again."""
    instance = workspace.instance
    assert nights(workspace, MONDAY) == 0
    assert nights(workspace, MONDAY + DAY) == 1
    assert nights(workspace, MONDAY + 365 * DAY) == 2, "the clock ran ahead"
    back = MONDAY + 2 * DAY
    assert nights(workspace, back) == 2
    assert nights(workspace, back + 40 * DAY) == 2, "so Dagster stands still"
    assert times_ahead(instance, back).keys() == {"nightly_schedule"}
    assert forget_times_ahead(instance, back) == ["nightly_schedule"]
    assert nights(workspace, back + dt.timedelta(minutes=1)) == 2, (
        "nothing that was due is made up for"
    )
    assert nights(workspace, back + DAY) == 3
    assert nights(workspace, back + 2 * DAY) == 4
    assert forget_times_ahead(instance, back + 2 * DAY) == []


def test_forty_nights_skipped_are_one_night(workspace: WorkspaceProcessContext) -> None:
    assert nights(workspace, MONDAY) == 0
    assert nights(workspace, MONDAY + 40 * DAY) == 1
    assert nights(workspace, MONDAY + 41 * DAY) == 2


def test_sensors_look_again_after_a_year_ahead(
    workspace: WorkspaceProcessContext, now: dt.datetime
) -> None:
    instance = workspace.instance

    def looks() -> int:
        for _ in execute_sensor_iteration(workspace, LOG, None, None):
            pass
        (state,) = instance.all_instigator_state()
        return len(instance.get_ticks(state.instigator_origin_id, state.selector_id))

    assert looks() == 1
    (state,) = instance.all_instigator_state()
    ahead = (now + YEAR).timestamp()
    instance.update_instigator_state(
        state.with_data(
            SensorInstigatorData(
                last_tick_timestamp=ahead,
                last_tick_start_timestamp=ahead,
                cursor="kept",
                min_interval=60,
            )
        )
    )
    assert looks() == 1, "so Dagster stands still"
    assert forget_times_ahead(instance, now - dt.timedelta(minutes=30)) == ["watch"]
    assert looks() == 2
    (state,) = instance.all_instigator_state()
    assert state.instigator_data.cursor == "kept"  # type: ignore[union-attr]


def test_doctor_names_what_lies_in_the_future_and_how_to_mend_it(
    settings: Settings, workspace: WorkspaceProcessContext, now: dt.datetime, tmp_path: Path
) -> None:
    """Bad only where no night would start; one after the mending."""
    home = settings.home
    pass_of_scheduler(workspace, now)
    assert ahead_of(settings) == {}
    pass_of_scheduler(workspace, now + YEAR)
    for number, at in enumerate([now, now + YEAR], 1):
        batch = open_batch(
            home / "landing",
            "cases",
            "case",
            f"{at:%Y%m%dT%H%M%SZ}_all",
            started_at="",
            place=number,
        )
        batch.finish(at.isoformat(), None)
    with duckdb.connect(str(settings.warehouse_path)) as connection:
        connection.execute(
            "create schema meta; create table meta.check_run (checked_at timestamptz)"
        )
        connection.execute("insert into meta.check_run values (?)", [now + YEAR])
    make_backup(home, tmp_path / "safe", now=now + YEAR)
    for name in (f"v000001-{now:%Y%m%dT%H%M%SZ}", f"v000002-{now + YEAR:%Y%m%dT%H%M%SZ}"):
        (home / "published" / "versions" / name).mkdir(parents=True)
    switch_to(home / "published", name)
    alert = {"subject": "s", "text": "t", "first_at": (now + YEAR).isoformat()}
    (home / "alerts.json").write_text(json.dumps({"open": {"run:x": alert}}), encoding="utf-8")
    found = ahead_of(settings)
    assert found == {
        "clock.schedule": "bad", "clock.landing": "warn", "clock.warehouse": "warn", "clock.backup": "warn",
        "clock.published": "warn", "clock.alerts": "warn",
    }  # fmt: skip
    findings = examine(settings, call_sources=False)
    assert all(f.remedy for f in findings if f.state != "ok")
    (backup,) = [f for f in findings if f.subject == "backup"]
    assert backup.state == "warn", "one of the future isn't a fresh one"
    forget_times_ahead(workspace.instance, now)
    assert ahead_of(settings).keys() == found.keys() - {"clock.schedule"}
    later = examine(settings, call_sources=False, now=now + YEAR)
    assert [f.subject for f in later if f.subject.startswith("clock")] == ["clock"]


def ahead_of(settings: Settings) -> dict[str, str]:
    findings = examine(settings, call_sources=False)
    return {f.subject: f.state for f in findings if f.subject.startswith("clock.")}


def test_doctor_says_which_version_is_current(settings: Settings, now: dt.datetime) -> None:
    folder = settings.published
    names = [f"v00000{n}-{now - (3 - n) * DAY:%Y%m%dT%H%M%SZ}" for n in (1, 2, 3)]
    for name in names:
        (folder / "versions" / name).mkdir(parents=True)
    switch_to(folder, names[2])
    assert said_of_published(settings) == ("ok", True, "")
    roll_back(folder)
    state, names_it, remedy = said_of_published(settings)
    assert (state, names_it) == ("warn", True)
    assert names[2] in remedy
    (folder / "versions" / names[1]).rmdir()
    assert said_of_published(settings)[0] == "bad", "the link leads nowhere"


def said_of_published(settings: Settings) -> tuple[str, bool, str]:
    (finding,) = [f for f in examine(settings, call_sources=False) if f.subject == "published"]
    current = (settings.published / "current").readlink().name
    assert list_versions(settings.published)
    return finding.state, current in finding.message, finding.remedy


class Hands:
    """A wall clock that a test sets, beside one that runs on."""

    def __init__(self) -> None:
        self.wall = 1_000_000.0

    def clock(self) -> WatchedClock:
        return WatchedClock(lambda: self.wall, lambda: 5.0)


def test_a_clock_that_was_set_back_is_seen_and_one_set_ahead_is_followed() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.wall -= 600
    assert not clock.is_set_back(), "ten minutes are no harm"
    hands.wall += 365 * 86_400
    assert not clock.is_set_back()
    hands.wall -= 365 * 86_400
    assert clock.is_set_back()
    assert not hands.clock().is_set_back(), "what starts now starts from here"


def test_children_start_again_when_the_clock_was_set_back_and_no_run_is_under_way() -> None:
    """The first start doesn't see it; then a run holds the warehouse once; then they are started anew."""
    hands, answers, asked = Hands(), iter([True, False, True]), list[float]()

    def make_ready() -> bool:
        asked.append(hands.wall)
        return next(answers)

    def watched() -> WatchedClock:
        clock = hands.clock()
        if len(asked) == 1:
            hands.wall -= 86_400
        return clock

    child = ["timeit", "-n", "1", "-r", "1", "import time; time.sleep(1.5)"]
    assert serve([child], make_ready, watched=watched, every=0.1) == 0
    assert asked == [1_000_000.0, 1_000_000.0 - 86_400, 1_000_000.0 - 86_400]
