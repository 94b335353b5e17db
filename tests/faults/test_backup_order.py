"""Backups under wrong clocks: which one is the last, which one stays, what housekeeping may throw away."""

import datetime as dt
import json
import os
import random
import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.operating.retention import _old_landing
from orchestration.settings import Settings
from sources.landing.batches import LandedBatch, complete_batches
from sources.landing.open_batch import open_batch
from warehouse.backup import Backup, find_backups, holds, last_backup, make_backup, restore_backup
from warehouse.store.recovery import set_aside

pytestmark = pytest.mark.time

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)
YEARS_AHEAD = NOW + 2 * 365 * DAY


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The least that can be backed up: a real warehouse file and two landed batches."""
    made = tmp_path / "home"
    made.mkdir()
    duckdb.connect(str(made / "warehouse.duckdb")).close()
    for number in (1, 2):
        land(made, number, NOW - (100 - number) * DAY)
    return made


def land(home: Path, number: int, at: dt.datetime) -> LandedBatch:
    batch = open_batch(
        home / "landing",
        "cases",
        "case",
        f"{at:%Y%m%dT%H%M%SZ}_all",
        started_at=at.isoformat(),
        place=number,
    )
    batch.add_page(b"page", 4, number)
    return batch.finish(at.isoformat(), None)


def mark(home: Path, text: str) -> None:
    (home / "demo.json").write_text(text)


def numbers(target: Path) -> list[int]:
    return [backup.number for backup in find_backups(target)]


def as_earlier_release(backup: Backup, at: dt.datetime) -> Path:
    """Make a backup into one that a release without numbers made at a time."""
    path = backup.folder / "backup.json"
    read = json.loads(path.read_text(encoding="utf-8"))
    del read["number"]
    path.write_text(json.dumps(read | {"made_at": at.isoformat()}), encoding="utf-8")
    return backup.folder.rename(backup.folder.with_name(f"{at:%Y%m%dT%H%M%SZ}"))


def test_a_restored_landing_is_its_owners_alone(home: Path, tmp_path: Path) -> None:
    """As `motcua doctor` wants it: pages name cases, whatever the umask is."""
    make_backup(home, tmp_path / "safe", now=NOW)
    before = os.umask(0o022)
    try:
        restore_backup(tmp_path / "safe", tmp_path / "new")
    finally:
        os.umask(before)
    landing = tmp_path / "new" / "landing"
    folders = [path for path in [landing, *landing.rglob("*")] if path.is_dir()]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


@pytest.mark.parametrize("keep", [1, 3])
def test_the_backup_just_made_stays_beside_one_of_the_future(
    home: Path, tmp_path: Path, keep: int
) -> None:
    """A clock that ran two years ahead for one backup: the next ones are newer all the same."""
    target = tmp_path / "safe"
    mark(home, "ahead")
    ahead = make_backup(home, target, now=YEARS_AHEAD)
    mark(home, "now")
    made = make_backup(home, target, keep=keep, now=NOW)
    assert made.folder.is_dir()
    assert ahead.folder.is_dir() == (keep > 1)
    restored = restore_backup(target, tmp_path / "new")
    assert restored.folder == made.folder
    assert (tmp_path / "new" / "demo.json").read_text() == "now"


def test_a_backup_of_the_future_by_an_earlier_release_is_never_the_newest(
    home: Path, tmp_path: Path
) -> None:
    target = tmp_path / "safe"
    for text, at in (("ahead", YEARS_AHEAD), ("older", NOW - 2 * DAY), ("newer", NOW - DAY)):
        mark(home, text)
        as_earlier_release(make_backup(home, target, now=at), at)
    restore_backup(target, tmp_path / "old")
    assert (tmp_path / "old" / "demo.json").read_text() == "newer"
    mark(home, "last")
    made = make_backup(home, target, keep=1, now=NOW)
    assert [backup.folder for backup in find_backups(target)] == [made.folder]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_is_that_of_making_whatever_the_clock_says(
    home: Path, tmp_path: Path, seed: int
) -> None:
    dice, target = random.Random(seed), tmp_path / "safe"
    made = [
        make_backup(
            home, target, keep=4, now=dice.choice([NOW, NOW, YEARS_AHEAD, NOW - 900 * DAY])
        ).folder
        for _ in range(8)
    ]
    assert [backup.folder for backup in find_backups(target)] == made[-4:]
    assert numbers(target) == [5, 6, 7, 8]
    assert sorted(made) == made
    stamp = last_backup(home)
    assert stamp is not None
    assert stamp.number == 8
    assert make_backup(home, tmp_path / "another disk").number == 9, "the home counts, too"


def settings_of(home: Path) -> Settings:
    return Settings.load(home=home, _env_file=None, landing_days=30)


def test_a_landed_batch_goes_only_when_the_last_backup_holds_it(home: Path, tmp_path: Path) -> None:
    """A backup that is dated later than a batch says nothing; what it holds does."""
    first, _ = complete_batches(home / "landing", "cases", "case")
    settings = settings_of(home)
    stamp = home / "backup.json"
    stamp.write_text(json.dumps({"made_at": YEARS_AHEAD.isoformat()}))
    assert _old_landing(settings, NOW) == 0, "an earlier release's stamp names no batch"
    make_backup(home, tmp_path / "safe", now=YEARS_AHEAD)
    since = land(home, 3, NOW - 80 * DAY)
    newest = land(home, 4, NOW - 79 * DAY)
    assert not holds(last_backup(home), home, since.directory)
    manifest = first.directory / "_manifest.json"
    text = manifest.read_text()
    manifest.write_text(text + "\n")
    assert _old_landing(settings, NOW) == 1, "the second; the first isn't as it was backed up"
    manifest.write_text(text)
    assert _old_landing(settings, NOW) == 1
    left = complete_batches(home / "landing", "cases", "case")
    assert [batch.directory for batch in left] == [since.directory, newest.directory]


def test_a_batch_dated_ahead_is_as_old_as_the_next_and_deletes_nothing(
    home: Path, tmp_path: Path
) -> None:
    shutil.rmtree(home / "landing")
    land(home, 1, YEARS_AHEAD)
    land(home, 2, NOW - 40 * DAY)
    land(home, 3, YEARS_AHEAD + DAY)
    land(home, 4, NOW - 10 * DAY)
    land(home, 5, YEARS_AHEAD)
    make_backup(home, tmp_path / "safe")
    assert _old_landing(settings_of(home), NOW) == 2
    left = complete_batches(home / "landing", "cases", "case")
    assert [batch.manifest.number for batch in left] == [3, 4, 5]


def test_what_lies_aside_is_never_overwritten(tmp_path: Path) -> None:
    """Damaged twice, and the clock says the same second."""
    path = tmp_path / "warehouse.duckdb"
    kept = {}
    for text in ("first", "second", "third"):
        path.write_text(text)
        path.with_name("warehouse.duckdb.wal").write_text(f"log of the {text}")
        kept |= {moved.name: moved.read_text() for moved in set_aside(path, NOW)}
    assert len(kept) == 6
    assert {name: (tmp_path / name).read_text() for name in kept} == kept
