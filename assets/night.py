"""The night: what every step of one run shares.

Belongs here: the site's facts handed down from settings, the warehouse connection under its lock, the
run's clock and progress. Doesn't: work; a step asks the night for what it needs.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

import duckdb

from assets.kept_verdicts import Carrier
from assets.shapes import hashed_fields
from expectations.judge_process import JudgeProcess
from expectations.runner import Checker, warm_up
from sources.http.limits import ReadLimits
from sources.http.transport import Wire
from warehouse.load.clock import pull_back
from warehouse.load.landed_pages import RawShape
from warehouse.models.build import Builder, QueryOf
from warehouse.models.catalog import Model
from warehouse.persons.key import open_store
from warehouse.store.connection import Limits, hold_lock
from warehouse.store.state import RunContext, all_trends, note_systems


class Progress(Protocol):
    """Where a long step tells how far it is."""

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """`done` of `total` rows (None = unknown) of `step`."""


def silent(step: str, done: int, total: int | None) -> None:
    """Progress for runs that nobody watches."""


@dataclass(frozen=True)
class Site:
    """What is fixed for a site: places, sources, centre. Secrets stay inside `credentials`."""

    home: Path
    warehouse: Path
    lock: Path
    landing: Path
    inbox: Path
    published: Path
    macros: Path
    centre_code: str
    code_version: str
    clock: Callable[[], dt.datetime]
    # Opened once a run: base addresses and secrets by system. Simulated systems start here.
    connect: Callable[[], Iterator["Connections"]]
    # The keys of keyed hashes that may be in use.
    person_keys: Callable[[], Sequence[bytes]]
    # Every raw table of the source file, by name.
    shapes: Callable[[], Mapping[str, RawShape]]
    limits: Limits = field(default_factory=Limits)
    # Every model of the catalogue; what hasn't changed in the tables of these isn't built again.
    models: Iterable[Model] = ()
    # The share of a staging table that may wait in quarantine before the night stops.
    quarantine_cap: float = 0.01
    # How long a read may take, how often it is tried again.
    patience: ReadLimits = field(default_factory=ReadLimits)
    progress: Progress = silent
    # Where Spark answers the queries of core and marts; None: DuckDB answers them all.
    spark_master: str | None = None

    def hashed(self) -> list[tuple[str, str]]:
        """The (raw table, column) pairs that hold keyed hashes."""
        return hashed_fields(self.shapes())

    @property
    def quality_page(self) -> Path:
        """The page of all rules, written by every run that checks something."""
        return self.home / "reports" / "quality.html"


@dataclass(frozen=True)
class Connections:
    """Base addresses by system, their secrets, which no repr shows, and how the wire to each is laid.

    A system of the source file that has no address isn't read.
    """

    urls: Mapping[str, str]
    credentials: Mapping[str, str] = field(repr=False)
    wires: Mapping[str, Wire] = field(default_factory=dict)


@dataclass
class Night:
    """One run's hands on the warehouse."""

    site: Site
    run_id: str
    now: dt.datetime
    connection: duckdb.DuckDBPyConnection
    connections: Connections
    stack: ExitStack
    # Whether a rule's last outcome stands where nothing that it hangs on has changed. Whoever looks by hand asks.
    carries: bool = False
    judge: JudgeProcess | None = None

    def warm_up(self) -> None:
        """Let the judge of the checks come up in its own process while sources are read."""
        self.judge = warm_up()
        if self.judge is not None:
            self.stack.callback(self.judge.close)

    @cached_property
    def carrier(self) -> Carrier:
        """What the rules said before this run."""
        return Carrier(self.connection, self.site.macros, self.site.code_version)

    @cached_property
    def checker(self) -> Checker:
        """The machine of the checks, opened by the first one and closed with the run."""
        return self.stack.enter_context(closing(Checker(self.connection, process=self.judge)))

    @cached_property
    def builder(self) -> Builder:
        """Builds the run's models; it remembers what it has read of other tables."""
        return Builder(self.connection, self.site.models, self.now)

    @cached_property
    def trends(self) -> Mapping[tuple[str, str], Sequence[str]]:
        """What each rule said before this run, by table and rule; asked once, by the first check."""
        return all_trends(self.connection)

    @cached_property
    def query_of(self) -> QueryOf | None:
        """Another engine's answers to the models' queries, if the site has one; closed with the run."""
        if self.site.spark_master is None:
            return None
        # Its dialect of SQL takes a while to load, and hardly a site has Spark.
        from spark.night import SparkNight

        province = self.site.centre_code.split(".")[0]
        spark = SparkNight(
            self.site.spark_master, self.site.macros, self.site.home / "lake", province
        )
        return self.stack.enter_context(closing(spark)).query_of

    @property
    def context(self) -> RunContext:
        """What the run holds for true."""
        return RunContext(as_of=self.now, centre_code=self.site.centre_code, run_id=self.run_id)


@contextmanager
def open_night(site: Site, run_id: str) -> Iterator[Night]:
    """Take the lock, open the warehouse and the sources for one run.

    Raises:
        WarehouseBusyError: another run holds the warehouse.
    """
    with hold_lock(site.lock, f"run {run_id[:8]}"):
        store = open_store(
            site.warehouse, site.macros, site.person_keys(), site.hashed, site.limits
        )
        with store as connection:
            now = site.clock()
            pull_back(connection, now, site.shapes())
            with contextmanager(site.connect)() as connections, ExitStack() as stack:
                entities = [(s.system, s.entity) for s in site.shapes().values() if not s.is_file]
                note_systems(connection, entities, connections.urls)
                yield Night(site, run_id, now, connection, connections, stack)
