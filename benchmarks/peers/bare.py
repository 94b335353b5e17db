"""The limit: one script, DuckDB and `requests`. `python bare.py PLAN ADDRESS FOLDER DAY`.

The same pages, the same queries, the same published tables. No orchestration, history, quarantine, checks,
lineage, resuming or verification; what stands after a crash is anyone's guess.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
from loop import fetch_all

OPTIONS = {"memory_limit": "4GB", "threads": 2, "preserve_insertion_order": False}


def main() -> None:
    """Pull, load, build, publish; print the seconds of each."""
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    address, folder, as_of = sys.argv[2], Path(sys.argv[3]), plan["days"][int(sys.argv[4])]
    laps = Laps()
    fetch_all(address, folder / "pages")
    laps.end("pull")
    connection = prepare(plan, folder, as_of)
    for entity in plan["entities"]:
        files = sorted(str(path) for path in (folder / "pages" / entity["folder"]).glob("*.json"))
        way = "".join(f'."{part}"' for part in entity["records"].split(".") if part)
        records = (
            f"(select unnest(page{way}) as r from (select from_json(json, $structure) as page from "
            "read_json_objects($files, format = 'unstructured', maximum_object_size = 100000000)))"
        )
        connection.execute(
            f"create table {entity['table']} as {entity['select'].replace('{records}', records)}",
            {"files": files, "structure": entity["structure"]},
        )
    laps.end("load")
    build(connection, plan)
    laps.end("build")
    publish(connection, plan, folder)
    laps.end("publish")
    print(json.dumps(laps.seconds))


class Laps:
    """Seconds since the last lap, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def end(self, name: str) -> None:
        """Close a lap."""
        now = time.perf_counter()
        self.seconds[name], self._since = round(now - self._since, 2), now


def prepare(plan: dict[str, Any], folder: Path, as_of: str) -> duckdb.DuckDBPyConnection:
    """A fresh file with schemas, macros, seeds, dropped rows and empty state."""
    folder.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(folder / "warehouse.duckdb"), config=OPTIONS)
    connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
    for schema in ("raw", "seeds", "staging", "core", "marts", "quarantine", "meta"):
        connection.execute(f"create schema {schema}")
    connection.execute(plan["macros"])
    connection.execute(f"set variable as_of = '{as_of}'")
    for half in ("inner", "outer"):
        connection.execute(f"set variable person_key_{half} = cast('k' as blob)")
    for table, path in plan["seeds"].items():
        connection.execute(
            f"create table {table} as from read_csv('{path}', all_varchar = true, header = true, nullstr = '')"
        )
    for table, path in plan["small"].items():
        connection.execute(f"create table {table} as from '{path}'")
    for table, columns in plan["state"].items():
        connection.execute(f"create table {table} ({columns})")
    connection.execute(
        "insert into meta.run_context select t, cast(t as date), $centre, 'peer', t "
        "from (select getvariable('as_of')::timestamptz as t)",
        {"centre": plan["centre"]},
    )
    return connection


def build(connection: duckdb.DuckDBPyConnection, plan: dict[str, Any]) -> None:
    """Every model, in the catalogue's order."""
    for model in plan["models"]:
        connection.execute(f"create table {model['schema']}.{model['name']} as {model['query']}")


def publish(connection: duckdb.DuckDBPyConnection, plan: dict[str, Any], folder: Path) -> None:
    """The published tables into a file of their own, and as Parquet."""
    target = folder / "kpi.duckdb"
    connection.execute(f"attach '{target}' as kpi (storage_version '{plan['storage_version']}')")
    for table in plan["published"]:
        schema, name = table.split(".")
        connection.execute(f"create schema if not exists kpi.{schema}")
        connection.execute(f"create table kpi.{table} as from {table}")
        (folder / "parquet" / schema).mkdir(parents=True, exist_ok=True)
        path = folder / "parquet" / schema / f"{name}.parquet"
        connection.execute(f"copy {table} to '{path}' (format parquet, compression zstd)")
    connection.execute("checkpoint kpi")
    connection.execute("detach kpi")


if __name__ == "__main__":
    main()
