"""Rules as people live with them: one entry added in one file, rows that come back, checks that can't run."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from assets.checks import check_suites
from assets.night import open_night
from expectations.suite import SUITES
from orchestration.cli import main
from orchestration.console.check_publish import publish_again
from orchestration.definitions import wire
from tests.conftest import END, Site, make_site
from tests.support.plain_night import by_critical
from warehouse.errors import PublicationError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def suites_with(folder: Path, table: str, entry: dict[str, object]) -> Path:
    """The packaged suites with one entry more in one file."""
    copied = Path(shutil.copytree(SUITES, folder))
    file = copied / f"{table}.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.rstrip("\n") + "\n" + _as_item(entry), encoding="utf-8")
    return copied


def _as_item(entry: dict[str, object]) -> str:
    dumped = yaml.safe_dump([entry], allow_unicode=True, sort_keys=False)
    return "".join(f"  {line}\n" for line in dumped.splitlines())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = make_site(tmp_path_factory.mktemp("loop"), cases_per_year=800)
    made.server.state.set_clock(END)
    yield made
    made.server.close()


@pytest.fixture(scope="module")
def refused_code(site: Site) -> str:
    return str(json.loads(site.server.state.snapshot.case.rows[5])["case_code"])


def test_one_entry_is_a_rule_of_the_next_night_and_replay_frees_its_rows(
    site: Site, refused_code: str, tmp_path: Path
) -> None:
    entry: dict[str, object] = {
        "id": "not_the_refused_one",
        "type": "unexpected_rows_expectation",
        "kwargs": {"row_predicate": f"case_code = '{refused_code}'"},
        "severity": "critical",
        "reason": "Hồ sơ này bị giữ lại để thử.",
        "reason_en": "This case is held to try the rule.",
        "owner": "Quản trị kho dữ liệu",
    }
    folder = suites_with(tmp_path / "suites", "staging.case_version", entry)
    told = site.plain_as_is(END, "full", suites=folder, judge=by_critical)
    assert told.version, told.blocking

    held = f"select reason_vi from quarantine.case_version where record ->> 'case_code' = '{refused_code}'"
    standing = f"select count(*) as n from core.fct_case where case_code = '{refused_code}'"
    ran = "select state from meta.check_result where rule = 'not_the_refused_one'"
    assert {row["reason_vi"] for row in site.warehouse(held)} == {"Hồ sơ này bị giữ lại để thử."}
    assert site.warehouse(standing)[0]["n"] == 0
    assert len(site.published(ran)) == 1

    # The rule is taken out again: a replay reads no source and brings the rows back.
    site.server.close()
    told = site.plain_as_is(END, "replay", **{"from": "2020-01-01"})
    assert told.version, told.blocking
    assert site.warehouse(held) == []
    assert site.warehouse(standing)[0]["n"] == 1
    assert site.published(ran) == []


def test_a_check_that_cannot_run_is_an_error_and_forbids_publishing(
    site: Site, tmp_path: Path
) -> None:
    entry: dict[str, object] = {
        "id": "cannot_run",
        "type": "unexpected_rows_expectation",
        "kwargs": {"row_predicate": "cast(kpi_id as integer) > 0"},
        "severity": "info",
        "reason": "Phép thử không chạy được.",
        "reason_en": "A check that can't run.",
        "owner": "Quản trị kho dữ liệu",
    }
    folder = suites_with(tmp_path / "suites", "marts.kpi_value", entry)
    wiring = wire(site.settings(END), suites_folder=folder)
    with open_night(wiring.site, "check-error") as night:
        outcomes = check_suites(night, [wiring.suites["marts.kpi_value"]])
    states = {o.rule: o.state for o in outcomes if o.table == "marts.kpi_value"}
    assert states.pop("cannot_run") == "error"
    assert set(states.values()) == {"passed"}
    before = (site.home / "published" / "current").resolve()
    with pytest.raises(PublicationError, match=r"cannot_run.*could not run"):
        publish_again(wiring)
    assert (site.home / "published" / "current").resolve() == before
    # Without the rule it forbids nothing, for the data was checked by all others.
    publish_again(wire(site.settings(END)))
    assert (site.home / "published" / "current").resolve() != before


def test_check_says_what_to_do_and_shows_keys_only_when_asked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = site.settings(END)
    monkeypatch.setenv("MOTCUA_HOME", str(settings.home))
    monkeypatch.setenv("MOTCUA_AS_OF", END.isoformat())
    told = CliRunner().invoke(main, ["check", "--json"])
    checks = json.loads(told.stdout)["checks"]
    bad = [c for c in checks if c["state"] != "passed"]
    assert bad, "the simulated province has something to look at"
    assert [c["state"] == "passed" for c in checks] == sorted(
        c["state"] == "passed" for c in checks
    )
    order = ["critical", "warning", "info"]
    assert [order.index(c["severity"]) for c in bad] == sorted(
        order.index(c["severity"]) for c in bad
    )

    # What stops is told on stderr, in one line; warnings alone are no reason to stop.
    stopping = [c for c in bad if c["severity"] == "critical" or c["state"] == "error"]
    assert told.exit_code == bool(stopping)
    assert len(told.stderr.splitlines()) == bool(stopping)
    worst = bad[0]
    text = CliRunner().invoke(main, ["check", "--table", worst["table"]])
    stops = any(c["table"] == worst["table"] for c in stopping)
    assert text.exit_code == stops
    assert len(text.stderr.splitlines()) == stops
    for part in (worst["table"], worst["rule"], worst["reason_vi"], worst["remedy_vi"]):
        assert part in text.stdout
    one = CliRunner().invoke(
        main, ["check", "--table", worst["table"], "--rule", worst["rule"], "--json"]
    )
    found = json.loads(one.stdout)["checks"]
    assert [(c["table"], c["rule"]) for c in found] == [(worst["table"], worst["rule"])]
