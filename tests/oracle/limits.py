"""Days that follow from a procedure's limit, walked day by day and minute by minute.

Belongs here: limits, office hours, and which days and office minutes a span holds. Doesn't: what moves a due day
(clock.py).
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from tests.oracle.workdays import ONE_DAY, add_working, is_working, roll

# Office hours as minutes of the day: 07:00–11:30 and 13:30–17:00.
OFFICE = (*range(7 * 60, 11 * 60 + 30), *range(13 * 60 + 30, 17 * 60))
LONGEST = 1000
NO_SUCH_DAY = dt.date(2100, 1, 1)
Span = tuple[dt.datetime, dt.datetime]


def limit_of(procedure: dict[str, Any] | None) -> tuple[int, str] | None:
    """A procedure's limit, where a due day can be derived from it."""
    if procedure is None or procedure["time_limit_value"] is None:
        return None
    count, unit = int(procedure["time_limit_value"]), procedure["time_limit_unit"]
    known = ("working_day", "day", "working_hour", "hour", "month")
    return (count, unit) if unit in known and 0 <= count <= LONGEST else None


def derived_due(start: dt.datetime, limit: tuple[int, str]) -> dt.date | None:
    """The due day by the limit alone; none where it would lie in 2100 or later."""
    count, unit = limit
    first = start.date()
    if unit == "working_day":
        found = add_working(first, count) if count else roll(first)
    elif unit == "working_hour":
        found = day_of_office_minute(start, count * 60)
    elif unit == "month":
        month = first.month - 1 + count
        year, month = first.year + month // 12, month % 12 + 1
        last = (dt.date(year + month // 12, month % 12 + 1, 1) - ONE_DAY).day
        found = roll(dt.date(year, month, min(first.day, last)))
    else:
        length = dt.timedelta(days=count) if unit == "day" else dt.timedelta(hours=count)
        found = roll((start + length).date())
    return found if found < NO_SUCH_DAY else None


@cache
def day_of_office_minute(start: dt.datetime, minutes: int) -> dt.date:
    """The day on which so many office minutes have passed; none at all: when the office is open next."""
    day, at = start.date(), start.hour * 60 + start.minute
    while True:
        if is_working(day):
            ahead = [minute for minute in OFFICE if minute >= at]
            if ahead and minutes <= len(ahead):
                return day
            minutes -= len(ahead)
        day, at = day + ONE_DAY, 0


def days_between(start: dt.date, end: dt.date) -> Iterator[dt.date]:
    """The days after `start` up to and with `end`."""
    while start < end:
        start += ONE_DAY
        yield start


def working_days_of(spans: Iterable[Span]) -> set[dt.date]:
    """Working days that at least one span moves a due day by."""
    return {
        day
        for start, end in spans
        for day in days_between(start.date(), end.date())
        if is_working(day)
    }


def office_minutes_of(spans: Iterable[Span]) -> set[tuple[dt.date, int]]:
    """Office minutes that lie in at least one span."""
    found: set[tuple[dt.date, int]] = set()
    for start, end in spans:
        if start >= end:
            continue
        for day in (start.date(), *days_between(start.date(), end.date())):
            first = start.hour * 60 + start.minute if day == start.date() else 0
            last = end.hour * 60 + end.minute if day == end.date() else 24 * 60
            if is_working(day):
                found |= {(day, minute) for minute in OFFICE if first <= minute < last}
    return found
