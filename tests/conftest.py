"""Fixtures shared by tests: a small simulated province, its servers, and a home with a night run on it."""

import dataclasses
import datetime as dt
import functools
import gc
import signal
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.server import DEMO_CREDENTIALS, DemoServer, serve
from demo.world import World
from expectations.suite import SUITES
from orchestration.console.runs import RunOutcome, execute_job
from orchestration.definitions import wire
from orchestration.parts import make_site as night_site
from orchestration.settings import Settings
from tests.support.kept import copy_of, kept
from tests.support.plain_night import Told, parts_of, run_plain
from tests.support.pulling import Start
from tests.support.scripted_server import starting
from warehouse.store.connection import Limits, read_rows

LOCAL = dt.timezone(dt.timedelta(hours=7))
CENTRE = "H37.01.TTPVHCC"
END = dt.datetime(2023, 6, 30, 1, 30, tzinfo=LOCAL)


@dataclass
class Site:
    """A home folder, the systems it reads, and the ways a test acts on it."""

    home: Path
    world: World
    server: DemoServer

    def settings(self, as_of: dt.datetime) -> Settings:
        """Settings for a run at `as_of`, with the simulated systems configured like real ones."""
        urls = {f"{system}_url": url for system, url in self.server.urls.items()}
        tokens = {f"{system}_token": secret for system, secret in DEMO_CREDENTIALS.items()}
        return Settings.load(home=self.home, as_of=as_of, _env_file=None, **urls, **tokens)

    def run(self, as_of: dt.datetime, job: str = "nightly", **tags: str) -> RunOutcome:
        """Set the systems' clock to `as_of` and run a job of Dagster in this process."""
        self.server.state.set_clock(as_of)
        given = {f"motcua/{name}": value for name, value in tags.items()}
        return execute_job(wire(self.settings(as_of)), job, given)

    def plain(self, as_of: dt.datetime, mode: str = "incremental", **more: Any) -> Told:
        """Set the systems' clock to `as_of` and run a night without Dagster and reports, at a quarter of the cost."""
        self.server.state.set_clock(as_of)
        return self.plain_as_is(as_of, mode, **more)

    def plain_as_is(
        self, as_of: dt.datetime, mode: str = "incremental", *, suites: Path = SUITES, **more: Any
    ) -> Told:
        """The same, with the systems as a test left them."""
        # A world this small pays more for a second thread than it gains by it.
        site = dataclasses.replace(
            night_site(self.settings(as_of), lambda *_: None), limits=Limits(threads=1)
        )
        more = {"reports": False, **more}
        return run_plain(site, parts_of(suites_folder=suites), f"{uuid.uuid4()}", mode, **more)

    def published(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query on the published file."""
        return read_rows(self.home / "published" / "kpi.duckdb", query)

    def warehouse(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query on the restricted store."""
        return read_rows(self.home / "warehouse.duckdb", query)


def pytest_configure() -> None:
    """Started in the background by a script (`make test &`), SIGINT is ignored; Dagster then has SIGTERM ignored
    too, in this process and in every program that a test starts and means to end."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # What was imported stays: to look through all of it again and again takes some hundredths of a run.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


# Two processes take files in turn, so the longest go first and small ones even out the end. The first of all needs
# no night of its own while the second has it built for both.
LONGEST = (
    "hard_days", "stops", "restate", "renewal", "kills", "source_changes", "sweep", "figures", "night",
    "light_commands", "contributing", "real_data", "gates", "power_cut", "hard_nights", "sql_cases", "faults",
    "judge_process", "loads", "demo", "clock", "canaries", "keeping", "quality_loop", "row_order", "person_key",
    "report_page", "report_workbook", "carried_checks", "command_line", "migration", "plan", "spark",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, then others with whole nights."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}

    def place(item: pytest.Item) -> tuple[int, bool]:
        name = item.path.stem.removeprefix("test_")
        found = LONGEST.index(name) if name in LONGEST else len(LONGEST)
        return found, item.path not in slow

    items.sort(key=place)


@pytest.fixture(name="running")
def fixture_running() -> Iterator[Start]:
    """A starter of scripted servers, which end with the test."""
    with starting() as start:
        yield start


def make_site(home: Path, end: dt.datetime = END, **size: Any) -> Site:
    """A small world (by default 6,000 cases in a year), served, with its files in the inbox."""
    world = small_world(end, **size)
    for path in world.write_drops(home / "inbox", end):
        # Says that the file is whole, so that no night waits to see whether somebody still writes it.
        path.with_name(f"{path.name}.done").touch()
    return Site(home, world, serve(world))


@functools.cache
def small_world(end: dt.datetime, **size: Any) -> World:
    """Always the same for the same size; nobody changes a world."""
    return World.build(
        **{"seed": 7, "years": 1, "cases_per_year": 6000, "procedures": 300, "end": end, **size}
    )


def _first_night(home: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")
        site = make_site(home)
        outcome = site.run(END, mode="full")
        site.server.close()
    assert outcome.succeeded, outcome.reason


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A home on which Dagster has run one full night at END, in its own copy for this process."""
    home = copy_of(kept("night", _first_night), tmp_path_factory.mktemp("night") / "home")
    world = small_world(END)
    site = Site(home, world, serve(world))
    yield site
    site.server.close()
