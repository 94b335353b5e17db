"""Three small provinces on a real Spark cluster of two worker processes, one of them killed in the middle."""

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from benchmarks.provinces import PROVINCES, centre_of
from benchmarks.spark_cluster import LOOPBACK, SMALL, cluster
from demo.world import World
from spark.compare import compare
from spark.engine import (
    SparkBuilt,
    export_inputs,
    input_tables,
    open_session,
    partition,
    run_provinces,
    spark_models,
)
from spark.macros import read_macros
from spark.night import SparkNight
from tests.support.truth_warehouse import TruthWarehouse
from tests.support.warehouse_case import EXTERNAL, SQL
from warehouse.models.build import build_model
from warehouse.models.catalog import load_catalog

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [
    pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark isn't here; run `make spark`"),
    pytest.mark.skipif(shutil.which("java") is None, reason="Java 17 isn't here"),
    pytest.mark.timeout(900),
]
END = dt.datetime(2023, 6, 20, 1, 30, tzinfo=dt.timezone(dt.timedelta(hours=7)))


class Provinces:
    """The warehouses of three provinces by DuckDB, and the lake with what Spark reads of them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lake = folder, folder / "lake"
        self.connections: dict[str, duckdb.DuckDBPyConnection] = {}
        catalog = load_catalog(SQL, EXTERNAL)
        self.models = spark_models(catalog)
        self.macros = read_macros(SQL / "macros.sql")
        staging = tuple(model.table for model in catalog.in_schema("staging"))
        for province, seed in PROVINCES.items():
            world = World.build(seed=seed, end=END, years=0.4, cases_per_year=1500, procedures=150)
            drawn = json.dumps(world.truth(END)).replace("H37", province)
            warehouse = TruthWarehouse(folder / province, staging)
            warehouse.show(json.loads(drawn), END, centre_of(province))
            for model in self.models:
                warehouse.connection.execute(f"create table {model.table} as {model.query}")
            export_inputs(warehouse.connection, input_tables(self.models), self.lake, province)
            self.connections[province] = warehouse.connection


@pytest.fixture(scope="module")
def provinces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provinces]:
    made = Provinces(tmp_path_factory.mktemp("provinces"))
    yield made
    for connection in made.connections.values():
        connection.close()


@pytest.fixture(scope="module")
def built(provinces: Provinces) -> list[SparkBuilt]:
    """All tables by Spark; a worker dies when half of them stand."""
    half = len(provinces.models) * len(provinces.connections) // 2
    done: list[SparkBuilt] = []
    with cluster(provinces.folder / "cluster") as machines:
        session = open_session(machines.master, {**LOOPBACK, **SMALL})

        def tell(one: SparkBuilt) -> None:
            done.append(one)
            if len(done) == half:
                assert executors(session) == 2
                machines.kill_worker()

        try:
            made = run_provinces(
                session, provinces.models, provinces.macros, provinces.lake,
                list(provinces.connections), tell,
            )  # fmt: skip
            assert executors(session) == 1, "the killed worker's executor is still counted"
        finally:
            session.stop()
    return made


def executors(session: "SparkSession") -> int:
    """Executors alive; the driver is counted too by Spark, and not here."""
    return int(session.sparkContext._jsc.sc().getExecutorMemoryStatus().size()) - 1


def test_every_table_is_equal_though_a_worker_died(
    provinces: Provinces, built: list[SparkBuilt]
) -> None:
    assert len(built) == len(provinces.models) * len(PROVINCES)
    compared = [
        compare(connection, model, provinces.lake, province)
        for province, connection in provinces.connections.items()
        for model in provinces.models
    ]
    assert not [one for one in compared if not one.is_equal]
    filled = {one.table for one in compared if one.rows}
    assert {"marts.kpi_value", "marts.scorecard", "marts.bieu_06", "core.campaign_case"} <= filled


def test_the_lake_has_the_province_as_a_column(
    provinces: Provinces, built: list[SparkBuilt]
) -> None:
    assert built
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select province_code, count(*) from read_parquet('{provinces.lake}/marts.kpi_value/*/*.parquet', "
            "hive_partitioning = true) group by all order by all"
        ).fetchall()
    counted = [
        (province, connection.execute("select count(*) from marts.kpi_value").fetchone()[0])
        for province, connection in provinces.connections.items()
    ]
    assert found == sorted(counted)
    # Three different worlds, or equal figures would say nothing of provinces.
    assert len({count for _, count in counted}) > 1


def test_a_night_on_spark_makes_the_same_table_and_leaves_no_lake(
    provinces: Provinces, tmp_path: Path
) -> None:
    connection = provinces.connections["H37"]
    names = ("core.agency_alias", "marts.kpi_plan_42")
    night = SparkNight("local[1]", SQL / "macros.sql", tmp_path / "lake", "H37", SMALL)
    with closing(night):
        for model in provinces.models:
            if model.table in names:
                connection.execute(f"create or replace temp table before as from {model.table}")
                build_model(connection, model, query_of=night.query_of)
                assert connection.execute(
                    "select (select count(*) from (from before except all "
                    f"from {model.table})), (select count(*) from (from {model.table} except all from before))"
                ).fetchone() == (0, 0)
                assert (
                    connection.execute("describe before").fetchall()
                    == connection.execute(f"describe {model.table}").fetchall()
                )
                assert partition(night.lake, model.table, "H37").is_dir()
    assert not night.lake.exists()
