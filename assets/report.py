"""The report assets: page, workbook and metrics file, made anew after each publication.

Belongs here: opening the published file for the reports and putting them in their place.
Doesn't: what they look like (reports).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg

from assets.night import Night
from assets.publish import PUBLISHED
from reports.metrics import write_metrics
from reports.page import write_page
from reports.workbook import write_workbook
from warehouse.connection import open_published
from warehouse.versions import FILE_NAME, current_version

PAGE = dg.AssetKey(["published", "scorecard_page"])
WORKBOOK = dg.AssetKey(["published", "workbook"])
METRICS = dg.AssetKey(["published", "metrics"])
PAGE_NAME, WORKBOOK_NAME, METRICS_NAME = "scorecard.html", "scorecard.xlsx", "metrics.yml"


def write_reports(published: Path, folder: Path) -> list[Path]:
    """Write reports/scorecard.html, scorecard.xlsx and metrics.yml from the published file; returns their paths.

    Raises:
        PublicationError: nothing has been published yet.
    """
    return [_write(published, folder / name, write) for name, write in _WRITERS.items()]


def _write(published: Path, path: Path, write: Callable[[Any, Path], Path]) -> Path:
    with open_published(published / FILE_NAME) as connection:
        return write(connection, path)


_WRITERS: dict[str, Callable[[Any, Path], Path]] = {
    PAGE_NAME: write_page,
    WORKBOOK_NAME: write_workbook,
    METRICS_NAME: write_metrics,
}


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
        path = _write(night.site.published, night.site.home / "reports" / name, _WRITERS[name])
        version = current_version(night.site.published) or ""
        return dg.MaterializeResult(metadata={"version": version, "bytes": path.stat().st_size})

    return report
