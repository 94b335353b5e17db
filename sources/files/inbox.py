"""The inbox as a directory: which files may be looked at, reading them safely, moving them away.

Belongs here: names, links, files still being copied, archive and set_aside. Doesn't: their content
(drops). Nothing is followed, nothing is overwritten, and no name decides where a file goes.
"""

import datetime as dt
import os
import re
import stat
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sources.disk import guarded, make_directory, write_safely
from sources.errors import LandingError, SetAsideError
from sources.spec.headings import fold

ARCHIVE = "archive"
SET_ASIDE = "set_aside"
DONE = ".done"
LARGEST_FILE = 200 * 1024 * 1024
_UNFINISHED = (".part", ".tmp", ".temp", ".crdownload", ".filepart", ".partial", DONE)
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)
_DATE = re.compile(r"(?<!\d)(20\d{2})[-_.]?(0[1-9]|1[0-2])[-_.]?([0-2]\d|3[01])(?!\d)")


@dataclass(frozen=True)
class Look:
    """What a file looked like at one moment."""

    inode: int
    size: int
    modified_ns: int


def settled_files(
    inbox: Path, settle_seconds: float, sleep: Callable[[float], None] = time.sleep
) -> list[Path]:
    """The files that nobody is writing any more, oldest name date first, then by name.

    A file is left alone while its name says it is unfinished, and until its size and time stay the
    same for `settle_seconds`; a file `name.done` beside it says at once that it is whole.
    """
    first = {path: look_at(path) for path in _candidates(inbox)}
    waiting = [path for path, look in first.items() if look and not _done_mark(path).exists()]
    if waiting:
        sleep(settle_seconds)
    settled = [
        path
        for path, look in first.items()
        if path not in waiting or (look_at(path) == look and not _is_young(look, settle_seconds))
    ]
    return sorted(settled, key=lambda path: (name_date(path.name) or dt.date.max, path.name))


def _candidates(inbox: Path) -> Sequence[Path]:
    try:
        found = [Path(entry.path) for entry in os.scandir(inbox)]
    except FileNotFoundError:
        return []
    return [path for path in found if not _is_left_alone(path)]


def _is_left_alone(path: Path) -> bool:
    name = path.name.lower()
    hidden = name.startswith((".", "~$")) and not name.startswith("..")
    if hidden or name.endswith(_UNFINISHED):
        return True
    return path.is_dir() and not path.is_symlink()


def look_at(path: Path) -> Look | None:
    """What a regular file looks like now; None for a link or anything else, which needs no waiting."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return (
        Look(found.st_ino, found.st_size, found.st_mtime_ns)
        if stat.S_ISREG(found.st_mode)
        else None
    )


def _is_young(look: Look | None, settle_seconds: float) -> bool:
    age = time.time() - look.modified_ns / 1e9 if look else settle_seconds
    # A clock that runs ahead of ours (a share) can't keep a file waiting for ever.
    return 0 <= age < settle_seconds


def _done_mark(path: Path) -> Path:
    return path.with_name(path.name + DONE)


def name_date(name: str) -> dt.date | None:
    """The date in a file's name (20231124, 2023-11-24), or None."""
    found = _DATE.search(name)
    if found is None:
        return None
    try:
        return dt.date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def read_dropped(path: Path) -> bytes:
    """A dropped file's bytes, if it is a plain file with a plain name.

    Raises:
        SetAsideError: a link, a device, a name that plays tricks, empty, or too large.
    """
    _check_name(path.name)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        descriptor = -1
    if descriptor < 0:
        raise _not_plain()
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _not_plain()
        data = file.read(LARGEST_FILE + 1)
    if not data:
        raise SetAsideError("Tệp rỗng.", "The file is empty.")
    if len(data) > LARGEST_FILE:
        limit = LARGEST_FILE // 1024 // 1024
        raise SetAsideError(
            f"Tệp lớn hơn {limit} MB. Hãy tách nhỏ.",
            f"The file is larger than {limit} MB. Split it.",
        )
    return data


def _not_plain() -> SetAsideError:
    return SetAsideError(
        "Đây không phải tệp thường hoặc không đọc được (liên kết, thiết bị, quyền truy cập). Hãy chép "
        "chính tệp đó vào.",
        "This isn't a plain readable file (a link, a device, or access is denied). Copy the file itself.",
    )


def _check_name(name: str) -> None:
    odd = any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in name)
    if (
        odd
        or _RESERVED.match(name)
        or len(name.encode()) > 200
        or any(c in name for c in '\\/:*?"<>|')
    ):
        raise SetAsideError(
            "Tên tệp có ký tự không được phép hoặc quá dài. Hãy đặt lại tên đơn giản.",
            "The file's name has signs that aren't allowed, or is too long. Give it a plain name.",
        )


def plain_name(name: str) -> str:
    """A name that is safe to write, and still recognisable."""
    stem, dot, extension = name.rpartition(".")
    safe = fold(stem or extension)[:100].encode("ascii", "ignore").decode() or "file"
    ending = fold(extension)[:8].encode("ascii", "ignore").decode() if stem and dot else ""
    return f"{safe}.{ending}" if ending else safe


def put_away(path: Path, where: str, stamp: str) -> Path:
    """Move a file to archive or set_aside, under a name of its own; links are moved, not followed.

    Raises:
        LandingError: it can't be moved.
    """
    directory = path.parent / where
    if directory.is_symlink():
        raise LandingError(f"inbox/{where} is a link; make it a directory of its own.")
    make_directory(directory)
    target = directory / f"{stamp}_{plain_name(path.name)}"
    number = 2
    while os.path.lexists(target):
        target = directory / f"{stamp}.{number:02d}_{plain_name(path.name)}"
        number += 1
    guarded(lambda: path.rename(target), path)
    guarded(lambda: _done_mark(path).unlink(missing_ok=True), path)
    return target


def set_aside(path: Path, reason: SetAsideError, stamp: str) -> Path:
    """Move a file to set_aside, with the reason beside it.

    Raises:
        LandingError: it can't be moved.
    """
    target = put_away(path, SET_ASIDE, stamp)
    shown = "".join(letter if letter.isprintable() else "?" for letter in path.name)
    text = (
        f"Tệp / file: {shown}\n\nTệp không được nhận.\n{reason.reason_vi}\n\n"
        f"The file was not taken.\n{reason.reason_en}\n"
    )
    write_safely(target.with_name(target.name + ".reason.txt"), text.encode())
    return target
