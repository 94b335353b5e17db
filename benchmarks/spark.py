"""Provinces on Spark and on DuckDB, timed and compared; `make spark-bench ARGS="--cases 200000"`.

Belongs here: worlds, a cluster, the run, the comparison and what they took. Doesn't: any of that work.
Cases are the provinces' together. With --kill a worker dies when half of the tables stand.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT
from benchmarks.provinces import PROVINCES, build_home
from benchmarks.spark_cluster import LOOPBACK, SMALL, Cluster, cluster
from spark.compare import Comparison, compare
from spark.engine import (
    SparkBuilt,
    export_inputs,
    input_tables,
    open_session,
    run_provinces,
    spark_models,
)
from spark.macros import read_macros
from warehouse.models.catalog import Catalog, load_catalog
from warehouse.store.connection import Limits, open_warehouse

SQL = ROOT / "sql"


def main() -> None:
    """Build the provinces where they aren't yet, run, compare, print one JSON object; exit 1 if they differ."""
    parser = argparse.ArgumentParser(prog="make spark-bench ARGS=…")
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--kill", action="store_true", help="kill a worker in the middle")
    parser.add_argument("--memory", default="2g", help="memory of an executor")
    parser.add_argument("--place", type=Path, help="where worlds, homes and the lake lie")
    given = parser.parse_args()
    place = given.place or ROOT / ".bench" / "provinces" / str(given.cases)
    for province in PROVINCES:
        if not (place / "homes" / province / "warehouse.duckdb").exists():
            _say(f"building {province} by DuckDB …")
            build_home(place, province, given.cases // len(PROVINCES))
    found = _run(place, given.kill, given.memory)
    print(json.dumps(found, indent=1, ensure_ascii=False))
    sys.exit(bool(found["different"]))


def _run(place: Path, kill: bool, memory: str) -> dict[str, Any]:
    lake = place / "lake"
    homes = {province: place / "homes" / province / "warehouse.duckdb" for province in PROVINCES}
    catalog = _catalog(homes["H37"])
    models = spark_models(catalog)
    started = time.perf_counter()
    for province, path in homes.items():
        with open_warehouse(path, SQL / "macros.sql", Limits(), read_only=True) as connection:
            export_inputs(connection, input_tables(models), lake, province)
    exported = time.perf_counter() - started
    with cluster(place / "cluster", memory=memory) as machines:
        options = {
            **LOOPBACK,
            **SMALL,
            "spark.executor.memory": memory,
            "spark.driver.memory": "2g",
        }
        session = open_session(machines.master, options)
        started = time.perf_counter()
        half = len(models) * len(homes) // 2 if kill else -1
        built = run_provinces(
            session, models, read_macros(SQL / "macros.sql"), lake, list(homes), _teller(machines, half)
        )  # fmt: skip
        ran = time.perf_counter() - started
        session.stop()
    compared: list[Comparison] = []
    for province, path in homes.items():
        with open_warehouse(path, SQL / "macros.sql", Limits(), read_only=True) as connection:
            compared += [compare(connection, model, lake, province) for model in models]
    different = [str(one) for one in compared if not one.is_equal]
    slowest = sorted(built, key=lambda one: -one.seconds)[:5]
    return {
        "cases": sum(one.rows for one in compared if one.table == "core.fct_case"),
        "tables": len(compared),
        "rows": sum(one.rows for one in compared),
        "export_seconds": round(exported, 1),
        "spark_seconds": round(ran, 1),
        "load": os.getloadavg()[0],
        "worker_killed": kill,
        "slowest": [f"{one.province} {one.table} {one.seconds:.1f}" for one in slowest],
        "different": different,
    }


def _teller(machines: Cluster, half: int) -> Any:
    done: list[SparkBuilt] = []

    def tell(one: SparkBuilt) -> None:
        done.append(one)
        if len(done) == half:
            _say("killing a worker …")
            machines.kill_worker()
        if len(done) % 20 == 0:
            _say(f"{len(done)} tables stand")

    return tell


def _catalog(warehouse: Path) -> Catalog:
    with open_warehouse(warehouse, SQL / "macros.sql", Limits(), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where schema_name in ('raw', 'meta') or table_name = 'public_holidays'"
        ).fetchall()
    return load_catalog(SQL, [name for (name,) in tables])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
