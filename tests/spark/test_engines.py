"""The distributed engine: every model renders for Spark, and the comparison of engines can fail."""

from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

import duckdb
import pytest
import sqlglot
import sqlglot.expressions as exp

from orchestration.parts import make_site
from orchestration.settings import Settings
from spark.compare import compare
from spark.dialect import render
from spark.engine import input_tables, open_session, partition, spark_models
from spark.macros import read_macros
from tests.support.warehouse_case import EXTERNAL, SQL
from warehouse.errors import CatalogError, WarehouseError
from warehouse.models.catalog import Model, load_catalog

MACROS = read_macros(SQL / "macros.sql")
CATALOG = load_catalog(SQL, EXTERNAL)


@pytest.mark.parametrize("model", spark_models(CATALOG), ids=lambda model: model.table)
def test_model_renders_without_a_macro_or_a_schema(model: Model) -> None:
    tree = sqlglot.parse_one(render(model.query, MACROS), read="spark")
    called = {node.name.lower() for node in tree.find_all(exp.Anonymous)}
    assert not called & MACROS.keys()
    assert {table.db for table in tree.find_all(exp.Table)} <= {""}
    assert not called & {"try_strptime", "nfc_normalize", "mad", "list_filter", "unnest"}


def test_inputs_are_what_no_model_makes() -> None:
    inputs = input_tables(spark_models(CATALOG))
    assert {"staging.case", "seeds.kpi", "meta.run_context"} <= set(inputs)
    assert not [table for table in inputs if table.startswith(("core.", "marts.", "raw."))]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("select a / b as q from t", "CAST((a) AS DOUBLE) / CAST((b) AS DOUBLE)"),
        ("select a // b as q from t", "DIV"),
        ("select isodow(d) as q from t", "WEEKDAY(d) + 1"),
        ("select xs[k] as q from t", "TRY_ELEMENT_AT(xs, CAST(k AS INT))"),
        ("select arg_max(x, y) as q from t", "MAX_BY(x, y) FILTER(WHERE NOT (x) IS NULL)"),
        ("select any_value(x) as q from t", "ANY_VALUE(x, TRUE)"),
        ("select chr(272) as q from t", "'Đ'"),
        ("select count(*) filter (a) over (order by d) as q from t", "COUNT(CASE WHEN a THEN 1 END) OVER"),
        ("select cast(a as hugeint) as q from t", "DECIMAL(38, 0)"),
        ("select local_day(a) as q from t", "CAST((a) AS DATE)"),
        ("select p.x from core.dim_date as d cross join unnest(d.xs) as p (x)", "CROSS JOIN LATERAL EXPLODE(d.xs)"),
    ],
)  # fmt: skip
def test_bridge(ours: str, theirs: str) -> None:
    assert theirs in render(ours, MACROS)


def test_what_cannot_be_parsed_says_so() -> None:
    with pytest.raises(CatalogError, match="portable SQL"):
        render("select from where", MACROS)


def _model(columns: str, grain: tuple[str, ...]) -> Model:
    return Model(
        "marts", "figure", Path("figure.sql"), "", "", grain,
        MappingProxyType(dict.fromkeys(columns.split(), "x")), frozenset(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("theirs", "equal"),
    [
        ("select 'a' as k, 1::bigint as n, 0.5::double as v", True),
        ("select 'a' as k, 1::decimal(38, 0) as n, 0.5000000000000001::double as v", True),
        ("select 'a' as k, 2::bigint as n, 0.5::double as v", False),
        ("select 'a' as k, 1::double as n, 0.5::double as v", False),
        ("select 'a' as k, 1::bigint as n, 0.500001::double as v", False),
        ("select 'a' as k, 1::bigint as n, null::double as v", False),
        ("select 'a' as k, 1::bigint as n, 0.5::double as v from range(2)", False),
        ("select 'a' as k, 1::bigint as n, 0.5::double as v where false", False),
        ("select 'a' as k, 1::bigint as n, 0.5::double as v, 1 as more", False),
    ],
)
def test_comparison_sees_a_difference(tmp_path: Path, theirs: str, equal: bool) -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.figure as select 'a' as k, 1::bigint as n, 0.5::double as v"
        )
        folder = partition(tmp_path, "marts.figure", "H37")
        folder.mkdir(parents=True)
        connection.execute(f"copy ({theirs}) to '{folder}/part-0.parquet' (format parquet)")
        found = compare(connection, _model("k n v", ("k",)), tmp_path, "H37")
    assert found.is_equal is equal


@pytest.mark.skipif(find_spec("pyspark") is not None, reason="pyspark is here")
def test_without_pyspark_the_sentence_says_what_to_do() -> None:
    with pytest.raises(WarehouseError, match="pyspark isn't installed; run `make spark`"):
        open_session("local[1]")


@pytest.mark.parametrize(("engine", "master"), [("spark", "spark://there:7077"), ("duckdb", None)])
def test_setting_decides_who_answers(tmp_path: Path, engine: str, master: str | None) -> None:
    settings = Settings.load(
        home=tmp_path, engine=engine, spark_master="spark://there:7077", _env_file=None
    )
    assert make_site(settings, lambda *_: None).spark_master == master
