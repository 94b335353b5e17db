"""Homes beside healthy worlds on hard days, and nights on them.

Belongs here: what is connected, what lies in the inbox, the clock. Doesn't: what a night does (plain_night.py),
what must come out of it (test_hard_days.py), the days and their worlds (hard_worlds.py), the command line.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assets.night import Connections, Site
from demo.registers import CENTRE
from demo.server import DEMO_CREDENTIALS, DemoServer, serve
from demo.world import World
from orchestration.parts import make_site
from orchestration.settings import Settings
from tests.support.breadth import is_whole
from tests.support.hard_worlds import FILES, world_of
from tests.support.plain_night import Told, by_critical, by_statements, parts_of, run_plain
from warehouse.publication.publish import FILE_NAME
from warehouse.store.connection import Limits, read_rows

SYSTEMS = tuple(DEMO_CREDENTIALS)


@dataclasses.dataclass
class Home:
    """A home folder, what is connected to it, and the nights that run on it."""

    kind: str
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

        def go_on() -> None:
            ticking[0] = after_pull or now
            self.server.state.set_clock(ticking[0])

        site = self._site(lambda: ticking[0])
        name = f"night-{self.nights}"
        # The rules that can stop a night; in `make days` by Great Expectations.
        judge = by_critical if is_whole("DAYS") else by_statements
        return run_plain(site, parts_of(), name, judge=judge, after_pull=go_on)

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
        def connect() -> Iterator[Connections]:
            urls = {name: url for name, url in self.server.urls.items() if name in self.systems}
            yield Connections(urls, DEMO_CREDENTIALS)

        site = make_site(Settings.load(home=self.folder, _env_file=None), lambda *_: None)
        return dataclasses.replace(site, clock=clock, connect=connect, limits=Limits(threads=1))


@contextmanager
def home_of(
    folder: Path, kind: str, now: dt.datetime, world: World | None = None
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
        yield Home(kind, folder, world, server, systems, FILES.get(kind, ""))
    finally:
        server.close()
