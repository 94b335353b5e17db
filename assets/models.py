"""Assets from sql/: one per seed and per model, with lineage, row counts and quarantine shown.

Belongs here: turning the catalogue into Dagster assets. Doesn't: building tables (warehouse.build).
"""

from collections.abc import Mapping, Sequence

import dagster as dg

from assets.cap import build_capped
from assets.night import Night
from warehouse.build import BuildResult, RowRule, prune_tables
from warehouse.catalog import Catalog, Model
from warehouse.seeds import load_public_holidays, load_seed
from warehouse.state import set_run_context

RUN_CONTEXT = dg.AssetKey(["meta", "run_context"])
PUBLIC_HOLIDAYS = "seeds.public_holidays"
# State tables that code writes, and which assets must be there before a model reads them.
_WRITTEN_WITH_STAGING = frozenset({"meta.quarantine_tally"})
_WRITTEN_WITH_CHECKS = frozenset({"meta.check_run"})


def key_of(table: str) -> dg.AssetKey:
    """The asset key of a table: [schema, table]."""
    return dg.AssetKey(table.split("."))


def build_model_assets(
    catalog: Catalog, rules: Mapping[str, Sequence[RowRule]], raw_keys: Sequence[dg.AssetKey]
) -> list[dg.AssetsDefinition]:
    """All assets of the catalogue, the run context after the pulls among them."""
    models = [
        _model_asset(
            model,
            _dependencies(model, catalog, rules.get(model.table, ())),
            rules.get(model.table, ()),
        )
        for model in catalog.models.values()
    ]
    return [*_seed_assets(catalog), _run_context_asset(raw_keys, catalog), *models]


def _dependencies(model: Model, catalog: Catalog, rules: Sequence[RowRule]) -> list[dg.AssetKey]:
    # Row rules judge by as-of and by seeds, so what is staged comes after them.
    found: set[dg.AssetKey] = {RUN_CONTEXT} if model.schema == "staging" else set()
    found |= {
        key_of(table) for table in catalog.seeds if any(table in rule.breaks_sql for rule in rules)
    }
    for table in model.depends_on:
        if (
            table in catalog.models
            or table in catalog.seeds
            or table == PUBLIC_HOLIDAYS
            or table.startswith("raw.")
        ):
            found.add(key_of(table))
        elif table in _WRITTEN_WITH_STAGING:
            found |= {key_of(other.table) for other in catalog.in_schema("staging")}
        elif table in _WRITTEN_WITH_CHECKS:
            found |= {
                key_of(other.table)
                for other in catalog.models.values()
                if other.schema != "meta" or not (other.depends_on & _WRITTEN_WITH_CHECKS)
            }
        else:
            found.add(RUN_CONTEXT)
    return sorted(found)


def _model_asset(
    model: Model, dependencies: Sequence[dg.AssetKey], rules: Sequence[RowRule]
) -> dg.AssetsDefinition:
    @dg.asset(
        key=key_of(model.table),
        deps=dependencies,
        group_name=model.schema,
        kinds={"sql", "duckdb"},
        description=f"{model.description}\n\n```sql\n{model.query}\n```",
        required_resource_keys={"night"},
        metadata={"grain": ", ".join(model.grain), "file": f"sql/{_file_of(model)}"},
    )
    def build(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        night: Night = context.resources.night
        result = build_capped(night, model, rules)
        return dg.MaterializeResult(metadata=_metadata(model, result))

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


def _seed_assets(catalog: Catalog) -> list[dg.AssetsDefinition]:
    return [_seed_asset(table, catalog) for table in catalog.seeds] + [_holidays_asset()]


def _seed_asset(table: str, catalog: Catalog) -> dg.AssetsDefinition:
    path = catalog.seeds[table]

    @dg.asset(
        key=key_of(table),
        group_name="seeds",
        kinds={"csv", "duckdb"},
        description=f"Dữ liệu quy tắc. Data that rules read: sql/seeds/{path.name}.",
        required_resource_keys={"night"},
    )
    def load(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        night: Night = context.resources.night
        rows = load_seed(night.connection, table, path)
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return load


def _holidays_asset() -> dg.AssetsDefinition:
    @dg.asset(
        key=key_of(PUBLIC_HOLIDAYS),
        group_name="seeds",
        kinds={"python", "duckdb"},
        description="Ngày nghỉ lễ theo gói holidays. Public holidays of the holidays package.",
        required_resource_keys={"night"},
    )
    def load(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        night: Night = context.resources.night
        rows = load_public_holidays(night.connection)
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return load


def _run_context_asset(raw_keys: Sequence[dg.AssetKey], catalog: Catalog) -> dg.AssetsDefinition:
    standing = frozenset([*catalog.models, *catalog.seeds, PUBLIC_HOLIDAYS])

    @dg.asset(
        key=RUN_CONTEXT,
        deps=list(raw_keys),
        group_name="meta",
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
