"""Assets from sql/: one per seed and per model, with lineage, row counts and quarantine shown.

Belongs here: turning the catalogue into Dagster assets. Doesn't: building tables (warehouse.models.build), what waits
for what (graph.py).
"""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from assets.cap import build_capped
from assets.graph import (
    RUN_CONTEXT,
    key_of,
    order_of,
    seed_tables,
    suites_within,
)
from assets.names import PUBLIC_HOLIDAYS
from assets.night import Night
from assets.verdicts import build_check_step, check_results, check_specs
from expectations.suite import Suite
from warehouse.models.build import BuildResult, RowRule, prune_tables
from warehouse.models.catalog import Catalog, Model
from warehouse.models.seeds import load_public_holidays, load_seed
from warehouse.store.state import set_run_context

Built = dg.MaterializeResult[None] | dg.AssetCheckResult


def build_model_assets(
    catalog: Catalog,
    rules: Mapping[str, Sequence[RowRule]],
    raw_keys: Sequence[dg.AssetKey],
    suites: Mapping[str, Suite],
) -> tuple[list[dg.AssetsDefinition], list[dg.AssetChecksDefinition]]:
    """All assets of the catalogue, the run context after the pulls among them, and the steps of checks alone.

    A suite that reads only what its model comes after is part of the model's own step; the others are steps of
    their own, which wait for the other tables too.
    """
    order = order_of(catalog, rules, raw_keys)
    within = suites_within(suites.values(), order, catalog)
    models = [
        _model_asset(
            model,
            order[key_of(model.table)],
            rules.get(model.table, ()),
            suites[model.table] if model.table in within else None,
        )
        for model in catalog.models.values()
    ]
    seeds = _seed_assets(catalog)
    known = {*order, *raw_keys, *seeds.keys}
    checks = [
        build_check_step(suite, known) for table, suite in suites.items() if table not in within
    ]
    return [seeds, _run_context_asset(order[RUN_CONTEXT], catalog), *models], checks


def _model_asset(
    model: Model,
    dependencies: Sequence[dg.AssetKey],
    rules: Sequence[RowRule],
    suite: Suite | None,
) -> dg.AssetsDefinition:
    @dg.asset(
        key=key_of(model.table),
        deps=dependencies,
        group_name=model.schema,
        kinds={"sql", "duckdb"},
        description=f"{model.description}\n\n```sql\n{model.query}\n```",
        required_resource_keys={"night"},
        metadata={"grain": ", ".join(model.grain), "file": f"sql/{_file_of(model)}"},
        check_specs=check_specs(suite) if suite else None,
    )
    def build(context: dg.AssetExecutionContext) -> Iterator[Built]:
        night: Night = context.resources.night
        result = build_capped(night, model, rules)
        # Told before the check, which may stop the step: the table stands all the same.
        yield dg.MaterializeResult(metadata=_metadata(model, result))
        if suite:
            yield from check_results(night, suite)

    return build


def _metadata(model: Model, result: BuildResult) -> dict[str, dg.MetadataValue | int | float]:
    columns = [
        dg.TableColumn(name, kind, description=model.columns.get(name))
        for name, kind in result.columns.items()
    ]
    lineage = {
        column: [
            dg.TableColumnDep(asset_key=key_of(table), column_name=name) for table, name in sources
        ]
        for column, sources in result.lineage.items()
    }
    metadata: dict[str, dg.MetadataValue | int | float] = {
        "dagster/row_count": result.rows,
        "dagster/column_schema": dg.MetadataValue.table_schema(dg.TableSchema(columns=columns)),
        "dagster/column_lineage": dg.MetadataValue.column_lineage(dg.TableColumnLineage(lineage)),
        # The open-source UI keeps the entry above to itself, so people get it as a table too.
        "column_sources": dg.MetadataValue.md(_sources_table(result)),
        "seconds": round(result.seconds, 3),
        # Built whole, renewed in part, or carried over as it stood.
        "way": dg.MetadataValue.text(result.way),
    }
    if result.share is not None:
        metadata["quarantined"] = result.share.waiting
        metadata["quarantined_ratio"] = round(result.share.ratio, 6)
    return metadata


def _sources_table(result: BuildResult) -> str:
    """Which columns each column is made from, as a table for people."""
    lines = ["| cột / column | từ / made from |", "|---|---|"]
    for column, sources in result.lineage.items():
        named = ", ".join(f"`{table}.{name}`" for table, name in sources)
        lines.append(f"| `{column}` | {named} |")
    return "\n".join(lines)


def _seed_assets(catalog: Catalog) -> dg.AssetsDefinition:
    """One step for all: each is loaded in a few milliseconds, less than a step costs."""
    specs = [
        dg.AssetSpec(
            key_of(table),
            group_name="seeds",
            kinds={"csv", "duckdb"},
            description=f"Dữ liệu quy tắc. Data that rules read: sql/seeds/{path.name}.",
        )
        for table, path in catalog.seeds.items()
    ]
    specs.append(
        dg.AssetSpec(
            key_of(PUBLIC_HOLIDAYS),
            group_name="seeds",
            kinds={"python", "duckdb"},
            description="Ngày nghỉ lễ theo gói holidays. Public holidays of the holidays package.",
        )
    )

    @dg.multi_asset(name="seeds", specs=specs, can_subset=True, required_resource_keys={"night"})
    def load(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        connection = context.resources.night.connection
        for key in sorted(context.selected_asset_keys):
            table = ".".join(key.path)
            rows = (
                load_public_holidays(connection)
                if table == PUBLIC_HOLIDAYS
                else load_seed(connection, table, catalog.seeds[table])
            )
            yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": rows})

    return load


def _run_context_asset(raw_keys: Sequence[dg.AssetKey], catalog: Catalog) -> dg.AssetsDefinition:
    standing = frozenset([*catalog.models, *seed_tables(catalog)])

    @dg.asset(
        key=RUN_CONTEXT,
        deps=list(raw_keys),
        group_name="context",
        kinds={"duckdb"},
        description="Thời điểm xét, mã Trung tâm, dữ liệu đến. As-of, Centre and data as of; one row.",
        required_resource_keys={"night"},
    )
    def write(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        night: Night = context.resources.night
        set_run_context(night.connection, night.context)
        # What no file defines any more must not be read by anyone tomorrow.
        gone = prune_tables(night.connection, standing)
        return dg.MaterializeResult(
            metadata={"as_of": night.now.isoformat(), "pruned": ", ".join(gone)}
        )

    return write


def _file_of(model: Model) -> str:
    parts = model.path.parts
    return (
        "/".join(parts[len(parts) - 1 - parts[::-1].index("sql") + 1 :])
        if "sql" in parts
        else model.path.name
    )
