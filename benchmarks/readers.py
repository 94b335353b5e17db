"""Readers' latency while new versions are published: `python -m benchmarks.readers`, on the home of the environment.

Belongs here: eight readers that ask like dashboards, publications beside them, the percentiles. Doesn't: the
publication itself (stages/publication.py). Each reader opens the file anew for every look, asks, and rests
for a moment, as a dashboard that refreshes does; the seconds are those of the query alone.
"""

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import duckdb

READERS = 8
REST = 0.2
PUBLICATIONS = 3
QUERIES = (
    "select * from marts.scorecard order by position",
    "select period_start, value, target from marts.kpi_value where kpi_id = 'on_time' and variant = 'A' "
    "and period_kind = 'month' and agency_code = 'ALL' order by 1",
    "select agency_name, numerator, denominator from marts.kpi_value where kpi_id = 'on_time' and variant = 'A' "
    "and period_kind = 'ytd' order by period_start desc, denominator desc limit 60",
    "select * from marts.bieu_06 where period_kind = 'quarter' "
    "and period_start = (select max(period_start) from marts.bieu_06 where period_kind = 'quarter')",
    "select agency_name, count(*), count(*) filter (is_overdue) from marts.at_risk group by all order by 2 desc",
)


def read(path: Path, is_over: Event, answers: Any) -> None:
    """Ask until told to stop; sends seconds by query, and how many looks failed."""
    seconds: list[list[float]] = [[] for _ in QUERIES]
    failed = 0
    while not is_over.is_set():
        try:
            with duckdb.connect(str(path), read_only=True, config={"threads": 1}) as connection:
                for place, query in enumerate(QUERIES):
                    started = time.perf_counter()
                    connection.execute(query).fetchall()
                    seconds[place].append(time.perf_counter() - started)
                    time.sleep(REST)
        except duckdb.Error:
            failed += 1
    answers.put((seconds, failed))


def measure(home: Path) -> dict[str, Any]:
    """Publish several times beside the readers; milliseconds at the median and the 95th percentile."""
    context = multiprocessing.get_context("spawn")
    is_over, answers = context.Event(), context.Queue()
    path = home / "published" / "kpi.duckdb"
    readers = [context.Process(target=read, args=(path, is_over, answers)) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    time.sleep(3)
    for _ in range(PUBLICATIONS):
        command = [sys.executable, "-m", "benchmarks.stage", "publication"]
        subprocess.run(command, check=True, capture_output=True)
    is_over.set()
    told = [answers.get() for _ in readers]
    for reader in readers:
        reader.join()
    taken = sorted(s for seconds, _ in told for by_query in seconds for s in by_query)
    return {
        "readers": READERS,
        "publications": PUBLICATIONS,
        "queries": len(taken),
        "failed": sum(failed for _, failed in told),
        "median_ms": round(1000 * statistics.median(taken), 1),
        "p95_ms": round(1000 * taken[int(0.95 * len(taken))], 1),
        "worst_ms": round(1000 * taken[-1], 1),
    }


if __name__ == "__main__":
    print(json.dumps(measure(Path(os.environ["MOTCUA_HOME"]))))
