"""Being told to stop while it works: one sentence, exit code 1, the old version, and a run that has ended."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from demo.server import DEMO_CREDENTIALS, serve
from orchestration.settings import PROJECT, use_dagster_home
from tests.conftest import END, Site
from tests.support.plain_night import by_nobody

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
# Where a run is when the signal comes: loading the program, reading a source, in DuckDB, in Great Expectations.
MOMENTS = {
    "imports": "", "pull": "raw__cases__case", "build": "core__fct_case", "checks": "check_staging__case",
}  # fmt: skip


@pytest.fixture(scope="module")
def site(night: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A copy of the shared home and systems of its own, because these tests change both."""
    home = tmp_path_factory.mktemp("stops") / "home"
    shutil.copytree(night.home, home, symlinks=True)
    made = Site(home, night.world, serve(night.world))
    made.server.state.set_clock(END)
    use_dagster_home(made.settings(END))
    yield made
    made.server.close()


def _start(site: Site, *arguments: str, is_background: bool = False) -> subprocess.Popen[str]:
    """The real command line; `is_background` as a script starts it with `&`, where SIGINT is ignored."""
    more = {f"MOTCUA_{name.upper()}_URL": url for name, url in site.server.urls.items()}
    more |= {f"MOTCUA_{name.upper()}_TOKEN": secret for name, secret in DEMO_CREDENTIALS.items()}
    more |= {"MOTCUA_HOME": str(site.home), "MOTCUA_AS_OF": END.isoformat()}
    line = [sys.executable, "-W", "ignore", "-m", "orchestration.cli", *arguments]
    return subprocess.Popen(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *line] if is_background else line,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **more}, cwd=PROJECT,
    )  # fmt: skip


def _newest() -> dg.DagsterRun | None:
    with dg.DagsterInstance.get() as instance:
        return next(iter(instance.get_runs(limit=1)), None)


def _wait_for_step(step: str, before: str, process: subprocess.Popen[str]) -> None:
    """Until the newest run, which isn't run `before`, has begun the step."""
    until = time.monotonic() + 600
    with dg.DagsterInstance.get() as instance:
        while time.monotonic() < until:
            assert process.poll() is None, process.communicate()
            (run,) = instance.get_runs(limit=1)
            begun = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START)
            if run.run_id != before and step in {entry.step_key for entry in begun}:
                return
            time.sleep(0.05)
    raise AssertionError(f"{step} did not begin")


def _wait_until_it_hears(process: subprocess.Popen[str]) -> None:
    """Until the program has a handler of its own for SIGTERM, which it has before its long imports."""

    def hears() -> bool:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        (caught,) = [line for line in lines if line.startswith("SigCgt")]
        return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)

    _wait_until(hears, process)


def _wait_until(done: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 240
    while time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        if done():
            return
        time.sleep(0.01)
    raise AssertionError("it has not come so far")


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_that_is_told_to_stop_says_so_and_the_next_one_publishes(
    moment: str, site: Site
) -> None:
    standing = (site.home / "published" / "current").resolve()
    before = _newest()
    assert before is not None
    name = "SIGINT" if moment == "build" else "SIGTERM"
    process = _start(site, "run", "--full", "--json", is_background=moment == "checks")
    if MOMENTS[moment]:
        _wait_for_step(MOMENTS[moment], before.run_id, process)
    else:
        _wait_until_it_hears(process)
    process.send_signal(getattr(signal, name))
    # Impatient managers say it twice; that changes nothing.
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 1, err
    (line,) = err.splitlines()
    assert line.startswith(f"Dừng giữa chừng theo yêu cầu ({name}")
    assert f"Told to stop ({name}" in line
    assert "bản công bố cũ vẫn đứng" in line
    assert "the old published version stands" in line
    assert json.loads(out) == {"status": "stopped", "reason": line}
    assert (site.home / "published" / "current").resolve() == standing

    ended = _newest()
    assert ended is not None
    assert ended.is_finished, ended.status
    assert (ended.run_id == before.run_id) == (moment == "imports"), "no run had begun yet"
    _publish_next(site, by_command_line=moment == "checks")
    assert (site.home / "published" / "current").resolve() != standing


def _publish_next(site: Site, *, by_command_line: bool) -> None:
    """The next night, after the last moment as the timer runs it, after the others by what it is made of."""
    if not by_command_line:
        assert site.plain(END, judge=by_nobody).version
        return
    again = _start(site, "run", "--json")
    _, err = again.communicate(timeout=900)
    assert again.returncode == 0, err


@pytest.mark.parametrize("command", ["check", "publish", "backup"])
def test_other_commands_answer_in_a_sentence_too(command: str, site: Site, tmp_path: Path) -> None:
    process = _start(site, command, *([str(tmp_path)] if command == "backup" else []))
    _wait_until_it_hears(process)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 1, err
    assert out == ""
    (line,) = err.splitlines()
    assert (
        "Told to stop (SIGTERM) before the work was done; the old published version stands." in line
    )


def test_what_serves_ends_quietly(site: Site) -> None:
    """Being told to stop is the good end of a service, wherever it is by then."""
    for seconds in (0, 2.5):
        process = _start(
            site, "serve-demo", "--port", "0", "--cases-per-year", "300", is_background=True
        )
        # The command has begun: it reads the libraries that a world is made with.
        maps = Path(f"/proc/{process.pid}/maps")
        _wait_until(lambda maps=maps: "numpy" in maps.read_text(), process)  # type: ignore[misc]
        time.sleep(seconds)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (0, "")
