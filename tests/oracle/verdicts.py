"""How each variant of on_time judges one case in one period (contracts.md §4.1, §5.1, §5.3).

Belongs here: counted or not, good or not. Doesn't: periods, agencies and sums (kpi.py, difference.py).
"""

import datetime as dt

from tests.oracle.facts import CaseFact

WITH_RESULT = ("finished", "returned")


def verdict(variant: str, f: CaseFact, first: dt.date, last: dt.date) -> bool | None:
    """Whether the case is on time in the days from `first` to `last`; None where it isn't counted.

    `last` is no later than the day of as-of.
    """
    if f.due_on is None or not f.accepted:
        return None
    if variant == "B":
        return _in_b(f, first, last)
    if variant == "D":
        is_in = f.handover_on is not None and first <= f.handover_on <= last
        return f.in_time(f.handed_over) if is_in and f.handed_over else None
    is_in = f.end_on is not None and first <= f.end_on <= last
    if is_in and f.ended and (variant != "A_prime" or f.end_kind in WITH_RESULT):
        return f.in_time(f.ended)
    if variant == "C" and f.is_overdue_at_end_of(last):
        return False
    return None


def _in_b(f: CaseFact, first: dt.date, last: dt.date) -> bool | None:
    assert f.clock is not None
    days = (f.received_on, f.end_on)
    if not any(at is not None and first <= at <= last for at in days):
        return None
    if f.clock.requests_by(last) > 1:
        return False
    if f.ended and f.end_on and f.end_on <= last:
        return f.in_time(f.ended)
    return not f.clock.is_overdue_at_end_of(last)
