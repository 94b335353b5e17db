"""A dropped file of cases that once went wrong: every line gets the right value, or its row is refused.

Belongs here: fixtures/cases_probe.csv, line by line, through the inbox, staging and the due days. All values
in it are invented. Its cases are received on Monday 2 November 2026 and due on Friday 6, unless said.
"""

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest

from expectations.runner import run_suites
from expectations.suite import load_suites
from orchestration.console.inbox import put_into_inbox
from orchestration.settings import PROJECT, Settings
from sources.spec.file import PACKAGED
from tests.conftest import LOCAL
from tests.support.quick_night import run_night, small_catalog
from warehouse.store.connection import open_warehouse, read_rows

FIXTURE = Path(__file__).parents[1] / "fixtures" / "cases_probe.csv"
AS_OF = dt.datetime(2026, 11, 30, 1, 30, tzinfo=LOCAL)
SUITES = ("staging.case_version", "staging.case", "core.fct_pause")
# Code → due day, whether on time, working days of handling: all in November 2026.
CLOCKS: dict[str, tuple[int, bool, int]] = {
    "Q-NOPAUSE": (6, False, 7),
    "Q-ONE": (10, False, 5),
    "Q-DUP": (10, False, 5),
    "Q-OVERLAP": (10, False, 5),
    "Q-AFTEREND": (6, False, 5),
    "Q-BEFORE": (10, False, 3),
    "Q-SPANEND": (10, True, 3),
    "Q-BACKWARDS": (6, False, 7),
    "0012": (6, False, 7),
    "Q-LRM": (6, False, 7),
    "Q-LRM-CODE": (6, False, 7),
    "Q-PROC-NUM": (6, False, 7),
    "Q-X000D": (6, False, 7),
}
REFUSED = {
    "Q-FEE-VN": ["fee_total_vnd = 150.000"],
    "Q-FEE-VN2": ["fee_total_vnd = 1.500.000"],
    "Q-FEE-0x": ["fee_total_vnd = 0x1F"],
    "Q-FEE-E": ["fee_total_vnd = 1e-5"],
    "Q-FEE-NEG": ["Phí, lệ phí âm"],
    "2.61123E+17": ["case_code = 2.61123E+17"] * 2,
}
# Rule → the cases that it names, among those that stand.
WARNED = {
    ("staging.case_version", "case_once_a_batch"): {"Q-LRM-CODE"},
    ("staging.case", "pauses_in_order"): {"Q-BACKWARDS"},
    ("staging.case", "procedure_code_keeps_its_zeros"): {"Q-PROC-NUM"},
    ("staging.case", "procedure_code_form"): {"Q-PROC-NUM"},
    ("core.fct_pause", "completed_after_requested"): {"Q-BACKWARDS"},
}


@pytest.fixture(scope="module", name="home")
def fixture_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("probe")
    settings = Settings.load(home=folder / "home", as_of=AS_OF, sources=PACKAGED, _env_file=None)
    put_into_inbox(settings, [Path(shutil.copy(FIXTURE, folder / "cases_probe.csv"))])
    _, catalog, _ = small_catalog(PACKAGED)
    built = catalog.ancestors("core.fct_case") | catalog.ancestors("core.fct_pause")
    told = run_night(settings, only=("drops",), builds=built)
    assert told["drops"]["case"]["fetched"] == 21
    return folder / "home"


def rows(home: Path, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_rows(home / "warehouse.duckdb", query)
    return found


def test_each_line_stands_once_or_is_refused(home: Path) -> None:
    stand = rows(home, "select case_code from staging.case")
    assert sorted(row["case_code"] for row in stand) == sorted(CLOCKS)
    held = rows(
        home, "select record ->> 'case_code' as code, reason_vi from quarantine.case_version"
    )
    assert {row["code"] for row in held} == set(REFUSED)
    assert len(stand) + len(held) + 1 == 21, "Q-LRM-CODE stands for two lines"


@pytest.mark.parametrize("code", REFUSED)
def test_a_refused_line_says_which_column_and_how_it_is_written(code: str, home: Path) -> None:
    held = rows(
        home,
        f"select reason_vi from quarantine.case_version where record ->> 'case_code' = '{code}'",
    )
    assert len(held) == len(REFUSED[code])
    for row, words in zip(held, REFUSED[code], strict=True):
        assert words in row["reason_vi"]


@pytest.mark.parametrize("code", CLOCKS)
def test_the_clock_of_each_case(code: str, home: Path) -> None:
    (row,) = rows(home, f"select * from core.fct_case where case_code = '{code}'")
    day, is_on_time, duration = CLOCKS[code]
    found = (row["due_on"], row["is_on_time"], row["duration_days"])
    assert found == (dt.date(2026, 11, day), is_on_time, duration)
    assert row["agency_code"] == "H37.01"


def test_a_code_that_looks_like_a_number_is_left_as_it_is(home: Path) -> None:
    query = "select procedure_code from staging.case where case_code = 'Q-PROC-NUM'"
    assert rows(home, query) == [{"procedure_code": "1.00422"}]


def test_what_is_doubtful_is_told(home: Path) -> None:
    suites = load_suites()
    connection = open_warehouse(home / "warehouse.duckdb", PROJECT / "sql" / "macros.sql")
    try:
        outcomes = run_suites(connection, [suites[table] for table in SUITES])
    finally:
        connection.close()
    found = {(o.table, o.rule): o for o in outcomes}
    for rule, codes in WARNED.items():
        assert found[rule].severity == "warning"
        assert {key.split(" | ")[0] for key in found[rule].failing_keys} == codes, rule
    # A request before the reception or after the end is a request like any other.
    assert {o.rule for o in outcomes if o.table == "core.fct_pause" and o.state == "failed"} == {
        "completed_after_requested"
    }
