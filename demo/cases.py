"""Cases of the simulated province: for each, when everything happens to it.

Belongs here: drawing event times, vectorised. Doesn't: showing cases at a moment (snapshots.py).
Times are local seconds since 1970; NEVER means that it doesn't happen.
"""

import datetime as dt
from dataclasses import dataclass, fields

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from demo.clockwork import DAY, NEVER, Ints, WorkingDays, as_day, day_number
from demo.registers import LOCAL_UNITS, Registers

MONTHS = np.array([0.85, 0.65, 1.15, 1.0, 1.0, 1.05, 1.0, 1.0, 1.0, 1.05, 1.1, 1.15])
WEEKDAYS = np.array([1.25, 1.1, 1.0, 0.95, 0.7, 0.12, 0.12])
ONLINE_BY_YEAR = {2020: 0.2, 2021: 0.45, 2022: 0.6, 2023: 0.73, 2024: 0.8, 2025: 0.88, 2026: 0.95}
CENTRE_SHARE = 0.7
DISTRICT_DAYS_END = day_number(dt.date(2025, 7, 1))


@dataclass
class Cases:
    """One entry a case in every array."""

    code: NDArray[np.str_]
    procedure: Ints
    department: Ints
    unit: Ints  # -1 the Centre, else the place of a local unit
    old_code: NDArray[np.bool_]
    channel: Ints
    submitted: Ints
    received: Ints
    rejected: Ints
    due: Ints
    due_known: NDArray[np.bool_]
    corrected_due: Ints
    corrected: Ints
    pause1: Ints
    pause1_end: Ints
    pause2: Ints
    pause2_end: Ints
    apology: Ints
    apology_due: Ints
    statutory: Ints
    statutory_due: Ints
    finished: Ints
    returned: Ints
    withdrawn: Ints
    stopped: Ints
    competent: Ints  # when an agency elsewhere got the file (crossings.py)
    soft_deleted: Ints
    hard_deleted: Ints
    luck: NDArray[np.float64]  # one draw a case for everything small

    def __len__(self) -> int:
        return len(self.code)

    def events(self) -> list[Ints]:
        """The moments at which a case's record changes (its deletion in the source left out)."""
        names = {"submitted", "received", "rejected", "corrected", "pause1", "pause1_end", "pause2",
                 "pause2_end", "apology", "statutory", "finished", "returned", "withdrawn", "stopped",
                 "competent", "soft_deleted"}  # fmt: skip
        return [getattr(self, field.name) for field in fields(self) if field.name in names]


def draw_cases(
    rng: Generator,
    calendar: WorkingDays,
    registers: Registers,
    first: dt.date,
    last: dt.date,
    count: int,
) -> Cases:
    """Draw `count` cases submitted from `first` to `last`."""
    submitted_day, online = _arrivals(rng, calendar, first, last, count)
    procedure = rng.choice(
        len(registers.procedure_weights), size=count, p=registers.procedure_weights
    )
    department = registers.procedure_department[procedure]
    unit = np.where(rng.random(count) < CENTRE_SHARE, -1, rng.integers(0, len(LOCAL_UNITS), count))
    channel = np.where(online, 2, np.where(rng.random(count) < 0.02, 3, 1))
    submitted = submitted_day * DAY + _seconds(rng, count, online)
    refused = online & (rng.random(count) < 0.05)
    received = _reception(rng, calendar, submitted, online)
    values, units = _limits(registers, procedure)
    due = _due(calendar, received, values, units)
    late = rng.random(count) < np.where(unit < 0, registers.late_shares[department], 0.004)
    pauses = _pauses(rng, calendar, received, due)
    moved = _moved(calendar, due, pauses)
    statutory = np.where((rng.random(count) < 0.004) & (pauses[0] == NEVER), due - 2 * DAY, NEVER)
    statutory = np.where(statutory > received, statutory, NEVER)
    statutory_due = calendar.add(due // DAY, np.full(count, 10)) * DAY + 17 * 3600
    goal = np.where(statutory < NEVER, statutory_due, moved)
    finished = _finish(rng, calendar, received, goal, late, pauses)
    cases = Cases(
        code=_codes(registers, submitted_day, department, unit),
        procedure=procedure, department=department, unit=unit,
        old_code=(rng.random(count) < 0.03) & (submitted_day < DISTRICT_DAYS_END) & (unit < 0),
        channel=channel, submitted=submitted, received=np.where(refused, NEVER, received),
        rejected=np.where(refused, received, NEVER), due=due,
        due_known=(rng.random(count) > 0.004) & (units >= 0),
        corrected_due=due, corrected=np.full(count, NEVER), pause1=pauses[0], pause1_end=pauses[1],
        pause2=pauses[2], pause2_end=pauses[3], apology=np.full(count, NEVER), apology_due=due,
        statutory=statutory, statutory_due=statutory_due, finished=finished,
        returned=np.full(count, NEVER), withdrawn=np.full(count, NEVER), stopped=np.full(count, NEVER),
        competent=np.full(count, NEVER), soft_deleted=np.full(count, NEVER),
        hard_deleted=np.full(count, NEVER), luck=rng.random(count),
    )  # fmt: skip
    _end_otherwise(rng, calendar, cases, late, goal)
    _forget_refused(cases, refused)
    _change_afterwards(rng, calendar, cases)
    return cases


def _arrivals(
    rng: Generator, calendar: WorkingDays, first: dt.date, last: dt.date, count: int
) -> tuple[Ints, NDArray[np.bool_]]:
    days = np.arange(day_number(first), day_number(last) + 1)
    dates = [as_day(day) for day in days.tolist()]
    weight = np.array([MONTHS[d.month - 1] * WEEKDAYS[d.weekday()] for d in dates])
    worked = calendar.working(days)
    weight = np.where(worked, np.maximum(weight, 0.5), np.minimum(weight, 0.1))
    chosen = rng.choice(len(days), size=count, p=weight / weight.sum())
    share = np.array([ONLINE_BY_YEAR.get(d.year, 0.95) for d in dates])[chosen]
    online = (rng.random(count) < share) | ~worked[chosen]
    return days[chosen], online


def _seconds(rng: Generator, count: int, online: NDArray[np.bool_]) -> Ints:
    morning = rng.triangular(7.05, 9.0, 11.3, count)
    afternoon = rng.triangular(13.55, 14.5, 16.9, count)
    counter = np.where(rng.random(count) < 0.6, morning, afternoon)
    anytime = np.where(
        rng.random(count) < 0.8, rng.triangular(6.0, 14.0, 23.5, count), rng.uniform(0, 23.9, count)
    )
    return (np.where(online, anytime, counter) * 3600).astype(np.int64)


def _reception(
    rng: Generator, calendar: WorkingDays, submitted: Ints, online: NDArray[np.bool_]
) -> Ints:
    """At the counter at once; online on the next working hours."""
    day = submitted // DAY
    second = submitted % DAY
    in_hours = calendar.working(day) & (second > 7 * 3600) & (second < 15 * 3600)
    same = submitted + rng.integers(300, 5400, len(submitted))
    next_day = calendar.add(day, np.ones_like(day)) * DAY + rng.integers(
        7 * 3600 + 300, 10 * 3600, len(submitted)
    )
    return np.where(online, np.where(in_hours, same, next_day), submitted)


def _limits(registers: Registers, procedure: Ints) -> tuple[Ints, Ints]:
    names = {"working_day": 0, "day": 1, "working_hour": 2, "month": 3, "hour": 4, None: -1}
    values = np.array([p["time_limit_value"] or 0 for p in registers.procedures])
    units = np.array([names[p["time_limit_unit"]] for p in registers.procedures])
    return values[procedure], units[procedure]


def _due(calendar: WorkingDays, received: Ints, values: Ints, units: Ints) -> Ints:
    """What the case system prints on the receipt; a case without a limit gets ten working days."""
    day = received // DAY
    working = np.where(
        units == 0, values, np.where(units == 2, np.where(received % DAY > 11 * 3600, 1, 0), 10)
    )
    by_number = calendar.add(day, np.maximum(working, 1))
    by_number = np.where((working == 0) & calendar.working(day), day, by_number)
    calendar_days = np.where(units == 1, values, np.where(units == 3, 30, 2))
    rolled = calendar.roll(day + calendar_days)
    is_calendar = (units == 1) | (units == 3) | (units == 4)
    return np.where(is_calendar, rolled, by_number) * DAY + 17 * 3600


def _pauses(
    rng: Generator, calendar: WorkingDays, received: Ints, due: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    count = len(received)
    room = (due // DAY - received // DAY) > 2
    has_one = room & (rng.random(count) < 0.1)
    asked = received + np.minimum((due - received) // 2, 3 * DAY) + rng.integers(0, 3600, count)
    asked = calendar.roll(asked // DAY) * DAY + asked % DAY
    waited = np.clip(np.rint(rng.lognormal(1.6, 0.7, count)), 0, 60).astype(np.int64)
    answered = calendar.add(asked // DAY, np.maximum(waited, 1)) * DAY + rng.integers(
        8 * 3600, 16 * 3600, count
    )
    answered = np.where(rng.random(count) < 0.1, NEVER, answered)
    has_two = has_one & (answered < NEVER) & (rng.random(count) < 0.05)
    base = np.where(answered < NEVER, answered, 0)
    again = calendar.add(base // DAY, np.ones(count, dtype=np.int64)) * DAY + 9 * 3600
    done = calendar.add(again // DAY, np.full(count, 3)) * DAY + 15 * 3600
    return (
        np.where(has_one, asked, NEVER), np.where(has_one, answered, NEVER),
        np.where(has_two, again, NEVER), np.where(has_two, done, NEVER),
    )  # fmt: skip


def _moved(calendar: WorkingDays, due: Ints, pauses: tuple[Ints, Ints, Ints, Ints]) -> Ints:
    total = np.zeros(len(due), dtype=np.int64)
    for start, end in ((pauses[0], pauses[1]), (pauses[2], pauses[3])):
        there = (start < NEVER) & (end < NEVER)
        span = calendar.between_days(np.where(there, start, 0) // DAY + np.where(there, 0, due // DAY),
                                     np.where(there, end, 0) // DAY + np.where(there, 0, due // DAY))  # fmt: skip
        total += np.where(there, span, 0)
    moved = calendar.add(due // DAY, np.maximum(total, 1)) * DAY + 17 * 3600
    return np.where(total > 0, moved, due)


def _finish(
    rng: Generator, calendar: WorkingDays, received: Ints, goal: Ints, late: NDArray[np.bool_],
    pauses: tuple[Ints, Ints, Ints, Ints],
) -> Ints:  # fmt: skip
    """Early, on the due day, or late; never before reception or the last answered request."""
    count = len(received)
    floor = np.maximum(received, np.where(pauses[1] < NEVER, pauses[1], 0))
    floor = np.maximum(floor, np.where(pauses[3] < NEVER, pauses[3], 0))
    share = np.minimum(rng.lognormal(-0.6, 0.5, count), 1.0)
    early_day = calendar.roll(
        (floor + (np.maximum(goal - floor, 0) * share).astype(np.int64)) // DAY
    )
    due_day = goal // DAY
    late_day = calendar.add(due_day, 1 + rng.geometric(0.25, count))
    on_the_day = rng.random(count) < 0.3
    day = np.where(late, late_day, np.where(on_the_day, due_day, np.minimum(early_day, due_day)))
    finished = day * DAY + rng.integers(14 * 3600, 16 * 3600 + 3000, count)
    finished = np.maximum(finished, floor + 600)
    waits_for_ever = (pauses[0] < NEVER) & (pauses[1] == NEVER)
    return np.where(waits_for_ever, NEVER, finished)


def _end_otherwise(
    rng: Generator, calendar: WorkingDays, cases: Cases, late: NDArray[np.bool_], goal: Ints
) -> None:
    """Withdrawn, stopped and rejected cases, returns, apologies."""
    count = len(cases)
    gives_up = (cases.pause1 < NEVER) & (cases.pause1_end == NEVER)
    # An agency that waits in vain stops the case on the day it is due, seldom later.
    base = np.where(gives_up, cases.pause1, cases.received)
    day = np.maximum(calendar.add(base // DAY, np.ones(count, dtype=np.int64)), cases.due // DAY)
    overlooked = rng.random(count) < 0.03
    day = np.where(overlooked, calendar.add(day, np.full(count, 20)), day)
    cases.stopped = np.where(gives_up, day * DAY + 15 * 3600, NEVER)
    ends_early = (rng.random(count) < 0.02) & (cases.finished < NEVER) & (cases.pause1 == NEVER)
    half = (
        cases.received // 2 + np.where(cases.finished < NEVER, cases.finished, cases.received) // 2
    )
    withdrawn = ends_early & (rng.random(count) < 0.75)
    cases.withdrawn = np.where(withdrawn, half, NEVER)
    rejected = ends_early & ~withdrawn & (half > cases.received)
    cases.rejected = np.where(rejected, half, cases.rejected)
    cases.finished = np.where(withdrawn | rejected, NEVER, cases.finished)
    collected = (cases.finished < NEVER) & (rng.random(count) < 0.93)
    later = calendar.roll(
        np.where(collected, cases.finished, 0) // DAY + np.minimum(rng.geometric(0.5, count), 40)
    )
    cases.returned = np.where(
        collected, later * DAY + rng.integers(8 * 3600, 16 * 3600, count), NEVER
    )
    apologised = late & (cases.finished < NEVER) & (rng.random(count) < 0.8)
    cases.apology = np.where(apologised, goal - 8 * 3600, NEVER)
    cases.apology_due = np.where(apologised, goal + 5 * DAY, goal)


def _forget_refused(cases: Cases, refused: NDArray[np.bool_]) -> None:
    for name in ("pause1", "pause1_end", "pause2", "pause2_end", "apology", "statutory", "finished",
                 "returned", "withdrawn", "stopped"):  # fmt: skip
        setattr(cases, name, np.where(refused, NEVER, getattr(cases, name)))


def _change_afterwards(rng: Generator, calendar: WorkingDays, cases: Cases) -> None:
    """Corrections weeks later, deletions marked and deletions without a trace."""
    count = len(cases)
    ended = np.minimum(np.minimum(cases.finished, cases.withdrawn), cases.stopped)
    weeks = np.where(ended < NEVER, ended, cases.submitted) + rng.integers(14, 70, count) * DAY
    corrected = (ended < NEVER) & (rng.random(count) < 0.02)
    cases.corrected = np.where(corrected, weeks, NEVER)
    wrong_due = corrected & (rng.random(count) < 0.1)
    cases.corrected_due = np.where(wrong_due, calendar.add(cases.due // DAY, np.full(count, 2)) * DAY + 17 * 3600,
                                   cases.due)  # fmt: skip
    fate = rng.random(count)
    cases.soft_deleted = np.where(fate < 0.001, weeks + 3600, NEVER)
    cases.hard_deleted = np.where((fate > 0.001) & (fate < 0.004), weeks + 7200, NEVER)


def _codes(registers: Registers, day: Ints, department: Ints, unit: Ints) -> NDArray[np.str_]:
    """{agency}-{yyMMdd}-{sequence}; the sequence runs through an agency's day."""
    owner = np.where(unit < 0, department, 100 + unit)
    order = np.lexsort((owner, day))
    sorted_key = day[order] * 1000 + owner[order]
    starts = np.r_[True, sorted_key[1:] != sorted_key[:-1]][: len(order)]
    places = np.arange(len(order))
    sequence = np.empty(len(order), dtype=np.int64)
    sequence[order] = places - np.maximum.accumulate(np.where(starts, places, 0)) + 1
    stamps = {d: f"{as_day(d):%y%m%d}" for d in np.unique(day).tolist()}
    return np.array([
        f"{registers.department_codes[o] if o < 100 else f'H37.{o}'}-{stamps[d]}-{s:05d}"
        for o, d, s in zip(owner.tolist(), day.tolist(), sequence.tolist(), strict=True)
    ])  # fmt: skip
