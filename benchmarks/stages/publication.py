"""Publication: the gate, the file, its Parquet twins, the switch."""

from typing import Any

from assets.gate import publish_night
from benchmarks.stage import Bench


def run(bench: Bench) -> dict[str, Any]:
    """Publish what stands."""
    return publish_night(bench.night, bench.wiring.catalog, bench.wiring.suites)
