"""An in-memory warehouse for SQL cases: given rows in some tables, one model built from them.

All models exist, typed and empty; a case fills the tables it gives and rebuilds what lies between them
and the model under test.
"""

import datetime as dt
import json
from typing import Any

import duckdb

from assets.shapes import raw_shapes
from orchestration.settings import PROJECT
from sources.spec.file import load_spec
from warehouse.load.landed_pages import ensure_raw_table
from warehouse.models.catalog import Catalog, Model, load_catalog
from warehouse.models.seeds import load_seed, load_seeds
from warehouse.store.connection import Limits, open_warehouse
from warehouse.store.state import STATE_TABLES, RunContext, ensure_state, set_run_context

CENTRE = "H37.01.TTPVHCC"
AS_OF = dt.datetime(2023, 6, 30, 1, 30, tzinfo=dt.timezone(dt.timedelta(hours=7)))
SQL = PROJECT / "sql"
SHAPES = raw_shapes(load_spec())
# What models read and no file in sql/ defines.
EXTERNAL = (*SHAPES, *STATE_TABLES, "seeds.public_holidays")


class CaseWarehouse:
    """Built once a module; `run` gives the rows of a model for a case.

    Queries alone are run: comments, lineage and labels are a night's work and tested there.
    """

    def __init__(self) -> None:
        self.catalog: Catalog = load_catalog(SQL, EXTERNAL)
        self.connection: duckdb.DuckDBPyConnection = open_warehouse(
            ":memory:", SQL / "macros.sql", Limits(threads=1)
        )
        ensure_state(self.connection)
        for shape in SHAPES.values():
            ensure_raw_table(self.connection, shape)
        load_seeds(self.connection, self.catalog.seeds)
        self._set_context(AS_OF, CENTRE)
        for model in self.catalog.models.values():
            self.connection.execute(f"create or replace table {model.table} as {model.query}")
        self._dirty: set[str] = set()
        # What a model's table was built from last: the marks of its inputs, which change with each filling.
        self._marks: dict[str, int] = {}
        self._built: dict[str, tuple[object, ...]] = {}

    def run(self, table: str, case: dict[str, Any]) -> list[dict[str, Any]]:
        """Rows of `table` as dicts, dates and times as ISO text, for a case's given rows."""
        given: dict[str, list[dict[str, Any]]] = case.get("given", {})
        for used in self._dirty - given.keys():
            self._touch(used)
            if used in self.catalog.seeds:
                load_seed(self.connection, used, self.catalog.seeds[used])
            else:
                self.connection.execute(f"delete from {used}")
        self._dirty = set(given)
        for name, rows in given.items():
            self._touch(name)
            self.fill(name, rows)
        as_of = case.get("as_of")
        context = (_instant(as_of) if as_of else AS_OF, case.get("centre", CENTRE))
        self._set_context(*context)
        wanted = self.catalog.ancestors(table)
        for model in self.catalog.models.values():
            if model.table in wanted and model.table not in given and model.schema != "staging":
                self._build(model, context)
        return self.rows(f"select * from {table}")

    def _touch(self, table: str) -> None:
        """A table was filled: whatever reads it is built anew, and so is a model that stood in its place."""
        self._marks[table] = self._marks.get(table, 0) + 1
        self._built.pop(table, None)

    def _build(self, model: Model, context: tuple[object, ...]) -> None:
        """Build a model, unless all it reads is what it was when it was last built."""
        inputs = tuple(
            context if name == "meta.run_context" else self._marks.get(name, 0)
            for name in sorted(model.depends_on)
        )
        if self._built.get(model.table) != inputs:
            self.connection.execute(f"create or replace table {model.table} as {model.query}")
            self._touch(model.table)
            self._built[model.table] = inputs

    def fill(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Replace a table's rows; columns that a row doesn't name are null."""
        self.connection.execute(f"delete from {table}")
        types = {
            name: kind for name, kind, *_ in self.connection.execute(f"describe {table}").fetchall()
        }
        for row in rows:
            unknown = row.keys() - types.keys()
            assert not unknown, f"{table} has no column {sorted(unknown)}"
            casts, values = [], []
            for name, value in row.items():
                is_nested = isinstance(value, list | dict)
                mark = "cast(? as json)" if is_nested else "?"
                cast = "try_cast" if is_nested else "cast"
                casts.append(f'{cast}({mark} as {types[name]}) as "{name}"')
                values.append(json.dumps(value, default=str) if is_nested else value)
            query = f"insert into {table} by name select {', '.join(casts)}"
            self.connection.execute(query, values)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query as dicts with plain values."""
        result = self.connection.execute(query)
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, map(_plain, row), strict=True)) for row in result.fetchall()]

    def _set_context(self, as_of: dt.datetime, centre: str) -> None:
        set_run_context(self.connection, RunContext(as_of, centre, "case"))


def _instant(value: object) -> dt.datetime:
    parsed = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=AS_OF.tzinfo)


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(AS_OF.tzinfo).isoformat()
    return value
