"""Disks that are small or read-only, really mounted; only the superuser may, so others skip."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """A file system in memory of a size such as `64m`."""
    place.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if os.getuid() != 0 or subprocess.run(options, check=False, capture_output=True).returncode:
        pytest.skip("a small file system can't be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def leave_free(disk: Path, kibibytes: int) -> Path:
    """Fill a disk but for some space; deleting the returned file frees it."""
    ballast, free = disk / "ballast", shutil.disk_usage(disk).free
    ballast.write_bytes(b"\0" * (free - kibibytes * 1024))
    return ballast


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """A file or a folder mounted over itself, read-only: that binds the superuser too, as modes don't."""
    subprocess.run(["mount", "--bind", str(place), str(place)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
