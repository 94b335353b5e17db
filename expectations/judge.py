"""Great Expectations itself: one context, a batch a table, a verdict of every rule.

Belongs here: what speaks to the library. Doesn't: counting (scan.py), the warehouse (an open cursor is passed
in), words of rules. Great Expectations is imported inside functions only, because that takes seconds. Nothing
is written to disk and nothing told to anybody: the context lives in memory, with analytics and progress bars
off.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from expectations.outcome import Verdict, explain, verdict_of
from expectations.scan import Count
from expectations.suite import Rule

_COUNTS_ONLY = {"result_format": "BASIC", "partial_unexpected_count": 0}
_BINDING = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")


class Judge:
    """A Great Expectations context on one cursor, for all tables of a run; `close` it when the run ends."""

    def __init__(self, session: Any) -> None:
        """Open the context; `session` is a cursor of its own, set up as the warehouse's is."""
        from expectations.datasource import engine_on

        self.engine, self.context = engine_on(session), _context()
        self.assets = 0

    def close(self) -> None:
        """Let the cursor go."""
        self.engine.dispose()

    def table(
        self, table: str, rules: Sequence[Rule], rows: int, counts: Mapping[str, Count]
    ) -> dict[str, Verdict]:
        """Verdicts on a table's rules; those that are in `counts` are judged by these."""
        schema, _, name = table.partition(".")
        try:
            self.assets += 1
            source = self._datasource(schema)
            asset = source.add_table_asset(f"{table} {self.assets}", table_name=name)
            return _validate(asset, rules, rows, counts)
        except Exception as error:  # noqa: BLE001 a table that can't be checked is an error, not a crash
            return {rule.id: Verdict("error", detail=explain(str(error))) for rule in rules}

    def query(
        self, query: str, rules: Sequence[Rule], rows: int, counts: Mapping[str, Count]
    ) -> dict[str, Verdict]:
        """As table(), of the rows of a query."""
        try:
            self.assets += 1
            asset = self._datasource("query").add_query_asset(f"query {self.assets}", query=query)
            return _validate(asset, rules, rows, counts)
        except Exception as error:  # noqa: BLE001 whatever is raised means that the rules can't run
            return {rule.id: Verdict("error", detail=explain(str(error))) for rule in rules}

    def _datasource(self, schema: str) -> Any:
        if schema not in self.context.data_sources.all():
            self.context.data_sources.add_duckdb(schema).bind(self.engine, schema)
        return self.context.data_sources.get(schema)


def warm() -> None:
    """Import all that judging takes, and make the expectations that judge by counts."""
    from expectations.counted import counted
    from expectations.vocabulary import SUPPORTED

    for kind in SUPPORTED:
        counted(kind)


def _context() -> Any:
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    quiet = DataContextConfig(
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
        # The default would make a temporary folder for documentation pages.
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
    )
    return gx.get_context(mode="ephemeral", project_config=quiet)


def _validate(
    asset: Any, rules: Sequence[Rule], rows: int, counts: Mapping[str, Count]
) -> dict[str, Verdict]:
    """All rules in one pass; those that raised once more alone, for one bad rule may spoil a bundle."""
    engine = asset.datasource.get_execution_engine()
    engine.counts, engine.asked = counts, {}
    batch = asset.add_batch_definition_whole_table("whole").get_batch()
    verdicts = _try_together(batch, rules, rows, counts)
    silent = [r for r in rules if verdicts.get(r.id, Verdict("error")).state == "error"]
    for rule in silent if len(rules) > 1 else ():
        verdicts.update(_try_together(batch, [rule], rows, counts))
    for rule in rules:
        verdicts.setdefault(rule.id, Verdict("error", detail=explain("")))
    return verdicts


def _try_together(
    batch: Any, rules: Sequence[Rule], rows: int, counts: Mapping[str, Count]
) -> dict[str, Verdict]:
    """Verdicts by rule id; a library that raises over the whole suite is an error of each rule."""
    import great_expectations as gx

    try:
        # Given at once: adding one by one compares each with all before it.
        expectations = [_expectation(rule, rule.id in counts) for rule in rules]
        suite = gx.ExpectationSuite(name="run", expectations=expectations)
        results = batch.validate(suite, result_format=_COUNTS_ONLY).results
    except Exception as error:  # noqa: BLE001 the library raises whatever a metric raised
        return {rule.id: Verdict("error", detail=explain(str(error))) for rule in rules}
    return {r.expectation_config.meta["rule"]: verdict_of(r, rows) for r in results}


def _expectation(rule: Rule, is_counted: bool) -> Any:
    from great_expectations.expectations.registry import get_expectation_impl

    from expectations.counted import counted

    kind = (counted(rule.type) if is_counted else None) or get_expectation_impl(rule.type)
    return kind(**_without_bindings(rule.kwargs), severity=rule.severity, meta={"rule": rule.id})


def _without_bindings(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments whose SQL says `:word` literally, which SQLAlchemy would take for a parameter."""
    query = kwargs.get("unexpected_rows_query")
    if query is None:
        return dict(kwargs)
    return {**kwargs, "unexpected_rows_query": _BINDING.sub(r"\\:\1", str(query))}
