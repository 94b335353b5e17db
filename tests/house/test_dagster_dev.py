"""`make dev`: a real `dagster dev` on the project's own home, on loopback, that warns of nothing and starts nothing."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import PROJECT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
STANDS = (
    "{workspaceOrError{... on Workspace{locationEntries{locationOrLoadError{... on RepositoryLocation{repositories{"
    "schedules{name scheduleState{status}} sensors{name sensorState{status}}}}}}}}}"
)


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Its address and what it writes; ended with all its children."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    stamp = tmp_path / "installed"
    stamp.touch()
    line = [
        "make",
        "dev",
        f"BIN={Path(sys.executable).parent}",
        f"STAMP={stamp}",
        f"ARGS=-p {port}",
    ]
    environment = {**os.environ, "MOTCUA_HOME": str(tmp_path / "home"), "PYTHONPATH": str(PROJECT)}
    for name in ("DAGSTER_HOME", "PYTHONWARNINGS", "MAKEFLAGS", "MAKELEVEL"):
        environment.pop(name, None)
    log = tmp_path / "dev.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            line,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            env=environment,
            start_new_session=True,
        )
        try:
            yield f"http://127.0.0.1:{port}/graphql", log
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(60)
            finally:
                # What didn't hear it; the group is this test's own.
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)


def _ask(address: str, query: str, seconds: float = 120) -> Any:
    """The answer, as soon as it listens."""
    body = json.dumps({"query": query}).encode()
    asked = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                return json.load(answer)["data"]
        except (urllib.error.URLError, ConnectionError) as error:
            if isinstance(error, urllib.error.HTTPError) or time.monotonic() > until:
                raise
            time.sleep(0.2)


def test_it_warns_of_nothing_and_starts_nothing(dev: tuple[str, Path]) -> None:
    address, log = dev
    (entry,) = _ask(address, STANDS)["workspaceOrError"]["locationEntries"]
    (found,) = entry["locationOrLoadError"]["repositories"]
    schedules = {each["name"]: each["scheduleState"]["status"] for each in found["schedules"]}
    sensors = {each["name"]: each["sensorState"]["status"] for each in found["sensors"]}
    assert schedules == {"nightly_schedule": "STOPPED", "housekeeping_schedule": "STOPPED"}
    assert sensors == {"inbox_sensor": "STOPPED", "watch": "STOPPED"}
    said = log.read_text(encoding="utf-8", errors="replace")
    assert "Serving dagster-webserver" in said
    assert [line for line in said.splitlines() if "warning" in line.lower()] == []
