"""F59: everything dies at once with a run in STARTED and a night queued; started again, it goes on by itself.

Webserver, daemon, code server and the run's process are the real ones, in a Dagster instance as
`motcua ui` makes it; the only hand is the one that starts the services again, which systemd's is.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterRunStatus

from demo.server import DEMO_CREDENTIALS, serve
from demo.world import World
from orchestration.operating.retention import fail_dead_runs
from orchestration.settings import PROJECT, Settings, use_dagster_home
from tests.conftest import END
from warehouse.store.connection import read_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PATIENCE = 240
LAUNCH = """
mutation ($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId status } }
    ... on PythonError { message }
  }
}"""


def wait_for(what: str, done: Callable[[], Any]) -> Any:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        with contextlib.suppress(OSError):
            if found := done():
                return found
        time.sleep(0.3)
    raise AssertionError(f"waited {PATIENCE} s for {what}")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Service:
    """The service's processes: a code server that runs are started by, webserver and daemon."""

    def __init__(self, home: Path, sources: dict[str, str]) -> None:
        self.home, self.sources = home, sources
        self.web_port, self.code_port = free_port(), free_port()
        self.children: list[subprocess.Popen[bytes]] = []

    def start(self, *, web: bool) -> None:
        self._start("code", "--port", str(self.code_port))
        wait_for("the code server", lambda: self._answers(self.code_port))
        self._start(*(("ui", "--port", str(self.web_port)) if web else ("daemon",)))

    def _start(self, *arguments: str) -> None:
        given = {
            **os.environ, "MOTCUA_HOME": str(self.home), "MOTCUA_AS_OF": END.isoformat(),
            "MOTCUA_CODE_SERVER": f"127.0.0.1:{self.code_port}", **self.sources,
        }  # fmt: skip
        self.children.append(subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "orchestration.cli", *arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=PROJECT, env=given, start_new_session=True,
        ))  # fmt: skip

    @staticmethod
    def _answers(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def launch(self, asset: str) -> str:
        """Ask the webserver for a night of one asset; the run's id, queued."""
        params = {
            "selector": {
                "repositoryLocationName": "motcua", "repositoryName": "__repository__", "jobName": "nightly",
                "assetSelection": [{"path": ["raw", asset]}], "assetCheckSelection": [],
            },
            "mode": "default", "runConfigData": {},
        }  # fmt: skip
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.web_port}/graphql",
            data=json.dumps({"query": LAUNCH, "variables": {"params": params}}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            told = json.load(answer)["data"]["launchRun"]
        assert told["__typename"] == "LaunchRunSuccess", told
        return str(told["run"]["runId"])

    def processes(self) -> list[int]:
        """Every living process of this home, whoever started it."""
        mark = f"MOTCUA_HOME={self.home}\0".encode()
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (place / "environ").read_bytes() + b"\0" and int(place.name) != os.getpid():  # fmt: skip
                    found.append(int(place.name))
        return found

    def cut_the_power(self) -> int:
        """SIGKILL all of them at once; how many there were."""
        found = self.processes()
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for child in self.children:
            child.wait()
        wait_for("the processes to be gone", lambda: not self.processes())
        return len(found)


@pytest.fixture
def stalled() -> Iterator[tuple[str, threading.Event]]:
    """A source that takes a request and never answers; and the word that it has been asked."""
    asked, hold = threading.Event(), threading.Event()

    class Stalled(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            hold.wait(PATIENCE)

        do_POST = do_GET  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stalled)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    hold.set()
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes by /proc")
def test_after_a_power_cut_the_next_night_runs_without_hands(
    tmp_path: Path, stalled: tuple[str, threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    address, asked = stalled
    home = tmp_path / "home"
    settings = Settings.load(home=home, _env_file=None)
    use_dagster_home(settings)
    cases = {"MOTCUA_CASES_TOKEN": DEMO_CREDENTIALS["cases"]}
    before = Service(home, {"MOTCUA_CASES_URL": address, **cases})
    server = serve(World.build(seed=5, years=0.1, cases_per_year=300, procedures=40, end=END))
    after = Service(home, {"MOTCUA_CASES_URL": server.urls["cases"], **cases})
    try:
        before.start(web=True)
        wait_for("the webserver", lambda: before._answers(before.web_port))
        with dg.DagsterInstance.get() as instance:

            def state(run_id: str) -> DagsterRunStatus:
                run = instance.get_run_by_id(run_id)
                assert run is not None
                return run.status

            dead = wait_for("the webserver to know the job", lambda: before.launch("cases__agency"))
            assert asked.wait(PATIENCE), "the run reads its source"
            queued = before.launch("cases__agency")
            assert state(dead) == DagsterRunStatus.STARTED
            assert fail_dead_runs(settings, instance) is None, "a living run is left alone"
            time.sleep(6)  # longer than the daemon waits between two looks at its queue
            assert state(queued) == DagsterRunStatus.QUEUED, "one run at a time"
            assert before.cut_the_power() >= 5, "web, daemon, code server, their parents, the run"
            assert (state(dead), state(queued)) == (
                DagsterRunStatus.STARTED, DagsterRunStatus.QUEUED,
            ), "nobody was left to end it"  # fmt: skip

            after.start(web=False)
            ended = (DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE)
            wait_for("the queued night", lambda: state(queued) in ended)
            assert (state(dead), state(queued)) == (
                DagsterRunStatus.FAILURE, DagsterRunStatus.SUCCESS,
            )  # fmt: skip
        rows = read_rows(home / "warehouse.duckdb", "select count(*) as n from raw.cases__agency")
        assert rows[0]["n"] > 5
    finally:
        for service in (before, after):
            service.cut_the_power()
        server.close()
