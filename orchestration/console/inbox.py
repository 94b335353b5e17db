"""Putting files into the inbox, as a person with a file manager would, and hearing what came back.

Belongs here: copying under a temporary name, then renaming; the reasons beside files set aside. Doesn't:
reading the files.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from orchestration.settings import Settings

_REASON = ".reason.txt"


def put_into_inbox(
    settings: Settings, files: Iterable[Path], kind: str | None = None
) -> list[Path]:
    """Copy files into the inbox; `kind` is put before a name that no kind of drop begins with."""
    settings.inbox.mkdir(parents=True, exist_ok=True)
    placed = []
    for file in files:
        name = f"{kind}_{file.name}" if kind and not file.name.startswith(kind) else file.name
        waiting = settings.inbox / f".{name}.part"
        shutil.copyfile(file, waiting)
        placed.append(waiting.rename(settings.inbox / name))
    return placed


def reasons_set_aside(settings: Settings) -> dict[str, str]:
    """What stands beside each file that was set aside: its name there → why, in both languages."""
    folder = settings.inbox / "set_aside"
    return {
        path.name.removesuffix(_REASON): path.read_text(encoding="utf-8").strip()
        for path in sorted(folder.glob(f"*{_REASON}"))
    }
