"""How core and marts grow with the cases: one province's staging several times over, each in a process.

Belongs here: multiplying staging, building core and marts by DuckDB, seconds and memory. Doesn't: worlds
(rendering.py) or other stages. Copies of a case differ by their code alone, so days and agencies get fuller
and not more; that is how a nation differs from a province too, as long as provinces are built one by one.
`python -m benchmarks.growth WAREHOUSE FOLDER 1 3 10` prints a line a multiple.
"""

import json
import resource
import shutil
import sys
import time
from pathlib import Path

from benchmarks.measure import ROOT, run_measured
from warehouse.models.catalog import load_catalog
from warehouse.store.connection import Limits, open_warehouse

COPIED = {
    "staging.case": {"case_code": "case_code"},
    "staging.case_version": {"case_code": "case_code"},
    "staging.rating": {"rating_id": "rating_id", "case_code": "case_code"},
    "staging.submission": {"submission_id": "submission_id", "case_code": "case_code"},
}


def one(path: Path, times: int) -> dict[str, float]:
    """Multiply the staging of a warehouse that may be spoilt, then build core and marts."""
    with open_warehouse(path, ROOT / "sql" / "macros.sql", Limits("8GB", 2)) as connection:
        names = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where schema_name in ('raw', 'meta') or table_name = 'public_holidays'"
        ).fetchall()
        catalog = load_catalog(ROOT / "sql", [name for (name,) in names])
        for table, keys in COPIED.items():
            changed = ", ".join(f"{key} || '-' || n as {name}" for name, key in keys.items())
            connection.execute(
                f"insert into {table} select t.* replace ({changed}) from {table} as t "
                f"cross join range(1, {times}) as r (n)"
            )
        row = connection.execute("select count(*) from staging.case").fetchone()
        started, cpu = time.perf_counter(), time.process_time()
        for model in catalog.in_schema("core", "marts"):
            connection.execute(f"create or replace table {model.table} as {model.query}")
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {
            "cases": row[0] if row else 0,
            "seconds": round(time.perf_counter() - started, 1),
            "cpu": round(time.process_time() - cpu, 1),
            "peak_mib": round(used),
        }


def main() -> None:
    """Measure each multiple in a child, or be that child."""
    source, folder, *multiples = sys.argv[1:]
    if folder == "--one":
        print(json.dumps(one(Path(source), int(multiples[0]))))
        return
    for times in multiples:
        copy = Path(folder) / f"growth-{times}.duckdb"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
        command = [sys.executable, "-m", "benchmarks.growth", str(copy), "--one", times]
        print(json.dumps(dict(run_measured(command, {}).said)), flush=True)
        copy.unlink()


if __name__ == "__main__":
    main()
