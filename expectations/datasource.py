"""DuckDB for Great Expectations, by its own extension points: an engine, a datasource, a few metrics.

Belongs here: what Great Expectations asks of DuckDB. This module imports it at its top, which takes seconds,
so it is imported inside functions only. Doesn't: expectations by counts (counted.py), suites, outcomes,
opening the warehouse.

Why it is needed: Great Expectations 1.24 reads a result after its connection is closed; a DuckDB cursor
is its connection, so the rows are gone and every check raises "list index out of range". Here rows are
frozen first. Regular expressions, which it refuses for this dialect, go to DuckDB's RE2.
"""

from collections.abc import Mapping
from typing import Any, Literal

import sqlalchemy as sa
from duckdb_sqlalchemy import ConnectionWrapper
from great_expectations.compatibility.pydantic import PrivateAttr
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)
from great_expectations.expectations.metrics.metric_provider import MetricProvider, metric_value
from great_expectations.expectations.metrics.query_metrics.query_table.query_table import QueryTable

from expectations.scan import Count


def engine_on(cursor: Any) -> sa.Engine:
    """A SQLAlchemy engine that lives on one open DuckDB cursor; the file isn't opened a second time.

    Statements commit by themselves: the checks only read, and a dangling transaction would pin the
    snapshot that later statements see.
    """
    return sa.create_engine(
        "duckdb:///:memory:",
        creator=lambda: ConnectionWrapper(cursor),
        poolclass=sa.pool.StaticPool,
        isolation_level="AUTOCOMMIT",
    )


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):  # type: ignore[misc]
    """Runs metrics in DuckDB and keeps each result's rows before its connection is given back.

    `counts` are those of the present table's rules, by rule id, where they have been counted already.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.counts: Mapping[str, Count] = {}
        self.asked: dict[str, dict[str, Any]] = {}

    def execute_query(self, query: Any) -> Any:
        """Run a query; the returned result holds its rows itself."""
        with self.get_connection() as connection:
            result = self._execute_query_with_recovery(connection, query)
            return result.freeze()() if result.returns_rows else result


# Inside the class `type` is a field's name.
EngineClass = type[DuckDBExecutionEngine]
_UNBOUND = "The DuckDB datasource has no connection yet; call bind() first."


class DuckDBDatasource(SQLDatasource):  # type: ignore[misc]
    """A fluent datasource on a DuckDB connection that somebody else opened (`bind` it first)."""

    type: Literal["duckdb"] = "duckdb"
    connection_string: str = "duckdb:///:memory:"
    _bound: sa.Engine | None = PrivateAttr(None)
    _schema: str | None = PrivateAttr(None)
    _bound_execution_engine: DuckDBExecutionEngine | None = PrivateAttr(None)

    @property
    def execution_engine_type(self) -> EngineClass:
        """The engine every batch of this datasource runs on."""
        return DuckDBExecutionEngine

    @property
    def schema_(self) -> str | None:
        """The one schema this datasource's tables are in."""
        return self._schema

    def bind(self, engine: sa.Engine, schema: str | None = None) -> None:
        """Use this engine, and tables of this schema, for everything from now on."""
        self._bound = engine
        self._schema = schema
        self._bound_execution_engine = DuckDBExecutionEngine(engine=engine, create_temp_table=False)

    def _add_asset(self, asset: Any, connect_options: dict[str, Any] | None = None) -> Any:
        """Take an asset without writing the project's configuration out again, which nobody reads.

        Nor is the table looked for: the runner has read its columns a moment ago.
        """
        asset._datasource = self
        self._build_data_connector(asset, **(connect_options or {}))
        self.assets.append(asset)
        return asset

    def add_batch_definition(self, batch_definition: Any) -> Any:
        """The batch definition as it is: this datasource lives as long as a run, and is saved nowhere."""
        return batch_definition

    def test_connection(self, test_assets: bool = True) -> None:
        """Nothing to try before bind(); afterwards what Great Expectations always tries."""
        if self._bound is not None:
            super().test_connection(test_assets=test_assets)

    def get_engine(self) -> sa.Engine:
        """The bound SQLAlchemy engine."""
        if self._bound is None:
            raise RuntimeError(_UNBOUND)
        return self._bound

    def get_execution_engine(self) -> DuckDBExecutionEngine:
        """The one execution engine on the bound connection."""
        if self._bound_execution_engine is None:
            raise RuntimeError(_UNBOUND)
        return self._bound_execution_engine


class _MatchRegex(ColumnMapMetricProvider):  # type: ignore[misc]
    """`column_values.match_regex` in DuckDB: RE2, found anywhere in the text unless anchored."""

    condition_metric_name = "column_values.match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=DuckDBExecutionEngine)  # type: ignore[untyped-decorator]
    def _duckdb(cls, column: Any, regex: str, **_: Any) -> Any:  # noqa: N805
        return sa.func.regexp_matches(column, regex)


class _NotMatchRegex(ColumnMapMetricProvider):  # type: ignore[misc]
    """`column_values.not_match_regex` in DuckDB."""

    condition_metric_name = "column_values.not_match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=DuckDBExecutionEngine)  # type: ignore[untyped-decorator]
    def _duckdb(cls, column: Any, regex: str, **_: Any) -> Any:  # noqa: N805
        return sa.not_(sa.func.regexp_matches(column, regex))


class _ColumnTypes(MetricProvider):  # type: ignore[misc]
    """Names and types of a table's columns, from a statement that reads no row.

    The library asks the catalogue thrice, which takes as long as a rule over a million rows.
    """

    metric_name = "table.column_types"
    domain_keys = ("batch_id", "table", "row_condition", "condition_parser")
    value_keys = ("include_nested",)

    @metric_value(engine=DuckDBExecutionEngine)  # type: ignore[untyped-decorator]
    def _duckdb(
        cls,  # noqa: N805
        execution_engine: DuckDBExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        **_: Any,
    ) -> list[dict[str, str]]:
        rows = execution_engine.get_domain_records(domain_kwargs=metric_domain_kwargs)
        with execution_engine.get_connection() as connection:
            result = connection.execute(sa.select(sa.text("*")).select_from(rows).where(sa.false()))
            described = result.cursor.description
            result.close()
        return [{"name": name, "type": str(kind)} for name, kind, *_ in described]


class _NoUnexpectedRows(QueryTable):  # type: ignore[misc]
    """The rows an unexpected-rows query finds: none leave the database, only their count does."""

    metric_name = "unexpected_rows_query.table"
    value_keys = ("unexpected_rows_query",)
    query_param_name = "unexpected_rows_query"

    @metric_value(engine=DuckDBExecutionEngine)  # type: ignore[untyped-decorator]
    def _duckdb(cls, **_: Any) -> list[dict[str, Any]]:  # noqa: N805
        return []
