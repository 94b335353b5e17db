"""SIGKILL at named points of every phase, and at random moments: the rerun publishes what an undisturbed run does.

The world is small, so that a night costs a second or two. Five random moments are part of the suite;
`make chaos` (MOTCUA_CHAOS=100) takes a hundred.
"""

import datetime as dt
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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo.server import DemoServer, serve
from demo.world import World
from orchestration.maintenance import set_damaged_aside
from orchestration.settings import PROJECT
from tests.conftest import END, Site
from tests.night_content import check_invariants, check_published, published_content, raw_content
from tests.nursery import Nursery, nursery, reason_file
from tests.quick_night import STEPS, settings_of, write_sources
from warehouse.backup import _settle
from warehouse.errors import WarehouseError
from warehouse.inspect import look_at_warehouse
from warehouse.publish import current_version, list_versions
from warehouse.recovery import find_damage, set_aside

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
START = END - dt.timedelta(days=60)
MOMENTS = int(os.environ.get("MOTCUA_CHAOS", "5"))
KILLS_A_NIGHT = 5


@dataclass
class Yard:
    """A home after its first full night, and what the next night must come to."""

    template: Path
    calm: Path
    server: DemoServer
    nursery: Nursery
    published: dict[str, str]
    raw: dict[str, str]
    seconds: float
    truth: dict[str, Any]
    before: dict[str, str]

    def copy(self, home: Path) -> Path:
        """A home of one's own, on which the next night hasn't run."""
        shutil.copytree(self.template, home, symlinks=True)
        return home

    def check_after_kill(self, home: Path) -> None:
        """Right after a kill: readers see one whole version, old or new."""
        versions = home / "published" / "versions"
        content = check_published(home, {path.name for path in versions.glob("2*")})
        assert content in (self.published, self.before)

    def check_end(self, home: Path) -> None:
        """After the rerun: I1–I6 and I9."""
        assert published_content(home) == self.published
        assert raw_content(home) == self.raw
        check_invariants(home, self.truth)
        assert not list((home / "published").glob("versions/.building*"))
        assert not list((home / "inbox").glob("*.csv"))


@pytest.fixture(scope="module", name="yard")
def fixture_yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("kills")
    world = World.build(seed=7, end=END, years=1, cases_per_year=400, procedures=150)
    server = serve(world)
    sources = write_sources(folder)
    with nursery(server.urls, sources) as nurse:
        home = folder / "home"
        drop(world, home, START)
        server.state.set_clock(START)
        assert nurse.night(home, START, mode="full") == 0
        server.state.set_clock(END)
        gone = delete_cases(server, 3)
        # New files lie in the inbox when the night begins that is going to be killed.
        drop(world, home, END)
        calm = folder / "calm"
        shutil.copytree(home, calm, symlinks=True)
        began = time.monotonic()
        assert nurse.night(calm, END) == 0
        seconds, truth = time.monotonic() - began, world.truth(END)
        truth["cases"] = [row for row in truth["cases"] if row["case_code"] not in gone]
        yard = Yard(
            home, calm, server, nurse, published_content(calm), raw_content(calm), seconds, truth,
            published_content(home),
        )  # fmt: skip
        yard.check_end(calm)
        assert yard.published != yard.before, "the night must change something"
        assert all(code in yard.raw["meta.deletion"] for code in gone), "and find deletions"
        yield yard
    server.close()


def delete_cases(server: DemoServer, count: int) -> list[str]:
    """Take the oldest cases out of the case system, as a person with a database client would."""
    cases, keys = server.state.snapshot.case, server.state.snapshot.case_key
    gone = cases.keys[:count]
    for listed in (cases, keys):
        for code in set(gone) & set(listed.keys):
            place = listed.keys.index(code)
            for values in (listed.keys, listed.rows, listed.sort_values):
                del values[place]
    return gone


def drop(world: World, home: Path, at: dt.datetime) -> None:
    for path in world.write_drops(home / "inbox", at):
        # So that no night has to watch whether somebody still writes it.
        path.with_name(f"{path.name}.done").touch()


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
        "F53 mid-fetch, a page landed": "sources.open_batch:OpenBatch.add_page:after:2",
        "F53 the whole list read, before its manifest": "sources.open_batch:OpenBatch.finish:before:1",
        "F54 after landing": "sources.open_batch:OpenBatch.finish:after:1",
        "F55 rows inserted, not committed": "warehouse.load:log_batch:before:1",
        "F55 cursor moved, not committed": "warehouse.load:_move_cursor:after:1",
        "F56 committed, not checkpointed": "assets.pull:load_batch:after:1",
        "sweep, deletions marked, not committed": "warehouse.sweep:_log:before:1",
        "sweep, committed": "assets.pull:apply_sweep:after:1",
        "F53 first page of a snapshot": "sources.open_batch:OpenBatch.add_page:after:4",
        "F54 landed, in the middle of the systems": "sources.open_batch:OpenBatch.finish:after:5",
        "F56 some systems committed": "assets.pull:load_batch:after:6",
        "a dropped file landed, not archived": "sources.drops:put_away:before:1",
        "a dropped file archived, not loaded": "assets.drops:load_batch:before:1",
    },
    "building and publishing": {
        "F57 while staging splits rows": "warehouse.build:write_quarantine:after:2",
        "F57 in the swap": "warehouse.build:_document:before:20",
        "F57 the published file written, not its twins": "warehouse.publish:_write_parquet:before:1",
        "F58 synced, not renamed": "warehouse.publish:_settle:after:1",
        "F58 between fsync and the switch of the link": "warehouse.publish:switch_to:before:1",
        "F58 switched, old versions not pruned": "warehouse.publish:_prune:before:1",
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
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(disk)]
    if os.getuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small file system can't be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def leave_free(disk: Path, kibibytes: int) -> Path:
    """Fill a disk but for some space; deleting the returned file frees it."""
    ballast, free = disk / "ballast", shutil.disk_usage(disk).free
    ballast.write_bytes(b"\0" * (free - kibibytes * 1024))
    return ballast


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


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """A file or a folder mounted over itself, read-only: that binds the superuser too, as modes don't."""
    subprocess.run(["mount", "--bind", str(place), str(place)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


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


def damage_header(path: Path) -> None:
    path.write_bytes(b"\0" * 4096 + path.read_bytes()[4096:])


def damage_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for place in range(20_000, len(data), 50_000):
        data[place : place + 64] = os.urandom(64)
    path.write_bytes(data)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


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
    code = yard.nursery.night(home, END, point="assets.pull:load_batch:after:6")
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


def damage_log_head(path: Path) -> None:
    path.write_bytes(os.urandom(9000))


def damage_log_middle(path: Path) -> None:
    data, place = path.read_bytes(), path.stat().st_size // 2
    path.write_bytes(data[:place] + os.urandom(64) + data[place + 64 :])


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
        code = f"from tests.nursery import kill_at; kill_at({point!r}); {code}"
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
    killed = motcua_publish(home, "warehouse.publish:switch_to:before:1")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert current_version(home / "published") == version
    (ghost,) = set(list_versions(home / "published")) - standing
    again = motcua_publish(home)
    assert again.returncode == 0, again.stderr
    assert current_version(home / "published") == json.loads(again.stdout)["version"] > ghost
    assert published_content(home) == before
