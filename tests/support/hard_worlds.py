"""Hard days, and healthy worlds to meet them: from systems that hold nothing to archives of long ago.

Belongs here: the instants, the kinds of worlds, drawing one for an instant. Doesn't: nights (hard_days.py).
"""

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.local_time import LOCAL
from demo.clockwork import DAY, day_number, local_seconds
from demo.server import DEMO_CREDENTIALS
from demo.snapshots import visible
from demo.world import World

# Instants that a rule might stumble over. Days off are those of notices up to 2026 and of the lunar calendar after.
DAYS = {
    "2023-06-06": "last day of nominations",
    "2023-06-10": "last day of the campaign, a Saturday",
    "2024-02-29": "a leap day behind us",
    "2025-07-01 00:00:00": "districts end, NĐ 61/2018 ended yesterday",
    "2026-01-01 00:00:00": "the first instant of a year",
    "2026-01-02": "a day off that the holidays package doesn't know",
    "2026-01-10 23:59:59": "a swapped Saturday",
    "2026-01-11": "the night after a swapped Saturday",
    "2026-02-01": "first of a month, a Sunday",
    "2026-02-13": "last working day before Tết",
    "2026-02-14": "first of nine days off",
    "2026-02-17": "Tết",
    "2026-02-22": "last of nine days off, a Sunday",
    "2026-02-23": "first working day after Tết, nothing read of it yet",
    "2026-02-24": "the first working day after Tết has been read",
    "2026-02-28 23:59:59": "last of a short month",
    "2026-03-31 23:59:59": "last of a quarter",
    "2026-04-01 00:00:00": "first of a quarter",
    "2026-04-30": "Reunification Day",
    "2026-05-01": "Labour Day",
    "2026-06-30 23:59:59": "half a year is over",
    "2026-07-01": "first of a half year",
    "2026-08-22": "a swapped Saturday begins",
    "2026-08-31": "a day off before the National Day",
    "2026-09-02": "National Day",
    "2026-10-01 00:00:00": "next year's calendar is awaited from now on",
    "2026-11-24": "a proposed day off that nobody confirmed",
    "2026-12-15": "next year's calendar is still awaited",
    "2026-12-31 23:59:59": "the last second of a year",
    "2027-01-01 00:00:00": "the first year without an official calendar",
    "2027-01-04": "first Monday of that year",
    "2027-02-05": "last working day before Tết, unannounced",
    "2027-02-06": "Tết, unannounced",
    "2027-02-12": "within Tết, unannounced",
    "2027-02-15": "Monday after Tết, unannounced",
    "2028-01-24": "two days before Tết",
    "2028-01-26 00:00:00": "Tết",
    "2028-02-01": "after Tết and the first of a month",
    "2028-02-29": "a leap day",
    "2028-03-01 00:00:00": "after a leap day",
    "2028-12-31 23:59:59": "last of a leap year, a Sunday",
    "2031-05-18": "a Sunday five years on",
    "2035-02-08": "Tết nine years on",
    "2035-12-31 23:59:59": "nine years on, the last second of a year",
}
# Every world here is healthy: what is odd about one is told by warnings at most.
SINGLE = tuple(f"only {system}" for system in DEMO_CREDENTIALS)
KINDS = (
    "small",
    "empty",
    "one case",
    "fifty cases",
    "files only",
    "opens today",
    "archive",
    "mistyped",
    "busy",
    *SINGLE,
)
# Enough for every KPI to have rows, few enough for a night of some seconds.
SMALL = 300
PROCEDURES = 60
# More than fifty a working day, from where on an empty one counts as lost data.
BUSY = 18_000


def at(text: str) -> dt.datetime:
    """A local instant: a day is its night's usual 01:30."""
    moment = text if " " in text else f"{text} 01:30:00"
    return dt.datetime.fromisoformat(moment).replace(tzinfo=LOCAL)


def world_of(kind: str, now: dt.datetime) -> World:
    """A healthy world of a kind at `now`, always the same one for the same arguments."""
    if kind in ("empty", "mistyped"):
        return World.empty(now)
    if kind == "opens today":
        return World.build(seed=7, end=now, years=0, cases_per_year=SMALL, procedures=PROCEDURES)
    if kind == "busy":
        return World.build(seed=7, end=now, years=0.3, cases_per_year=BUSY, procedures=PROCEDURES)
    cases = 50 if kind == "fifty cases" else SMALL
    world = World.build(seed=7, end=now, years=1, cases_per_year=cases, procedures=PROCEDURES)
    if kind == "archive":
        return _with_archive(world)
    return _with_one_case(world, now) if kind == "one case" else world


# Cases from before the calendar begins, ended then, later or never; one due beyond its end; and one whose
# end was typed a month too early. All are told by warnings, and all are usable.
ARCHIVE = """case_code,procedure_code,agency_code,channel,submitted_at,received_at,due_at,finished_at,status,pauses
000.00.16.H37-051110-0001,1.001000,H37.16,1,2005-11-10T08:00:00,2005-11-10T08:00:00,2005-11-20T17:00:00,2005-11-18T09:00:00,9,
000.00.16.H37-051110-0002,1.001000,H37.16,1,2005-11-10T08:00:00,2005-11-10T08:00:00,2005-11-20T17:00:00,2012-02-29T09:00:00,9,
000.00.16.H37-051110-0003,1.001000,H37.16,1,2005-11-10T08:00:00,2005-11-10T08:00:00,2005-11-20T17:00:00,,4,
000.00.16.H37-051110-0004,2.001007,H37.16,1,2005-11-10T08:00:00,2005-11-10T08:00:00,,,4,
000.00.16.H37-091230-0005,1.001000,H37.16,1,2009-12-30T08:00:00,2009-12-30T08:00:00,2010-01-08T17:00:00,2010-01-07T09:00:00,9,"[{""seq"": 1, ""requested_at"": ""2009-12-31T08:00:00"", ""completed_at"": ""2010-01-04T08:00:00""}]"
000.00.16.H37-220601-0006,1.001000,H37.16,1,2022-06-01T08:00:00,2022-06-01T08:00:00,2098-06-01T17:00:00,,4,"[{""seq"": 1, ""requested_at"": ""2022-06-02T08:00:00"", ""completed_at"": ""2022-06-06T08:00:00""}]"
"""  # noqa: E501
# A first case, and a typing error in it: ended in the month before it was received.
MISTYPED = """case_code,procedure_code,agency_code,channel,received_at,due_at,finished_at,status
000.00.16.H37-220601-0007,1.001000,H37.16,1,2022-06-01T08:00:00,2022-06-20T17:00:00,2022-05-10T09:00:00,9
"""
FILES = {"archive": ARCHIVE, "mistyped": MISTYPED}


def _with_archive(world: World) -> World:
    """The world with a decision, feedback and a task of long ago, as registers keep them."""
    old = {"decided_on": "2005-03-01", "_at": 0}
    return dataclasses.replace(
        world,
        decisions=[{**world.decisions[0], **old, "decision_no": "1/QĐ-UBND/2005"}, *world.decisions],
        feedback=[{
            "feedback_id": "PA2005", "kind": "petition", "received_on": "2005-03-01", "agency_code": "H37.16",
            "case_code": None, "answered_on": None, "published_on": None, "outcome": None,
        }, *world.feedback],
        plan_tasks=[{**world.plan_tasks[0], "task_id": "42-2005", "due_on": "2005-03-01"}, *world.plan_tasks],
    )  # fmt: skip


def _with_one_case(world: World, now: dt.datetime) -> World:
    """The world with the Centre's newest case alone, and what was said of that one."""
    shown = visible(world.cases, local_seconds(now))
    accepted = (world.cases.unit[shown] < 0) & (world.cases.received[shown] <= local_seconds(now))
    return _narrowed(world, shown[accepted][-1:])


def closed_on(world: World, day: dt.date) -> World:
    """The world in which every counter and office was closed on a day, and nothing was received."""
    open_days = world.cases.received // DAY != day_number(day)
    return _narrowed(world, np.flatnonzero(open_days))


def _narrowed(world: World, places: NDArray[np.int64]) -> World:
    """The world with these cases alone, and what was said of them."""
    codes = set(world.cases.code[places].tolist())
    arrays: dict[str, Any] = {
        field.name: np.asarray(getattr(world.cases, field.name))[places]
        for field in dataclasses.fields(world.cases)
    }
    return dataclasses.replace(
        world,
        cases=dataclasses.replace(world.cases, **arrays),
        ratings=[row for row in world.ratings if row["case_code"] in codes],
        submissions=[row for row in world.submissions if row["case_code"] in codes],
        feedback=[row for row in world.feedback if row["case_code"] in codes],
    )
