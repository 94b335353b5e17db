"""A plan of changed rules as people and programs read it.

Belongs here: words and layout, Vietnamese with English beside. Doesn't: what would change (figures.plan).
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from figures.explain import CENTRE_ROW
from figures.plan import Plan
from orchestration.console.explanation_text import rest_lines
from reports.numbers import number_text

SIDES = {
    "good": "đạt / good",
    "bad": "không đạt / bad",
    None: "không tính / not counted",
}


def plan_payload(found: Plan) -> dict[str, Any]:
    """The plan for --json: every figure and every unit that would change."""
    return {
        "version": found.version,
        "changed": found.changed,
        "new": found.new,
        "figures": found.figures,
        "units": found.units,
    }


def plan_text(found: Plan, limit: int) -> str:
    """The plan for a terminal: by KPI, agency and month; at most `limit` lines of each list."""
    lines = [
        f"So với bản / compared with version {found.version}",
        "Khác / differing: " + (", ".join(found.changed) or "không có gì / nothing"),
    ]
    if found.new:
        lines.append("Mới / new: " + ", ".join(f"{kpi} {variant}" for kpi, variant in found.new))
    if not found.figures and not found.units:
        return "\n".join([*lines, "Không chỉ tiêu nào đổi. / No figure would change."])
    for kpi, variant in sorted({(row["kpi_id"], row["variant"]) for row in found.figures}):
        moved = [row for row in found.figures if (row["kpi_id"], row["variant"]) == (kpi, variant)]
        # The Centre first, then agencies; the months in their order.
        moved.sort(
            key=lambda row: (
                row["agency_code"] != CENTRE_ROW,
                row["agency_code"],
                row["period_start"],
            )
        )
        lines += [
            "",
            f"{kpi} {variant}:",
            *map(_figure_line, moved[:limit]),
            *rest_lines(len(moved) - limit),
        ]
        units = [
            row for row in found.units
            if (row["kpi_id"], row["variant"]) == (kpi, variant) and row["agency_code"] != CENTRE_ROW
        ]  # fmt: skip
        sides = Counter((row["before"], row["after"]) for row in units)
        for (before, after), count in sorted(sides.items(), key=lambda item: -item[1]):
            lines.append(f"  {SIDES[before]} → {SIDES[after]}: {number_text(count)}")
        lines += [*map(_unit_line, units[:limit]), *rest_lines(len(units) - limit)]
    return "\n".join(lines)


def _figure_line(row: Mapping[str, Any]) -> str:
    return (
        f"  {row['period_start']:%Y-%m} · {row['agency_code']}: "
        f"{number_text(row['numerator_before'])} / {number_text(row['denominator_before'])} → "
        f"{number_text(row['numerator_after'])} / {number_text(row['denominator_after'])}"
    )


def _unit_line(row: Mapping[str, Any]) -> str:
    why = ", ".join(
        f"{name} {_shown(before)} → {_shown(after)}" for name, (before, after) in row["why"].items()
    )
    return (
        f"    {row['unit_id']} · {row['agency_code']} · {row['period_start']:%Y-%m}: "
        f"{SIDES[row['before']]} → {SIDES[row['after']]}" + (f" ({why})" if why else "")
    )


def _shown(value: object) -> str:
    return "–" if value is None else str(value)
