"""What a changed rule would do is told before anything is built: by figure, by month and by case, and why.

A small history, worked by hand; real files, the real catalogue and its real row rules.
"""

import csv
import datetime as dt
from pathlib import Path

import pytest

from figures.explain import QuestionError
from figures.overlay import open_overlay
from figures.plan import Plan, plan
from figures.proposal import rules_on_disk
from figures.publication_log import RuleSet
from figures.restate import restate
from orchestration.console.plan_text import plan_payload, plan_text
from orchestration.settings import PROJECT
from tests.conftest import LOCAL
from tests.support.restated_ledger import LIMIT_OF_FIVE, Ledger, late_rule
from warehouse.models.seeds import load_seed

SEED = PROJECT / "sql" / "seeds" / "clock_start.csv"


def at(day: int, hour: int = 9) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour, tzinfo=LOCAL)


def _begun(folder: Path) -> Ledger:
    """Two cases of five working days, received on Monday 2 November; one crossed a boundary on the way."""
    ledger = Ledger(folder / "warehouse.duckdb", 1)
    ledger.now = dt.datetime(2026, 11, 30, 1, 30, tzinfo=LOCAL)
    case = {"agency": "H37.01", "channel": 1, "status": 9, "pauses": [], "received_at": at(2), "due_at": None,
            "procedure": LIMIT_OF_FIVE}  # fmt: skip
    # here: due on 9; there from 4 on: due on 11
    ledger.receive("here", case | {"finished_at": at(9)}, at(12))
    ledger.receive("there", case | {"finished_at": at(11), "competent_received_at": at(4), "cross_boundary": True},
                   at(12))  # fmt: skip
    ledger.night()
    return ledger


@pytest.fixture(scope="module", name="ledger")
def fixture_ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """One night's version, v00."""
    ledger = _begun(tmp_path_factory.mktemp("once"))
    ledger.connection.close()
    return ledger


@pytest.fixture(scope="module", name="changed")
def fixture_changed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, RuleSet]:
    """v00; v01 with the rule of boundaries in force a month later; v02 with due days a day earlier, too."""
    folder = tmp_path_factory.mktemp("changed")
    ledger = _begun(folder)
    load_seed(ledger.connection, "seeds.clock_start", postponed(folder))
    ledger.night()
    postponed_rules = ledger.rule_set()
    ledger.night(late_rule(ledger))
    ledger.connection.close()
    return ledger, postponed_rules


def planned(ledger: Ledger, *seeds: Path, version: str | None = None) -> Plan:
    rules = rules_on_disk(ledger.catalog, ledger.rules, ledger.macros, seeds)
    with open_overlay(ledger.path, ledger.macros) as overlay:
        return plan(overlay, rules, {}, version)


def postponed(folder: Path) -> Path:
    """The rule of cases that cross a boundary, in force a month later than it is."""
    with SEED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["starts_at"] == "competent_received_at":
            row["valid_from"] = "2026-12-01"
    path = folder / "clock_start.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_the_same_rules_change_nothing(ledger: Ledger) -> None:
    found = planned(ledger)
    assert (found.version, found.changed, found.figures, found.units) == ("v00", [], [], [])
    assert "No figure would change" in plan_text(found, 5)


def test_a_later_day_in_a_seed_is_told_by_figure_and_by_case(
    ledger: Ledger, tmp_path: Path
) -> None:
    found = planned(ledger, postponed(tmp_path))
    assert found.changed == ["seeds.clock_start"]
    moved = [
        tuple(row.values()) for row in found.figures
        if row["kpi_id"] == "on_time" and row["variant"] == "A"
    ]  # fmt: skip
    month = dt.date(2026, 11, 1)
    assert moved == [
        ("on_time", "A", "ALL", month, 2, 2, 1, 2),
        ("on_time", "A", "H37.01", month, 2, 2, 1, 2),
    ]
    told = [row for row in found.units if row["kpi_id"] == "on_time" and row["variant"] == "A"]
    assert [(row["unit_id"], row["before"], row["after"]) for row in told] == [
        ("there", "good", "bad")
    ]
    assert told[0]["why"] == {
        "clock_start_on": [dt.date(2026, 11, 4), dt.date(2026, 11, 2)],
        "due_original_on": [dt.date(2026, 11, 11), dt.date(2026, 11, 9)],
        "due_on": [dt.date(2026, 11, 11), dt.date(2026, 11, 9)],
        "duration_days": [5, 7],
    }
    text = plan_text(found, 5)
    assert "on_time A:" in text
    assert "due_on 2026-11-11 → 2026-11-09" in text
    assert plan_payload(found)["units"] == found.units


def test_a_version_is_compared_by_its_own_rules(changed: tuple[Ledger, RuleSet]) -> None:
    """v02 had due days a day earlier and the rule a month later; by the rules on disk both cases are in time."""
    found = planned(changed[0], version="v02")
    assert found.changed == ["seeds.clock_start", "core.fct_case_due"]
    figures = {
        row["variant"]: (row["numerator_before"], row["numerator_after"])
        for row in found.figures
        if row["kpi_id"] == "on_time" and row["agency_code"] == "ALL"
    }
    assert figures["A"] == (0, 2)


def test_a_seed_of_another_day_restates_with_the_cause_rule(
    changed: tuple[Ledger, RuleSet],
) -> None:
    """Nothing but the first day of a rule moved between v00 and today's rules: the whole difference is the rule's."""
    ledger, postponed_rules = changed
    with open_overlay(ledger.path, ledger.macros) as overlay:
        found = restate(overlay, postponed_rules, "v00", "on_time", "2026-11")
    assert (found.published, found.replayed) == ((2, 2), (2, 2))
    assert found.causes["rule"] == (-1, 0)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("clock.csv", "rule_id\n", "is no seed; name the file after one of"),
        ("clock_start.csv", "rule_id,valid_from\nx,2026-01-01\n", "has other columns"),
        ("clock_start.csv", '"', "can't be read; make it a CSV file"),
        (
            "clock_start.csv",
            "rule_id,valid_from,valid_to,cross_boundary,starts_at,law_id\nx,05/08/2026,soon,true,received_at,y\n",
            "valid_to can't be soon; write a day",
        ),
    ],
    ids=["name", "columns", "text", "day"],
)
def test_what_is_no_seed_is_refused_in_one_sentence(
    ledger: Ledger, tmp_path: Path, name: str, text: str, says: str
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(QuestionError, match=says):
        rules_on_disk(ledger.catalog, ledger.rules, ledger.macros, [path])


def test_no_such_version(ledger: Ledger) -> None:
    with pytest.raises(QuestionError, match="Nothing is kept of version v99"):
        planned(ledger, version="v99")


def test_nothing_published_yet(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "warehouse.duckdb", 1)
    ledger.connection.close()
    with pytest.raises(QuestionError, match="Nothing is published yet"):
        planned(ledger)
