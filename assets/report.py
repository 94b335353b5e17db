"""The report asset: the page that people open, made anew after each publication.

Belongs here: opening the published file for the report and putting the page in its place.
Doesn't: what the page looks like (reports).
"""

from pathlib import Path

import dagster as dg

from assets.night import Night
from assets.publish import PUBLISHED
from reports.page import write_page
from warehouse.connection import open_published
from warehouse.publish import FILE_NAME, current_version

PAGE = dg.AssetKey(["published", "scorecard_page"])


def write_report(published: Path, folder: Path) -> Path:
    """Write reports/scorecard.html from the published file.

    Raises:
        PublicationError: nothing has been published yet.
    """
    with open_published(published / FILE_NAME) as connection:
        return write_page(connection, folder / "scorecard.html")


def build_report_asset() -> dg.AssetsDefinition:
    """The asset of the scorecard page."""

    @dg.asset(
        key=PAGE,
        deps=[PUBLISHED],
        group_name="published",
        kinds={"html"},
        description="Trang bảng chỉ tiêu, mở được khi không có mạng. The scorecard page, one offline file.",
        required_resource_keys={"night"},
    )
    def scorecard_page(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        night: Night = context.resources.night
        path = write_report(night.site.published, night.site.home / "reports")
        version = current_version(night.site.published) or ""
        return dg.MaterializeResult(metadata={"version": version, "bytes": path.stat().st_size})

    return scorecard_page
