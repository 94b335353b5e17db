"""A home on which one night has run, whose systems then misbehave by a scenario: fixtures `yard` and `home`.

Belongs here: nights under a scenario, and the invariants that each must end with (I1–I5, I9). Doesn't: the
faults themselves (test_faults.py, test_source_changes.py).
"""

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo.faults import Scenario
from demo.server import DemoServer, serve
from demo.world import World
from orchestration.settings import Settings
from tests.conftest import END
from tests.support.night_content import check_invariants, raw_content
from tests.support.quick_night import run_night, settings_of, write_sources

START = END - dt.timedelta(days=60)
READ = ("case", "rating", "submission", "decision", "service")
PATHS = {
    "case": "/api/v1/cases", "rating": "/ratings", "submission": "/v2/submissions",
    "service": "/v2/services", "decision": "/decisions", "case_key": "/api/v1/case-keys",
}  # fmt: skip
Rule = dict[str, Any]


@dataclass
class Yard:
    """A home on which one night has run, and what the next one must come to."""

    template: Path
    sources: Path
    server: DemoServer
    raw: dict[str, str]
    truth: dict[str, Any]

    def settings(self, home: Path, as_of: dt.datetime) -> Settings:
        """The home's settings at a moment, to which the systems' clock is set too."""
        if self.server.state.snapshot.clock != as_of:
            self.server.state.set_clock(as_of)
        return settings_of(home, as_of, self.server.urls, self.sources)

    def night(
        self, home: Path, *rules: Rule, as_of: dt.datetime = END, only: tuple[str, ...] = READ,
        mode: str = "incremental", **tags: str,
    ) -> dict[str, Any]:  # fmt: skip
        """Pull and load under a scenario."""
        settings = self.settings(home, as_of)
        self.server.state.scenario = Scenario.parse(list(rules))
        self.server.state.log.clear()
        try:
            return run_night(settings, mode, only=only, builds=False, **tags)
        finally:
            self.server.state.scenario = Scenario()

    def asked(self, entity: str) -> list[dict[str, Any]]:
        """What the server saw of an entity's requests in the last night."""
        return [entry for entry in self.server.state.log if entry["path"] == PATHS[entity]]

    def check(self, home: Path, *entities: str) -> None:
        """The invariants, and nothing but what an undisturbed night has loaded (of these entities)."""
        check_invariants(home, self.truth, entities)
        found = raw_content(home, entities)
        assert found == {table: self.raw[table] for table in found}
        assert len(found) > len(entities)

    def select(self, home: Path, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the restricted store."""
        with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
            connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module", name="yard")
def fixture_yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("faults")
    world = World.build(seed=7, end=END, years=1, cases_per_year=700, procedures=150)
    yard = Yard(folder / "home", write_sources(folder), serve(world), {}, world.truth(END))
    yard.night(yard.template, as_of=START, mode="full")
    calm = shutil.copytree(yard.template, folder / "calm")
    yard.night(calm)
    yard.raw = raw_content(calm)
    yard.check(calm)
    assert yard.raw != raw_content(yard.template)
    yield yard
    yard.server.close()


@pytest.fixture(name="home")
def fixture_home(yard: Yard, tmp_path: Path) -> Path:
    return shutil.copytree(yard.template, tmp_path / "home")


def on(entity: str, do: str, *, nth: int = 2, times: int | None = 1, **arguments: Any) -> Rule:
    match = {"path": PATHS[entity], "nth": nth} | ({} if times is None else {"times": times})
    return {"match": match, "do": do, **arguments}


def entity_of(rule: Rule) -> str:
    return next(name for name, path in PATHS.items() if path == rule["match"]["path"])


def again_after(value: str, code: int = 429) -> Rule:
    return on("case", "status", code=code, headers={"Retry-After": value})
