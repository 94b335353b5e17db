"""The work of a night as plain data: what a peer runs on the same pages, with none of our code.

`python -m benchmarks.peers.plan FOLDER INBOX`. Belongs here: raw selects, model queries, rules as statements,
seeds and dropped files as Parquet. Doesn't: running them (bare.py, naive.py, dlt_dbt.py). It is made once
and isn't timed, so a peer pays nothing for our catalogue, headers or suites.
"""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.drops import load_inbox
from assets.night import open_night
from assets.shapes import raw_shapes
from benchmarks.checks import statement_of
from benchmarks.measure import DAYS
from expectations.suite import load_suites
from orchestration.definitions import wire
from orchestration.settings import PROJECT, Settings
from warehouse.load.landed_pages import TECHNICAL_COLUMNS, RawShape
from warehouse.models.catalog import Catalog, Model
from warehouse.publication.publish import STORAGE_VERSION
from warehouse.store.state import PUBLISHED_STATE, STATE_TABLES

CENTRE = "H37.01.TTPVHCC"
NEWEST = "order by _version_at desc, _loaded_at desc, _page_no desc, _row_no desc"


@dataclass(frozen=True)
class Entity:
    """A list as a peer reads it: its pages' folder (loop.py names it), its table, its key and its select."""

    table: str
    folder: str
    records: str
    key: list[str]
    version: str | None
    fields: list[str]
    lists: list[str]
    structure: str
    select: str


def write_plan(folder: Path, inbox: Path) -> None:
    """Write plan.json and the small tables' Parquet files into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    home = folder / "home"
    shutil.copytree(inbox, home / "inbox")
    wiring = wire(Settings.load(home=home, as_of=DAYS[0], _env_file=None))
    spec = wiring.sources
    shapes = raw_shapes(spec)
    drops = _drops(folder, wiring, shapes)
    shutil.rmtree(home)
    paths = {
        f"raw.{system}__{name}": f"{system}/{entity.path.lstrip('/')}"
        for system, of in spec.systems.items() for name, entity in of.entities.items()
    }  # fmt: skip
    plan = {
        "macros": (PROJECT / "sql" / "macros.sql").read_text(encoding="utf-8"),
        "storage_version": STORAGE_VERSION,
        "centre": CENTRE,
        "days": list(DAYS),
        "seeds": {table: str(path) for table, path in wiring.catalog.seeds.items()},
        "small": drops,
        "state": {
            table: ", ".join(f"{name} {kind}" for name, kind in columns.items())
            for table, columns in STATE_TABLES.items()
        },
        "entities": [vars(_entity(shapes[table], path)) for table, path in paths.items()],
        "models": [_model(model) for model in wiring.catalog.models.values()],
        "published": _published(wiring.catalog),
        "rules": {
            f"{suite.table}__{rule.id}": statement_of(suite.table, rule)
            for suite in load_suites().values() if not suite.table.startswith("meta.")
            for rule in suite.rules
        },
    }  # fmt: skip
    (folder / "plan.json").write_text(json.dumps(plan, ensure_ascii=False), encoding="utf-8")


def _drops(folder: Path, wiring: Any, shapes: dict[str, RawShape]) -> dict[str, str]:
    """Dropped files, a few hundred rows, and the holidays, which a peer is given as Parquet."""
    given = {}
    with open_night(wiring.site, "plan") as night:
        load_inbox(night, wiring.sources)
        from warehouse.load.landed_pages import ensure_raw_table
        from warehouse.models.seeds import load_public_holidays

        load_public_holidays(night.connection)
        for table in [*(t for t in shapes if t.startswith("raw.drops__")), "seeds.public_holidays"]:
            if table in shapes:
                ensure_raw_table(night.connection, shapes[table])
            path = folder / f"{table}.parquet"
            night.connection.execute(f"copy {table} to '{path}' (format parquet)")
            given[table] = str(path)
    return given


def _entity(shape: RawShape, path: str) -> Entity:
    tree: dict[str, Any] = {}
    for field in shape.fields:
        branch = tree
        for part in field.path[:-1]:
            branch = branch.setdefault(part, {})
        branch[field.path[-1]] = "JSON" if field.is_json else "VARCHAR"
    structure: Any = [tree]
    for part in reversed(shape.records_path):
        structure = {part: structure}
    columns = []
    for field in shape.fields:
        value = "r." + ".".join(f'"{part}"' for part in field.path)
        columns.append(f'cast({field.sql(value)} as varchar) as "{field.name}"')
    version = f'try_cast("{shape.version_field}" as timestamptz)' if shape.version_field else "null"
    technical = {
        "_defects": "cast([] as varchar[])",
        "_version_at": f"coalesce({version}, getvariable('as_of')::timestamptz)",
        "_batch_id": "'peer'",
        "_page_no": "1",
        "_row_no": "1",
        "_loaded_at": "getvariable('as_of')::timestamptz",
        "_load_kind": "'inserted'",
        "_content_hash": "0::uhugeint",
    }
    assert set(technical) == set(TECHNICAL_COLUMNS)
    added = ", ".join(f"{sql} as {name}" for name, sql in technical.items())
    select = (
        f"with named as (select {', '.join(columns)} from {{records}}) select *, {added} from named"
    )
    return Entity(
        table=shape.table,
        folder=path.replace("/", "_"),
        records=".".join(shape.records_path),
        key=list(shape.key),
        version=shape.version_field,
        fields=[field.path[0] for field in shape.fields if field.constant is None],
        lists=[field.path[0] for field in shape.fields if field.is_json],
        structure=json.dumps(structure),
        select=select,
    )


def _model(model: Model) -> dict[str, Any]:
    query = model.query
    if model.keep == "newest":
        grain = ", ".join(model.grain)
        query = f"select * from ({query}\n) qualify row_number() over (partition by {grain} {NEWEST}) = 1"
    return {"schema": model.schema, "name": model.name, "query": query}


def _published(catalog: Catalog) -> list[str]:
    return [*(model.table for model in catalog.published()), *PUBLISHED_STATE]


if __name__ == "__main__":
    write_plan(Path(sys.argv[1]), Path(sys.argv[2]))
