"""The publication asset: the gate, then the switch.

Belongs here: deciding from check results whether this night may be published. Doesn't: writing the
file (warehouse.publish).
"""

from collections.abc import Sequence

import dagster as dg
import duckdb

from assets.models import key_of
from assets.night import Night
from warehouse.catalog import Catalog
from warehouse.errors import PublicationError
from warehouse.publish import publish
from warehouse.state import PUBLISHED_STATE

PUBLISHED = dg.AssetKey(["published", "kpi"])


def published_tables(catalog: Catalog) -> list[str]:
    """The tables of the published file."""
    return [model.table for model in catalog.published()] + list(PUBLISHED_STATE)


def failing_gates(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> list[str]:
    """Rules whose latest result forbids publishing: critical ones that failed, and any that could not run.

    It reads every ancestor's latest result, also from earlier runs, because Dagster's own blocking only
    acts inside one run.
    """
    rows = connection.execute(
        """
        with latest as (
            select * from meta.check_run where list_contains($tables, table_name)
            qualify row_number() over (partition by table_name, rule order by checked_at desc) = 1
        )
        select table_name || ': ' || rule
            || case state when 'error' then ' (không chạy được / could not run)'
                          else ' (' || failed || ')' end
        from latest
        where state = 'error' or (state = 'failed' and severity = 'critical')
        order by 1
        """,
        {"tables": list(tables)},
    ).fetchall()
    return [text for (text,) in rows]


def publish_night(night: Night, catalog: Catalog) -> dict[str, str | int]:
    """Pass the gate and publish; returns what the UI shows.

    Raises:
        PublicationError: a gate failed; the old version stands.
    """
    tables = published_tables(catalog)
    ancestors = sorted({name for table in tables for name in catalog.ancestors(table)})
    failing = failing_gates(night.connection, ancestors)
    if failing:
        raise PublicationError(
            f"Not published, because {len(failing)} checks forbid it: {'; '.join(failing[:5])}. "
            "Run `motcua check` for what to do; the old version stands."
        )
    result = publish(
        night.connection,
        night.site.published,
        tables,
        run_id=night.run_id,
        code_version=night.site.code_version,
    )
    return {
        "version": result.version,
        "tables": len(result.rows),
        "rows": sum(result.rows.values()),
    }


def build_publish_asset(catalog: Catalog) -> dg.AssetsDefinition:
    """The asset that ends the night."""

    @dg.asset(
        key=PUBLISHED,
        deps=[key_of(model.table) for model in catalog.published()],
        group_name="published",
        kinds={"duckdb", "parquet"},
        description="Tệp công bố cho công cụ BI. The published read-only file for BI tools.",
        required_resource_keys={"night"},
    )
    def published(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        night: Night = context.resources.night
        shown = publish_night(night, catalog)
        return dg.MaterializeResult(metadata=shown)

    return published
