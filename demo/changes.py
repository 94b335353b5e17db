"""What changes in the world while somebody reads it: rows of a page that has been sent go, come, or are touched.

Belongs here: such changes, kept by list and put over the world's own rows. Doesn't: when they happen (faults.py).
"""

import datetime as dt
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from demo.clockwork import LOCAL

Row = dict[str, Any]
# By the path below a system: the list's name in the truth, its key, and the time that tells of a change.
CHANGING = {
    "/api/v1/cases": ("cases", "case_code", "updated_at"),
    "/ratings": ("ratings", "rating_id", "submitted_at"),
    "/v2/submissions": ("submissions", "submission_id", "changed_at"),
    "/v2/services": ("services", "service_id", None),
}
OPS = ("delete", "insert", "touch")


@dataclass
class Changes:
    """Rows that are gone, rows that came, and fields that differ, by the lists' names in the truth."""

    gone: dict[str, set[str]] = field(default_factory=dict)
    come: dict[str, list[Row]] = field(default_factory=dict)
    touched: dict[str, dict[str, Row]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def over(self, name: str, key: str, rows: Iterable[Row]) -> list[Row]:
        """The rows of a list as they are after the changes."""
        gone, touched = self.gone.get(name, set()), self.touched.get(name, {})
        after = [*rows, *self.come.get(name, [])]
        return [row | touched.get(row[key], {}) for row in after if row[key] not in gone]

    def make(self, path: str, page: list[Row], ops: Iterable[Row], clock: dt.datetime) -> bool:
        """Do `ops` with the rows of a page of the list at `path`; False where that list never changes.

        Each op takes the first `rows` (1) of what is left of the page. `insert` puts copies beside them,
        under keys of their own that begin with theirs, so that they lie before the rows of the next page.
        """
        if path not in CHANGING or not page:
            return False
        name, key, changed = CHANGING[path]
        with self._lock:
            for op in ops:
                taken, page = page[: int(op.get("rows", 1))], page[int(op.get("rows", 1)) :]
                if op["op"] == "delete":
                    self.gone.setdefault(name, set()).update(row[key] for row in taken)
                elif op["op"] == "insert":
                    come = self.come.setdefault(name, [])
                    come += [
                        row | {key: f"{row[key]}-{len(come) + n}"} for n, row in enumerate(taken)
                    ]
                elif changed:
                    now = clock.astimezone(LOCAL).replace(microsecond=0).isoformat()
                    self.touched.setdefault(name, {}).update(
                        {row[key]: {changed: now} for row in taken}
                    )
        return True
