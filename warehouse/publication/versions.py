"""The published versions as folders: which stand, in which order, which one readers see, which are kept.

Belongs here: listing, switching, rolling back, pruning. Doesn't: writing a version (publish.py).

published/
    kpi.duckdb -> current/kpi.duckdb        never changes
    current    -> versions/<version>        the one link that a publication switches
    versions/<version>/kpi.duckdb, <schema>/<table>.parquet
"""

import datetime as dt
import shutil
import uuid
from pathlib import Path

from common.disk import sync
from warehouse.errors import PublicationError
from warehouse.store.sequence import order_key, time_in

DAILY_KEPT = 14
MONTHLY_KEPT = 12
READERS_GRACE = dt.timedelta(hours=1)
FILE_NAME = "kpi.duckdb"


def list_versions(folder: Path, now: dt.datetime | None = None) -> list[str]:
    """Complete versions in the order of their making, oldest first."""
    versions = folder / "versions"
    if not versions.is_dir():
        return []
    now = now or dt.datetime.now(dt.UTC)
    names = [path.name for path in versions.iterdir() if not path.name.startswith(".")]
    return sorted(names, key=lambda name: order_key(name, now))


def current_version(folder: Path) -> str | None:
    """The version that readers see, or None before the first publication."""
    link = folder / "current"
    return link.readlink().name if link.is_symlink() else None


def switch_to(folder: Path, version: str) -> None:
    """Point `current` at a version by renaming a new link over the old one: there is no gap."""
    fresh = folder / f".current-{uuid.uuid4().hex}"
    fresh.symlink_to(Path("versions") / version)
    fresh.replace(folder / "current")
    steady = folder / FILE_NAME
    if not steady.is_symlink():
        steady.symlink_to(Path("current") / FILE_NAME)
    sync(folder)


def roll_back(folder: Path, version: str | None = None) -> str:
    """Switch the link to `version`, or to the one made before the current; returns it.

    Raises:
        PublicationError: there is no such version.
    """
    versions = list_versions(folder)
    current = current_version(folder)
    if version is None:
        older = versions[: versions.index(current)] if current in versions else []
        if not older:
            raise PublicationError(
                "There is no version before the current one; `motcua rollback` needs two publications."
            )
        version = older[-1]
    if version not in versions:
        raise PublicationError(
            f"There is no version {version}; choose one of {', '.join(versions)}."
        )
    switch_to(folder, version)
    return version


def prune(folder: Path, keep: str, now: dt.datetime | None = None) -> None:
    """Keep the newest of each of the last days and months; drop what no rule keeps.

    Days and months are those of the names, but which are the last is told by the order of making: a version
    dated years ahead holds no place once enough others came after it.
    """
    now = now or dt.datetime.now(dt.UTC)
    versions = list_versions(folder, now)
    wanted = {keep, current_version(folder)}
    wanted |= _newest_of(versions, "%Y%m%d", DAILY_KEPT)
    wanted |= _newest_of(versions, "%Y%m", MONTHLY_KEPT)
    for name in versions:
        # A reader that has just followed the link may still be opening a version that is not current.
        if name not in wanted and _is_ours_and_old(name, now):
            shutil.rmtree(folder / "versions" / name, ignore_errors=True)
    for leftover in (folder / "versions").glob(".building-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _newest_of(versions: list[str], span: str, kept: int) -> set[str]:
    """The last version made in each of the `kept` spans (days, months) in which one was made last."""
    newest: dict[str, str] = {}
    for name in versions:
        at = time_in(name)
        if at is None:
            continue
        label = at.strftime(span)
        newest.pop(label, None)  # so that the spans stand in the order of their last versions
        newest[label] = name
    return set(list(newest.values())[-kept:])


def _is_ours_and_old(name: str, now: dt.datetime) -> bool:
    """A folder whose name no publication gives was put there by somebody, and stays."""
    at = time_in(name)
    return at is not None and abs(now - at) >= READERS_GRACE
