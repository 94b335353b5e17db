"""What Điều 19 of NĐ 224/2026 has measured, from truth: nd224_*.

Belongs here: fully online services and cases, working days, cases asked twice or reopened, by their definitions in
seeds.kpi. Doesn't: other KPIs (kpi.py, registers.py), counting in periods (tally.py).

Truth holds the newest record of a case only, so nothing here was ever reopened; `watched` gives those figures.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tests.oracle.facts import CaseFact, Row, base_code, day, instant
from tests.oracle.tally import ONE_DAY, Count, Key, Span
from tests.oracle.workdays import working_between

if TYPE_CHECKING:
    from tests.oracle.kpi import Oracle

FULL, INFORMATION = 4, 2
WITH_RESULT = ("finished", "returned")
CROSSING_SINCE = dt.date(2026, 8, 5)
Days = tuple[dt.date, dt.date]
Request = tuple[dt.datetime, dt.datetime | None]


def count_online_224(world: "Oracle") -> None:
    """Add all nd224 figures but those of reopened cases to the world's counts."""
    _services(world)
    full = _fully_online_days(world)
    rows = {row["case_code"]: row for row in world.truth["cases"]}
    if world.truth["services"]:
        _received(world, full)
        if _is_said(rows.values(), "paid_online") and _is_said(rows.values(), "result_digitised"):
            _handled(world, full, rows)
    _working_days(world, rows)
    if any(_requests(world, rows[code]) for code in world.facts):
        for f in world.accepted:
            if f.end_on:
                good = _is_asked(world, rows[f.code])
                world._count("nd224_asked_again", "asked", f.end_on, f.agency, good)


def watched(world: "Oracle", since: dt.datetime) -> dict[Key, Count]:
    """Counts of the variants that need history, for cases received after the first load; none was reopened."""
    counted: dict[Key, list[int]] = defaultdict(lambda: [0, 0])
    rows = {row["case_code"]: row for row in world.truth["cases"]}
    for f in world.accepted:
        if f.end_on is None or f.received is None or f.received <= since:
            continue
        is_asked = _is_asked(world, rows[f.code])
        for kind, start, _ in world._spans(f.end_on):
            for code in (f.agency, "ALL"):
                for variant, good in (("reopened", False), ("either", is_asked)):
                    pair = counted["nd224_asked_again", variant, kind, start, code]
                    pair[0] += good
                    pair[1] += 1
    return {key: (good, whole) for key, (good, whole) in counted.items()}


def _offers(world: "Oracle") -> Iterator[tuple[str, str, int, Days]]:
    """(procedure, agency, level, first and last live day) of every service that was ever live."""
    for s in world.truth["services"]:
        begins, gone = day(s["published_on"]), day(s["withdrawn_on"])
        last = gone - ONE_DAY if gone else dt.date.max
        ran = s["state"] != "stopped" or gone
        if begins and ran and begins <= last:
            agency = world.aliases.get(s["agency_code"], s["agency_code"])
            yield base_code(s["procedure_code"]), agency, int(s["level"]), (begins, last)


def _services(world: "Oracle") -> None:
    offers = list(_offers(world))
    for span in world._all_spans():
        end = min(span[2], world.today)
        # agency → procedure → the levels at which it was offered on some day of the span
        levels: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        for procedure, agency, level, (first, last) in offers:
            if first <= end and last >= span[1]:
                levels[agency][procedure].add(level)
                levels["ALL"][procedure].add(level)
        for agency, found in levels.items():
            for variant, least in (("A", INFORMATION), ("B", INFORMATION + 1)):
                marks = [FULL in each for each in found.values() if max(each) >= least]
                world._distinct("nd224_online_services", variant, span, agency, marks)


def _fully_online_days(world: "Oracle") -> dict[str, list[Days]]:
    found: dict[str, list[Days]] = defaultdict(list)
    for procedure, _, level, days in _offers(world):
        if level == FULL:
            found[procedure].append(days)
    return found


def _could_be_full(f: CaseFact, full: dict[str, list[Days]]) -> bool:
    assert f.received_on is not None
    return any(first <= f.received_on <= last for first, last in full[f.procedure])


def _received(world: "Oracle", full: dict[str, list[Days]]) -> None:
    for f in world.accepted:
        assert f.received_on is not None
        could = _could_be_full(f, full)
        world._count(
            "nd224_online_received", "A", f.received_on, f.agency, bool(could and f.online)
        )
        if could:
            world._count("nd224_online_received", "B", f.received_on, f.agency, f.online)


def _handled(world: "Oracle", full: dict[str, list[Days]], rows: dict[str, Row]) -> None:
    for f in world.accepted:
        if f.end_on is None or f.end_kind not in WITH_RESULT:
            continue
        row = rows[f.code]
        fee = int(row["fee_total_vnd"] or 0)
        good = (
            f.online
            and _could_be_full(f, full)
            and not _is_yes(row["assisted"])
            and _is_yes(row["result_digitised"])
            and (fee == 0 or str(row["paid_online"]) in ("1", "2"))
        )
        world._count("nd224_online_handled", "A", f.end_on, f.agency, bool(good))


def _working_days(world: "Oracle", rows: dict[str, Row]) -> None:
    took: dict[tuple[Span, str], list[int]] = defaultdict(list)
    for f in world.accepted:
        if f.end_on is None or f.end_kind not in WITH_RESULT:
            continue
        row = rows[f.code]
        spent = _spent(f, _clock_start(f, row), _requests(world, row))
        if spent is None:
            continue
        for span in world._spans(f.end_on):
            took[span, f.agency].append(spent)
            took[span, "ALL"].append(spent)
    for (span, agency), days in took.items():
        days.sort()
        for variant, percent in (("median", 50), ("p90", 90)):
            # the nearest rank: the first of the sorted cases that has so many per cent up to and with it
            rank = next(n for n in range(1, len(days) + 1) if 100 * n >= percent * len(days))
            key = "nd224_working_days", variant, span[0], span[1], agency
            world._counts[key] = [days[rank - 1], len(days)]


def _clock_start(f: CaseFact, row: Row) -> dt.date:
    """Reception; of a case received for elsewhere since NĐ 309/2026, when the competent agency got it."""
    assert f.received_on is not None
    competent = instant(row.get("competent_received_at"))
    if competent and _is_yes(row.get("cross_boundary")) and f.received_on >= CROSSING_SINCE:
        return competent.date()
    return f.received_on


def _spent(f: CaseFact, start: dt.date, requests: list[Request]) -> int | None:
    """Working days from the clock's start to its end, completed requests left out; none if it ended before."""
    assert f.end_on is not None
    if f.end_on < start:
        return None
    waited: set[dt.date] = set()
    for asked, done in requests:
        at = max(asked.date(), start) + ONE_DAY
        while done and at <= min(done.date(), f.end_on):
            if working_between(at - ONE_DAY, at):
                waited.add(at)
            at += ONE_DAY
    return working_between(start, f.end_on) - len(waited)


def _requests(world: "Oracle", row: Row) -> list[Request]:
    """What was asked by as-of, and when it was given; entries as they came, some of them twice."""
    found = []
    for pause in row["pauses"] or []:
        asked, done = instant(pause["requested_at"]), instant(pause["completed_at"])
        if asked and asked <= world.as_of:
            found.append((asked, done if done and done <= world.as_of else None))
    return found


def _is_asked(world: "Oracle", row: Row) -> bool:
    return len({asked for asked, _ in _requests(world, row)}) > 1


def _is_said(rows: Iterable[Row], name: str) -> bool:
    """Whether any case that is there says anything of it."""
    return any(row[name] is not None and not _is_yes(row["is_deleted"]) for row in rows)


def _is_yes(value: object) -> bool:
    return str(value).lower() in ("true", "1")
