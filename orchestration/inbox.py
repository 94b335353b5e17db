"""Putting files into the inbox, as a person with a file manager would.

Belongs here: copying under a temporary name, then renaming. Doesn't: reading the files.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from orchestration.settings import Settings


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
