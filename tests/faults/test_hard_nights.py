"""Hard days as whole nights of the command line, each with the night after it, beside a small served world.

`make test` takes the first night of a year so, and more of them without Dagster (test_hard_days.py, test_sweep.py);
`make days` all of these.
"""

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from demo.server import DEMO_CREDENTIALS, serve
from orchestration.settings import PROJECT
from tests.conftest import Site
from tests.support.breadth import is_whole
from tests.support.hard_worlds import at, world_of
from warehouse.publication.publish import FILE_NAME, current_version
from warehouse.store.connection import read_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ONE_DAY = dt.timedelta(days=1)
NIGHTS = [
    # The last working day of a year: the night after begins one without an official calendar.
    ("2026-12-31", "fifty cases"),
    # Tết 2027, which nobody has announced, and systems that hold nothing yet.
    ("2027-02-06", "empty"),
    ("2028-02-29", "one case"),
]


def run_night(home: Path, now: dt.datetime, given: Mapping[str, str]) -> None:
    """`motcua run` as the timer runs it, with the clock at `now`."""
    environment = {**os.environ, **given, "MOTCUA_HOME": str(home), "MOTCUA_AS_OF": now.isoformat()}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "orchestration.cli", "run"],
        capture_output=True, text=True, check=False, env=environment, cwd=PROJECT,
    )  # fmt: skip
    assert done.returncode == 0, f"{now}: {done.stdout[-2000:]} {done.stderr[-2000:]}"


@pytest.mark.parametrize(("day", "kind"), NIGHTS if is_whole("DAYS") else NIGHTS[:1])
def test_a_hard_day_and_the_night_after(day: str, kind: str, tmp_path: Path) -> None:
    now = at(day)
    server = serve(world_of(kind, now), clock=now)
    given = {f"MOTCUA_{system.upper()}_URL": url for system, url in server.urls.items()}
    given |= {f"MOTCUA_{name.upper()}_TOKEN": secret for name, secret in DEMO_CREDENTIALS.items()}
    versions = set()
    try:
        for moment in (now, now + ONE_DAY):
            server.state.set_clock(moment)
            if moment == now and not is_whole("DAYS"):
                # The night after is the one that begins a year.
                assert Site(tmp_path, server.state.world, server).plain(now).version
            else:
                run_night(tmp_path, moment, given)
            versions.add(current_version(tmp_path / "published"))
            ((seen),) = read_rows(
                tmp_path / "published" / FILE_NAME,
                "select count(*) as kpis, max(period_end) as until, "
                "(select count(*) from meta.check_result where state = 'error' "
                "or state = 'failed' and severity = 'critical') as stopping from marts.scorecard",
            )
            assert seen["kpis"] > 10
            assert seen["until"] == moment.date()
            assert seen["stopping"] == 0
    finally:
        server.close()
    assert len(versions) == 2
    assert (tmp_path / "reports" / "scorecard.html").stat().st_size > 1000
