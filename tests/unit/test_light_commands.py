"""Which commands load Dagster and Great Expectations, each told by a fresh process that does its whole work."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import PROJECT
from tests.conftest import END, Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
HEAVY = ("dagster", "great_expectations")
TELL = f"""
import atexit, json, sys
atexit.register(lambda: print(json.dumps([m for m in {HEAVY} if m in sys.modules]), file=sys.stderr))
from orchestration.cli import main
main()
"""
# The command line, what it loads, and how it ends. Runs and all that reads Dagster's own memory need Dagster.
COMMANDS = {
    ("--help",): [],
    ("explain", "on_time", "2023-05"): [],
    ("restate", "--plan"): [],
    ("report",): [],
    ("publish",): [],
    ("rollback",): [],
    ("backup", "BACKUPS"): [],
    ("rotate-key",): [],
    ("erase", "--case", "H37.01-000000-0000", "--document", "1/QD"): [],
    ("check", "--table", "core.dim_date"): ["great_expectations"],
    ("build", "core.dim_date"): ["great_expectations"],
    ("doctor", "--offline"): ["dagster"],
    ("watch",): ["dagster"],
    ("tidy",): ["dagster"],
}


@pytest.fixture(scope="module")
def home(night: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shared home, because these commands change it."""
    copied = tmp_path_factory.mktemp("light") / "home"
    shutil.copytree(night.home, copied, symlinks=True)
    return copied


def _loaded(home: Path, *arguments: str) -> tuple[int, list[str], str]:
    environment = {**os.environ, "MOTCUA_HOME": str(home), "MOTCUA_AS_OF": END.isoformat()}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TELL, *arguments],
        capture_output=True, text=True, check=False, env=environment, cwd=PROJECT,
    )  # fmt: skip
    *said, told = done.stderr.strip().splitlines()
    return done.returncode, json.loads(told), "\n".join(said)


@pytest.mark.parametrize("line", COMMANDS, ids=lambda line: " ".join(line))
def test_a_command_loads_what_it_needs(line: tuple[str, ...], home: Path, tmp_path: Path) -> None:
    arguments = [str(tmp_path) if part == "BACKUPS" else part for part in line]
    code, loaded, said = _loaded(home, *arguments)
    # Doctor finds fault with a home whose sources aren't there; the others do what they are for.
    assert code == 0 or line[0] == "doctor", said
    assert loaded == COMMANDS[line]


def test_doctor_needs_dagster_only_where_it_has_run(tmp_path: Path) -> None:
    _, loaded, _ = _loaded(tmp_path / "fresh", "doctor", "--offline")
    assert loaded == []
