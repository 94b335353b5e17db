"""Alerts under wrong clocks: a real Dagster instance whose runs are dated by events, a real published file."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from dagster import DagsterEvent, DagsterEventType
from dagster._core.events import JobFailureData

from common.local_time import LOCAL
from orchestration.operating.alerts import FORGOTTEN_AFTER, Alerts, Cause
from orchestration.operating.messengers import MessengerError
from orchestration.operating.watch import look
from orchestration.settings import Settings, use_dagster_home

pytestmark = pytest.mark.time

NOW = dt.datetime.now(LOCAL)
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


@dg.job
def nightly() -> None:
    """A night without work; its runs here are only dated and ended."""


@dataclass
class Place:
    """A home whose watcher has no channel; what it found stands in alerts.json."""

    settings: Settings
    instance: dg.DagsterInstance

    def failed_run(self, ended: dt.datetime) -> str:
        """A run that a clock says ended at a time."""
        run = self.instance.create_run_for_job(nightly)
        for kind in (DagsterEventType.RUN_START, DagsterEventType.RUN_FAILURE):
            why = JobFailureData(error=None) if kind == DagsterEventType.RUN_FAILURE else None
            event = DagsterEvent(kind.value, "nightly", event_specific_data=why)
            self.instance.report_dagster_event(event, run.run_id, timestamp=ended.timestamp())
        return run.run_id

    def look(self, now: dt.datetime = NOW) -> dict[str, Any]:
        """The open causes after a look."""
        look(self.instance, self.settings, now)
        return dict(self.kept["open"])

    @property
    def kept(self) -> dict[str, Any]:
        return dict(json.loads((self.settings.home / "alerts.json").read_text(encoding="utf-8")))

    def forget_open(self) -> None:
        """As after a good run: the causes are closed, what was looked at stays known."""
        path = self.settings.home / "alerts.json"
        path.write_text(json.dumps(self.kept | {"open": {}}), encoding="utf-8")

    def publish(
        self, rows: list[tuple[int | None, dt.datetime]], read_to: dt.datetime = NOW
    ) -> None:
        """A published file with these rows of meta.publication, in this order; without numbers an earlier release's."""
        folder = self.settings.published
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kpi.duckdb").unlink(missing_ok=True)
        with duckdb.connect(str(folder / "kpi.duckdb")) as file:
            file.execute(
                "create schema meta; create table meta.publication (version varchar, published_at timestamptz)"
            )
            file.execute(
                "create table meta.freshness as select 'cases' as system, ?::timestamptz as read_to",
                [read_to],
            )
            if rows[0][0] is not None:
                file.execute("alter table meta.publication add column publication_no bigint")
            for number, at in rows:
                values = [f"v{at:%Y%m%d}", at, *([number] if number is not None else [])]
                marks = ", ".join("?" for _ in values)
                file.execute(f"insert into meta.publication values ({marks})", values)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    settings = Settings.load(home=tmp_path / "home", _env_file=None)
    use_dagster_home(settings)
    with dg.DagsterInstance.get() as instance:
        yield Place(settings, instance)


def runs_of(causes: dict[str, Any]) -> list[str]:
    return [key for key in causes if key.startswith("run:")]


def test_a_run_a_year_ahead_silences_no_later_one(place: Place) -> None:
    """Each failed run is told once, in whatever order the clock dates them."""
    for ended in (NOW + 365 * DAY, NOW, NOW - 300 * DAY, NOW, NOW + DAY):
        place.failed_run(ended)
        assert runs_of(place.look()), f"the run of {ended} is told"
        place.forget_open()
        assert runs_of(place.look()) == [], "and looked at once"
    assert "seen_until" not in place.kept


def test_a_run_that_was_deleted_brings_no_old_one_back(place: Place) -> None:
    old = place.failed_run(NOW)
    new = place.failed_run(NOW)
    place.look()
    place.forget_open()
    place.instance.delete_run(new)
    assert runs_of(place.look()) == []
    assert set(place.kept["seen_runs"]) == {old, new}


@pytest.mark.parametrize(
    ("seen_until", "ended", "is_told"),
    [
        (NOW + 365 * DAY, NOW - HOUR, True),
        (NOW + 365 * DAY, NOW - 3 * DAY, False),
        (NOW - HOUR, NOW - 2 * HOUR, False),
        (NOW - 2 * HOUR, NOW - HOUR, True),
        (NOW - 9 * DAY, NOW - 8 * DAY, True),
    ],
)
def test_what_an_earlier_release_kept_counts_unless_it_lies_in_the_future(
    place: Place, seen_until: dt.datetime, ended: dt.datetime, is_told: bool
) -> None:
    place.failed_run(ended)
    kept = {"seen_until": seen_until.timestamp(), "open": {}}
    (place.settings.home / "alerts.json").write_text(json.dumps(kept), encoding="utf-8")
    assert bool(runs_of(place.look())) == is_told
    place.failed_run(NOW - 400 * DAY)
    place.forget_open()
    assert runs_of(place.look()), "from then on it goes by ids"


def test_a_night_dated_in_the_future_hides_none_that_did_not_start(place: Place) -> None:
    """The run's own date is now; seen from two days ago it lies in the future, from two days on in the past."""
    place.failed_run(NOW)
    for seen_from in (NOW - 2 * DAY, NOW + 2 * DAY, NOW + 40 * DAY):
        missing = [key for key in place.look(seen_from) if key.startswith("not_started:")]
        assert len(missing) == 1, "one a night, however many were skipped"
    assert not [key for key in place.look(NOW) if key.startswith("not_started:")]


def test_staleness_goes_by_the_current_file_whatever_its_rows_are_dated(place: Place) -> None:
    """A row of 2028 before the last one; the file of a rollback is as old as it says."""
    ahead, fresh, old = NOW + 700 * DAY, NOW - HOUR, NOW - 3 * DAY
    place.publish([(1, ahead), (2, fresh)])
    assert place.look() == {}
    place.publish([(1, ahead), (2, old)])
    assert list(place.look()) == ["stale:published"]
    place.publish([(1, old), (2, ahead)])
    assert list(place.look()) == ["clock:published"]
    place.publish([(2, fresh), (1, ahead)], read_to=ahead)
    assert list(place.look()) == ["clock:cases"]
    place.publish([(1, fresh)], read_to=old)
    assert list(place.look()) == ["stale:cases"]


def test_a_file_of_an_earlier_release_is_judged_by_the_name_of_its_link(place: Place) -> None:
    ahead, old = NOW + 700 * DAY, NOW - 3 * DAY
    place.publish([(None, ahead), (None, old)])
    assert list(place.look()) == ["clock:published"], "without a link only the dates are left"
    (place.settings.published / "current").symlink_to(Path("versions") / f"v{old:%Y%m%d}")
    assert list(place.look()) == ["stale:published"]


@dataclass
class Channel:
    """A receiver that may be away; what it got."""

    is_away: bool = False
    got: list[str] = field(default_factory=list)

    def send(self, message: Any) -> None:
        if self.is_away:
            raise MessengerError("away")
        self.got.append(message["cause"])


def test_an_untold_alert_outlives_a_jump_of_the_clock(tmp_path: Path) -> None:
    """A told one is forgotten after its time, so that it's told again if it lasts; an untold one is kept."""
    alerts, near, far = Alerts(tmp_path / "alerts.json"), Channel(), Channel(is_away=True)
    channels = {"near": near.send, "far": far.send}
    alerts.found([Cause("run:a", "s", "t")], NOW)
    assert len(alerts.deliver(channels, NOW)) == 1
    assert len(alerts.deliver(channels, NOW + 365 * DAY)) == 1
    far.is_away = False
    assert alerts.deliver(channels, NOW) == []
    assert (near.got, far.got) == (["run:a"], ["run:a"])
    assert alerts.deliver(channels, NOW + FORGOTTEN_AFTER + DAY) == []
    assert alerts.open == {}


def test_an_alert_found_a_year_ahead_counts_from_now(tmp_path: Path) -> None:
    alerts, near = Alerts(tmp_path / "alerts.json"), Channel()
    alerts.found([Cause("run:a", "s", "t")], NOW + 365 * DAY)
    alerts.deliver({"near": near.send}, NOW)
    assert alerts.open["run:a"].first_at == NOW.isoformat()
    alerts.deliver({"near": near.send}, NOW + FORGOTTEN_AFTER + DAY)
    assert alerts.open == {}
