"""Points of NĐ 61/2018 are read as they are or not at all; a source that sends none has not changed."""

import dataclasses
import datetime as dt
import json
from pathlib import Path

import duckdb
import pytest

from assets.shapes import raw_shapes
from orchestration.settings import PROJECT
from sources.spec.file import load_spec
from warehouse.load.landed_pages import Batch, ensure_raw_table, read_records
from warehouse.store.connection import open_warehouse

NOW = dt.datetime(2023, 6, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return open_warehouse(":memory:", PROJECT / "sql" / "macros.sql")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"c1": 2, "c9": 0}', {"c1": 2, "c9": 0}), ('{"c1": "1", "c2": null}', {"c1": 1}),
        ("{}", {}), ("null", {}), (None, None), ("", None), ("[2, 1]", None), ("two", None),
        ('{"c1": 3}', None), ('{"c1": -1}', None), ('{"c1": 1.5}', None), ('{"c1": true}', None),
        ('{"c10": 1}', None), ('{"c0": 1}', None), ('{"c1": 1, "c1": 2}', None), ('{"c1": [1]}', None),
    ],
)  # fmt: skip
def test_points_are_read_or_refused(
    connection: duckdb.DuckDBPyConnection, text: str | None, wanted: dict[str, int] | None
) -> None:
    # From a table, as staging reads them: there a text isn't folded away before the query runs.
    connection.execute(
        "create or replace temp table given as select cast(? as varchar) as v", [text]
    )
    assert connection.execute("select to_points(v) from given").fetchall() == [(wanted,)]


def test_staying_out_is_drift_unless_the_field_is_optional(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shape = raw_shapes(load_spec())["raw.ratings__rating"]
    names = {field.name for field in shape.fields}
    page = tmp_path / "page-1.json"
    row = dict.fromkeys(names - {"criteria"}, "2023-06-01T08:00:00+07:00")
    page.write_text(json.dumps([row]), encoding="utf-8")
    batch = Batch("b", (page,), None, None, None, page.stat().st_size, NOW)
    ensure_raw_table(connection, shape)
    assert read_records(connection, shape, batch, NOW) == {}
    asked = tuple(dataclasses.replace(field, is_optional=False) for field in shape.fields)
    strict = dataclasses.replace(shape, fields=asked)
    assert read_records(connection, strict, batch, NOW) == {"criteria": 0}
    page.write_text(json.dumps([{**row, "criteria": {"c1": 2}}]), encoding="utf-8")
    assert read_records(connection, shape, batch, NOW) == {}
    kept = connection.execute("select to_points(criteria) from incoming").fetchall()
    assert kept == [({"c1": 2},)]
