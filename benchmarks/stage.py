"""One stage in a process: `python -m benchmarks.stage NAME`, on the home that the environment names.

Belongs here: opening the night, timing the stage's work without its imports. Doesn't: the work.
"""

import importlib
import json
import resource
import sys
import time
from dataclasses import dataclass

from assets.night import Night, open_night
from orchestration.definitions import Wiring, wire
from orchestration.settings import Settings


@dataclass(frozen=True)
class Bench:
    """What a stage works on."""

    wiring: Wiring
    night: Night


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Run one stage and print its seconds as JSON."""
    module = importlib.import_module(f"benchmarks.stages.{sys.argv[1]}")
    wiring = wire(Settings.load())
    with open_night(wiring.site, f"bench-{sys.argv[1]}") as night:
        started, cpu = time.perf_counter(), _cpu()
        said = module.run(Bench(wiring, night)) or {}
        seconds, used = time.perf_counter() - started, _cpu() - cpu
    print(json.dumps({"seconds": seconds, "cpu": used, **said}))


if __name__ == "__main__":
    main()
