"""The command line as a person uses it: exit codes, one line of reason, JSON."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner, Result

from demo.server import DEMO_CREDENTIALS
from orchestration.cli import main
from orchestration.settings import PROJECT, use_dagster_home
from tests.conftest import END, Site

pytestmark = pytest.mark.slow
BATCHES = "select batch_id, system from meta.batch"


def started(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The command line as a process of its own: its exit code and all that it writes anywhere."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "orchestration.cli", *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, **given(home, more)}, cwd=PROJECT,
    )  # fmt: skip


def motcua(home: Path, *arguments: str, **more: str) -> Result:
    """The same line in this process, for a process costs seconds of imports."""
    return CliRunner().invoke(main, arguments, env=given(home, more))


def given(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    return {"MOTCUA_HOME": str(home), "MOTCUA_AS_OF": END.isoformat(), **more}


def asset_states(site: Site) -> dict[str, str]:
    """What the last run made of each asset, from Dagster's own record: done or failed."""
    use_dagster_home(site.settings(END))
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs(limit=1)
        events = [e.dagster_event for e in instance.all_logs(run.run_id) if e.dagster_event]
    states = {}
    for event in events:
        if event.is_step_failure:
            states[str(event.step_key).replace("__", "/")] = "failed"
        elif event.is_step_materialization and event.asset_key:
            states[event.asset_key.to_user_string().replace("__", "/")] = "done"
    return states


def test_help_needs_nothing(tmp_path: Path) -> None:
    done = started(tmp_path, "--help")
    assert done.returncode == 0
    for command in (
        "demo",
        "run",
        "check",
        "publish",
        "rollback",
        "replay",
        "ingest",
        "serve-demo",
        "ui",
    ):
        assert command in done.stdout


def test_wrong_usage_and_wrong_settings_exit_with_two(tmp_path: Path) -> None:
    assert started(tmp_path, "run", "--no-such-option").returncode == 2
    assert motcua(tmp_path, "run", "--no-such-option").exit_code == 2
    assert motcua(tmp_path, "run", "--full", "--from", "2023-01-01").exit_code == 2
    assert motcua(tmp_path, "run", "--from", "2023-05-01", "--to", "2023-04-01").exit_code == 2
    done = motcua(tmp_path, "run", MOTCUA_PII_KEY="short")
    assert done.exit_code == 2
    assert "MOTCUA_PII_KEY" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert motcua(tmp_path, "run", MOTCUA_SOURCES=str(tmp_path / "none.yml")).exit_code == 2


@pytest.mark.parametrize(
    "line",
    [
        ["run", "--no-such-option"],
        ["no-such-command"],
        ["run", "--from", "32/13/2023"],
        ["explain"],
        # a plan takes no figure to look at, and says so rather than show all the same
        ["restate", "v000001", "on_time", "2023-05", "--plan"],
        ["restate", "--plan", "--variant", "B"],
    ],
)
def test_wrong_usage_is_told_in_json_too(line: list[str], tmp_path: Path) -> None:
    done = motcua(tmp_path, *line, "--json")
    assert done.exit_code == 2
    answer = json.loads(done.stdout)
    assert answer["status"] == "usage"
    assert answer["reason"] == done.stderr.strip()
    assert len(done.stderr.strip().splitlines()) == 1


def test_what_stops_is_told_in_one_line(tmp_path: Path) -> None:
    """Nothing to publish or to check yet; a home that is no folder; a scenario that is none."""
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{")
    for home, arguments in (
        (tmp_path / "fresh", ["publish"]),
        (tmp_path / "fresh", ["check"]),
        (wrong, ["run"]),
        (tmp_path / "fresh", ["serve-demo", "--scenario", str(wrong)]),
    ):
        done = motcua(home, *arguments, "--json")
        assert done.exit_code in (1, 2), arguments
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert json.loads(done.stdout)["reason"] == done.stderr.strip()
    assert not (tmp_path / "fresh" / "warehouse.duckdb").exists()


def test_refused_credentials_stop_and_the_old_version_stands(night: Site) -> None:
    before = (night.home / "published" / "current").resolve()
    earlier = {row["batch_id"] for row in night.warehouse(BATCHES)}
    more = {f"MOTCUA_{name.upper()}_URL": url for name, url in night.server.urls.items()}
    more |= {f"MOTCUA_{name.upper()}_TOKEN": secret for name, secret in DEMO_CREDENTIALS.items()}
    more["MOTCUA_REGISTRY_TOKEN"] = "wrong-canary-token"
    more["MOTCUA_CASES_TOKEN"] = "wrong:canary-secret"
    done = started(night.home, "run", "--json", **more)
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout.strip().splitlines()[-1])["status"] == "stopped"
    assert "canary" not in done.stderr + done.stdout
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert (night.home / "published" / "current").resolve() == before
    for path in (night.home / "dagster").rglob("*"):
        if path.is_file():
            assert b"canary" not in path.read_bytes(), path

    # F8: only what hangs on the refused systems stopped; the others were read and loaded.
    loaded = {r["system"] for r in night.warehouse(BATCHES) if r["batch_id"] not in earlier}
    assert loaded == {"ratings", "services"}
    states = asset_states(night)
    read = {name: state for name, state in states.items() if name.startswith("raw/")}
    assert {n for n, state in read.items() if state == "done" and "drops" not in n} == {
        "raw/ratings/rating", "raw/services/service", "raw/services/submission",
    }  # fmt: skip
    assert {n.split("/")[1] for n, state in read.items() if state == "failed"} == {
        "cases", "registry",
    }  # fmt: skip
    assert not [name for name in states if name.startswith(("marts/", "published/"))]


def test_check_publish_and_rollback(night: Site) -> None:
    done = motcua(night.home, "check", "--json")
    assert done.exit_code == 0, done.stderr
    checks = json.loads(done.stdout)["checks"]
    assert {"staging.case_version", "core.fct_case", "marts.kpi_value"} <= {
        c["table"] for c in checks
    }
    assert not [c for c in checks if c["state"] == "error"]

    first = (night.home / "published" / "current").resolve().name
    done = motcua(night.home, "publish", "--json")
    assert done.exit_code == 0, done.stderr
    second = json.loads(done.stdout)["version"]
    assert second > first
    done = motcua(night.home, "rollback", "--json")
    assert json.loads(done.stdout)["version"] == first
    assert (night.home / "published" / "current").resolve().name == first
    done = motcua(night.home, "rollback", "19990101")
    assert done.exit_code == 1
    assert "19990101" in done.stderr
