"""Files that are whole or not there: written under another name, flushed to the disk, then renamed.

Belongs here: the order in which that is done. Doesn't: words for a full disk (sources/disk.py), what is written.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

OWNER_ONLY = 0o600


@contextlib.contextmanager
def whole(path: Path, mode: int | None = None) -> Iterator[Path]:
    """Give a name to write to; what was written there stands under `path` once it is all on the disk.

    `mode` are the file's permissions; None leaves those of the process. Whatever goes wrong, `path` is what it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: processes or threads may write the same file at once.
    waiting = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        # There with its permissions before anything is in it.
        os.close(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode or 0o666))
        yield waiting
        sync(waiting)
        waiting.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            waiting.unlink(missing_ok=True)
        raise


def write_whole(path: Path, text: str, mode: int | None = None) -> Path:
    """Write a text file whole or not at all; returns its path."""
    with whole(path, mode) as waiting:
        waiting.write_text(text, encoding="utf-8")
    return path


def sync(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
