"""The landing: pages as they came, whole or not there at all, and the batches they make.

Belongs here: finding and checking what is landed. Doesn't: writing it (open_batch), fetching (pull), or
reading pages (the warehouse). `landing/<system>/<entity>/<window>/page-00001.json.gz`; a directory without
`_manifest.json` isn't a batch. Every file gets its name only when its bytes are safe on the disk.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from sources.errors import LandingError
from sources.landing.manifest import Manifest, PageEntry

T = TypeVar("T")
MANIFEST = "_manifest.json"
PROGRESS = "_progress.json"
# A clock may be a little off; a batch finished later than this from now was finished under a wrong one.
CLOCK_TOLERANCE = dt.timedelta(hours=1)


@dataclass(frozen=True)
class LandedBatch:
    """A complete batch: its manifest and its page files, in page order."""

    directory: Path
    manifest: Manifest

    @property
    def batch_id(self) -> str:
        """`<system>/<entity>/<window>`."""
        return self.manifest.batch_id

    @property
    def files(self) -> tuple[Path, ...]:
        """The page files, in page order."""
        return tuple(self.directory / page.name for page in self.manifest.pages)

    @property
    def rows(self) -> int:
        """Rows as received, duplicates included."""
        return self.manifest.rows

    @property
    def source_total(self) -> int | None:
        """The system's own count of the window's rows, where it told one."""
        return self.manifest.source_total

    @property
    def window_start(self) -> dt.datetime | None:
        """Where the window begins; of a date window, the local midnight of its first day."""
        return _time(self.manifest.window_start)

    @property
    def window_end(self) -> dt.datetime | None:
        """Where the window ends; of a date window, the local midnight of its last day, included."""
        return _time(self.manifest.window_end)

    @property
    def started_at(self) -> dt.datetime:
        """When the reading began, by the wall clock."""
        return dt.datetime.fromisoformat(self.manifest.started_at)

    @property
    def finished_at(self) -> dt.datetime:
        """When the manifest was written, by the wall clock."""
        return dt.datetime.fromisoformat(self.manifest.finished_at)

    @property
    def largest_page_bytes(self) -> int:
        """The largest page, unpacked: what a reader must be able to hold."""
        return max((page.decoded_bytes for page in self.manifest.pages), default=0)

    def verify(self) -> None:
        """Compare every page with its checksum.

        Raises:
            LandingError: a page is missing or its bytes changed.
        """
        for page in self.manifest.pages:
            if not is_intact(self.directory, page):
                raise LandingError(
                    f"{self.batch_id}/{page.name} is missing or damaged; restore it from a backup, or "
                    "remove the batch's directory and pull its window again."
                )


def _time(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def complete_batches(
    root: Path, system: str, entity: str, now: dt.datetime | None = None
) -> list[LandedBatch]:
    """The complete batches of an entity in the order in which to load them.

    Those of earlier releases have no number and come first, as they were finished; one that was finished in
    the future (after `now`) tells nothing of its place, and is loaded before all that may be newer.
    """
    limit = (now or dt.datetime.now(dt.UTC)) + CLOCK_TOLERANCE
    batches = []
    for directory in directories(root / system / entity):
        manifest = read_struct(directory / MANIFEST, Manifest)
        if manifest is not None and manifest.complete:
            batches.append(LandedBatch(directory, manifest))
    return sorted(
        batches,
        key=lambda b: (b.manifest.number, b.finished_at <= limit, b.finished_at, b.batch_id),
    )


def next_number(root: Path, system: str, entity: str) -> int:
    """The number of the entity's next batch: one more than any that is complete.

    A manifest that can't be read stops a replay, but no night: whatever its number is, it's left room for.
    """
    newest, unread = 0, 0
    for directory in directories(root / system / entity):
        try:
            manifest = read_struct(directory / MANIFEST, Manifest)
        except LandingError:
            unread += 1
        else:
            newest = max(newest, manifest.number if manifest else 0)
    return 1 + newest + unread


def list_entities(root: Path) -> list[tuple[str, str]]:
    """The (system, entity) pairs that have landed anything."""
    return [
        (system.name, entity.name) for system in directories(root) for entity in directories(system)
    ]


def directories(parent: Path) -> Sequence[Path]:
    """The directories in a directory, sorted by name; links are none."""
    try:
        return sorted(path for path in parent.iterdir() if path.is_dir() and not path.is_symlink())
    except FileNotFoundError:
        return []


def read_struct(path: Path, kind: type[T]) -> T | None:
    """What a file of the landing says, or None where there is none, or only torn progress.

    Raises:
        LandingError: it can't be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError:
        damaged = True
    except OSError:
        damaged = False
    if damaged and path.name == PROGRESS:
        return None
    raise LandingError(f"{path.parent.name}/{path.name} can't be read; restore it from a backup.")


def is_intact(directory: Path, page: PageEntry) -> bool:
    """Whether a page's file is there, byte for byte."""
    try:
        return hashlib.sha256((directory / page.name).read_bytes()).hexdigest() == page.sha256
    except OSError:
        return False
