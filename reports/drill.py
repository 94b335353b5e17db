"""The rows behind the page's figures, as compact lists for its script.

Belongs here: which columns go along, under which names. Doesn't: reading (data.py) or drawing
(static/scorecard.js). Names go once into a list and are meant by their place in it, so a page of 1,500
procedures stays small.
"""

from typing import Any

from common.rows import Row
from reports.data import Scorecard
from reports.numbers import SIGNS, status_text, target_text, value_text


def drill_data(card: Scorecard) -> dict[str, Any]:
    """What the script needs: KPIs with months and agencies, procedures of the year, cases."""
    names = _Names()
    return {
        "kpis": {row["kpi_id"]: _kpi(row, card, names) for row in card.kpis},
        "procedures": [
            [
                row["agency_code"], row["procedure_code"], names.of(row["procedure_name"] or ""),
                row["received_count"], row["online_count"], row["closed_count"], row["late_count"],
                row["median_days"], row["rating_count"],
            ]
            for row in card.procedures
        ],
        "cases": [_late(row) for row in card.late_cases] + [_risk(row) for row in card.risk_cases],
        "names": names.all,
    }  # fmt: skip


def _kpi(row: Row, card: Scorecard, names: "_Names") -> dict[str, Any]:
    kpi_id, unit = row["kpi_id"], row["unit"]
    return {
        "label": [row["label_vi"], row["label_en"]],
        "unit": unit,
        "status": row["status"],
        "value": [value_text(row, "vi"), value_text(row, "en")],
        "target": row["target"],
        "goal": [target_text(row, "vi"), target_text(row, "en")] if row["target"] is not None else None,
        "sign": SIGNS.get(row["comparison"] or "", ""),
        # Why no month and no agency has a figure, where its source has never come.
        "nothing": [status_text(row, "vi"), status_text(row, "en")] if row.get("lacks_source") else None,
        "n": row["numerator"],
        "d": row["denominator"],
        "deep": row["drills_to"] == "procedure",
        "months": [
            [f"{m['period_start']:%m/%Y}", m["numerator"], m["denominator"], m["value"], m["status"]]
            for m in card.trends[kpi_id]
        ],
        "agencies": [
            [a["agency_code"], names.of(a["agency_name"]), a["numerator"], a["denominator"], a["status"]]
            for a in card.by_agency[kpi_id]
        ],
    }  # fmt: skip


def _late(row: Row) -> list[Any]:
    ended = row["ended_month_on"]
    return [
        row["agency_code"], row["procedure_code"], row["case_no"], "late",
        f"{ended:%m/%Y}" if ended else "", row["days_late"],
    ]  # fmt: skip


def _risk(row: Row) -> list[Any]:
    return [
        row["agency_code"], row["procedure_code"], row["case_no"],
        "overdue" if row["is_overdue"] else "soon",
        f"{row['due_on']:%d/%m/%Y}", -row["working_days_left"],
    ]  # fmt: skip


class _Names:
    """Each name once; `of` gives its place in `all`."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._places: dict[str, int] = {}

    def of(self, name: str) -> int:
        if name not in self._places:
            self._places[name] = len(self.all)
            self.all.append(name)
        return self._places[name]
