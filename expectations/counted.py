"""Great Expectations' own expectations, judging by counts that a table's scan has brought already.

Belongs here: a subclass of each expectation whose measure is a count of rows; how it judges is inherited as
it is. Doesn't: counting (scan.py), the engine (datasource.py). Great Expectations is imported at the top,
which takes seconds, so this module is imported inside functions only.
"""

from functools import cache
from typing import Any

from great_expectations.compatibility.pydantic import PrivateAttr
from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    Expectation,
    MulticolumnMapExpectation,
    parse_result_format,
)
from great_expectations.expectations.metrics.metric_provider import MetricProvider, metric_value
from great_expectations.expectations.registry import get_expectation_impl
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validator import ValidationDependencies

from expectations.datasource import DuckDBExecutionEngine
from expectations.vocabulary import UNEXPECTED_ROWS


@cache
def counted(kind: str) -> type[Expectation] | None:
    """An expectation as one that judges by counts; None where its measure is something else."""
    base = get_expectation_impl(kind)
    parts = _parts(kind, base)
    if parts is None:
        return None

    def dependencies(
        self: Any, execution_engine: Any = None, runtime_configuration: Any = None
    ) -> ValidationDependencies:
        known = _dependencies(execution_engine, self.meta["rule"], parts)
        form = parse_result_format((runtime_configuration or {}).get("result_format", {}))
        return ValidationDependencies(dict(known), form)

    # Known by a name of their own: the library's expectations stay what they are.
    body = {
        "__module__": __name__,
        "get_validation_dependencies": dependencies,
        "configuration": property(_configuration_once),
        "_configuration": PrivateAttr(None),
    }
    made: type[Expectation] = type(base)(f"Counted{base.__name__}", (base,), body)
    return made


def _parts(kind: str, base: Any) -> dict[str, str] | None:
    """The names under which the expectation looks for its measures, and the part of a count each is."""
    if kind == UNEXPECTED_ROWS:
        return {
            "unexpected_rows_query.row_count": "unexpected",
            "unexpected_rows_query.table": "values",
        }
    if issubclass(base, ColumnMapExpectation):
        judged = {"column_values.nonnull.unexpected_count": "left_out"}
    elif issubclass(base, ColumnPairMapExpectation | MulticolumnMapExpectation):
        judged = {f"{base.map_metric}.filtered_row_count": "judged"}
    else:
        return None
    return judged | {
        "table.row_count": "rows",
        f"{base.map_metric}.unexpected_count": "unexpected",
        f"{base.map_metric}.unexpected_values": "values",
    }


def _dependencies(
    engine: DuckDBExecutionEngine, rule: str, parts: dict[str, str]
) -> dict[str, MetricConfiguration]:
    """What the expectation asks for: each part of its rule's count. Asked twice a rule, made once."""
    known = engine.asked.get(rule)
    if known is None:
        known = {
            name: MetricConfiguration(_Counted.metric_name, {}, {"rule": rule, "part": part})
            for name, part in parts.items()
        }
        engine.asked[rule] = known
    return known


def _configuration_once(self: Any) -> Any:
    """The configuration, made once: the library makes it some sixty times a rule, each time anew."""
    if self._configuration is None:
        self._configuration = Expectation.configuration.fget(self)
    return self._configuration


class _Counted(MetricProvider):  # type: ignore[misc]
    """A part of what was counted for a rule."""

    metric_name = "motcua.counted"
    value_keys = ("rule", "part")

    @metric_value(engine=DuckDBExecutionEngine)  # type: ignore[untyped-decorator]
    def _duckdb(
        cls,  # noqa: N805
        execution_engine: DuckDBExecutionEngine,
        metric_value_kwargs: dict[str, Any],
        **_: Any,
    ) -> Any:
        count, part = (
            execution_engine.counts[metric_value_kwargs["rule"]],
            metric_value_kwargs["part"],
        )
        # No value of a row leaves the database.
        return [] if part == "values" else getattr(count, part)
