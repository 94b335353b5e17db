"""What the page shows, read from the published tables as plain rows.

Belongs here: queries that pick and order, and numbers as a Vietnamese reader writes them. Doesn't: any
rule; a status or a target is taken as published, never decided again.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol

Row = dict[str, Any]
TREND_MONTHS = 13
AGENCIES_SHOWN = 40
LATE_CASES_SHOWN = 300


class Connection(Protocol):
    """An open read-only DuckDB connection on a published file."""

    def execute(self, query: str, parameters: Any = ...) -> Any:
        """Run a query."""


@dataclass(frozen=True)
class Scorecard:
    """Everything on the page; one dict a row, named as in the published tables."""

    publication: Row
    kpis: list[Row]
    trends: dict[str, list[Row]]
    variants: dict[str, list[Row]]
    agencies: list[Row]
    risks: list[Row]
    risk_cases: list[Row]
    freshness: list[Row]
    checks: list[Row]


def read_scorecard(connection: Connection) -> Scorecard:
    """Read the page's rows from an open published file."""
    kpis = _rows(
        connection,
        "select s.*, k.definition_vi, k.definition_en, k.legal_basis, k.sql_file "
        "from marts.scorecard as s join meta.kpi as k using (kpi_id) order by s.position",
    )
    year = kpis[0]["period_start"] if kpis else None
    return Scorecard(
        publication=_rows(
            connection, "select * from meta.publication order by version desc limit 1"
        )[0],
        kpis=kpis,
        trends={row["kpi_id"]: _trend(connection, row["kpi_id"]) for row in kpis},
        variants={row["kpi_id"]: _variants(connection, row) for row in kpis},
        agencies=_rows(
            connection,
            "select * from marts.agency_scorecard where period_kind = 'ytd' and period_start = ? "
            f"order by received_count desc, agency_code limit {AGENCIES_SHOWN}",
            [year],
        ),
        risks=_rows(
            connection,
            "select agency_name, count(*) filter (is_overdue) as overdue_count, "
            "count(*) filter (not is_overdue and working_days_left = 0) as today_count, "
            "count(*) filter (not is_overdue and working_days_left > 0) as soon_count "
            "from marts.at_risk group by all order by overdue_count desc, today_count desc, agency_name",
        ),
        risk_cases=_rows(
            connection,
            "select agency_name, procedure_code, procedure_name, case_no, due_on, working_days_left "
            f"from marts.at_risk order by working_days_left, agency_name, case_no limit {LATE_CASES_SHOWN}",
        ),
        freshness=_rows(connection, "select * from meta.freshness order by system, entity"),
        checks=_rows(
            connection,
            "select * from meta.check_result where state <> 'passed' "
            "order by state <> 'error', severity <> 'critical', severity, failed desc",
        ),
    )


def _trend(connection: Connection, kpi_id: str) -> list[Row]:
    rows = _rows(
        connection,
        "select period_start, numerator, denominator, value, status from marts.kpi_trend "
        f"where kpi_id = ? order by period_start desc limit {TREND_MONTHS}",
        [kpi_id],
    )
    return rows[::-1]


def _variants(connection: Connection, kpi: Row) -> list[Row]:
    return _rows(
        connection,
        "select v.variant, n.label_vi, n.label_en, v.numerator, v.denominator, v.value, v.status "
        "from marts.kpi_value as v join meta.kpi_variant as n using (kpi_id, variant) "
        "where v.kpi_id = ? and v.period_kind = ? and v.period_start = ? and v.agency_code = 'ALL' "
        "order by v.variant",
        [kpi["kpi_id"], kpi["period_kind"], kpi["period_start"]],
    )


def _rows(connection: Connection, query: str, values: list[Any] | None = None) -> list[Row]:
    result = connection.execute(query, values or [])
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def vietnamese_number(value: int | float | None) -> str:
    """12345 → 12.345; nothing → –."""
    return "–" if value is None else f"{value:,.0f}".replace(",", ".")


def vietnamese_value(row: Row) -> str:
    """A KPI's value from its whole numbers: a count, or points or per cent with two decimals, half up."""
    if row["value"] is None:
        return "–"
    if row.get("unit") == "count":
        return vietnamese_number(row["numerator"])
    if row.get("unit") == "points":
        return _two_decimals(Decimal(row["numerator"]) / 1_000_000) + " điểm"
    return _two_decimals(Decimal(row["numerator"]) * 100 / Decimal(row["denominator"])) + " %"


def _two_decimals(value: Decimal) -> str:
    return f"{value.quantize(Decimal('0.01'), ROUND_HALF_UP)}".replace(".", ",")


def vietnamese_target(row: Row) -> str:
    """A target with its comparison, as the plan writes it."""
    if row["target"] is None:
        return "–"
    sign = {">": ">", ">=": "≥", "=": "="}[row["comparison"]]
    if row["unit"] == "count":
        return f"{sign} {vietnamese_number(row['target'])}"
    per_cent = (Decimal(str(row["target"])) * 100).normalize()
    return f"{sign} {per_cent:f}".replace(".", ",") + " %"
