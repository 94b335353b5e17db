"""Writing the landing: a batch while it is read, and finding one whose reading broke off.

Belongs here: page files, progress, the manifest that ends it. Doesn't: finished batches (landing), what
is fetched (pull).
"""

import contextlib
import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from sources.disk import guarded, make_directory, sync_directory, write_safely
from sources.errors import LandingError
from sources.landing.batches import (
    MANIFEST,
    PROGRESS,
    LandedBatch,
    directories,
    is_intact,
    read_struct,
)
from sources.landing.manifest import Manifest, PageEntry, PageProgress, Progress

REFUSED = "_refused.txt"
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.,+-]{0,150}")


@dataclass
class OpenBatch:
    """A batch that is being written. Not for two writers: the caller holds the site's lock.

    `number` is its place among the entity's batches, given when its reading begins or goes on.
    """

    directory: Path
    system: str
    entity: str
    progress: Progress
    number: int = 0
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
        # A page that the progress doesn't know is only read again.
        encoded = msgspec.json.encode(self.progress)
        write_safely(self.directory / PROGRESS, encoded, is_durable=False)

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
            number=self.number,
        )
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        # All pages' names are on the disk before the manifest's is, and that before we say so.
        sync_directory(self.directory)
        write_safely(self.directory / MANIFEST, text)
        sync_directory(self.directory)
        sync_directory(self.directory.parent)
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
    place: int,
) -> OpenBatch:
    """A new batch directory `name`, made unique where that name was used before.

    `place` is its number among the entity's batches (landing.next_number).

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
    return OpenBatch(directory, system, entity, progress, number=place)


def incomplete_batches(root: Path, system: str, entity: str) -> list[OpenBatch]:
    """Reads that broke off, oldest first, cut back to the pages that are still whole."""
    found = []
    for directory in directories(root / system / entity):
        if (directory / MANIFEST).exists():
            continue
        progress = read_struct(directory / PROGRESS, Progress)
        if progress is None:
            # The crash came before the first word was written: there's nothing to go on with.
            shutil.rmtree(directory, ignore_errors=True)
            continue
        found.append(OpenBatch(directory, system, entity, _cut_back(directory, progress)))
    return found


def _cut_back(directory: Path, progress: Progress) -> Progress:
    for number, done in enumerate(progress.pages):
        if not is_intact(directory, done.page):
            kept = progress.pages[:number]
            return msgspec.structs.replace(progress, pages=kept, position=done.position)
    return progress
