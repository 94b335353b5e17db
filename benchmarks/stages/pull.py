"""Pull: every list of the four systems, over loopback, into the landing."""

from typing import Any

from benchmarks.stage import Bench
from common.local_time import LOCAL
from sources.http.client import Access
from sources.pull.entity import pull_entity
from sources.pull.windows import next_window


def run(bench: Bench) -> dict[str, Any]:
    """Read everything; says pages and rows."""
    night, pages, rows = bench.night, 0, 0
    for system, spec in bench.wiring.sources.systems.items():
        access = Access(night.connections.urls[system], night.connections.credentials[system])
        for name, entity in spec.entities.items():
            window = next_window(entity, None, night.now, LOCAL, full=True)
            batches = pull_entity(
                system, spec, name, access, night.site.landing, window, night.now, zone=LOCAL
            )
            pages += sum(len(batch.files) for batch in batches)
            rows += sum(batch.manifest.rows for batch in batches)
    return {"pages": pages, "rows": rows}
