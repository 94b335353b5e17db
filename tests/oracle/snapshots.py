"""on_time A of a campaign as the warehouse knew it at the end of a day (contracts.md §5.5).

Belongs here: which version of a case counts, and what hadn't happened by then. Doesn't: the verdict (facts.py).
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from tests.oracle.facts import LOCAL, Row, case_facts, instant


@dataclass(frozen=True)
class Known:
    """All that the warehouse ever loaded: versions carry `known_from`, the load that brought them."""

    versions: list[Row]
    loads: list[dt.datetime]
    gone: list[tuple[str, dt.datetime]]
    """(case, the load that found its key gone)"""
    agencies: list[Row]
    procedures: list[Row]

    def cases_at(self, load: dt.datetime) -> list[Row]:
        """The newest version of each case that a load knew, without those found gone by it."""
        newest: dict[str, Row] = {}
        seen: dict[str, dt.datetime] = {}
        for row in self.versions:
            code, known_from = row["case_code"], row["known_from"]
            if known_from > load:
                continue
            seen[code] = max(seen.get(code, known_from), known_from)
            if code not in newest or _age(row) > _age(newest[code]):
                newest[code] = row
        for code, noted in self.gone:
            if noted <= load and noted >= seen.get(code, noted):
                newest.pop(code, None)
        return list(newest.values())


def _age(row: Row) -> tuple[dt.datetime, dt.datetime]:
    at = instant(row["updated_at"])
    assert at is not None
    return at, row["known_from"]


def snapshot(
    known: Known, first: dt.date, day: dt.date, centre: str
) -> dict[str, tuple[int, int]] | None:
    """Agency and ALL → (cases closed from `first` to `day`, on time); None where no load has come since."""
    end = dt.datetime.combine(day, dt.time.max, LOCAL)
    since = [load for load in sorted(known.loads) if load > end]
    if not since:
        return None
    had_begun = min(known.loads) <= end
    cases = known.cases_at(since[0] if had_begun else since[-1])
    truth = {"cases": cases, "agencies": known.agencies, "procedures": known.procedures}
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for f in case_facts(truth, end, centre).values():
        if f.at_centre and f.due_on and f.ended and f.end_on and f.end_on >= first:
            for agency in (f.agency, "ALL"):
                found[agency][0] += 1
                found[agency][1] += f.in_time(f.ended)
    return {agency: (closed, good) for agency, (closed, good) in found.items()}
