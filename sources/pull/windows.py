"""Which stretch of time to ask for, and in which pieces.

Belongs here: arithmetic on windows, whole seconds, the local dates of date windows. Doesn't: reading.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sources.errors import SpecError
from sources.spec.systems import EntitySpec

# More stretches of days than this are asked for as one.
STRETCHES_MOST = 31


@dataclass(frozen=True)
class Window:
    """From `start` to `end`, both with a zone; whether the ends belong to it is the system's affair.

    For a date window both are the local midnights of its first and last day, ends included; what is asked
    goes a day further (`window_params`).
    """

    start: dt.datetime
    end: dt.datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise SpecError("A window needs times with a zone.")
        if self.start > self.end:
            raise SpecError(
                "A window's start lies after its end; check the dates, or the stored cursor."
            )


def next_window(
    entity: EntitySpec,
    cursor_at: dt.datetime | None,
    now: dt.datetime,
    zone: ZoneInfo,
    *,
    full: bool = False,
) -> Window | None:
    """The window of the next read: (cursor − overlap, now], or everything; None for plain snapshots.

    Raises:
        SpecError: the cursor lies in the future, so the read would be silently empty.
    """
    if entity.window is None or entity.start is None:
        return None
    first = dt.datetime.combine(entity.start, dt.time(), zone)
    if entity.mode != "incremental" or full or cursor_at is None:
        return Window(min(first, now), now)
    # `now` may be an as-of in the past; only what no clock has shown yet is absurd.
    if cursor_at > max(now, dt.datetime.now(dt.UTC)) + dt.timedelta(days=1):
        raise SpecError("The stored cursor lies in the future; read this entity in full once.")
    start = min(cursor_at, now) - dt.timedelta(days=entity.overlap_days)
    return Window(min(max(start, first), now), now)


def split_window(entity: EntitySpec, window: Window, zone: ZoneInfo) -> list[Window]:
    """The window in the entity's pieces, oldest first, cut at local midnights, in whole seconds."""
    start = window.start.astimezone(zone).replace(microsecond=0)
    end = window.end.astimezone(zone).replace(microsecond=0)
    dates = entity.window is not None and entity.window.type == "date"
    if dates:
        start, end = _midnight(start), _midnight(end)
    pieces = []
    for cut in _cuts(start, end, entity.split):
        if cut == end and not dates:
            break
        # Date windows include both ends: the next piece begins a day later.
        pieces.append(Window(start, cut - dt.timedelta(days=1) if dates else cut))
        start = cut
    return [*pieces, Window(start, end)]


def _cuts(start: dt.datetime, end: dt.datetime, split: str) -> Iterator[dt.datetime]:
    if split == "none":
        return
    cut = _midnight(start).replace(day=1)
    while True:
        months = 12 - cut.month + 1 if split == "year" else 1
        year, month = divmod(cut.year * 12 + cut.month - 1 + months, 12)
        cut = cut.replace(year=year, month=month + 1)
        if cut > end:
            return
        if cut > start:
            yield cut


def _midnight(at: dt.datetime) -> dt.datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def day_windows(days: Sequence[dt.date], zone: ZoneInfo, now: dt.datetime) -> list[Window]:
    """Sorted local days as windows that end at `now` at the latest: neighbours together, many as one."""
    one = dt.timedelta(days=1)
    bounds: list[tuple[dt.date, dt.date]] = []
    for day in days:
        if bounds and day - bounds[-1][1] <= one:
            bounds[-1] = (bounds[-1][0], day)
        else:
            bounds.append((day, day))
    if len(bounds) > STRETCHES_MOST:
        bounds = [(days[0], days[-1])]
    starts = [dt.datetime.combine(first, dt.time(), zone) for first, _ in bounds]
    ends = [dt.datetime.combine(last + one, dt.time(), zone) for _, last in bounds]
    return [Window(start, min(end, now)) for start, end in zip(starts, ends, strict=True)]


def window_params(entity: EntitySpec, window: Window | None, zone: ZoneInfo) -> Mapping[str, str]:
    """The query parameters that ask for this window; the last day is in it however the system reads its end."""
    spec = entity.window
    if spec is None or window is None:
        return {}
    beyond = dt.timedelta(days=spec.days_beyond if spec.type == "date" else 0)
    return {
        spec.from_param: _written(window.start.astimezone(zone), spec.type, spec.format),
        spec.to_param: _written(window.end.astimezone(zone) + beyond, spec.type, spec.format),
    }


def _written(at: dt.datetime, kind: str, pattern: str | None) -> str:
    if pattern:
        return at.strftime(pattern)
    return at.date().isoformat() if kind == "date" else at.isoformat(timespec="seconds")
