"""Which groups of ratings may be published, decided from their sizes alone.

Belongs here: the rule of contracts.md §4.2 in plain Python. Doesn't: counting (kpi.py).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping

RATED = ("very_satisfied", "dissatisfied")
LEAST = 5
# KPI, kind of period and its first day → ratings of each agency in it, without the total.
Sizes = Mapping[tuple[str, str, dt.date], Mapping[str, int]]


def shown_as(sizes: Sizes) -> dict[tuple[str, str, dt.date, str], str | None]:
    """Each group, and "ALL" of each period → the code it is published under, or None for not at all."""
    merged = _years(sizes)
    for kind, parent in (("quarter", "year"), ("month", "quarter")):
        for start in {s for _, k, s in sizes if k == parent}:
            _merge_children(sizes, merged, kind, (parent, start))
    found: dict[tuple[str, str, dt.date, str], str | None] = {}
    for place, groups in sizes.items():
        _, kind, start = place
        is_blank = sum(groups.values()) < LEAST and kind in ("day", "week")
        found[*place, "ALL"] = None if is_blank else "ALL"
        for agency in groups:
            alone = (
                kind in ("year", "ytd", "quarter", "month") and agency not in merged[kind, start]
            )
            found[*place, agency] = None if is_blank else agency if alone else "OTHER"
    return found


def _years(sizes: Sizes) -> dict[tuple[str, dt.date], set[str]]:
    merged: dict[tuple[str, dt.date], set[str]] = defaultdict(set)
    for (_, kind, start), groups in sizes.items():
        if kind in ("year", "ytd"):
            held = 0
            for size, agency in sorted((size, agency) for agency, size in groups.items()):
                if size < LEAST or 0 < held < LEAST:
                    merged[kind, start].add(agency)
                    held += size
    return merged


def _merge_children(
    sizes: Sizes,
    merged: dict[tuple[str, dt.date], set[str]],
    kind: str,
    parent: tuple[str, dt.date],
) -> None:
    """Merge agencies in all periods of a kind inside `parent`, until no sum of merged ones is small."""
    inside = {
        place: groups for place, groups in sizes.items()
        if place[1] == kind and _parent(place[2], parent[0]) == parent[1]
    }  # fmt: skip
    totals: dict[str, int] = defaultdict(int)
    for groups in inside.values():
        for agency, size in groups.items():
            totals[agency] += size
    small = {a for groups in inside.values() for a, size in groups.items() if size < LEAST}
    small |= merged[parent] & totals.keys()
    for agency in sorted(totals.keys() - small, key=lambda a: (totals[a], a)):
        if not any(0 < held < LEAST for held in _held(inside.values(), small)):
            break
        small.add(agency)
    for _, _, start in inside:
        merged[kind, start] = small


def _held(periods: Iterable[Mapping[str, int]], agencies: set[str]) -> list[int]:
    return [
        sum(size for agency, size in groups.items() if agency in agencies)
        for groups in periods
        if sum(groups.values()) >= LEAST
    ]


def _parent(start: dt.date, kind: str) -> dt.date:
    return start.replace(month=1 if kind == "year" else (start.month - 1) // 3 * 3 + 1)
