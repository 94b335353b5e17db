"""Which groups of ratings may be published, decided from their sizes alone.

Belongs here: the rule of contracts.md §4.2 in plain Python. Doesn't: counting (kpi.py).
"""

from collections.abc import Mapping

RATED = ("very_satisfied", "dissatisfied")
LEAST = 5


def shown_as(kind: str, sizes: Mapping[str, int]) -> dict[str, str | None]:
    """Agency → the code it is published under, or None where the whole period is too small.

    `sizes` are the ratings of each agency in one period of a kind, without the total.
    """
    if sum(sizes.values()) < LEAST:
        return dict.fromkeys([*sizes, "ALL"])
    merged: list[str] = []
    held = 0
    for size, agency in sorted((size, agency) for agency, size in sizes.items()):
        if kind in ("day", "week") or size < LEAST or 0 < held < LEAST:
            merged.append(agency)
            held += size
    return {agency: "OTHER" if agency in merged else agency for agency in [*sizes, "ALL"]}
