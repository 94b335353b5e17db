"""A warehouse in memory that is filled from truth: real loading, real staging with its rules, real models.

What a night does between a landed page and marts.kpi_value, without HTTP, GX and Dagster; so a world
costs seconds. Pages are written as the sources send them.
"""

import datetime as dt
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from assets.checks import row_rules as _row_rules
from expectations.suite import load_suites
from tests.support.warehouse_case import CENTRE, EXTERNAL, SHAPES, SQL
from warehouse.load.landed_pages import Batch, RawShape
from warehouse.load.raw_tables import load_batch
from warehouse.models.build import Builder
from warehouse.models.catalog import load_catalog
from warehouse.models.seeds import load_seeds
from warehouse.store.connection import Limits, open_warehouse
from warehouse.store.state import RunContext, ensure_state, set_run_context

# Which list of the truth each raw table is loaded from.
LISTS = {
    "raw.cases__case": "cases", "raw.cases__agency": "agencies", "raw.cases__procedure": "procedures",
    "raw.cases__staff": "staff", "raw.ratings__rating": "ratings", "raw.services__service": "services",
    "raw.services__submission": "submissions", "raw.registry__decision": "decisions",
    "raw.drops__plan_task": "plan_tasks", "raw.drops__feedback": "feedback",
    "raw.drops__nomination": "nominations", "raw.drops__case": "dropped_cases",
    "raw.drops__rating_device": "rating_devices", "raw.drops__calendar_override": "calendar_overrides",
}  # fmt: skip


Nights = list[tuple[dt.datetime, dict[str, list[dict[str, Any]]]]]
Gone = Sequence[tuple[str, dt.datetime]]


class TruthWarehouse:
    """Opened once; `show` loads a truth and builds what `tables` need."""

    def __init__(self, folder: Path, tables: tuple[str, ...] = ("marts.kpi_value",)) -> None:
        self.folder = folder
        catalog = load_catalog(SQL, EXTERNAL)
        self.connection = open_warehouse(":memory:", SQL / "macros.sql", Limits(threads=1))
        ensure_state(self.connection)
        load_seeds(self.connection, catalog.seeds)
        wanted = frozenset[str]().union(*(catalog.ancestors(table) for table in tables))
        self.models = [model for model in catalog.models.values() if model.table in wanted]
        self.rules = _row_rules(load_suites())

    def show(
        self, truth: dict[str, list[dict[str, Any]]], as_of: dt.datetime, centre: str = CENTRE
    ) -> None:
        """Forget what was loaded, load this truth as it stands at `as_of` and build."""
        self.show_nights([(as_of, truth)], centre)

    def show_nights(self, nights: Nights, centre: str = CENTRE, gone: Gone = ()) -> None:
        """The same, with what each night loaded; `gone` are cases and the night that found their keys gone."""
        for state in (
            "meta.deletion",
            "meta.deletion_log",
            "meta.batch",
            "meta.cursor",
            "meta.drift",
        ):
            self.connection.execute(f"delete from {state}")
        for table in SHAPES:
            self.connection.execute(f"drop table if exists {table}")
        for night, truth in nights:
            self.load(truth, night)
        for code, night in gone:
            self.connection.execute(
                "insert into meta.deletion by name select 'cases' as system, 'case' as entity, $code as key, "
                "$night as deleted_at, 'gone' as batch_id",
                {"code": code, "night": night},
            )
            self.connection.execute(
                "insert into meta.deletion_log by name select 'cases' as system, 'case' as entity, $code as key, "
                "'deleted' as event, $night as noted_at, 'gone' as batch_id",
                {"code": code, "night": night},
            )
        set_run_context(self.connection, RunContext(nights[-1][0], centre, "oracle"))
        builder = Builder(self.connection)
        for model in self.models:
            builder.build(model, self.rules.get(model.table, ()))

    def load(
        self, truth: dict[str, list[dict[str, Any]]], night: dt.datetime, number: int | None = None
    ) -> None:
        """Load what a night brings on top of what stands; its batches bear the number, or the next one."""
        number = number or next(_numbers)
        for table, shape in SHAPES.items():
            rows = truth.get(LISTS.get(table, ""), [])
            load_rows(self.connection, shape, rows, night, self.folder, number)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query as dicts."""
        result = self.connection.execute(query)
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


_numbers = itertools.count(1)


def load_rows(
    connection: duckdb.DuckDBPyConnection, shape: RawShape, rows: list[dict[str, Any]], as_of: dt.datetime,
    folder: Path, number: int | None = None,
) -> None:  # fmt: skip
    """Load rows as one page of a batch, as the sources send them."""
    number = number or next(_numbers)
    path = folder / f"{shape.system}-{shape.entity}-{number}" / "page-00001.json"
    path.parent.mkdir(parents=True)
    body: Any = rows
    for part in reversed(shape.records_path):
        body = {part: body}
    path.write_text(json.dumps(body), encoding="utf-8")
    size = path.stat().st_size
    batch = Batch(path.parent.name, (path,), None, as_of, len(rows), size, as_of, as_of)
    load_batch(connection, shape, batch, "oracle", as_of)
