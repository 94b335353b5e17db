"""Working days for the simulator: days as numpy integers since 1970-01-01.

Belongs here: calendar arithmetic on arrays. Doesn't: cases. It shares no code with the warehouse.
"""

import datetime as dt
from dataclasses import dataclass

import holidays
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
DAY = 86_400
# Local times are kept as seconds of a day in Asia/Ho_Chi_Minh, which has no summer time.
OFFSET = dt.timedelta(hours=7)
LOCAL = dt.timezone(OFFSET)
NEVER = np.int64(2**62)
# Days that the holidays package has wrong for 2026 (notice 12729/VPCP-KGVX).
CORRECTIONS = {dt.date(2026, 1, 2): False, dt.date(2026, 1, 10): True}
EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class WorkingDays:
    """Which days are worked between two years; `number[d - first]` counts them up to and with day d."""

    first: int
    is_working: NDArray[np.bool_]
    number: Ints
    days: Ints

    @classmethod
    def between(cls, first_year: int, last_year: int) -> "WorkingDays":
        """The working days of these years, both included."""
        calendar = holidays.country_holidays("VN", years=range(first_year, last_year + 1))
        make_up = set(calendar.weekend_workdays)
        start = (dt.date(first_year, 1, 1) - EPOCH).days
        count = (dt.date(last_year, 12, 31) - EPOCH).days - start + 1
        flags = np.zeros(count, dtype=bool)
        for offset in range(count):
            day = EPOCH + dt.timedelta(days=start + offset)
            worked = day in make_up or (day.weekday() < 5 and day not in calendar)
            flags[offset] = CORRECTIONS.get(day, worked)
        return cls(start, flags, np.cumsum(flags), start + np.flatnonzero(flags))

    def working(self, days: Ints) -> NDArray[np.bool_]:
        """Whether each day is worked."""
        return self.is_working[self._place(days)]

    def add(self, days: Ints, count: Ints) -> Ints:
        """The day that lies `count` working days after each day."""
        last = len(self.days) - 1
        found: Ints = self.days[np.clip(self.number[self._place(days)] + count - 1, 0, last)]
        return found

    def between_days(self, start: Ints, end: Ints) -> Ints:
        """Working days after `start` up to and with `end`."""
        return self.number[self._place(end)] - self.number[self._place(start)]

    def _place(self, days: Ints) -> Ints:
        """Where a day stands in the arrays; what lies outside takes the nearest end."""
        places: Ints = np.clip(days - self.first, 0, len(self.number) - 1)
        return places

    def roll(self, days: Ints) -> Ints:
        """Each day, or the first working day after it."""
        return np.where(self.working(days), days, self.add(days, np.ones_like(days)))


def day_number(day: dt.date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def as_day(number: int) -> dt.date:
    """The date of a day number."""
    return EPOCH + dt.timedelta(days=int(number))


def local_seconds(instant: dt.datetime) -> int:
    """Local wall-clock seconds since 1970-01-01 00:00 in Asia/Ho_Chi_Minh."""
    return int(
        (
            instant.astimezone(dt.UTC).replace(tzinfo=None) + OFFSET - dt.datetime(1970, 1, 1)  # noqa: DTZ001 (wall clock)
        ).total_seconds()
    )


def local_text(instant: dt.datetime) -> str:
    """An instant as the rows spell it: local, to the second, with offset."""
    return instant.astimezone(LOCAL).replace(microsecond=0).isoformat()


def iso_texts(seconds: Ints) -> list[str | None]:
    """Local seconds → ISO date-times with offset; NEVER → None."""
    known = seconds < NEVER
    texts = np.datetime_as_string(np.where(known, seconds, 0).astype("datetime64[s]"))
    return [
        f"{text}+07:00" if there else None
        for text, there in zip(texts.tolist(), known.tolist(), strict=True)
    ]
