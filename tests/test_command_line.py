"""The command line as a person uses it: exit codes, one line of reason, JSON."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo.server import DEMO_CREDENTIALS
from orchestration.settings import PROJECT
from tests.conftest import END, Site

pytestmark = pytest.mark.slow


def motcua(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MOTCUA_HOME": str(home), "MOTCUA_AS_OF": END.isoformat(), **more}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "orchestration.cli", *arguments],
        capture_output=True, text=True, check=False, env=environment, cwd=PROJECT,
    )  # fmt: skip


def test_help_needs_nothing(tmp_path: Path) -> None:
    done = motcua(tmp_path, "--help")
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
    assert motcua(tmp_path, "run", "--no-such-option").returncode == 2
    assert motcua(tmp_path, "run", "--full", "--from", "2023-01-01").returncode == 2
    done = motcua(tmp_path, "run", MOTCUA_PII_KEY="short")
    assert done.returncode == 2
    assert "MOTCUA_PII_KEY" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert motcua(tmp_path, "run", MOTCUA_SOURCES=str(tmp_path / "none.yml")).returncode == 2


def test_refused_credentials_stop_and_the_old_version_stands(night: Site) -> None:
    before = (night.home / "published" / "current").resolve()
    more = {f"MOTCUA_{name.upper()}_URL": url for name, url in night.server.urls.items()}
    more |= {f"MOTCUA_{name.upper()}_TOKEN": secret for name, secret in DEMO_CREDENTIALS.items()}
    more["MOTCUA_REGISTRY_TOKEN"] = "wrong-canary-token"
    more["MOTCUA_CASES_TOKEN"] = "wrong:canary-secret"
    done = motcua(night.home, "run", "--json", **more)
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout.strip().splitlines()[-1])["status"] == "stopped"
    assert "canary" not in done.stderr + done.stdout
    assert (night.home / "published" / "current").resolve() == before
    for path in (night.home / "dagster").rglob("*"):
        if path.is_file():
            assert b"canary" not in path.read_bytes(), path


def test_check_publish_and_rollback(night: Site) -> None:
    done = motcua(night.home, "check", "--json")
    assert done.returncode == 0, done.stderr
    checks = json.loads(done.stdout)["checks"]
    assert {"staging.case_version", "core.fct_case", "marts.kpi_value"} <= {
        c["table"] for c in checks
    }
    assert not [c for c in checks if c["state"] == "error"]

    first = (night.home / "published" / "current").resolve().name
    done = motcua(night.home, "publish", "--json")
    assert done.returncode == 0, done.stderr
    second = json.loads(done.stdout)["version"]
    assert second > first
    done = motcua(night.home, "rollback", "--json")
    assert json.loads(done.stdout)["version"] == first
    assert (night.home / "published" / "current").resolve().name == first
    done = motcua(night.home, "rollback", "19990101")
    assert done.returncode == 1
    assert "19990101" in done.stderr
