"""Every example of CONTRIBUTING.md, put into a copy of the project and run there as a person would."""

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml

from orchestration.settings import PROJECT
from sources.spec.file import load_spec
from tests.conftest import CENTRE, END
from tests.support.pulling import landed_rows, pull
from tests.support.scripted_server import FakeSystem, make_rows, serving
from warehouse.store.connection import read_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
TEXT = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = [(place, text) for _, place, text in BLOCK.findall(TEXT) if place]
LINES = [
    line for kind, _, text in BLOCK.findall(TEXT) if kind == "console" for line in text.splitlines()
]
COPIED = (
    "assets", "demo", "expectations", "orchestration", "reports", "sources", "sql", "tests", "warehouse",
    "pyproject.toml",
)  # fmt: skip
# What a colleague runs over what was added: its own cases, its law, its suite, its labels.
LOOKS = ["tests/sql/test_sql_cases.py", "tests/sql/test_law.py", "tests/unit/test_expectations_suite.py", "-k",
         "petition or headers or provision or versions or cited or every"]  # fmt: skip
TICKETS = "ticket_id,agency_code,taken_on,waited_minutes\nT-1,X,2023-06-01,12\nT-2,X,2023-06-01,2000\nT-3,X,soon,5\n"
FEEDBACK = (
    "feedback_id,kind,received_on,agency_code,answered_on\n"
    "P-1,petition,2023-05-04,X,2023-05-05\nP-2,petition,2023-05-04,X,\nC-1,complaint,2023-05-04,X,2023-05-05\n"
)


@dataclass
class Copy:
    """A copy of the project in which the examples stand, and a home beside it."""

    root: Path

    def run(self, *line: str) -> str:
        """A line of the shell in the copy; what it says."""
        environment = os.environ | {
            "PYTHONPATH": str(self.root),
            "MOTCUA_HOME": str(self.root / "data"),
            "MOTCUA_AS_OF": END.isoformat(),
            "MOTCUA_CENTRE": CENTRE,
            # One system is configured, so that none is simulated; taking files asks nobody.
            "MOTCUA_SERVICES_URL": "http://127.0.0.1:9",
            "MOTCUA_SERVICES_TOKEN": "user:password",
        }
        done = subprocess.run(
            line, capture_output=True, text=True, check=False, cwd=self.root, env=environment
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def motcua(self, *line: str) -> str:
        return self.run(sys.executable, "-W", "ignore", "-m", "orchestration.cli", *line)

    def published(self, query: str) -> list[dict[str, Any]]:
        return read_rows(self.root / "data" / "published" / "kpi.duckdb", query)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """The examples applied, then files taken, built, checked and published by one command."""
    root = tmp_path_factory.mktemp("contributing") / "motcua"
    for name in COPIED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(
                source, root / name, ignore=shutil.ignore_patterns("__pycache__", "fixtures")
            )
        else:
            shutil.copy(source, root / name)
    for place, text in EXAMPLES:
        _apply(root / place, text)
    made = Copy(root)
    for name, text in (("tickets_2023.csv", TICKETS), ("feedback_2023.csv", FEEDBACK)):
        (root / name).write_text(text, encoding="utf-8")
    made.motcua("ingest", "tickets_2023.csv", "feedback_2023.csv")
    return made


def _apply(path: Path, text: str) -> None:
    """A new file as it stands; into one that is there already, an example goes where its words belong."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    elif path.suffix == ".csv":
        head, *rows = text.splitlines(keepends=True)
        stands = path.read_text(encoding="utf-8")
        assert stands.startswith(head), f"{path.name} has other columns than the example"
        path.write_text(stands + "".join(rows), encoding="utf-8")
    else:
        both = _merged(yaml.safe_load(path.read_text(encoding="utf-8")), yaml.safe_load(text))
        path.write_text(yaml.safe_dump(both, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _merged(stands: Any, more: Any) -> Any:
    if isinstance(stands, dict):
        return stands | {
            name: _merged(stands[name], value) if name in stands else value
            for name, value in more.items()
        }
    return stands + more


def test_a_dropped_file_is_staged_and_its_broken_row_waits(copy: Copy) -> None:
    warehouse = copy.root / "data" / "warehouse.duckdb"
    staged = read_rows(warehouse, "select ticket_id, waited_minutes from staging.ticket order by 1")
    assert staged == [
        {"ticket_id": "T-1", "waited_minutes": 12}, {"ticket_id": "T-2", "waited_minutes": 2000},
    ]  # fmt: skip
    waiting = read_rows(
        warehouse, "select record::json->>'$.ticket_id' as ticket_id, rules from quarantine.ticket"
    )
    assert waiting == [{"ticket_id": "T-3", "rules": ["every_field_read"]}]
    told = copy.published(
        "select rule, severity, state, failed from meta.check_result where \"table\" = 'staging.ticket' order by 1"
    )
    assert [row for row in told if row["rule"] == "waited_less_than_a_day"] == [
        {"rule": "waited_less_than_a_day", "severity": "warning", "state": "failed", "failed": 1}
    ]


def test_a_list_of_a_system_is_read_over_http(copy: Copy, tmp_path: Path) -> None:
    spec = load_spec(copy.root / "sources" / "sources.yml")
    services = spec.systems["services"]
    only = services.model_copy(update={"entities": {"thing": services.entities["counter"]}})
    with serving(FakeSystem("offset", "basic", rows=make_rows(25))) as system:
        batches = pull(system, tmp_path, spec=spec.model_copy(update={"systems": {"sys": only}}))
    assert [row["id"] for row in landed_rows(batches, "items")] == [f"{n:05d}" for n in range(25)]


def test_a_kpi_and_a_form_are_published(copy: Copy) -> None:
    (figure,) = copy.published(
        "select numerator, denominator, lacks_source, label_vi from marts.scorecard where kpi_id = 'petition_on_time'"
    )
    assert figure == {
        "numerator": 1, "denominator": 2, "lacks_source": False, "label_vi": "Kiến nghị trả lời đúng hạn",
    }  # fmt: skip
    assert "P-2" in copy.motcua("explain", "petition_on_time", "2023-05")
    book = openpyxl.load_workbook(copy.root / "data" / "reports" / "scorecard.xlsx")
    cells = {cell.value for row in book["Form feedback"].iter_rows() for cell in row}
    assert {"Tiếp nhận", "Trả lời đúng hạn", "Tổng số"} <= cells


def test_what_was_added_passes_the_projects_own_tests(copy: Copy) -> None:
    said = copy.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *LOOKS)
    assert "passed" in said


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_shell_does_what_it_says(copy: Copy, line: str) -> None:
    program, *rest = shlex.split(line)
    said = copy.motcua(*rest) if program.endswith("motcua") else copy.run(sys.executable, *rest)
    assert "passed" in said or "rows" in said


def test_examples_are_whole() -> None:
    places = [place for place, _ in EXAMPLES]
    assert {"sources/sources.yml", "sql/labels.yml", "sql/seeds/kpi.csv"} <= set(places)
    for place, text in EXAMPLES:
        if place.endswith(".csv"):
            head, *rows = csv.reader(text.splitlines())
            assert rows, place
            assert {len(row) for row in rows} == {len(head)}, place
