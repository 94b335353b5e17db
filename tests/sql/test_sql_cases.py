"""Runs every tests/sql/<schema>.<table>/<case>.yml: given tables, expected rows of one model.

A case gives `given: {table: [rows]}` and `expect: [rows]`; columns that a row doesn't name are null, and
only the columns that an expected row names are compared. `only` narrows the rows that are compared;
`round` gives columns the decimals to which they are compared; `as_of` and `centre` set the run context.
"""

import json
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.warehouse_case import CaseWarehouse
from warehouse.models.build import STAGING_COLUMNS

CASES = sorted(Path(__file__).parent.glob("*/*.yml"))


@pytest.fixture(scope="module")
def warehouse() -> CaseWarehouse:
    return CaseWarehouse()


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_case(path: Path, warehouse: CaseWarehouse) -> None:
    case: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    got = warehouse.run(path.parent.name, case)
    for name, wanted in case.get("only", {}).items():
        got = [
            row for row in got if row[name] in (wanted if isinstance(wanted, list) else [wanted])
        ]
    expected = case["expect"]
    names = list(expected[0]) if expected else []
    actual = [{name: row[name] for name in names} for row in got]
    for name, decimals in case.get("round", {}).items():
        actual = [row | {name: _rounded(row[name], decimals)} for row in actual]
    assert sorted(map(repr, actual)) == sorted(map(repr, expected)), case["why"]


def test_headers_name_the_columns_of_their_queries(warehouse: CaseWarehouse) -> None:
    """The contract that a night holds a table to before it swaps it, seen in seconds."""
    found: dict[str, set[str]] = {}
    for table, name in warehouse.connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns()"
    ).fetchall():
        found.setdefault(table, set()).add(name)
    for model in warehouse.catalog.models.values():
        promised = {*model.columns, *(STAGING_COLUMNS if model.schema == "staging" else ())}
        assert found[model.table] == promised, model.path


def test_no_core_table_holds_each_case_against_each_day(warehouse: CaseWarehouse) -> None:
    """A condition on the left row alone makes DuckDB compare every pair: a million cases took five minutes."""
    for model in warehouse.catalog.in_schema("core"):
        explained = warehouse.connection.execute(f"explain (format json) {model.query}").fetchall()
        pairwise = [
            node["extra_info"]
            for node in _operators(json.loads(explained[-1][1]))
            if node["name"] == "BLOCKWISE_NL_JOIN" and node["extra_info"]["Join Type"] != "INNER"
        ]
        assert not pairwise, f"{model.path}: make the condition a column before the join"


def _operators(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        yield node
        yield from _operators(node["children"])


def _rounded(value: float | None, decimals: int) -> float | None:
    """Half up, as the figures are shown."""
    if value is None:
        return None
    step = Decimal(1).scaleb(-decimals)
    return float(Decimal(repr(value)).quantize(step, ROUND_HALF_UP))
