"""The scorecard page in a real browser: figures, language, network, width, accessibility, escaping."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

from reports.data import vietnamese_target, vietnamese_value
from reports.page import draw_trend, write_page
from tests.conftest import Site

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="Chromium isn't installed; apt-get install chromium"
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
            ],
        )
        yield launched
        launched.close()


def test_page_shows_the_published_figures_and_asks_no_network(
    night: Site, browser: Browser
) -> None:
    path = night.home / "reports" / "scorecard.html"
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert [url for url in asked if not url.startswith("file:")] == []
    shown = page.inner_text("main")
    for row in night.published("select * from marts.scorecard"):
        assert row["label_vi"] in shown
        assert vietnamese_value(row) in shown
    page.click("#language")
    assert "Cases returned on or before time" in page.inner_text("main")
    assert "Hồ sơ trả đúng" not in page.inner_text("main")
    page.close()


def test_page_fits_a_phone_and_works_by_keyboard(night: Site, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto((night.home / "reports" / "scorecard.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "language"
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('details').open") is True
    page.close()


def test_page_has_no_serious_accessibility_finding(night: Site, browser: Browser) -> None:
    page = browser.new_page()
    page.goto((night.home / "reports" / "scorecard.html").as_uri())
    findings = Axe().run(page).response["violations"]
    page.close()
    assert [f["id"] for f in findings if f["impact"] in ("serious", "critical")] == []


def test_names_are_shown_as_text_and_never_run(
    night: Site, browser: Browser, tmp_path: Path
) -> None:
    copy = tmp_path / "kpi.duckdb"
    shutil.copyfile(night.home / "published" / "kpi.duckdb", copy)
    copy.chmod(0o600)
    connection = duckdb.connect(str(copy))
    connection.execute(
        "update marts.agency_scorecard set agency_name = '<script>document.title = ''run''</script>'"
    )
    path = write_page(connection, tmp_path / "page.html")
    connection.close()
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.title() != "run"
    assert "<script>document.title" in page.inner_text("main")
    page.close()


def test_figures_are_rounded_half_up_and_from_whole_numbers() -> None:
    row = {
        "numerator": 98996,
        "denominator": 100000,
        "value": 0.98996,
        "unit": "ratio",
        "comparison": ">",
    }
    assert vietnamese_value(row) == "99,00 %"
    assert vietnamese_value({**row, "numerator": 98995, "value": 0.98995}) == "99,00 %"
    assert vietnamese_value({**row, "numerator": 98994, "value": 0.98994}) == "98,99 %"
    assert vietnamese_value({**row, "value": None}) == "–"
    assert vietnamese_target({**row, "target": 0.99}) == "> 99 %"
    assert vietnamese_target({**row, "target": None}) == "–"


def test_trend_leaves_a_gap_where_nothing_was_counted() -> None:
    rows = [{"value": 0.9}, {"value": None}, {"value": 0.95}, {"value": 0.96}]
    drawing = str(draw_trend(rows, 0.98, "ratio"))
    assert drawing.count("M") == 2
    assert 'class="goal"' in drawing
    assert str(draw_trend([{"value": None}], None, "ratio")) == ""
