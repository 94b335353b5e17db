"""Load: what landed, and what lies in the inbox, into raw; the key sweep too."""

from typing import Any

from assets.drops import load_inbox
from assets.pull import MODE_TAG, EntityPull
from assets.shapes import entity_shape
from benchmarks.stage import Bench


def run(bench: Bench) -> dict[str, Any]:
    """Load every landed batch, as a replay does."""
    sources = bench.wiring.sources
    for system, spec in sources.systems.items():
        for name, entity in spec.entities.items():
            shape = entity_shape(system, name, entity)
            EntityPull(bench.night, sources, shape, entity, {MODE_TAG: "replay"}, None).run()
    load_inbox(bench.night, sources)
    return {}
