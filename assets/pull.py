"""Pull assets: one per source entity, from the system to its raw table.

Belongs here: which window a run reads, landing then loading it, what the UI shows of it.
Doesn't: HTTP and paging (sources), rows (warehouse.load).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

import dagster as dg

from assets.batches import as_batch, newest_sweep, read_before, verified
from assets.names import MODE_TAG, WINDOW_FROM_TAG, WINDOW_TO_TAG
from assets.night import Night
from assets.shapes import entity_shape
from common.local_time import TIME_ZONE
from sources.http.client import Access
from sources.http.transport import Wire
from sources.landing.batches import LandedBatch, complete_batches
from sources.pull.entity import pull_entity
from sources.pull.reading import PullProgress
from sources.pull.windows import Window, day_windows, next_window
from sources.spec.systems import EntitySpec, SourcesSpec
from warehouse.load.deletions import apply_sweep, find_gaps, read_keys
from warehouse.load.landed_pages import Batch, RawShape, ensure_raw_table
from warehouse.load.raw_tables import LoadCounts, load_batch
from warehouse.store.state import cursor_of

SWEEP_EVERY = dt.timedelta(days=7)
RECEIVED_FIELD = "received_at"
FIRST_PARTITION = "2020-01-01"
KINDS = ("fetched", "inserted", "updated", "unchanged", "stale", "duplicate")


def build_pull_assets(sources: SourcesSpec) -> list[dg.AssetsDefinition]:
    """One asset per entity; those read by window are partitioned by day, for backfills in one run."""
    return [
        _pull_asset(system, name, entity, sources)
        for system, spec in sources.systems.items()
        for name, entity in spec.entities.items()
    ]


def _pull_asset(
    system: str, name: str, entity: EntitySpec, sources: SourcesSpec
) -> dg.AssetsDefinition:
    shape = entity_shape(system, name, entity)
    is_windowed = entity.mode == "incremental"
    partitions = (
        dg.DailyPartitionsDefinition(FIRST_PARTITION, timezone=TIME_ZONE, end_offset=1)
        if is_windowed
        else None
    )

    @dg.asset(
        key=["raw", f"{system}__{name}"],
        deps=[["raw", f"{system}__{entity.of}"]] if entity.of else [],
        group_name=system,
        kinds={"http", "json", "duckdb"},
        description=f"{sources.systems[system].label}: {entity.path}",
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run() if partitions else None,
        required_resource_keys={"night"},
    )
    def pull(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        night: Night = context.resources.night
        puller = EntityPull(
            night, sources, shape, entity, context.run.tags, _partition_window(context)
        )
        return dg.MaterializeResult(metadata=puller.run())

    return pull


def _partition_window(context: dg.AssetExecutionContext) -> tuple[dt.datetime, dt.datetime] | None:
    """The days that a backfill from the UI asked for, or None for a run of its own window."""
    if not context.has_partition_key and not context.has_partition_key_range:
        return None
    window = context.partition_time_window
    return window.start, window.end


class EntityPull:
    """One entity's pull in one run."""

    def __init__(
        self,
        night: Night,
        sources: SourcesSpec,
        shape: RawShape,
        entity: EntitySpec,
        tags: Mapping[str, str],
        partition: tuple[dt.datetime, dt.datetime] | None,
    ) -> None:
        self.night, self.sources, self.shape, self.entity = night, sources, shape, entity
        self.mode = tags.get(MODE_TAG, "incremental")
        self.partition = partition if self.mode in ("incremental", "backfill") else None
        self.day_from = _day(tags.get(WINDOW_FROM_TAG))
        self.day_to = _day(tags.get(WINDOW_TO_TAG))
        self.zone = ZoneInfo(sources.time_zone)

    def run(self) -> dict[str, str | int]:
        """Land what is to be read (or find it in the landing) and load it; returns counts to show."""
        connection = self.night.connection
        ensure_raw_table(connection, self.shape)
        if self.shape.system not in self.night.connections.urls and self.mode != "replay":
            return {"skipped": "Chưa nối nguồn. The system has no address."}
        if self.entity.mode == "key_sweep" and not self._sweep_is_due():
            return {"skipped": "Chưa đến kỳ quét. The weekly sweep isn't due."}
        landed = self._landed()
        if self.entity.mode == "key_sweep":
            landed = newest_sweep(landed)
        batches = self._as_batches(landed)
        if self.entity.mode == "key_sweep":
            return self._sweep(batches)
        counts = [self._load(batch) for batch in batches]
        return _summary(counts)

    def _load(self, batch: Batch) -> LoadCounts:
        self.night.site.progress(f"nạp {self.shape.system}.{self.shape.entity}", 0, None)
        counts = load_batch(
            self.night.connection, self.shape, batch, self.night.run_id, self.night.now
        )
        self.night.site.progress(
            f"nạp {self.shape.system}.{self.shape.entity}", counts.fetched, counts.fetched
        )
        return counts

    def _landed(self) -> Sequence[LandedBatch]:
        if self.mode == "replay":
            return [
                verified(batch)
                for batch in complete_batches(
                    self.night.site.landing, self.shape.system, self.shape.entity
                )
                if self._is_in_days(batch)
            ]
        return self._pull(self._window())

    def _pull(self, window: Window | None) -> Sequence[LandedBatch]:
        system, connections = self.shape.system, self.night.connections
        return pull_entity(
            system,
            self.sources.systems[system],
            self.shape.entity,
            Access(
                connections.urls[system],
                connections.credentials[system],
                Wire(connections.certificates.get(system)),
            ),
            self.night.site.landing,
            window,
            self.night.now,
            zone=self.zone,
            limits=self.night.site.patience,
            on_progress=self._tell,
        )

    def _window(self) -> Window | None:
        """What to ask for: a backfill's days, given days, or what the source file says is next."""
        now = self.night.now
        if self.entity.mode == "incremental" and self.partition:
            return Window(self.partition[0], min(self.partition[1], now))
        if self.entity.mode == "incremental" and self.mode == "window" and self.day_from:
            start = dt.datetime.combine(self.day_from, dt.time(), self.zone)
            until = (self.day_to or now.date()) + dt.timedelta(days=1)
            return Window(start, min(dt.datetime.combine(until, dt.time(), self.zone), now))
        cursor = cursor_of(self.night.connection, self.shape.system, self.shape.entity)
        return next_window(self.entity, cursor, now, self.zone, full=self.mode == "full")

    def _is_in_days(self, batch: LandedBatch) -> bool:
        day = batch.started_at.astimezone(self.zone).date()
        return (self.day_from is None or day >= self.day_from) and (
            self.day_to is None or day <= self.day_to
        )

    def _sweep_is_due(self) -> bool:
        if self.mode in ("full", "replay"):
            return True
        row = self.night.connection.execute(
            "select max(loaded_at) from meta.batch where system = ? and entity = ?",
            [self.shape.system, self.shape.entity],
        ).fetchone()
        return row is None or row[0] is None or self.night.now - row[0] >= SWEEP_EVERY

    def _sweep(self, batches: Sequence[Batch]) -> dict[str, str | int]:
        if not batches:
            return {"swept": 0}
        read_keys(self.night.connection, self.shape, batches, self.night.now)
        # Before the sweep is marked as done: a night that dies here sweeps again tomorrow.
        reread = sum(counts.fetched for counts in self._fill_gaps())
        result = apply_sweep(
            self.night.connection,
            self.shape,
            batches,
            str(self.entity.of),
            RECEIVED_FIELD,
            self.night.run_id,
            self.night.now,
        )
        return {
            "swept": result.swept,
            "deleted": result.deleted,
            "restored": result.restored,
            "unknown": result.unknown,
            "reread": reread,
        }

    def _fill_gaps(self) -> list[LoadCounts]:
        """Read again the days on which records changed that the source lists and we lack."""
        connection, target = self.night.connection, str(self.entity.of)
        days = find_gaps(connection, self.shape, target)
        if not days or self.mode == "replay":
            return []
        entity = self.sources.systems[self.shape.system].entities[target]
        shape = entity_shape(self.shape.system, target, entity)
        tags = {MODE_TAG: "gaps"}
        puller = EntityPull(self.night, self.sources, shape, entity, tags, None)
        return [puller.reread(window) for window in day_windows(days, self.zone, self.night.now)]

    def reread(self, window: Window) -> LoadCounts:
        """Read one window now and load it, whatever the mode."""
        counts = [self._load(batch) for batch in self._as_batches(self._pull(window))]
        return counts[-1]

    def _as_batches(self, landed: Sequence[LandedBatch]) -> list[Batch]:
        moments = read_before(landed, self.night.now)
        return [
            as_batch(batch, self.night.now, self.entity, self.zone, before)
            for batch, before in zip(landed, moments, strict=True)
        ]

    def _tell(self, progress: PullProgress) -> None:
        step = f"đọc {self.shape.system}.{self.shape.entity}"
        self.night.site.progress(step, progress.rows, progress.total)


def _summary(counts: Sequence[LoadCounts]) -> dict[str, str | int]:
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
