"""Documents that are written out of what stands elsewhere: `make docs` writes them, test_documents.py compares.

Belongs here: the index of decisions, the rooms of architecture.md, reference.md. Doesn't: what people write.
"""

import ast
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from orchestration.settings import PROJECT

DOCS = PROJECT / "docs"
DECISIONS = DOCS / "decisions"
_TITLE = re.compile(r"# (?P<number>\d{4}) · (?P<title>.+)\n\n(?P<when>.+)\n")


def decisions_index() -> str:
    """Every decision, newest first: number, what, when and whether another took its place."""
    lines = [
        "# Quyết định / decisions",
        "One file each: context, decision, consequences. A new one takes the next number; a decision that no longer "
        "holds stays and names the one in its place. `make docs` writes this list.",
        "",
        "| | decision | |",
        "|---|---|---|",
    ]
    for path in sorted(DECISIONS.glob("[0-9]*.md"), reverse=True):
        found = _TITLE.match(path.read_text(encoding="utf-8"))
        if found is None:
            raise ValueError(f"{path} begins with `# NNNN · Title`, an empty line and its date.")
        lines.append(f"| {found['number']} | [{found['title']}]({path.name}) | {found['when']} |")
    return "\n".join(lines) + "\n"


WRITTEN: Mapping[Path, Callable[[], str]] = {DECISIONS / "README.md": decisions_index}


if __name__ == "__main__":
    for place, write in WRITTEN.items():
        place.write_text(write(), encoding="utf-8")
