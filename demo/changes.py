"""What changes in the world while somebody reads it: rows of a page that has been sent go, come, or are touched.

Belongs here: such changes, kept by list and put over the world's own rows. Doesn't: when they happen (faults.py).
"""

import datetime as dt
import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from common.rows import Row
from demo.clockwork import local_text


class Listed(NamedTuple):
    """A list that can change: its name in the truth, its key, and the time that tells of a change."""

    name: str
    key: str
    changed: str | None


# By the path below the system.
CHANGING = {
    "/api/v1/cases": Listed("cases", "case_code", "updated_at"),
    "/ratings": Listed("ratings", "rating_id", "submitted_at"),
    "/v2/submissions": Listed("submissions", "submission_id", "changed_at"),
    "/v2/services": Listed("services", "service_id", None),
}
OPS = ("delete", "insert", "touch")


@dataclass
class Changes:
    """By path: keys that are gone, rows that came, and the new time of keys that were touched."""

    gone: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    come: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    touched: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def over(self, path: str, rows: Iterable[Row]) -> list[Row]:
        """The rows of the list at `path` as they are after the changes."""
        _, key, changed = CHANGING[path]
        gone, touched = self.gone[path], self.touched[path]
        return [
            row | {changed: touched[row[key]]} if changed and row[key] in touched else row
            for row in (*rows, *self.come[path])
            if row[key] not in gone
        ]

    def make(self, path: str, page: list[Row], ops: Iterable[Row], clock: dt.datetime) -> bool:
        """Do `ops` with the rows of a page of the list at `path`; False where that list never changes.

        Each op takes the first `rows` (1) of what is left of the page. `insert` puts copies beside them,
        under keys of their own that begin with theirs, so that they lie before the rows of the next page.
        """
        if path not in CHANGING or not page:
            return False
        key = CHANGING[path].key
        with self._lock:
            for op in ops:
                count = int(op.get("rows", 1))
                taken, page = page[:count], page[count:]
                if op["op"] == "delete":
                    self.gone[path].update(row[key] for row in taken)
                elif op["op"] == "insert":
                    first = len(self.come[path])
                    self.come[path] += [
                        row | {key: f"{row[key]}-{n}"} for n, row in enumerate(taken, first)
                    ]
                else:
                    self.touched[path].update((row[key], local_text(clock)) for row in taken)
        return True
