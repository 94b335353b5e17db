"""Pull assets: one per source entity, from the system to its raw table.

Belongs here: which window a run reads, and that what was landed is loaded. Doesn't: HTTP and paging (sources), rows
(warehouse.load), landed batches read again (replay.py), sweeps (sweep.py).
"""

import datetime as dt
from collections.abc import Sequence

import dagster as dg

from assets.entity_run import Asked, EntityRun, summary_of
from assets.names import RunMode
from assets.night import Night
from assets.replay import landed_again
from assets.sweep import is_due, sweep
from common.local_time import TIME_ZONE
from sources.http.client import Access
from sources.http.transport import Wire
from sources.landing.batches import LandedBatch
from sources.pull.entity import pull_entity
from sources.pull.reading import PullProgress
from sources.pull.windows import Window, next_window
from sources.spec.systems import EntitySpec, SourcesSpec
from warehouse.load.landed_pages import ensure_raw_table
from warehouse.store.state import cursor_of

FIRST_PARTITION = "2020-01-01"


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
        asked = Asked.of(context.run.tags, _partition_window(context))
        return dg.MaterializeResult(
            metadata=run_entity(EntityRun(night, sources, system, name, asked))
        )

    return pull


def _partition_window(context: dg.AssetExecutionContext) -> tuple[dt.datetime, dt.datetime] | None:
    """The days that a backfill from the UI asked for, or None for a run of its own window."""
    if not context.has_partition_key and not context.has_partition_key_range:
        return None
    window = context.partition_time_window
    return window.start, window.end


def run_entity(run: EntityRun) -> dict[str, str | int]:
    """Land what is to be read (or find it in the landing) and load it; returns counts to show."""
    ensure_raw_table(run.night.connection, run.shape)
    is_replay, is_sweep = run.asked.mode == RunMode.REPLAY, run.entity.mode == "key_sweep"
    if not (is_replay or run.is_connected):
        return {"skipped": "Chưa nối nguồn. The system has no address."}
    if is_sweep and not is_due(run):
        return {"skipped": "Chưa đến kỳ quét. The weekly sweep isn't due."}
    landed = landed_again(run) if is_replay else read(run, _window(run))
    return sweep(run, landed, read) if is_sweep else summary_of(run.load(landed))


def read(run: EntityRun, window: Window | None) -> Sequence[LandedBatch]:
    """Read a window of the list from its system into the landing."""

    def tell(progress: PullProgress) -> None:
        run.tell("đọc", progress.rows, progress.total)

    connections, site = run.night.connections, run.night.site
    wire = connections.wires.get(run.system, Wire())
    return pull_entity(
        run.system,
        run.sources.systems[run.system],
        run.name,
        Access(connections.urls[run.system], connections.credentials[run.system], wire),
        site.landing,
        window,
        run.night.now,
        zone=run.zone,
        limits=site.patience,
        on_progress=tell,
    )


def _window(run: EntityRun) -> Window | None:
    """What to ask for: a backfill's days, given days, or what the source file says is next."""
    now, asked = run.night.now, run.asked
    if run.entity.mode == "incremental" and asked.partition:
        return Window(asked.partition[0], min(asked.partition[1], now))
    if run.entity.mode == "incremental" and asked.mode == RunMode.WINDOW and asked.day_from:
        start = dt.datetime.combine(asked.day_from, dt.time(), run.zone)
        until = (asked.day_to or now.date()) + dt.timedelta(days=1)
        return Window(start, min(dt.datetime.combine(until, dt.time(), run.zone), now))
    cursor = cursor_of(run.night.connection, run.system, run.name)
    return next_window(run.entity, cursor, now, run.zone, full=asked.mode == RunMode.FULL)
