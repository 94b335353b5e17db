"""Counts by KPI, period and agency, and the periods that hold a day.

Belongs here: what counting has in common. Doesn't: any KPI's rule (kpi.py, registers.py).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from functools import cache

from tests.oracle.facts import Row, agency_names
from tests.oracle.limits import days_between

Key = tuple[str, str, str, dt.date, str]
Count = tuple[int, int]
Span = tuple[str, dt.date, dt.date]
ONE_DAY = dt.timedelta(days=1)


@cache
def spans_of(at: dt.date, campaigns: tuple[tuple[dt.date, dt.date], ...] = ()) -> tuple[Span, ...]:
    """The periods that hold a day: (kind, first day, last day); a year to date ends on 31 December here."""
    monday = at - dt.timedelta(days=at.weekday())
    first = at.replace(day=1)
    quarter = at.replace(month=(at.month - 1) // 3 * 3 + 1, day=1)
    new_year, old_year = at.replace(month=1, day=1), at.replace(month=12, day=31)
    return (
        ("day", at, at),
        ("week", monday, monday + 6 * ONE_DAY),
        ("month", first, (first + 32 * ONE_DAY).replace(day=1) - ONE_DAY),
        ("quarter", quarter, (quarter + 95 * ONE_DAY).replace(day=1) - ONE_DAY),
        ("year", new_year, old_year),
        ("ytd", new_year, old_year),
        *(("campaign", start, end) for start, end in campaigns if start <= at <= end),
    )


def spans_until(first: dt.date, last: dt.date, kinds: Iterable[str]) -> set[Span]:
    """Periods of some kinds that hold a day from `first` to `last`."""
    days = (first, *days_between(first, last))
    return {span for at in days for span in spans_of(at) if span[0] in kinds}


class Tally:
    """One world and its counts by (kpi, variant, kind, start, agency)."""

    def __init__(
        self,
        truth: dict[str, list[Row]],
        as_of: dt.datetime,
        centre: str,
        campaigns: tuple[tuple[dt.date, dt.date], ...] = (),
    ) -> None:
        self.truth, self.as_of, self.centre, self.campaigns = truth, as_of, centre, campaigns
        self.today = as_of.date()
        self.aliases = agency_names(truth)
        self._counts: dict[Key, list[int]] = defaultdict(lambda: [0, 0])

    @property
    def counts(self) -> dict[Key, Count]:
        """Numerators and denominators by key."""
        return {key: (n, d) for key, (n, d) in self._counts.items()}

    def _spans(self, at: dt.date) -> tuple[Span, ...]:
        return spans_of(at, self.campaigns)

    def _add(
        self, kpi: str, variant: str, span: Span, agency: str, good: bool, whole: int = 1
    ) -> None:
        for code in (agency, "ALL"):
            entry = self._counts[(kpi, variant, span[0], span[1], code)]
            entry[0] += int(good)
            entry[1] += whole

    def _count(self, kpi: str, variant: str, at: dt.date, agency: str, good: bool) -> None:
        for span in self._spans(at):
            self._add(kpi, variant, span, agency, good)

    def _distinct(self, kpi: str, variant: str, span: Span, agency: str, marks: list[bool]) -> None:
        if marks:
            self._counts[(kpi, variant, span[0], span[1], agency)] = [sum(marks), len(marks)]
