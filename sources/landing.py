"""The landing: pages as they came, whole or not there at all, and the batches they make.

Belongs here: files, names, manifests, progress, resuming. Doesn't: what is fetched (pull) or how pages
are read (the warehouse). `landing/<system>/<entity>/<window>/page-00001.json.gz`; a directory without
`_manifest.json` isn't a batch. Every file gets its name only when its bytes are safe on the disk.
"""

import contextlib
import datetime as dt
import hashlib
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from sources.disk import guarded, make_directory, write_safely
from sources.errors import LandingError
from sources.manifest import Manifest, PageEntry, PageProgress, Progress

T = TypeVar("T")
MANIFEST = "_manifest.json"
PROGRESS = "_progress.json"
REFUSED = "_refused.txt"
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.,+-]{0,150}")


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
            if not _is_intact(self.directory, page):
                raise LandingError(
                    f"{self.batch_id}/{page.name} is missing or damaged; restore it from a backup, or "
                    "remove the batch's directory and pull its window again."
                )


def _time(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


@dataclass
class OpenBatch:
    """A batch that is being written. Not for two writers: the caller holds the site's lock."""

    directory: Path
    system: str
    entity: str
    progress: Progress
    warnings: list[str] = field(default_factory=list)

    @property
    def batch_id(self) -> str:
        """`<system>/<entity>/<window>`."""
        return f"{self.system}/{self.entity}/{self.directory.name}"

    @property
    def rows(self) -> int:
        """Rows landed so far."""
        return sum(done.page.rows for done in self.progress.pages)

    def add_page(
        self,
        stored: bytes,
        decoded_bytes: int,
        rows: int,
        *,
        digest: str = "",
        total: int | None = None,
        position: Mapping[str, str | int] | None = None,
        following: Mapping[str, str | int] | None = None,
    ) -> None:
        """Land one page (gzip bytes) and note where to go on.

        Raises:
            LandingError: the disk is full or can't be written.
        """
        name = f"page-{len(self.progress.pages) + 1:05d}.json.gz"
        write_safely(self.directory / name, stored)
        entry = PageEntry(
            name, hashlib.sha256(stored).hexdigest(), len(stored), rows, decoded_bytes
        )
        done = PageProgress(entry, dict(position or {}), digest, total)
        self._note([*self.progress.pages, done], following)

    def _note(self, pages: list[PageProgress], following: Mapping[str, str | int] | None) -> None:
        position = None if following is None else dict(following)
        self.progress = msgspec.structs.replace(self.progress, pages=pages, position=position)
        write_safely(self.directory / PROGRESS, msgspec.json.encode(self.progress))

    def start_over(self, started_at: str) -> None:
        """Forget all pages: the list shifted, or the place to go on is no longer known."""
        self.progress = msgspec.structs.replace(self.progress, started_at=started_at)
        self._note([], {})
        for stale in self.directory.glob("page-*"):
            guarded(stale.unlink, stale)

    def keep_refused(self, text: bytes) -> None:
        """Keep the newest refused answer for a person to look at; never fails the read itself."""
        with contextlib.suppress(LandingError):
            write_safely(self.directory / REFUSED, text[:1_000_000])

    def finish(
        self, finished_at: str, source_total: int | None, source: tuple[str, str] | None = None
    ) -> LandedBatch:
        """Write the manifest, which makes the directory a batch; `source` is a file's sha256 and name.

        Raises:
            LandingError: the disk is full or can't be written.
        """
        progress = self.progress
        manifest = Manifest(
            batch_id=self.batch_id,
            system=self.system,
            entity=self.entity,
            window_start=progress.window_start,
            window_end=progress.window_end,
            pages=[done.page for done in progress.pages],
            rows=self.rows,
            source_total=source_total,
            started_at=progress.started_at,
            finished_at=finished_at,
            warnings=list(self.warnings),
            source_sha256=source[0] if source else None,
            source_name=source[1] if source else None,
        )
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        write_safely(self.directory / MANIFEST, text)
        for done_with in (self.directory / PROGRESS, self.directory / REFUSED):
            with contextlib.suppress(OSError):
                done_with.unlink(missing_ok=True)
        return LandedBatch(self.directory, manifest)

    def discard(self) -> None:
        """Remove the unfinished directory."""
        shutil.rmtree(self.directory, ignore_errors=True)


def open_batch(
    root: Path,
    system: str,
    entity: str,
    name: str,
    *,
    window: tuple[str | None, str | None] = (None, None),
    request: str = "",
    started_at: str,
) -> OpenBatch:
    """A new batch directory `name`, made unique where that name was used before.

    Raises:
        LandingError: the name isn't safe, or the disk can't be written.
    """
    for part in (system, entity, name):
        if not _SAFE_NAME.fullmatch(part) or ".." in part:
            raise LandingError(
                f"{part!r} can't be a directory of the landing; use letters, digits, _ and -."
            )
    parent = root / system / entity
    directory = parent / name
    number = 2
    while directory.exists():
        directory = parent / f"{name}.{number:02d}"
        number += 1
    make_directory(directory)
    progress = Progress(*window, request=request, started_at=started_at, pages=[], position={})
    write_safely(directory / PROGRESS, msgspec.json.encode(progress))
    return OpenBatch(directory, system, entity, progress)


def incomplete_batches(root: Path, system: str, entity: str) -> list[OpenBatch]:
    """Reads that broke off, oldest first, cut back to the pages that are still whole."""
    found = []
    for directory in _directories(root / system / entity):
        if (directory / MANIFEST).exists():
            continue
        progress = _read(directory / PROGRESS, Progress)
        if progress is None:
            # The crash came before the first word was written: there's nothing to go on with.
            shutil.rmtree(directory, ignore_errors=True)
            continue
        found.append(OpenBatch(directory, system, entity, _cut_back(directory, progress)))
    return found


def _cut_back(directory: Path, progress: Progress) -> Progress:
    for number, done in enumerate(progress.pages):
        if not _is_intact(directory, done.page):
            kept = progress.pages[:number]
            return msgspec.structs.replace(progress, pages=kept, position=done.position)
    return progress


def complete_batches(root: Path, system: str, entity: str) -> list[LandedBatch]:
    """The complete batches of an entity in the order in which they were finished."""
    batches = []
    for directory in _directories(root / system / entity):
        manifest = _read(directory / MANIFEST, Manifest)
        if manifest is not None and manifest.complete:
            batches.append(LandedBatch(directory, manifest))
    return sorted(batches, key=lambda batch: (batch.manifest.finished_at, batch.batch_id))


def list_entities(root: Path) -> list[tuple[str, str]]:
    """The (system, entity) pairs that have landed anything."""
    return [
        (system.name, entity.name)
        for system in _directories(root)
        for entity in _directories(system)
    ]


def _directories(parent: Path) -> Sequence[Path]:
    try:
        return sorted(path for path in parent.iterdir() if path.is_dir() and not path.is_symlink())
    except FileNotFoundError:
        return []


def _read(path: Path, kind: type[T]) -> T | None:
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


def _is_intact(directory: Path, page: PageEntry) -> bool:
    try:
        return hashlib.sha256((directory / page.name).read_bytes()).hexdigest() == page.sha256
    except OSError:
        return False
