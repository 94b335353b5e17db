"""The lists that the systems serve, encoded once for each position of the clock.

Belongs here: rows → bytes with their sort keys, and cutting windows out of them. Doesn't: HTTP.
"""

import bisect
import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import msgspec

from common.rows import Row
from demo.changes import CHANGING, Changes
from demo.clockwork import LOCAL, local_text
from demo.world import World


@dataclass(frozen=True)
class EncodedList:
    """Rows as JSON bytes, ordered by (sort value, key); `sort_values` are what a window bounds."""

    sort_values: list[str]
    keys: list[str]
    rows: list[bytes]

    @classmethod
    def of(cls, rows: Iterable[Row], sort_field: str, key: str) -> "EncodedList":
        """Encode rows; those without a sort value can't be asked for by window."""
        encoder = msgspec.json.Encoder()
        ordered = sorted(
            (
                (str(row[sort_field]), str(row[key]), row)
                for row in rows
                if row[sort_field] is not None
            ),
            key=lambda item: item[:2],
        )
        return cls(
            [item[0] for item in ordered],
            [item[1] for item in ordered],
            [encoder.encode(item[2]) for item in ordered],
        )

    def window(self, start: str | None, end: str | None) -> tuple[int, int]:
        """The places of the rows with start ≤ sort value ≤ end."""
        low = bisect.bisect_left(self.sort_values, start) if start else 0
        high = bisect.bisect_right(self.sort_values, end) if end else len(self.rows)
        return low, max(low, high)


class Snapshot:
    """Everything the systems show at one position of the clock; each list is encoded when asked for."""

    def __init__(self, world: World, clock: dt.datetime, changes: Changes | None = None) -> None:
        self.world, self.clock, self.changes = world, clock, changes or Changes()

    def truth(self) -> dict[str, list[Row]]:
        """Everything that is true now; see World.truth."""
        truth = self.world.truth(self.clock)
        return truth | {
            listed.name: self.changes.over(path, truth[listed.name])
            for path, listed in CHANGING.items()
        }

    @cached_property
    def _case_rows(self) -> list[Row]:
        return self.changes.over("/api/v1/cases", self.world.case_rows(self.clock))

    @cached_property
    def case(self) -> EncodedList:
        """Cases by update."""
        return EncodedList.of(self._case_rows, "updated_at", "case_code")

    @cached_property
    def case_key(self) -> EncodedList:
        """Keys of received cases by day of reception."""
        keys = [
            {
                "case_code": row["case_code"],
                "updated_at": row["updated_at"],
                "_day": row["received_at"][:10],
            }
            for row in self._case_rows
            if row["received_at"]
        ]
        found = EncodedList.of(keys, "_day", "case_code")
        shown = [msgspec.json.decode(row) for row in found.rows]
        encoder = msgspec.json.Encoder()
        rows = [encoder.encode({k: v for k, v in row.items() if k != "_day"}) for row in shown]
        return EncodedList(found.sort_values, found.keys, rows)

    @cached_property
    def rating(self) -> EncodedList:
        """Ratings by submission."""
        rows = self.changes.over("/ratings", self.world.rating_rows(self.clock))
        return EncodedList.of(rows, "submitted_at", "rating_id")

    @cached_property
    def submission(self) -> EncodedList:
        """Online submissions by change."""
        rows = self.changes.over("/v2/submissions", self.world.submission_rows(self.clock))
        return EncodedList.of(rows, "changed_at", "submission_id")

    @cached_property
    def decision(self) -> EncodedList:
        """Decisions by day."""
        return EncodedList.of(self.world.decision_rows(self.clock), "decided_on", "decision_no")

    @cached_property
    def agency(self) -> EncodedList:
        """Agencies."""
        return EncodedList.of(self.world.registers.agencies, "agency_code", "agency_code")

    @cached_property
    def procedure(self) -> EncodedList:
        """Procedures."""
        return EncodedList.of(self.world.registers.procedures, "procedure_code", "procedure_code")

    @cached_property
    def staff(self) -> EncodedList:
        """Staff."""
        return EncodedList.of(self.world.registers.staff, "staff_code", "staff_code")

    @cached_property
    def service(self) -> EncodedList:
        """Online services."""
        rows = self.changes.over("/v2/services", self.world.registers.services)
        return EncodedList.of(rows, "service_id", "service_id")


def bound(text: str | None) -> str | None:
    """A window's bound as the rows spell times: local, to the second, with offset; days stay days.

    Raises:
        ValueError: the text is neither a date nor a date-time.
    """
    if not text:
        return None
    if len(text) == len("2026-01-31"):
        return dt.date.fromisoformat(text).isoformat()
    instant = dt.datetime.fromisoformat(text)
    instant = instant if instant.tzinfo else instant.replace(tzinfo=LOCAL)
    return local_text(instant)


Lookup = Callable[[Snapshot], EncodedList]
