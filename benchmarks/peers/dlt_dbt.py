"""What a team would pick instead: dlt reads, dbt builds and tests. `python dlt_dbt.py PLAN ADDRESS FOLDER DAY`.

Runs in an environment of its own. dlt reads by its REST client, keeps the same fields and merges by the same
keys; dbt has the same queries as models, and each of our rules as a singular test that warns. Its project
is written before the clock starts.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
}

import dlt
import duckdb
from bare import OPTIONS, Laps, publish
from dbt.cli.main import dbtRunner
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import (
    HeaderLinkPaginator,
    JSONLinkPaginator,
    JSONResponseCursorPaginator,
    OffsetPaginator,
)
from loop import LISTS

SCHEMAS = ("raw", "seeds", "staging", "core", "marts", "quarantine", "meta")
NAMED = re.compile(r'"?\b(raw|staging|core|marts|meta)\b"?\."?(\w+)"?')
COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def main() -> None:
    """Pull by dlt, build and test by dbt, publish; print the seconds of each."""
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    address, folder, as_of = sys.argv[2], Path(sys.argv[3]), plan["days"][int(sys.argv[4])]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "warehouse.duckdb"
    write_project(plan, folder / "dbt", file, as_of)
    laps = Laps()
    pipeline = dlt.pipeline(
        "peer", pipelines_dir=str(folder / "dlt"), dataset_name="dlt_raw",
        destination=dlt.destinations.duckdb(str(file)),
    )  # fmt: skip
    pipeline.run([resource(entity, address) for entity in plan["entities"]])
    laps.end("pull and load")
    options = ["--project-dir", str(folder / "dbt"), "--profiles-dir", str(folder / "dbt")]
    done = dbtRunner().invoke(["--quiet", "build", *options])
    if done.exception or any(r.status in ("error", "runtime error") for r in done.result or ()):
        failed = [f"{r.node.name}: {r.message}" for r in done.result or () if r.status == "error"]
        sys.exit(f"dbt failed: {done.exception or failed[:5]}")
    laps.end("build and test")
    with duckdb.connect(str(file)) as connection:
        publish(connection, plan, folder)
    laps.end("publish")
    print(json.dumps(laps.seconds | {"tests": len(plan["rules"]), "results": len(done.result)}))


def resource(entity: dict[str, Any], address: str) -> Any:
    """One list as a dlt resource: text columns, nothing nested, merged by its key."""
    path, params, size = next(of for of in LISTS if of[0].replace("/", "_") == entity["folder"])
    cursor = JSONResponseCursorPaginator(cursor_path="next_cursor", cursor_param="cursor")
    paginator = {
        "ratings": HeaderLinkPaginator(),
        "registry": JSONLinkPaginator(next_url_path="next"),
        "services": OffsetPaginator(limit=size, total_path="count"),
    }.get(path.split("/")[0], cursor)
    client = RESTClient(base_url=address, paginator=paginator)

    def rows() -> Iterator[Any]:
        yield from client.paginate(path, params=params, data_selector=entity["records"] or "$")

    kinds = {name: "json" if name in entity["lists"] else "text" for name in entity["fields"]}
    return dlt.resource(
        rows, name=table_of(entity), write_disposition="merge", primary_key=entity["key"],
        max_table_nesting=0, columns={name: {"data_type": kind} for name, kind in kinds.items()},
        schema_contract={"columns": "discard_value"},
    )()  # fmt: skip


def table_of(entity: dict[str, Any]) -> str:
    """The name of its table at dlt."""
    return str(entity["table"].split(".")[1].replace("__", "_"))


def write_project(plan: dict[str, Any], folder: Path, file: Path, as_of: str) -> None:
    """The dbt project: seeds and state at the start of a run, models, tests."""
    models = {f"{m['schema']}.{m['name']}" for m in plan["models"]}
    models |= {entity["table"] for entity in plan["entities"]}
    for name in ("models", "tests", "macros"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "macros" / "names.sql").write_text(
        "{% macro generate_schema_name(name, node) %}{{ name }}{% endmacro %}"
    )
    start = [f"create schema if not exists {schema}" for schema in SCHEMAS]
    start += [part for part in COMMENT.sub("", plan["macros"]).split(";") if part.strip()]
    start += [
        f"create or replace table {table} as from read_csv('{path}', all_varchar = true, header = true, nullstr = '')"
        for table, path in plan["seeds"].items()
    ]
    start += [f"create or replace table {t} as from '{path}'" for t, path in plan["small"].items()]
    start += [f"create or replace table {t} ({columns})" for t, columns in plan["state"].items()]
    start.append(
        f"insert into meta.run_context select t, cast(t as date), '{plan['centre']}', 'peer', t "
        f"from (select timestamptz '{as_of}' as t)"
    )
    (folder / "dbt_project.yml").write_text(
        json.dumps({
            "name": "peer", "version": "1.0", "profile": "peer",
            "models": {"peer": {"+materialized": "table"}}, "on-run-start": start,
        }, ensure_ascii=False),
        encoding="utf-8",
    )  # fmt: skip
    target = {
        "type": "duckdb", "path": str(file), "threads": 2,
        "settings": {"TimeZone": "Asia/Ho_Chi_Minh", **OPTIONS},
    }  # fmt: skip
    (folder / "profiles.yml").write_text(
        json.dumps({"peer": {"target": "x", "outputs": {"x": target}}})
    )
    for entity in plan["entities"]:
        query = entity["select"].replace(
            "{records}", f"(select t as r from dlt_raw.{table_of(entity)} as t)"
        )
        query = query.replace("getvariable('as_of')::timestamptz", f"timestamptz '{as_of}'")
        _write_model(folder, models, entity["table"], query)
    for model in plan["models"]:
        _write_model(folder, models, f"{model['schema']}.{model['name']}", model["query"])
    for name, statement in plan["rules"].items():
        sql = f"{{{{ config(severity='warn') }}}}\nselect * from ({referenced(statement, models)}) as t (n) where n > 0"
        (folder / "tests" / f"{name.replace('.', '__')}.sql").write_text(sql, encoding="utf-8")


def _write_model(folder: Path, models: set[str], table: str, query: str) -> None:
    schema, name = table.split(".")
    config = f"{{{{ config(schema='{schema}', alias='{name}') }}}}\n"
    path = folder / "models" / f"{schema}__{name}.sql"
    path.write_text(config + referenced(query, models), encoding="utf-8")


def referenced(sql: str, models: set[str]) -> str:
    """Names of models as ref(); comments go, because dbt would read names in them too."""
    assert "{{" not in sql
    assert "{%" not in sql

    def reference(found: re.Match[str]) -> str:
        table = f"{found[1]}.{found[2]}"
        return f"{{{{ ref('{found[1]}__{found[2]}') }}}}" if table in models else found[0]

    return NAMED.sub(reference, COMMENT.sub("", sql))


if __name__ == "__main__":
    main()
