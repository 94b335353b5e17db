"""Working days from a table typed by hand (domain.md §4.2), to check the product's calendar against."""

import datetime as dt
from functools import cache

# Days off on weekdays, by year: Tết, public holidays, days in lieu and swapped days.
DAYS_OFF = {
    2021: "01-01 02-10 02-11 02-12 02-15 02-16 04-21 04-30 05-03 09-02 09-03",
    2022: "01-03 01-31 02-01 02-02 02-03 02-04 04-11 05-02 05-03 09-01 09-02",
    2023: "01-02 01-20 01-23 01-24 01-25 01-26 05-01 05-02 05-03 09-01 09-04",
    2024: "01-01 02-08 02-09 02-12 02-13 02-14 04-18 04-29 04-30 05-01 09-02 09-03",
    2025: "01-01 01-27 01-28 01-29 01-30 01-31 04-07 04-30 05-01 05-02 09-01 09-02",
    2026: "01-01 01-02 02-16 02-17 02-18 02-19 02-20 04-27 04-30 05-01 08-31 09-01 09-02 11-24",
    # Not official yet: as the labour code lays them down.
    2027: "01-01 02-04 02-05 02-08 02-09 02-10 04-16 04-30 05-03 09-02 09-03 11-24",
    2028: "01-03 01-24 01-25 01-26 01-27 01-28 04-04 05-01 05-02 09-01 09-04 11-24",
    2029: "01-01 02-12 02-13 02-14 02-15 02-16 04-23 04-30 05-01 09-03 09-04 11-26",
    2030: "01-01 01-31 02-01 02-04 02-05 02-06 04-12 04-30 05-01 09-02 09-03 11-25",
}
# Saturdays worked in exchange.
WORKED = {"2024-05-04", "2025-04-26", "2026-01-10", "2026-08-22"}
_OFF = {
    dt.date.fromisoformat(f"{year}-{day}")
    for year, days in DAYS_OFF.items()
    for day in days.split()
}
_MAKE_UP = {dt.date.fromisoformat(day) for day in WORKED}
ONE_DAY = dt.timedelta(days=1)


def is_working(day: dt.date) -> bool:
    """Whether a day is worked."""
    return day in _MAKE_UP or (day.weekday() < 5 and day not in _OFF)


@cache
def add_working(day: dt.date, count: int) -> dt.date:
    """The count-th working day after a day; the day itself is day 0."""
    while count > 0:
        day += ONE_DAY
        count -= is_working(day)
    return day


@cache
def working_between(start: dt.date, end: dt.date) -> int:
    """Working days after `start` up to and with `end`."""
    total = 0
    while start < end:
        start += ONE_DAY
        total += is_working(start)
    return total


def roll(day: dt.date) -> dt.date:
    """The day, or the next working day."""
    while not is_working(day):
        day += ONE_DAY
    return day
