"""Backups: everything below MOTCUA_HOME that can't be made again, copied under the lock, with checksums.

Belongs here: writing, finding, verifying and restoring a backup. Doesn't: replaying after a restore (the
job does), or keys and settings: those are kept elsewhere, or whoever takes the backup takes the key too.

    DIR/b<number>-<time>/backup.json    last: a folder without it is no backup
    DIR/b<number>-<time>/warehouse.duckdb, landing/…, inbox/…, published/versions/<current>/…, demo.json
Landed pages never change, so a page that the backup before holds is linked, not copied again. The number
orders backups, never the time: a clock may have been wrong.
"""

import datetime as dt
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from common.disk import OWNER_ONLY, write_whole
from warehouse.errors import WarehouseError
from warehouse.publication.versions import current_version, switch_to
from warehouse.store.recovery import is_log_passed_by
from warehouse.store.sequence import is_future, numbered_name

MANIFEST = "backup.json"
LETTER = "b"
STAMP = "backup.json"  # in the home: the last backup's number and time, and which landed batches it holds
PARTS = ("landing", "inbox")
LANDED_MANIFEST = "_manifest.json"
FILES = ("warehouse.duckdb", "demo.json")


@dataclass(frozen=True)
class Stamp:
    """What a home remembers of its last backup; `landed` maps the batches it holds to their manifests' SHA-256."""

    number: int
    made_at: dt.datetime
    landed: Mapping[str, str]


@dataclass(frozen=True)
class Backup:
    """A complete backup: its folder, its number (0 of an earlier release), its files with size and SHA-256."""

    folder: Path
    number: int
    made_at: dt.datetime
    files: dict[str, tuple[int, str]]
    version: str | None

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        return sum(size for size, _ in self.files.values())


def make_backup(home: Path, target: Path, keep: int = 14, now: dt.datetime | None = None) -> Backup:
    """Copy the home to a new folder below `target`; the caller holds the warehouse's lock.

    The `keep` backups made last stay, this one always among them, whatever the clock said or says (`now`).

    Raises:
        WarehouseError: the warehouse can't be opened, or a copy differs from its original.
    """
    if target.resolve().is_relative_to(home.resolve()):
        raise WarehouseError("Give a folder outside MOTCUA_HOME, best on another machine's disk.")
    _settle(home / "warehouse.duckdb")
    made_at = now or dt.datetime.now(dt.UTC)
    before = find_backups(target, made_at)
    last = last_backup(home)
    number = 1 + max([last.number if last else 0, *(backup.number for backup in before)])
    folder = target / numbered_name(LETTER, number, made_at)
    building = target / f".building-{folder.name}"
    # The caller holds the lock, so what lies there was left by a process that died.
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700, parents=True)
    version = current_version(home / "published")
    try:
        files = {}
        for source in _sources(home, version):
            name = source.relative_to(home).as_posix()
            files[name] = _copy(source, building / name, name, before[-1] if before else None)
        made = Backup(folder, number, made_at, files, version)
        payload = {
            "number": number, "made_at": made_at.isoformat(), "version": version, "files": files,
        }  # fmt: skip
        write_whole(building / MANIFEST, json.dumps(payload, indent=1), OWNER_ONLY)
        building.rename(folder)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    stamp = {"number": number, "made_at": made_at.isoformat(), "landed": _landed(files)}
    write_whole(home / STAMP, json.dumps(stamp, indent=1), OWNER_ONLY)
    kept = {folder, *(backup.folder for backup in find_backups(target, made_at)[-keep:])}
    for old in before:
        if old.folder not in kept:
            shutil.rmtree(old.folder, ignore_errors=True)
    return made


def find_backups(target: Path, now: dt.datetime | None = None) -> list[Backup]:
    """The complete backups in a folder in the order of their making; the folder itself may be one.

    Those of earlier releases have no number and come first, by their times; one whose time lies in the
    future tells nothing of its place and is the oldest.
    """
    now = now or dt.datetime.now(dt.UTC)
    folders = [target, *(sorted(target.iterdir()) if target.is_dir() else [])]
    found = []
    for folder in folders:
        manifest = folder / MANIFEST
        if manifest.is_file() and not folder.name.startswith("."):
            read = json.loads(manifest.read_text(encoding="utf-8"))
            if "files" in read:
                files = {name: (int(size), str(sha)) for name, (size, sha) in read["files"].items()}
                made_at = dt.datetime.fromisoformat(read["made_at"])
                number = int(read.get("number", 0))
                found.append(Backup(folder, number, made_at, files, read["version"]))
    return sorted(
        found, key=lambda b: (b.number, not is_future(b.made_at, now), b.made_at, b.folder.name)
    )


def restore_backup(target: Path, home: Path) -> Backup:
    """Bring the backup that was made last in `target` back to an empty home.

    Every file is compared with its checksum before anything is written.

    Raises:
        WarehouseError: there is no backup, it is damaged, or the home holds a warehouse already.
    """
    found = find_backups(target)
    if not found:
        raise WarehouseError(
            f"There is no complete backup in {target}; give the folder that holds it."
        )
    if (home / "warehouse.duckdb").exists() or (home / "landing").exists():
        raise WarehouseError(
            "MOTCUA_HOME already holds a warehouse; move it aside (never delete it), then restore again."
        )
    backup = found[-1]
    for name, expected in backup.files.items():
        path = backup.folder / name
        if ".." in Path(name).parts or not path.is_file() or _measure(path) != expected:
            raise WarehouseError(
                f"{name} of the backup of {backup.made_at:%Y-%m-%d %H:%M} is missing or damaged; "
                "take an older backup folder."
            )
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in backup.files:
        goal = home / name
        goal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(backup.folder / name, goal)
        goal.chmod(0o644 if name.startswith("published/") else 0o600)
    # The inbox stays as it comes: who drops files there is a site's affair.
    _set_mode(home / "landing", 0o700)
    _set_mode(home / "published", 0o755)
    if backup.version:
        switch_to(home / "published", backup.version)
    return backup


def last_backup(home: Path) -> Stamp | None:
    """What this home remembers of its last backup, or None before the first.

    A stamp of an earlier release doesn't say which batches are held, so none is counted as held.
    """
    path = home / STAMP
    if not path.is_file():
        return None
    read = json.loads(path.read_text(encoding="utf-8"))
    return Stamp(
        int(read.get("number", 0)),
        dt.datetime.fromisoformat(read["made_at"]),
        read.get("landed", {}),
    )


def holds(stamp: Stamp | None, home: Path, batch: Path) -> bool:
    """Whether the last backup holds a landed batch as it lies there: a fact, not a comparison of times."""
    if stamp is None:
        return False
    held = stamp.landed.get(batch.relative_to(home).as_posix())
    return held is not None and held == _measure(batch / LANDED_MANIFEST)[1]


def _set_mode(top: Path, mode: int) -> None:
    """Of every folder: what mkdir is given goes to the last one only, and those above it have the umask's."""
    for folder in [top, *top.rglob("*")]:
        if folder.is_dir():
            folder.chmod(mode)


def _landed(files: Mapping[str, tuple[int, str]]) -> dict[str, str]:
    """The batches among a backup's files, and what their manifests are; a manifest names every page's hash."""
    ending = f"/{LANDED_MANIFEST}"
    return {
        name.removesuffix(ending): sha
        for name, (_, sha) in files.items()
        if name.startswith("landing/") and name.endswith(ending)
    }


def _settle(warehouse: Path) -> None:
    """Bring the write-ahead log into the file, so that one file is the whole warehouse."""
    if not warehouse.exists():
        raise WarehouseError("There is no warehouse yet; run `motcua run` first.")
    unreadable = WarehouseError(
        "The warehouse can't be opened, so it wasn't backed up; run `motcua doctor`."
    )
    if is_log_passed_by(warehouse):
        raise unreadable
    try:
        connection = duckdb.connect(str(warehouse))
        connection.execute("checkpoint")
        connection.close()
    except duckdb.Error:
        raise unreadable from None


def _sources(home: Path, version: str | None) -> Iterator[Path]:
    for name in FILES:
        if (home / name).is_file():
            yield home / name
    for part in PARTS:
        yield from _files_below(home / part)
    if version:
        yield from _files_below(home / "published" / "versions" / version)


def _files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not path.name.endswith((".part", ".tmp")):
            yield path


def _copy(source: Path, goal: Path, name: str, before: Backup | None) -> tuple[int, str]:
    goal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    measured = _measure(source)
    if before and name.startswith("landing/") and before.files.get(name) == measured:
        try:
            os.link(before.folder / name, goal)
        except OSError:
            shutil.copyfile(source, goal)
    else:
        shutil.copyfile(source, goal)
    goal.chmod(0o600)
    if _measure(goal) != measured:
        raise WarehouseError(f"{name} changed while it was copied; run the backup again.")
    return measured


def _measure(path: Path) -> tuple[int, str]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return path.stat().st_size, digest.hexdigest()
