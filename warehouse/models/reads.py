"""Which tables a query reads, remembered by its content: parsing all of sql/ is most of what wiring costs.

Belongs here: the file of what was found, and when it counts. Doesn't: finding (catalog.py). What is found depends
on the query, on the reading code and on the parser, so all three are in the key; a query that is refused is never
remembered. The file may be deleted at any time; one that can't be read or written is done without.
"""

import hashlib
import json
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from common.disk import write_whole
from warehouse.models import catalog

LIST = "reads.json"


class RememberedReads:
    """`catalog.tables_read` with a memory in a folder; `save` keeps what this wiring asked for."""

    def __init__(self, folder: Path) -> None:
        """What an earlier wiring remembered is read once."""
        self.path = folder / LIST
        self._known = _read(self.path)
        self._asked: dict[str, list[str]] = {}

    def __call__(self, query: str, path: Path) -> frozenset[str]:
        """The tables that the query reads.

        Raises:
            CatalogError: it is not one valid query.
        """
        key = hashlib.sha256(f"{_reader()}\0{query}".encode()).hexdigest()
        found = self._known.get(key)
        if found is None:
            found = sorted(catalog.tables_read(query, path))
        self._asked[key] = found
        return frozenset(found)

    def save(self) -> None:
        """Write what was asked for, if that is new; a home that isn't there yet isn't made."""
        if self._asked == self._known or not self.path.parent.parent.is_dir():
            return
        with suppress(OSError):
            write_whole(self.path, json.dumps(self._asked, indent=0))


@cache
def _reader() -> str:
    """Who reads: this release's code and the parser's version."""
    code = hashlib.sha256(Path(catalog.__file__).read_bytes()).hexdigest()
    return f"{code} {version('sqlglot')}"


def _read(path: Path) -> dict[str, list[str]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    is_sound = isinstance(found, dict) and all(
        isinstance(tables, list) and all(isinstance(table, str) for table in tables)
        for tables in found.values()
    )
    return found if is_sound else {}
