"""What costs much to build: built once for all processes of a run and kept for the next ones.

Belongs here: its place, named by all it was made from, and building it whole or not at all. Doesn't: what is
kept (conftest.py, fault_yard.py). Whoever means to change a home takes a copy.
"""

import datetime as dt
import functools
import hashlib
import importlib.metadata
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from orchestration.settings import PROJECT

PLACE = PROJECT / ".cache" / "homes"
# All that a home may come from: the product, its SQL, suites and seeds, the simulated systems, what builds it here.
MADE_FROM = (
    "assets", "common", "demo", "expectations", "figures", "orchestration", "reports", "sources", "sql", "warehouse",
    "tests/conftest.py", "tests/support", "pyproject.toml", "requirements.lock",
)  # fmt: skip
MARK = 16
KEPT_TESTS = ("conftest.py", "fault_yard.py", "kept.py", "night_content.py", "quick_night.py")


def kept(name: str, build: Callable[[Path], None]) -> Path:
    """The folder of this name as `build` makes it, which one process does for all; never a stale one or half of one."""
    place = PLACE / f"{name}-{mark(PROJECT)}"
    PLACE.mkdir(parents=True, exist_ok=True)
    with FileLock(PLACE / f"{name}.lock"):
        if not place.is_dir():
            rough = PLACE / f".{name}"
            # Those of earlier code, and what a process left that was killed while it built.
            for older in (rough, *PLACE.glob(f"{name}-{'[0-9a-f]' * MARK}")):
                shutil.rmtree(older, ignore_errors=True)
            build(rough)
            rough.rename(place)
    return place


def copy_of(home: Path, target: Path) -> Path:
    """A home of one's own."""
    return Path(shutil.copytree(home, target, symlinks=True))


@functools.cache
def mark(root: Path) -> str:
    """Another one as soon as anything differs that a home comes from: a file, a library, the day.

    The day, because a home bears the times at which it was built, and a clock may be set back.
    """
    digest = hashlib.sha256(f"{sys.version} {dt.date.today()}".encode())  # noqa: DTZ011 (a mark, no date)
    libraries = {(d.name, d.version) for d in importlib.metadata.distributions()}
    digest.update(repr(sorted(libraries)).encode())
    for path in files(root):
        digest.update(f"\0{path.relative_to(root)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:MARK]


def files(root: Path) -> list[Path]:
    """The files that a home comes from, in one order."""
    roots = [path for pattern in MADE_FROM for path in root.glob(pattern)]
    found = {file for path in roots for file in ([path] if path.is_file() else path.rglob("*"))}
    return sorted(
        path
        for path in found
        if path.is_file()
        and "__pycache__" not in path.parts
        and (path.relative_to(root).parts[0] != "tests" or path.name in KEPT_TESTS)
    )
