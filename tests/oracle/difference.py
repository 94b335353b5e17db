"""Which case one variant of on_time judges otherwise than A, in counts (contracts.md §5.5).

Belongs here: pairs of verdicts by period and agency. Doesn't: the verdicts (verdicts.py).
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable

from tests.oracle.facts import CaseFact
from tests.oracle.tally import Key, spans_until
from tests.oracle.verdicts import verdict

KINDS = ("month", "quarter", "year", "ytd")
WORDS = {True: "on_time", False: "late", None: "not_counted"}
# The two reasons that the contract names, for D; the others are told by "".
NAMED = ("ended_in_another_period", "returned_before_end")
# (kind, first day, agency, variant, judged by A, judged by the variant, reason)
Judged = tuple[str, dt.date, str, str, str, str, str]


def on_time_difference(facts: Iterable[CaseFact], today: dt.date) -> Counter[Judged]:
    """Cases that a variant judges otherwise than A."""
    found: Counter[Judged] = Counter()
    cases = [f for f in facts if f.accepted and f.at_centre]
    days = [at for f in cases for at in (f.received_on, f.end_on, f.handover_on) if at]
    for kind, first, end in spans_until(min(days, default=today), today, KINDS):
        last = min(end, today)
        for f in cases:
            by_a = verdict("A", f, first, last)
            for variant in ("A_prime", "B", "C", "D"):
                by_other = verdict(variant, f, first, last)
                if by_a is by_other:
                    continue
                why = _reason(by_a, by_other) if variant == "D" else ""
                for agency in (f.agency, "ALL"):
                    found[kind, first, agency, variant, WORDS[by_a], WORDS[by_other], why] += 1
    return found


def _reason(by_a: bool | None, by_return: bool | None) -> str:
    if by_a is None:
        return "ended_in_another_period"
    return "returned_before_end" if by_a is False and by_return else ""


def identity_breaks(
    judged: Counter[Judged], counts: dict[Key, tuple[int, int]]
) -> list[tuple[str, dt.date, str, str]]:
    """Where a variant's counts don't follow from A's and the rows between them."""
    keys = {(*key[2:], key[1]) for key in counts if key[0] == "on_time" and key[2] in KINDS}
    broken = []
    for kind, first, agency, variant in keys:
        if variant == "A":
            continue
        good, whole = counts.get(("on_time", "A", kind, first, agency), (0, 0))
        for row, count in judged.items():
            if row[:4] == (kind, first, agency, variant):
                whole += count * ((row[4] == "not_counted") - (row[5] == "not_counted"))
                good += count * ((row[5] == "on_time") - (row[4] == "on_time"))
        if (good, whole) != counts[("on_time", variant, kind, first, agency)]:
            broken.append((kind, first, agency, variant))
    return broken
