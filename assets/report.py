"""The reports: page, workbook and metrics file, made anew after each publication.

Belongs here: opening the published file for the reports and putting them in their place.
Doesn't: what they look like (reports).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from reports.metrics import write_metrics
from reports.page import write_page
from reports.workbook import write_workbook
from warehouse.publication.versions import FILE_NAME
from warehouse.store.connection import open_published

PAGE_NAME, WORKBOOK_NAME, METRICS_NAME = "scorecard.html", "scorecard.xlsx", "metrics.yml"


def write_reports(published: Path, folder: Path) -> list[Path]:
    """Write reports/scorecard.html, scorecard.xlsx and metrics.yml from the published file; returns their paths.

    Raises:
        PublicationError: nothing has been published yet.
    """
    return [write_report(published, folder, name) for name in WRITERS]


def write_report(published: Path, folder: Path, name: str) -> Path:
    """Write one of them, by its file name."""
    with open_published(published / FILE_NAME) as connection:
        return WRITERS[name](connection, folder / name)


WRITERS: dict[str, Callable[[Any, Path], Path]] = {
    PAGE_NAME: write_page,
    WORKBOOK_NAME: write_workbook,
    METRICS_NAME: write_metrics,
}
