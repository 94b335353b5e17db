"""Marts: core, marts and meta, in build order."""

from typing import Any

from benchmarks.stage import Bench


def run(bench: Bench) -> dict[str, Any]:
    """Build everything after staging; says the seconds of each table."""
    built = [
        bench.night.builder.build(model)
        for model in bench.wiring.catalog.in_schema("core", "marts", "meta")
    ]
    return {"tables": {result.table: round(result.seconds, 3) for result in built}}
