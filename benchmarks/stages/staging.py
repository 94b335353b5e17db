"""Staging: seeds, typing, the newest versions, the split into quarantine."""

from typing import Any

from assets.cap import build_capped
from assets.checks import row_rules
from benchmarks.stage import Bench
from warehouse.models.seeds import load_seeds
from warehouse.store.state import set_run_context


def run(bench: Bench) -> dict[str, Any]:
    """Build the staging tables; says the seconds of each."""
    night, catalog = bench.night, bench.wiring.catalog
    load_seeds(night.connection, catalog.seeds)
    set_run_context(night.connection, night.context)
    rules = row_rules(bench.wiring.suites)
    built = [
        build_capped(night, model, rules.get(model.table, ()))
        for model in catalog.in_schema("staging")
    ]
    return {"tables": {result.table: round(result.seconds, 3) for result in built}}
