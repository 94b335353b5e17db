"""Load: what landed, and what lies in the inbox, into raw; the key sweep too."""

from typing import Any

from assets.drops import load_inbox
from assets.entity_run import Asked, entity_runs
from assets.names import RunMode
from assets.pull import run_entity
from benchmarks.stage import Bench


def run(bench: Bench) -> dict[str, Any]:
    """Load every landed batch, as a replay does."""
    sources = bench.wiring.sources
    for entity in entity_runs(bench.night, sources, Asked(RunMode.REPLAY)):
        run_entity(entity)
    load_inbox(bench.night, sources)
    return {}
