"""The assets that end a night: the publication, then page, workbook and metrics file.

Belongs here: what Dagster is told of them. Doesn't: the gate (publish.py), writing (report.py).
"""

from collections.abc import Mapping

import dagster as dg

from assets.gate import publish_night
from assets.graph import key_of
from assets.night import Night
from assets.report import METRICS_NAME, PAGE_NAME, WORKBOOK_NAME, write_report
from expectations.suite import Suite
from warehouse.models.catalog import Catalog
from warehouse.publication.versions import current_version

PUBLISHED = dg.AssetKey(["published", "kpi"])
PAGE = dg.AssetKey(["published", "scorecard_page"])
WORKBOOK = dg.AssetKey(["published", "workbook"])
METRICS = dg.AssetKey(["published", "metrics"])


def build_publish_asset(catalog: Catalog, suites: Mapping[str, Suite]) -> dg.AssetsDefinition:
    """The asset that ends the night."""

    @dg.asset(
        key=PUBLISHED,
        deps=[key_of(model.table) for model in catalog.awaited()],
        group_name="published",
        kinds={"duckdb", "parquet"},
        description="Tệp công bố cho công cụ BI. The published read-only file for BI tools.",
        required_resource_keys={"night"},
    )
    def published(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        night: Night = context.resources.night
        shown = publish_night(night, catalog, suites)
        return dg.MaterializeResult(metadata=shown)

    return published


def build_report_assets() -> list[dg.AssetsDefinition]:
    """The assets of page, workbook and metrics file."""
    return [
        _report_asset(
            PAGE, PAGE_NAME, "html",
            "Trang bảng chỉ tiêu, mở được khi không có mạng. The scorecard page, one offline file.",
        ),
        _report_asset(
            WORKBOOK, WORKBOOK_NAME, "excel",
            "Sổ Excel: chỉ tiêu, cơ quan, các biểu mẫu. The workbook: scorecard, agencies, report forms.",
        ),
        _report_asset(
            METRICS, METRICS_NAME, "yaml",
            "Chỉ tiêu cho lớp ngữ nghĩa MetricFlow. The KPI registry for a semantic layer.",
        ),
    ]  # fmt: skip


def _report_asset(key: dg.AssetKey, name: str, kind: str, description: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=key,
        deps=[PUBLISHED],
        group_name="published",
        kinds={kind},
        description=description,
        required_resource_keys={"night"},
    )
    def report(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        night: Night = context.resources.night
        path = write_report(night.site.published, night.site.home / "reports", name)
        version = current_version(night.site.published) or ""
        return dg.MaterializeResult(metadata={"version": version, "bytes": path.stat().st_size})

    return report
