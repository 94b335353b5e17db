"""A night's core and marts by Spark: DuckDB stages, checks and publishes, Spark answers the queries between.

Belongs here: what a model's query becomes on a night whose engine is Spark. Doesn't: many provinces
(engine.py), contracts and swaps (build.py), which stay the same whatever computed the rows.
The lake of a night holds cases, so it is readable by the service alone and gone when the night ends.
"""

import shutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import duckdb

from common import quoting
from spark.engine import (
    SPARK_SCHEMAS,
    ProvinceLake,
    export_inputs,
    open_session,
    partition,
)
from spark.macros import read_macros
from warehouse.models.catalog import Model


class SparkNight:
    """One run's hands on Spark; nothing starts before the first query."""

    def __init__(
        self,
        master: str,
        macros: Path,
        lake: Path,
        province: str,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.master, self.macros, self.lake, self.province = master, macros, lake, province
        self.options = options
        self._shown: set[str] = set()

    @cached_property
    def _home(self) -> ProvinceLake:
        shutil.rmtree(self.lake, ignore_errors=True)
        self.lake.mkdir(parents=True, mode=0o700)
        session = open_session(self.master, self.options)
        return ProvinceLake(session, read_macros(self.macros), self.lake, self.province)

    def query_of(self, connection: duckdb.DuckDBPyConnection, model: Model) -> str:
        """The query whose rows are the model's: its own, or one that reads what Spark has written.

        Columns get the types that DuckDB would give them. What the model reads and Spark has not built in
        this run is taken from the warehouse as it stands.
        """
        if model.schema not in SPARK_SCHEMAS:
            return model.query
        home = self._home
        for table in sorted(model.depends_on - self._shown):
            export_inputs(connection, [table], home.lake, self.province)
            home.show(table)
            self._shown.add(table)
        home.build(model)
        self._shown.add(model.table)
        described = connection.execute(f"describe {model.query}").fetchall()
        columns = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind, *_ in described)
        files = quoting.one_path(partition(self.lake, model.table, self.province)) + "/*.parquet"
        return (
            f"select {columns} from read_parquet({quoting.text(files)}, hive_partitioning = false)"
        )

    def close(self) -> None:
        """End the session and the lake, if there are any."""
        if "_home" in vars(self):
            self._home.session.stop()
            shutil.rmtree(self.lake, ignore_errors=True)
