"""A whole night by the functions that the assets call, for nights on hard days.

Belongs here: everything of a night but Dagster's bookkeeping: pull over HTTP, files, the whole catalogue, the
suites, the gate, the reports. Doesn't: what must come out of it (test_hard_days.py), the days and their worlds
(hard_worlds.py), the command line.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assets.cap import build_capped
from assets.checks import check_suites, row_rules
from assets.drops import load_inbox
from assets.night import Connections, Night, Site, open_night
from assets.publish import publish_night
from assets.pull import EntityPull
from assets.report import write_reports
from assets.shapes import entity_shape
from demo.registers import CENTRE
from demo.server import DEMO_CREDENTIALS, DemoServer, serve
from demo.world import World
from expectations.outcome import Outcome
from expectations.suite import Suite
from orchestration.definitions import Wiring
from tests.hard_worlds import FILES, world_of
from warehouse.connection import Limits, read_rows
from warehouse.publish import FILE_NAME
from warehouse.seeds import load_public_holidays, load_seed
from warehouse.state import set_run_context

SYSTEMS = tuple(DEMO_CREDENTIALS)


@dataclasses.dataclass(frozen=True)
class Told:
    """What a night came to: every outcome of its checks, the published version, the reports, its clock."""

    outcomes: Sequence[Outcome]
    version: str
    reports: Sequence[Path]
    now: dt.datetime

    @property
    def blocking(self) -> list[str]:
        """Table, rule and count of whatever would stop a night."""
        return [
            f"{outcome.table}: {outcome.rule} ({outcome.failed}, {outcome.detail or outcome.state})"
            for outcome in self.outcomes
            if outcome.blocks
        ]


@dataclasses.dataclass
class Home:
    """A home folder, what is connected to it, and the nights that run on it."""

    kind: str
    wiring: Wiring
    folder: Path
    world: World
    server: DemoServer
    systems: Sequence[str] = SYSTEMS
    more_cases: str = ""
    nights: int = 0

    def night(self, now: dt.datetime, *, after_pull: dt.datetime | None = None) -> Told:
        """Run a night at `now`; the site's clock moves on to `after_pull` once everything is read."""
        self.server.state.set_clock(now)
        self._drop(now)
        self.nights += 1
        ticking = [now]
        with open_night(self._site(lambda: ticking[0]), f"night-{self.nights}") as night:
            self._pull(night)
            ticking[0] = after_pull or now
            self.server.state.set_clock(ticking[0])
            return self._build(night)

    def accepted_cases(self, now: dt.datetime) -> int:
        """How many cases of the Centre are published at `now`, counted in the world and in the files."""
        rows = self.world.truth(now)["cases"] if "cases" in self.systems else []
        mine = [row for row in rows if row["reception_unit_code"] == CENTRE and row["received_at"]]
        accepted = [row for row in mine if row["status"] not in (1, 3)]
        return len(accepted) + max(0, self.more_cases.count("\n") - 1)

    def warehouse(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query on the restricted store."""
        return read_rows(self.folder / "warehouse.duckdb", query)

    def published(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query on the published file."""
        return read_rows(self.folder / "published" / FILE_NAME, query)

    def _drop(self, now: dt.datetime) -> None:
        inbox = self.folder / "inbox"
        paths = self.world.write_drops(inbox, now)
        if self.more_cases:
            paths.append(inbox / f"cases_{now:%Y%m%d}.csv")
            paths[-1].write_text(self.more_cases, encoding="utf-8")
        for path in paths:
            # Says that the file is whole, so that nobody waits for it to settle.
            path.with_name(f"{path.name}.done").touch()

    def _site(self, clock: Callable[[], dt.datetime]) -> Site:
        folder, site = self.folder, self.wiring.site

        def connect() -> Iterator[Connections]:
            urls = {name: url for name, url in self.server.urls.items() if name in self.systems}
            yield Connections(urls, DEMO_CREDENTIALS)

        return dataclasses.replace(
            site, home=folder, warehouse=folder / "warehouse.duckdb", lock=folder / "warehouse.lock",
            landing=folder / "landing", inbox=folder / "inbox", published=folder / "published", clock=clock,
            connect=connect, limits=Limits(threads=1),
        )  # fmt: skip

    def _pull(self, night: Night) -> None:
        sources = self.wiring.sources
        tags: Mapping[str, str] = {"motcua/mode": "incremental"}
        for system, spec in sources.systems.items():
            for name, entity in spec.entities.items():
                shape = entity_shape(system, name, entity)
                EntityPull(night, sources, shape, entity, tags, None).run()
        load_inbox(night, sources)

    def _build(self, night: Night) -> Told:
        catalog, connection = self.wiring.catalog, night.connection
        for table, path in catalog.seeds.items():
            load_seed(connection, table, path)
        load_public_holidays(connection)
        set_run_context(connection, night.context)
        rules = row_rules(self.wiring.suites)
        for model in catalog.models.values():
            build_capped(night, model, rules.get(model.table, ()))
        suites = [_critical(suite) for suite in self.wiring.suites.values()]
        outcomes = check_suites(night, [suite for suite in suites if suite.rules])
        told = Told(outcomes, "", (), night.now)
        if told.blocking:
            return told
        version = publish_night(night, catalog, self.wiring.suites)["version"]
        reports = write_reports(night.site.published, night.site.home / "reports")
        return dataclasses.replace(told, version=str(version), reports=reports)


def _critical(suite: Suite) -> Suite:
    """A suite with the rules alone that can stop a night; the rest would cost as much time again."""
    rules = tuple(rule for rule in suite.rules if rule.severity == "critical")
    return dataclasses.replace(suite, rules=rules)


@contextmanager
def home_of(
    wiring: Wiring, folder: Path, kind: str, now: dt.datetime, world: World | None = None
) -> Iterator[Home]:
    """A fresh home beside a served world of a kind; `files only` and `only <system>` say what is connected."""
    systems: Sequence[str] = SYSTEMS
    if kind == "files only":
        systems = ()
    elif kind.startswith("only "):
        systems = (kind.removeprefix("only "),)
    world = world or world_of(kind, now)
    server = serve(world, clock=now)
    try:
        yield Home(kind, wiring, folder, world, server, systems, FILES.get(kind, ""))
    finally:
        server.close()
