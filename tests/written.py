"""Documents that are written out of what stands elsewhere: `make docs` writes them, test_documents.py compares.

Belongs here: the index of decisions, the rooms of architecture.md, reference.md. Doesn't: what people write.
"""

import ast
import re
from collections.abc import Callable, Collection, Mapping
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


def rooms() -> str:
    """Which room may import which, and which libraries only it may, as test_architecture.py has it."""
    may_import, libraries = _rule("MAY_IMPORT"), _rule("THIRD_PARTY")
    lines = [
        "| room | what belongs there | may import | libraries that nobody else imports |",
        "|---|---|---|---|",
    ]
    for room, others in may_import.items():
        charter = ast.get_docstring(
            ast.parse((PROJECT / room / "__init__.py").read_text(encoding="utf-8"))
        )
        alone = [library for library, users in libraries.items() if room in users]
        lines.append(
            f"| `{room}/` | {(charter or '').splitlines()[0]} | {_listed(others)} | {_listed(alone)} |"
        )
    return "\n".join(lines)


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "–"


def _rule(name: str) -> Any:
    """A table of the rules of the house, read as it is written there."""
    tree = ast.parse((PROJECT / "tests" / "test_architecture.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == [name]:
            return ast.literal_eval(node.value)
    raise LookupError(f"tests/test_architecture.py has no {name} as a plain table.")


def _between(path: Path, mark: str, text: str) -> str:
    """The document with `text` between its two marks."""
    head, rest = path.read_text(encoding="utf-8").split(f"<!-- {mark} -->\n", 1)
    tail = rest.split(f"<!-- /{mark} -->", 1)[1]
    return f"{head}<!-- {mark} -->\n{text}\n<!-- /{mark} -->{tail}"


ARCHITECTURE = DOCS / "architecture.md"
WRITTEN: Mapping[Path, Callable[[], str]] = {
    DECISIONS / "README.md": decisions_index,
    ARCHITECTURE: lambda: _between(ARCHITECTURE, "rooms", rooms()),
}


if __name__ == "__main__":
    for place, write in WRITTEN.items():
        place.write_text(write(), encoding="utf-8")
