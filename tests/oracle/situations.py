"""What is awkward about a case, so that drawn histories can be shown to hold enough of each.

Belongs here: names for situations of contracts.md §5. Doesn't: any count that is published.
"""

from collections.abc import Iterator

from tests.oracle.clock import Clock
from tests.oracle.facts import CaseFact, Row
from tests.oracle.workdays import is_working

NAMES = (
    "asked twice at one moment", "answered before asked", "spans overlap", "asked before the clock started",
    "asked after the end", "answered after the end", "asked on a day off", "asked on the due day", "asked too late",
    "waits at as-of", "extended", "an extension doesn't count", "no due day", "ended before reception",
    "ended before the clock started", "starts elsewhere", "5 or 6 without an open request", "9 without an end",
    "by time", "working hours moved", "returned in another month",
)  # fmt: skip


def situations(row: Row, f: CaseFact) -> Iterator[str]:
    """The names that an accepted case earns by its record and its story."""
    assert f.clock is not None
    yield from (name for name, holds in zip(NAMES, _marks(row, f, f.clock), strict=True) if holds)


def _marks(row: Row, f: CaseFact, clock: Clock) -> Iterator[bool]:
    asked = [p["requested_at"] for p in row["pauses"]]
    yield len(asked) > len(set(asked))
    yield any(q.done and q.done < q.at for q in f.requests)
    yield any(p.done and p.at < q.at < p.done for p in clock.counted for q in clock.counted)
    yield any(q.at < clock.start for q in f.requests)
    yield any(f.ended and q.at > f.ended for q in f.requests)
    yield any(f.ended and q.done and q.at < f.ended < q.done for q in f.requests)
    yield any(not is_working(q.at.date()) for q in clock.counted)
    yield any(q.at.date() == f.due_on for q in f.requests)
    yield len(clock.counted) < len(f.requests)
    yield f.ended is None and clock.waits_at_end_of(clock.as_of.date())
    yield clock.extended is not None
    yield clock.extended is None and bool(clock.extensions)
    yield f.due_on is None
    yield bool(f.end_on and f.received_on and f.end_on < f.received_on)
    yield bool(f.end_on and f.end_on < clock.start.date())
    yield clock.start != f.received
    yield f.status in (5, 6) and all(q.done for q in f.requests)
    yield f.status == 9 and f.ended is None
    yield clock.due is not None and clock.due.moment is not None
    is_in_hours = (
        clock.promised is None and clock.limit is not None and clock.limit[1] == "working_hour"
    )
    yield is_in_hours and any(q.done for q in clock.counted)
    yield bool(f.end_on and f.handover_on and f.end_on.month != f.handover_on.month)
