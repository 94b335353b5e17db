"""One case's clock, followed from event to event (contracts.md §5.1 to 5.3).

Belongs here: which requests and extensions count, the due day that they leave, and when a case waits. Doesn't:
reading a source's record (facts.py), the day a limit gives (limits.py).
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from tests.oracle.limits import (
    Span,
    day_of_office_minute,
    derived_due,
    office_minutes_of,
    working_days_of,
)
from tests.oracle.workdays import add_working

Moment = dt.datetime


@dataclass(frozen=True)
class Request:
    """All entries of a case with one moment of asking; `done` only where it was answered by as-of."""

    at: Moment
    done: Moment | None

    def is_open_at_end_of(self, day: dt.date) -> bool:
        """Whether it was made by the day and not answered on or before it."""
        return self.at.date() <= day and (self.done is None or self.done.date() > day)


def united(entries: list[tuple[Moment, Moment | None]], as_of: Moment) -> list[Request]:
    """Entries of one moment are one request, answered at the latest answer by as-of that any of them holds."""
    answers: dict[Moment, list[Moment]] = {}
    for at, done in entries:
        if at <= as_of:
            answers.setdefault(at, []).extend([done] if done and done <= as_of else [])
    return [Request(at, max(answers[at], default=None)) for at in sorted(answers)]


@dataclass(frozen=True)
class Due:
    """A due day; with the moment, where the case is compared by time."""

    day: dt.date
    moment: Moment | None = None

    def holds(self, at: Moment) -> bool:
        """Whether what happens then happens on time."""
        return at <= self.moment if self.moment else at.date() <= self.day


@dataclass
class Clock:
    """What is known of a case, and what follows from it once `run` has gone through its events."""

    start: Moment
    end: Moment | None
    as_of: Moment
    requests: list[Request]
    extensions: list[tuple[Moment, Moment]]
    """Statutory ones, as (issued, new due), both known and issued by as-of."""
    promised: Moment | None
    limit: tuple[int, str] | None
    by_time: bool

    def __post_init__(self) -> None:
        """Go through the events in the order in which they happened."""
        self.counted: list[Request] = []
        self.extended: Moment | None = None
        events: list[tuple[Moment, int, Moment | None, Any]] = []
        events += [(issued, 0, new_due, None) for issued, new_due in self.extensions]
        events += [(request.at, 1, None, request) for request in self.requests]
        for at, _, new_due, request in sorted(events, key=lambda e: (e[0], e[1], e[2] or e[0])):
            if request is not None:
                if self._is_in_time(at):
                    self.counted.append(request)
            elif new_due is not None and self._extends(at, new_due):
                self.extended = new_due
        self.due = self._due_as_moved_by(self.counted)

    def _extends(self, issued: Moment, new_due: Moment) -> bool:
        if self.end and issued.date() > self.end.date():
            return False
        return new_due.date() >= issued.date() and self._is_in_time(issued)

    def _is_in_time(self, at: Moment) -> bool:
        """On or before the due day that stood then, or on a day on which the case waited.

        What was answered on that very day counts as answered, also where the due day has a moment.
        """
        day = at.date()
        answered = [q for q in self.counted if q.done and q.done.date() <= day]
        due = self._due_as_moved_by(answered)
        return due is None or due.holds(at) or self.waits_at_end_of(day)

    def _due_as_moved_by(self, requests: list[Request]) -> Due | None:
        if self.extended:
            return Due(self.extended.date(), self.extended if self.by_time else None)
        spans = self._cut(requests)
        if self.promised:
            day = _moved(self.promised.date(), spans)
            moment = dt.datetime.combine(day, self.promised.timetz())
            return Due(day, moment if self.by_time else None)
        base = derived_due(self.start, self.limit) if self.limit else None
        if base is None or self.limit is None:
            return None
        count, unit = self.limit
        if unit == "working_hour":
            minutes = count * 60 + len(office_minutes_of(spans))
            return Due(day_of_office_minute(self.start, minutes))
        return Due(_moved(base, spans))

    def _cut(self, requests: list[Request]) -> list[Span]:
        """Spans of answered requests, no longer than the clock ran."""
        stop = self.end or self.as_of
        cut = [(max(q.at, self.start), min(q.done, stop)) for q in requests if q.done]
        return [(first, last) for first, last in cut if first < last]

    def waits_at_end_of(self, day: dt.date) -> bool:
        """Whether an open case waits for a supplement then."""
        return any(request.is_open_at_end_of(day) for request in self.counted)

    def is_overdue_at_end_of(self, day: dt.date) -> bool:
        """Whether an open case is overdue then; on the day of as-of, at that moment."""
        if self.due is None or self.waits_at_end_of(day):
            return False
        if self.due.moment is not None and day == self.due.day:
            return self.due.moment <= self.as_of
        return day > self.due.day

    def requests_by(self, day: dt.date) -> int:
        """How many requests had been made, in time or not."""
        return sum(request.at.date() <= day for request in self.requests)

    def duration(self) -> int | None:
        """Working days from start to end without those of answered requests."""
        if self.end is None or self.end.date() < self.start.date():
            return None
        whole = working_days_of([(self.start, self.end)])
        return len(whole - working_days_of(self._cut(self.requests)))


def _moved(day: dt.date, spans: list[Span]) -> dt.date:
    """So many working days later; a due day on a day off counts from it, and stays where nothing moves it."""
    shift = len(working_days_of(spans))
    return add_working(day, shift) if shift else day
