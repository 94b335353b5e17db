"""The asset of file drops: the inbox, taken and loaded in one step.

Belongs here: landing what lies in the inbox, loading each kind into its raw table. Doesn't: reading
files (sources.files.drops).
"""

from collections.abc import Iterator

import dagster as dg

from assets.batches import as_batch, read_before
from assets.night import Night
from assets.shapes import DROPS, drop_shape, raw_shapes
from sources.files.drops import take_inbox
from sources.landing.batches import complete_batches
from sources.spec.systems import SourcesSpec
from warehouse.load.landed_pages import ensure_raw_table
from warehouse.load.raw_tables import KINDS, load_batch


def build_drops_asset(sources: SourcesSpec) -> dg.AssetsDefinition:
    """One multi-asset over all kinds of dropped files; a kind without a new file keeps what it has."""
    specs = [
        dg.AssetSpec(
            ["raw", f"{DROPS}__{name}"],
            group_name=DROPS,
            kinds={"excel", "csv", "duckdb"},
            description=f"Tệp thả vào / dropped files: {', '.join(drop.prefixes)}",
        )
        for name, drop in sources.drops.items()
    ]

    @dg.multi_asset(name="drops", specs=specs, required_resource_keys={"night"})
    def drops(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        night: Night = context.resources.night
        counts = load_inbox(night, sources)
        for name in sources.drops:
            yield dg.MaterializeResult(
                asset_key=["raw", f"{DROPS}__{name}"], metadata=dict(counts[name].items())
            )

    return drops


def load_inbox(night: Night, sources: SourcesSpec) -> dict[str, dict[str, int]]:
    """Take what lies in the inbox and load every landed file not yet loaded; counts by kind."""
    taken = take_inbox(
        sources, night.site.inbox, night.site.landing, {"centre": night.site.centre_code}, night.now
    )
    loaded = {
        row[0]
        for row in night.connection.execute(
            "select distinct batch_id from meta.batch where system = ?", [DROPS]
        ).fetchall()
    }
    # A night of files alone still builds everything, so every raw table must be there, if empty.
    for shape in raw_shapes(sources).values():
        ensure_raw_table(night.connection, shape)
    totals: dict[str, dict[str, int]] = {}
    for name, drop in sources.drops.items():
        shape = drop_shape(name, drop)
        total = dict.fromkeys(KINDS, 0)
        # A file that landed just before a crash is loaded by the next run.
        batches = complete_batches(night.site.landing, DROPS, name)
        for landed, before in zip(batches, read_before(batches, night.now), strict=True):
            if landed.batch_id not in loaded:
                batch = as_batch(landed, night.now, before=before)
                counts = load_batch(night.connection, shape, batch, night.run_id, night.now)
                for kind in KINDS:
                    total[kind] += getattr(counts, kind)
        totals[name] = total
    for result in taken:
        # A file whose name fits no kind stands in the inbox's set_aside with its reason, and here nowhere.
        if not result.is_taken and result.drop in totals:
            totals[result.drop]["set_aside"] = totals[result.drop].get("set_aside", 0) + 1
    return totals
