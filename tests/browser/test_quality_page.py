"""The page of all rules in a real browser: every rule is there, no row, no network."""

import re
import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import Site

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="Chromium isn't installed; apt-get install chromium"
    ),
]


def test_page_shows_every_rule_and_asks_no_network(night: Site) -> None:
    path = night.home / "reports" / "quality.html"
    rules = night.published('select "table", rule, state, reason_vi from meta.check_result')
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        shown = page.inner_text("main")
        page.eval_on_selector_all("details", "all => all.forEach(d => d.open = true)")
        everything = page.inner_text("main")
        page.click("#language")
        assert "What to do, worst first" in page.inner_text("main")
        browser.close()
    assert asked == [path.as_uri()]
    for rule in rules:
        assert rule["rule"] in everything
        if rule["state"] != "passed":
            assert rule["reason_vi"] in shown
    assert "Cần làm" in shown
    assert not re.search(r"-\d{6}-\d{4,6}", path.read_text(encoding="utf-8")), "a case code"


def test_trend_of_each_rule_is_published(night: Site) -> None:
    runs = night.published("select distinct run_id from meta.check_trend")
    assert len(runs) == 1
    counted = night.published("select count(*) as n from meta.check_trend")[0]["n"]
    assert counted == night.published("select count(*) as n from meta.check_result")[0]["n"]
