"""SIGKILL at named points of every phase, and at random moments: the rerun publishes what an undisturbed run does.

The world is small, so that a night costs a second or two. Two random moments are part of `make test`;
`make chaos` (MOTCUA_CHAOS=100) and `make test-all` take a hundred.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.console.check_publish import set_damaged_aside
from orchestration.settings import PROJECT
from tests.conftest import END, Site
from tests.support.breadth import is_whole
from tests.support.disks import leave_free, read_only, small_disk
from tests.support.fork_server import reason_file
from tests.support.kill_yard import (  # noqa: F401 (a fixture)
    Yard,
    cut_off,
    damage_header,
    damage_log_head,
    damage_log_middle,
    damage_middle,
    fixture_yard,
)
from tests.support.night_content import published_content
from tests.support.quick_night import STEPS, settings_of
from warehouse.backup import _settle
from warehouse.errors import WarehouseError
from warehouse.publication.versions import current_version, list_versions
from warehouse.store.inspect import look_at_warehouse
from warehouse.store.recovery import find_damage, set_aside
from warehouse.store.sequence import number_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MOMENTS = int(os.environ.get("MOTCUA_CHAOS") or (100 if is_whole("KILLS") else 2))
KILLS_A_NIGHT = min(MOMENTS, 5)


# Where the process dies: phase → module:function:before or after:n-th time. Along the way of a night, so
# that one home is killed at each in turn; every kill is a night of its own, on what the last one left. The
# nights of BUILD and PUBLISH don't do again what the ones before them have finished.
BUILD, PUBLISH = ("build", "publish"), ("publish",)
LATER = {
    "F57 in the swap": BUILD,
    "F57 the published file written, not its twins": BUILD,
    "F58 synced, not renamed": PUBLISH,
    "F58 between fsync and the switch of the link": PUBLISH,
    "F58 switched, old versions not pruned": PUBLISH,
}
WAYS = {
    "pulling and loading": {
        "F53 mid-fetch, a page landed": "sources.landing.open_batch:OpenBatch.add_page:after:2",
        "F53 the whole list read, before its manifest": "sources.landing.open_batch:OpenBatch.finish:before:1",
        "F54 after landing": "sources.landing.open_batch:OpenBatch.finish:after:1",
        "F55 rows inserted, not committed": "warehouse.load.raw_tables:log_batch:before:1",
        "F55 cursor moved, not committed": "warehouse.load.raw_tables:_move_cursor:after:1",
        "F56 committed, not checkpointed": "assets.entity_run:load_batch:after:1",
        "sweep, deletions marked, not committed": "warehouse.load.deletions:_log:before:1",
        "sweep, committed": "assets.sweep:apply_sweep:after:1",
        "F53 first page of a snapshot": "sources.landing.open_batch:OpenBatch.add_page:after:4",
        "F54 landed, in the middle of the systems": "sources.landing.open_batch:OpenBatch.finish:after:5",
        "F56 some systems committed": "assets.entity_run:load_batch:after:6",
        "a dropped file landed, not archived": "sources.files.drops:put_away:before:1",
        "a dropped file archived, not loaded": "assets.drops:load_batch:before:1",
    },
    "building and publishing": {
        "F57 while staging splits rows": "warehouse.models.build:write_quarantine:after:2",
        "F57 in the swap": "warehouse.models.documents:Documents._size:before:20",
        "F57 the published file written, not its twins": "warehouse.publication.publish:_write_parquet:before:1",
        "F58 synced, not renamed": "warehouse.publication.publish:_settle:after:1",
        "F58 between fsync and the switch of the link": "warehouse.publication.publish:switch_to:before:1",
        "F58 switched, old versions not pruned": "warehouse.publication.publish:prune:before:1",
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_killed_at_every_named_point(way: str, yard: Yard, tmp_path: Path) -> None:
    """F53–F58."""
    home = yard.copy(tmp_path / "home")
    for name, point in WAYS[way].items():
        code = yard.nursery.night(home, END, point=point, steps=LATER.get(name, STEPS))
        assert code == -signal.SIGKILL, f"{name}: the night didn't come by {point}"
        yard.check_after_kill(home)
    assert yard.nursery.night(home, END) == 0
    yard.check_end(home)


@pytest.mark.parametrize("seed", range(MOMENTS // KILLS_A_NIGHT))
def test_killed_at_random_moments(seed: int, yard: Yard, tmp_path: Path) -> None:
    """One night is killed again and again, then left alone."""
    home, dice = yard.copy(tmp_path / "home"), random.Random(seed)
    killed = 0
    while killed < KILLS_A_NIGHT:
        moment = dice.uniform(0.02, yard.seconds)

        def watch(pid: int, moment: float = moment) -> None:
            time.sleep(moment)
            # The nursery waits for the child, so the pid can't have passed to another process yet
            # unless the night is over; then it is a zombie or gone, and nothing is hit.
            if Path(f"/proc/{pid}").exists():
                os.kill(pid, signal.SIGKILL)

        code = yard.nursery.night(home, END, watch=watch)
        assert code in (0, -signal.SIGKILL)
        killed += code != 0
        yard.check_after_kill(home)
    assert yard.nursery.night(home, END) == 0
    yard.check_end(home)


# -- disks that are full, files that are damaged ---------------------------------------------------------------


@pytest.fixture(name="small_disk")
def fixture_small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "200m") as disk:
        yield disk


def test_a_full_disk_stops_the_night_and_harms_nothing(small_disk: Path, yard: Yard) -> None:
    """F60: in landing, in loading, in building or publishing; with room again the next night is whole."""
    home = yard.copy(small_disk / "home")
    for kibibytes in (8, 1500):
        ballast = leave_free(small_disk, kibibytes)
        assert yard.nursery.night(home, END) == 1
        yard.check_after_kill(home)
        assert not list(home.rglob("*.tmp"))
        ballast.unlink()
    assert yard.nursery.night(home, END) == 0
    yard.check_end(home)


@pytest.mark.usefixtures("small_disk")
def test_a_read_only_disk_stops_the_night_and_harms_nothing(yard: Yard, tmp_path: Path) -> None:
    """F60: for landing, for loading, for publishing; each is told in one sentence that names the place."""
    home = yard.copy(tmp_path / "home")
    for place in ("landing", "warehouse.duckdb", "published"):
        steps = PUBLISH if place == "published" else STEPS
        with read_only(home / place):
            assert yard.nursery.night(home, END, steps=steps) == 1
        sentence = reason_file(home).read_text(encoding="utf-8")
        assert re.search(PLACES[place], sentence), sentence
        assert "\n" not in sentence
        yard.check_after_kill(home)
        assert published_content(home) == yard.before
        assert not list(home.rglob("*.tmp"))
    assert yard.nursery.night(home, END) == 0
    yard.check_end(home)


PLACES = {
    "landing": r"read-only.*run again",
    "warehouse.duckdb": r"WarehouseError.*warehouse\.duckdb can't be opened.*[Rr]ead-only",
    "published": r"PublicationError.*published/ can't be written \(Read-only.*motcua publish",
}


@pytest.mark.parametrize("damage", [damage_header, damage_middle, cut_off])
def test_damage_is_found_and_put_aside_whole(
    damage: Callable[[Path], None], yard: Yard, tmp_path: Path
) -> None:
    """F63: nothing is deleted."""
    path = tmp_path / "warehouse.duckdb"
    shutil.copyfile(yard.template / "warehouse.duckdb", path)
    assert find_damage(path) is None
    damage(path)
    assert find_damage(path)
    before = {file.name: file.read_bytes() for file in tmp_path.glob("warehouse.duckdb*")}
    aside = set_aside(path)
    assert not path.exists()
    assert {file.name.split(".damaged-")[0]: file.read_bytes() for file in aside} == before


def test_a_damaged_warehouse_is_rebuilt_from_the_landing(yard: Yard, tmp_path: Path) -> None:
    """F63, I9: the replay asks no source and comes to the same."""
    home = Path(shutil.copytree(yard.calm, tmp_path / "home", symlinks=True))
    damage_middle(home / "warehouse.duckdb")
    assert yard.nursery.night(home, END) == 1, "a night on a damaged warehouse stops"
    yard.check_after_kill(home)
    settings = settings_of(home, END, yard.server.urls, yard.nursery.sources)
    assert len(set_damaged_aside(settings)) >= 1
    assert set_damaged_aside(settings) == []
    yard.server.state.log.clear()
    assert yard.nursery.night(home, END, mode="replay") == 0
    assert yard.server.state.log == []
    yard.check_end(home)


def log_of(home: Path) -> Path:
    return home / "warehouse.duckdb.wal"


@pytest.fixture(scope="module", name="logged")
def fixture_logged(yard: Yard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home killed in its night, with committed rows in the write-ahead log alone."""
    home = yard.copy(tmp_path_factory.mktemp("logged") / "home")
    code = yard.nursery.night(home, END, point="assets.entity_run:load_batch:after:6")
    assert code == -signal.SIGKILL
    assert find_damage(home / "warehouse.duckdb") is None
    whole, aside = rows_of(home), log_of(home).rename(home / "aside.wal")
    assert rows_of(home) < whole, "the log holds what the file doesn't"
    aside.rename(log_of(home))
    return home


def rows_of(home: Path) -> int:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        ((rows,),) = connection.execute("select count(*) from raw.cases__case").fetchall()
        return int(rows)


@pytest.mark.parametrize("damage", [damage_log_head, damage_log_middle])
def test_a_damaged_log_is_put_aside_with_its_file_and_rebuilt(
    damage: Callable[[Path], None], logged: Path, yard: Yard, tmp_path: Path
) -> None:
    """F63: by itself DuckDB finds the damage in the middle, and passes a log without its head by."""
    home = Path(shutil.copytree(logged, tmp_path / "home", symlinks=True))
    damage(log_of(home))
    before = {path.name: path.read_bytes() for path in home.glob("warehouse.duckdb*")}
    assert yard.nursery.night(home, END) == 1, "a night on a damaged log stops"
    assert look_at_warehouse(home / "warehouse.duckdb", home / "warehouse.lock").problem
    with pytest.raises(WarehouseError, match="wasn't backed up"):
        _settle(home / "warehouse.duckdb")
    assert {path.name: path.read_bytes() for path in home.glob("warehouse.duckdb*")} == before
    aside = set_damaged_aside(settings_of(home, END, yard.server.urls, yard.nursery.sources))
    assert len(before) == 2
    assert {name.split(".damaged-")[0]: (home / name).read_bytes() for name in aside} == before
    if damage is damage_log_head:
        return  # From here on both are the same: nothing lies there any more.
    assert yard.nursery.night(home, END, mode="replay", steps=("pull",)) == 0
    # The replay knows what had been landed; the next night reads the rest.
    assert yard.nursery.night(home, END) == 0
    yard.check_end(home)


def test_a_log_that_ends_too_early_costs_nothing(logged: Path, yard: Yard, tmp_path: Path) -> None:
    """So a crash leaves it. What is whole in it stands, with its cursors, and the night reads the rest."""
    home = Path(shutil.copytree(logged, tmp_path / "home", symlinks=True))
    cut_off(log_of(home))
    assert find_damage(home / "warehouse.duckdb") is None
    assert yard.nursery.night(home, END) == 0
    yard.check_end(home)


# -- through the whole command line ----------------------------------------------------------------------------


def motcua_publish(home: Path, point: str = "") -> subprocess.CompletedProcess[str]:
    """`motcua publish` in a process of its own, with a point at which it kills itself."""
    code = "from orchestration.cli import main; main(['publish', '--json'])"
    if point:
        code = f"from tests.support.fork_server import kill_at; kill_at({point!r}); {code}"
    given = {"MOTCUA_HOME": str(home), "MOTCUA_AS_OF": END.isoformat()}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False,
        env={**os.environ, **given}, cwd=PROJECT,
    )  # fmt: skip


def test_a_whole_publication_killed_before_the_switch_is_made_good_by_the_next(
    night: Site, tmp_path: Path
) -> None:
    """F58 with the command line, Dagster, its event log and the gate around it, on a whole night's home."""
    home = Path(shutil.copytree(night.home, tmp_path / "home", symlinks=True))
    before, version = published_content(home), current_version(home / "published")
    standing = set(list_versions(home / "published"))
    killed = motcua_publish(home, "warehouse.publication.publish:switch_to:before:1")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert current_version(home / "published") == version
    (ghost,) = set(list_versions(home / "published")) - standing
    again = motcua_publish(home)
    assert again.returncode == 0, again.stderr
    made = json.loads(again.stdout)["version"]
    assert current_version(home / "published") == made
    assert number_in(made) == number_in(ghost) + 1, "a number is never given twice"
    assert published_content(home) == before
