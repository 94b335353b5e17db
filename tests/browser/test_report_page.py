"""The scorecard page in a real browser: figures, language, network, width, keyboard, paper, escaping."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from reports.numbers import day_text, number_text, parts_text, target_text, value_text
from reports.page import write_page
from tests.conftest import END, Site

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="Chromium isn't installed; apt-get install chromium"
    ),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
LARGEST_PAGE = 3_000_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


def page_of(night: Site) -> Path:
    return night.home / "reports" / "scorecard.html"


def opened(browser: Browser, path: Path, width: int = 1280, place: str = "") -> Page:
    """The page, failing the test on any script error or any request that leaves the file."""
    page = browser.new_page(viewport={"width": width, "height": 800})
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: trouble.append(message.text))
    page.on(
        "request",
        lambda request: None if request.url.startswith(("file:", "data:")) else trouble.append(request.url),
    )  # fmt: skip
    page.goto(path.as_uri() + place)
    page.trouble = trouble  # type: ignore[attr-defined]
    return page


def close(page: Page) -> None:
    assert page.trouble == []  # type: ignore[attr-defined]
    page.close()


def test_page_shows_the_published_figures_in_both_languages(night: Site, browser: Browser) -> None:
    assert page_of(night).stat().st_size < LARGEST_PAGE
    page = opened(browser, page_of(night))
    rows = night.published("select * from marts.scorecard order by position")
    shown = page.inner_text("body")
    for row in rows:
        card = page.inner_text(f"#kpi-{row['kpi_id']}")
        assert row["label_vi"] in card
        assert value_text(row) in card
        assert parts_text(row) in card
        assert row["target"] is None or target_text(row) in card
        if row["lateness_budget"]:
            assert number_text(abs(row["lateness_budget"])) in card
    aimed = [row for row in rows if row["status"] in ("met", "missed")]
    met = [row for row in aimed if row["status"] == "met"]
    assert f"{len(met)} trên {len(aimed)} chỉ tiêu đang đạt." in shown
    risk = night.published("select count(*) filter (is_overdue) as late from marts.at_risk")
    assert page.inner_text(".today a") == f"{number_text(risk[0]['late'])}\nhồ sơ đang quá hạn"
    page.click("#language")
    assert value_text(rows[0], "en") in page.inner_text(f"#kpi-{rows[0]['kpi_id']}")
    assert "Cases returned on or before time" in page.inner_text("main")
    assert "Hồ sơ trả đúng" not in page.inner_text("main")
    assert page.title().startswith("Scorecard")
    close(page)


def test_every_kpi_has_its_trend_drawn_and_its_definition_one_click_away(
    night: Site, browser: Browser
) -> None:
    page = opened(browser, page_of(night))
    for row in night.published("select * from meta.kpi"):
        card = page.locator(f"#kpi-{row['kpi_id']}")
        months = night.published(
            f"select count(*) filter (value is not null) as n from (select value from marts.kpi_trend "
            f"where kpi_id = '{row['kpi_id']}' order by period_start desc limit 13)"
        )[0]["n"]
        assert card.locator(".months .ct-point").count() == months
        card.locator("summary").click()
        assert row["definition_vi"] in card.inner_text()
        assert row["sql_file"] in card.inner_text()
    close(page)


def test_one_can_go_from_a_figure_to_agency_procedure_and_cases_by_keyboard(
    night: Site, browser: Browser
) -> None:
    late = night.published(
        "select agency_code, procedure_code, procedure_name, count(*) as n from marts.case_fact "
        "where on_time_a = false and ended_month_on >= '2023-01-01' and procedure_code <> 'OTHER' group by all "
        "order by n desc, procedure_code limit 1"
    )[0]
    agency = night.published(
        "select agency_name, numerator, denominator, value from marts.kpi_value "
        "where kpi_id = 'on_time' and is_headline "
        f"and period_kind = 'ytd' and agency_code = '{late['agency_code']}' order by period_start desc limit 1"
    )[0]
    page = opened(browser, page_of(night))
    page.locator("#kpi-on_time .links").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    row = page.locator("dialog tr", has_text=agency["agency_name"]).first
    assert value_text(agency) in row.inner_text()
    row.locator("a").focus()
    page.keyboard.press("Enter")
    page.locator(
        f"dialog a[href='#/on_time/{late['agency_code']}/{late['procedure_code']}']"
    ).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#drill-title")).to_contain_text(late["procedure_name"])
    states = page.locator("dialog tbody td:nth-child(2)").all_inner_texts()
    assert states.count("Trả quá hạn") == late["n"]
    page.go_back()
    expect(page.locator("#drill-title")).to_contain_text(agency["agency_name"])
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert "#/" not in page.url
    close(page)


def test_page_fits_a_phone_and_works_by_keyboard(night: Site, browser: Browser) -> None:
    page = opened(browser, page_of(night), width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "language"
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.evaluate("document.querySelector('#kpi-on_time summary').focus()")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('#kpi-on_time details').open") is True
    close(page)


@pytest.mark.parametrize("place", ["", "#/on_time", "#/very_satisfied"])
def test_page_has_no_serious_accessibility_finding(
    night: Site, browser: Browser, place: str
) -> None:
    page = opened(browser, page_of(night), place=place)
    for details in page.locator("main details").all() if not place else []:
        details.evaluate("element => { element.open = true }")
    findings = Axe().run(page).response["violations"]
    close(page)
    serious = [f for f in findings if f["impact"] in ("serious", "critical")]
    assert [(f["id"], f["nodes"][0]["html"]) for f in serious] == []


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="apt-get install poppler-utils")
def test_page_prints_on_a4_with_every_target_on_the_first_sheet(
    night: Site, browser: Browser, tmp_path: Path
) -> None:
    page = opened(browser, page_of(night))
    printed = tmp_path / "page.pdf"
    page.pdf(path=str(printed), prefer_css_page_size=True, print_background=True)
    close(page)
    told = subprocess.run(["pdfinfo", printed], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Page size:\s+59[45]\.\d+ x 84[12]", told)
    first = subprocess.run(
        ["pdftotext", "-layout", "-l", "1", printed, "-"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for row in night.published(
        "select * from marts.scorecard where unit <> 'points' and kpi_id not like 'nd224%'"
    ):
        assert value_text(row) in first


def test_names_are_shown_as_text_and_never_run(
    night: Site, browser: Browser, tmp_path: Path
) -> None:
    """F45."""
    copy = tmp_path / "kpi.duckdb"
    shutil.copyfile(night.home / "published" / "kpi.duckdb", copy)
    copy.chmod(0o600)
    connection = duckdb.connect(str(copy))
    evil = "</script><script>document.title = ''run''</script><img src=x onerror=alert(1)>"
    for table in ("agency_scorecard", "kpi_value", "at_risk"):
        connection.execute(f"update marts.{table} set agency_name = '{evil}'")
    connection.execute(f"update marts.procedure_scorecard set procedure_name = '{evil}'")
    path = write_page(connection, tmp_path / "page.html")
    connection.close()
    page = opened(browser, path, place="#/on_time")
    assert page.title() != "run"
    assert "<script>document.title" in page.inner_text("main")
    assert "<script>document.title" in page.inner_text("dialog")
    assert page.locator("img").count() == 0
    close(page)


def test_a_published_forecast_stands_beside_its_target(night: Site, tmp_path: Path) -> None:
    copy = tmp_path / "kpi.duckdb"
    shutil.copyfile(night.home / "published" / "kpi.duckdb", copy)
    copy.chmod(0o600)
    connection = duckdb.connect(str(copy))
    connection.execute(
        "create or replace table marts.forecast as select 'on_time' as kpi_id, 0.98765 as forecast_value, "
        "0.98 as low_value, 0.995 as high_value, 'likely_missed' as outlook"
    )
    text = write_page(connection, tmp_path / "page.html").read_text(encoding="utf-8")
    connection.close()
    card = text[text.index('id="kpi-on_time"') : text.index('id="kpi-very_satisfied"')]
    for words in ("98,77 %", "98.77%", "98,00 %", "99,50 %", "nhiều khả năng không đạt"):
        assert words in card


def test_the_policy_runs_no_script_that_the_page_did_not_bring(
    night: Site, browser: Browser, tmp_path: Path
) -> None:
    changed = page_of(night).read_text(encoding="utf-8")
    path = tmp_path / "changed.html"
    path.write_text(changed + "<script>document.title = 'run'</script>", encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.title() != "run"
    page.close()


def test_the_page_shows_no_agency_with_fewer_than_five_ratings(night: Site) -> None:
    from reports.data import read_scorecard
    from warehouse.store.connection import open_published

    with open_published(night.home / "published" / "kpi.duckdb") as connection:
        card = read_scorecard(connection)
    for kpi_id in ("very_satisfied", "dissatisfied"):
        rows = card.by_agency[kpi_id]
        assert rows
        assert min(row["denominator"] for row in rows) >= 5
        total = next(row for row in card.kpis if row["kpi_id"] == kpi_id)
        assert sum(row["denominator"] for row in rows) == total["denominator"]


def test_the_page_cites_the_law_of_its_period_and_of_its_cases(night: Site) -> None:
    text = page_of(night).read_text(encoding="utf-8")
    assert "Kế hoạch thi đua 2023 mục 2.6a; Nghị định 61/2018/NĐ-CP ·" in text
    assert "Nghị định 61/2018/NĐ-CP (21/06/2018 – 30/06/2025)" in text
    assert "Nghị định 118/2025" not in text


def test_figures_are_rounded_half_up_and_from_whole_numbers() -> None:
    row = {
        "numerator": 98996,
        "denominator": 100000,
        "value": 0.98996,
        "unit": "ratio",
        "comparison": ">",
    }
    assert value_text(row) == "99,00 %"
    assert value_text(row, "en") == "99.00%"
    assert value_text({**row, "numerator": 98995, "value": 0.98995}) == "99,00 %"
    assert value_text({**row, "numerator": 98994, "value": 0.98994}) == "98,99 %"
    assert value_text({**row, "value": None}) == "–"
    assert target_text({**row, "target": 0.99}) == "> 99 %"
    assert target_text({**row, "target": None}) == "–"
    assert number_text(1234567) == "1.234.567"
    assert number_text(1234567, "en") == "1,234,567"
    assert day_text(END.date()) == "Thứ Sáu, 30/06/2023"
