"""The models of core and marts on Apache Spark: Parquet in, Parquet out, one partition a province.

Belongs here: the session, the lake's layout, running rendered queries in build order. Doesn't: the dialect
(dialect.py), staging (the night's DuckDB writes it), judging the results (compare.py).
The lake is <lake>/<schema>.<table>/province_code=<code>/*.parquet: who reads a table's folder has all
provinces and the code as a column, who reads one partition has one province and its own columns.
No function of ours runs on a worker, so a worker needs Java and Spark, and no Python.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from common import quoting
from common.local_time import TIME_ZONE
from spark.dialect import render, view_name
from spark.macros import Macro
from warehouse.errors import WarehouseError
from warehouse.models.catalog import Catalog, Model

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SPARK_SCHEMAS = ("core", "marts")


@dataclass(frozen=True)
class SparkBuilt:
    """One table of one province, and how long it took in seconds."""

    province: str
    table: str
    seconds: float


def partition(lake: Path, table: str, province: str) -> Path:
    """Where a table of a province lies."""
    return lake / table / f"province_code={province}"


def spark_models(catalog: Catalog) -> list[Model]:
    """The models that Spark builds, in build order."""
    return catalog.in_schema(*SPARK_SCHEMAS)


def input_tables(models: Iterable[Model]) -> list[str]:
    """What these models read and none of them makes: staging, seeds and a few tables of meta."""
    listed = list(models)
    made = {model.table for model in listed}
    return sorted({table for model in listed for table in model.depends_on} - made)


def export_inputs(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[str], lake: Path, province: str
) -> None:
    """Write these tables of a province's warehouse into the lake, as Parquet."""
    for table in tables:
        folder = partition(lake, table, province)
        folder.mkdir(parents=True, exist_ok=True)
        path = quoting.text(folder / "part-0.parquet")
        connection.execute(f"copy (select * from {table}) to {path} (format parquet)")


def open_session(master: str, options: Mapping[str, str] | None = None) -> "SparkSession":
    """A session on a master: local[2], local-cluster[2,1,1024] or spark://host:port.

    Raises:
        WarehouseError: the optional packages or Java are not there.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise WarehouseError(
            "The engine is spark, but pyspark isn't installed; run `make spark` or install motcua[spark]."
        ) from None
    builder: Any = SparkSession.builder.master(master).appName("motcua")
    for name, value in {**_OPTIONS, **(options or {})}.items():
        builder = builder.config(name, value)
    try:
        session: SparkSession = builder.getOrCreate()
    except PySparkException as error:
        raise WarehouseError(
            f"Spark didn't start on {master} ({str(error).splitlines()[0]}); it needs Java 17, and the master "
            "of MOTCUA_SPARK_MASTER must answer."
        ) from None
    session.sparkContext.setLogLevel("ERROR")
    return session


_OPTIONS: Mapping[str, str] = {
    "spark.sql.session.timeZone": TIME_ZONE,
    # A wrong cast stops here as it does in DuckDB, instead of becoming null.
    "spark.sql.ansi.enabled": "true",
    # Times as microseconds since the epoch, which every reader takes for instants.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.mapKeyDedupPolicy": "EXCEPTION",
    "spark.scheduler.mode": "FAIR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


class ProvinceLake:
    """One province's tables in the lake, with views of their names."""

    def __init__(
        self, session: "SparkSession", macros: Mapping[str, Macro], lake: Path, province: str
    ) -> None:
        # Views belong to a session, so provinces side by side don't see each other's.
        self.session = session.newSession()
        for name, value in session.conf.getAll.items():
            if name.startswith("spark.sql.") and self.session.conf.isModifiable(name):
                self.session.conf.set(name, value)
        self.macros, self.lake, self.province = macros, lake, province

    def show(self, table: str) -> None:
        """Give what lies in the lake the name that queries use."""
        path = partition(self.lake, table, self.province)
        self.session.read.parquet(str(path)).createOrReplaceTempView(view_name(table))

    def build(self, model: Model) -> SparkBuilt:
        """Run a model's query and put its result in the lake."""
        started = time.perf_counter()
        frame = self.session.sql(render(model.query, self.macros))
        frame.write.mode("overwrite").parquet(str(partition(self.lake, model.table, self.province)))
        self.show(model.table)
        return SparkBuilt(self.province, model.table, time.perf_counter() - started)


def run_provinces(
    session: "SparkSession",
    models: Sequence[Model],
    macros: Mapping[str, Macro],
    lake: Path,
    provinces: Sequence[str],
    tell: Callable[[SparkBuilt], None] = lambda _: None,
) -> list[SparkBuilt]:
    """Build the models of all provinces; provinces go side by side, a province's models in order.

    The inputs must lie in the lake (export_inputs). Raises what the first failing query raised.
    """

    def one(province: str) -> list[SparkBuilt]:
        home = ProvinceLake(session, macros, lake, province)
        for table in input_tables(models):
            home.show(table)
        built = []
        for model in models:
            built.append(home.build(model))
            tell(built[-1])
        return built

    with ThreadPoolExecutor(max_workers=max(1, len(provinces))) as pool:
        return [item for built in pool.map(one, provinces) for item in built]
