"""Writing to the disk so that a name never stands for half a file, and failures say what to do.

Belongs here: temporary names, fsync, modes, the words for a full disk. Doesn't: what is written.
"""

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path

from common.disk import sync
from sources.errors import LandingError


def make_directory(directory: Path) -> None:
    """Make a directory that only its owner can enter, with those above it that are missing."""

    def make() -> None:
        if not directory.parent.exists():
            make_directory(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)

    guarded(make, directory)


def write_safely(path: Path, data: bytes, *, is_durable: bool = True) -> None:
    """Write a file so that its name never stands for half of it.

    `is_durable` waits for the disk: not needed for a file whose loss is noticed and mended. The name
    itself is on the disk after the next `sync_directory`.

    Raises:
        LandingError: the disk is full or can't be written; the temporary file is gone again.
    """
    temporary = path.with_name(f".{path.name}.tmp")

    def write() -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            if is_durable:
                os.fsync(file.fileno())
        temporary.replace(path)

    try:
        guarded(write, path)
    except LandingError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def sync_directory(directory: Path) -> None:
    """Wait until the names in a directory are on the disk.

    Raises:
        LandingError: the disk failed.
    """
    guarded(lambda: sync(directory), directory)


def guarded(action: Callable[[], object], path: Path) -> None:
    """Run a file action; its failure becomes one sentence.

    Raises:
        LandingError: with what to do about it.
    """
    try:
        action()
        return
    except OSError as failure:
        code = failure.errno
    advice = {
        errno.ENOSPC: "the disk is full; make room, then run again: it goes on at the page it had reached",
        errno.EDQUOT: "the disk quota is used up; raise it, then run again",
        errno.EROFS: "the disk is read-only; mount it for writing, then run again",
        errno.EACCES: "access is denied; give the account its own directory",
    }.get(code or 0, f"{os.strerror(code or 0)}; mend that, then run again")
    raise LandingError(f"{path.parent.name}/{path.name} can't be written: {advice}.")
