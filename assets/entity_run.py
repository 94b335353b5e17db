"""One list in one run: what is asked of it, and loading what was landed of it, however that came.

Belongs here: what pulling (pull.py), replaying (replay.py) and sweeping (sweep.py) share. Doesn't: any of the three.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from assets.batches import as_batch, read_before
from assets.names import WINDOW_FROM_TAG, WINDOW_TO_TAG, RunMode, mode_of
from assets.night import Night
from assets.shapes import entity_shape
from sources.landing.batches import LandedBatch
from sources.spec.systems import EntitySpec, SourcesSpec
from warehouse.load.landed_pages import Batch, RawShape
from warehouse.load.raw_tables import KINDS, LoadCounts, load_batch


@dataclass(frozen=True)
class Asked:
    """What a run was asked to read: its mode, days (both included), or the days of a backfill from the UI."""

    mode: RunMode
    day_from: dt.date | None = None
    day_to: dt.date | None = None
    partition: tuple[dt.datetime, dt.datetime] | None = None

    @classmethod
    def of(
        cls, tags: Mapping[str, str], partition: tuple[dt.datetime, dt.datetime] | None = None
    ) -> "Asked":
        """From a run's tags.

        Raises:
            ValueError: a tag says what there isn't.
        """
        mode = mode_of(tags)
        takes_days = mode in (RunMode.INCREMENTAL, RunMode.BACKFILL)
        return cls(
            mode,
            _day(tags.get(WINDOW_FROM_TAG)),
            _day(tags.get(WINDOW_TO_TAG)),
            partition if takes_days else None,
        )


@dataclass(frozen=True)
class EntityRun:
    """A list of a system in a run: its specification, its raw table, what is asked of it."""

    night: Night
    sources: SourcesSpec
    system: str
    name: str
    asked: Asked

    @property
    def entity(self) -> EntitySpec:
        """What the source file says of the list."""
        return self.sources.systems[self.system].entities[self.name]

    @property
    def shape(self) -> RawShape:
        """How its records lie, and what of them is kept."""
        return entity_shape(self.system, self.name, self.entity)

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the source file's days."""
        return ZoneInfo(self.sources.time_zone)

    @property
    def is_connected(self) -> bool:
        """Whether the run may ask its system."""
        return self.system in self.night.connections.urls

    def tell(self, step: str, rows: int, total: int | None) -> None:
        """Tell the run's progress."""
        self.night.site.progress(f"{step} {self.system}.{self.name}", rows, total)

    def load(self, landed: Sequence[LandedBatch]) -> list[LoadCounts]:
        """Load batches, in the order of landing."""
        return [self._load(batch) for batch in self.batches(landed)]

    def batches(self, landed: Sequence[LandedBatch]) -> list[Batch]:
        """Landed batches as the warehouse reads them."""
        moments = read_before(landed, self.night.now)
        return [
            as_batch(batch, self.night.now, self.entity, self.zone, before)
            for batch, before in zip(landed, moments, strict=True)
        ]

    def _load(self, batch: Batch) -> LoadCounts:
        self.tell("nạp", 0, None)
        night = self.night
        counts = load_batch(night.connection, self.shape, batch, night.run_id, night.now)
        self.tell("nạp", counts.fetched, counts.fetched)
        return counts


def entity_runs(night: Night, sources: SourcesSpec, asked: Asked) -> Iterator[EntityRun]:
    """Every list of every system, in the order of the source file."""
    for system, spec in sources.systems.items():
        for name in spec.entities:
            yield EntityRun(night, sources, system, name, asked)


def summary_of(counts: Sequence[LoadCounts]) -> dict[str, str | int]:
    """Counts of several loads together, as the UI and the command line show them."""
    summary: dict[str, str | int] = {"batches": len(counts)}
    for kind in KINDS:
        summary[kind] = sum(getattr(count, kind) for count in counts)
    for label, is_there in (("unknown_fields", True), ("missing_fields", False)):
        names = {name for c in counts for name, rows in c.drift.items() if bool(rows) == is_there}
        if names:
            summary[label] = ", ".join(sorted(names))
    return summary


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
