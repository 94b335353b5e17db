"""What the page and the workbook show, read from the published tables as plain rows.

Belongs here: queries that pick and order. Doesn't: any rule; a status, a target or a merged row of small
groups is taken as published, never decided again.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

from common.rows import Row, named

TREND_MONTHS = 13
AGENCIES_SHOWN = 60
PROCEDURES_SHOWN = 1500
CASES_SHOWN = 1500
INDEX_766, ND_224 = "index_766_", "nd224_"
RATING_KPIS = ("very_satisfied", "dissatisfied")


class Published(Protocol):
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
    by_agency: dict[str, list[Row]]
    forecasts: dict[str, Row]
    agencies: list[Row]
    procedures: list[Row]
    risks: list[Row]
    risk_cases: list[Row]
    late_cases: list[Row]
    freshness: list[Row]
    checks: list[Row]
    check_counts: Row
    awaited_years: list[int]
    clock_rules: list[Row] = field(default_factory=list)

    @property
    def targets(self) -> list[Row]:
        """The KPIs that aren't in a section of their own."""
        return [row for row in self.kpis if not row["kpi_id"].startswith((INDEX_766, ND_224))]

    @property
    def measured(self) -> list[Row]:
        """What Điều 19 of NĐ 224/2026 has measured."""
        return [row for row in self.kpis if row["kpi_id"].startswith(ND_224)]


def read_scorecard(connection: Published) -> Scorecard:
    """Read the page's rows from an open published file."""
    kpis = rows_of(
        connection,
        "select s.*, k.definition_vi, k.definition_en, k.legal_basis, k.sql_file, k.drills_to "
        "from marts.scorecard as s join meta.kpi as k using (kpi_id) order by s.position",
    )
    year = kpis[0]["period_start"] if kpis else None
    return Scorecard(
        publication=_publication(connection),
        kpis=kpis,
        trends={row["kpi_id"]: _trend(connection, row["kpi_id"]) for row in kpis},
        variants={row["kpi_id"]: _variants(connection, row) for row in kpis},
        by_agency={row["kpi_id"]: _by_agency(connection, row) for row in kpis},
        forecasts=_forecasts(connection),
        agencies=_agencies(connection, year),
        procedures=rows_of(
            connection,
            "select * from marts.procedure_scorecard where period_start = ? "
            f"order by late_count desc, received_count desc, procedure_code limit {PROCEDURES_SHOWN}",
            [year],
        ),
        risks=rows_of(
            connection,
            "select agency_code, agency_name, count(*) filter (is_overdue) as overdue_count, "
            "count(*) filter (not is_overdue and working_days_left = 0) as today_count, "
            "count(*) filter (not is_overdue and working_days_left > 0) as soon_count "
            "from marts.at_risk group by all order by overdue_count desc, today_count desc, agency_name",
        ),
        risk_cases=rows_of(
            connection,
            "select * from marts.at_risk "
            f"order by working_days_left, agency_name, case_no limit {CASES_SHOWN}",
        ),
        late_cases=rows_of(
            connection,
            "select * from marts.case_fact where on_time_a = false and ended_month_on >= ? "
            f"order by days_late desc, case_no limit {CASES_SHOWN}",
            [year],
        ),
        freshness=rows_of(connection, "select * from meta.freshness order by system, entity"),
        checks=rows_of(
            connection,
            "select * from meta.check_result where state <> 'passed' "
            "order by state <> 'error', severity <> 'critical', severity, failed desc",
        ),
        check_counts=rows_of(
            connection,
            "select count(*) filter (state = 'passed') as passed, "
            "count(*) filter (state = 'failed') as failed, "
            "count(*) filter (state = 'error') as error from meta.check_result",
        )[0],
        awaited_years=_awaited_years(connection),
    )


def rows_of(connection: Published, query: str, values: list[Any] | None = None) -> list[Row]:
    """The rows of a query as dicts."""
    return named(connection.execute(query, values or []))


def _publication(connection: Published) -> Row:
    """The file's own row: the last by number. A file of an earlier release has no numbers, only names."""
    numbered = rows_of(
        connection,
        "select 1 from duckdb_columns() where schema_name = 'meta' and table_name = 'publication' "
        "and column_name = 'publication_no'",
    )
    order = "publication_no" if numbered else "version"
    found = rows_of(connection, f"select * from meta.publication order by {order} desc limit 1")
    return found[0]


def has_table(connection: Published, table: str) -> bool:
    """Whether the published file holds a table; marts come with their own release."""
    schema, name = table.split(".")
    found = connection.execute(
        "select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [schema, name]
    )
    return found.fetchone() is not None


def _by_agency(connection: Published, kpi: Row) -> list[Row]:
    """The headline figure of each agency, those that weigh most on the result first."""
    return rows_of(
        connection,
        "select agency_code, agency_name, numerator, denominator, value, status from marts.kpi_value "
        "where kpi_id = ? and variant = ? and period_kind = ? and period_start = ? "
        "and agency_code <> 'ALL' and denominator > 0 "
        "order by case when ? in ('count', 'days') then numerator else denominator - numerator end desc, "
        "denominator desc, agency_code",
        [kpi["kpi_id"], kpi["variant"], kpi["period_kind"], kpi["period_start"], kpi["unit"]],
    )


def _agencies(connection: Published, year: Any) -> list[Row]:
    return rows_of(
        connection,
        "select a.*, v.numerator, v.denominator, v.value, coalesce(v.status, 'no_data') as status "
        "from marts.agency_scorecard as a "
        "left join marts.kpi_value as v on v.kpi_id = 'on_time' and v.is_headline "
        "and v.period_kind = a.period_kind and v.period_start = a.period_start "
        "and v.agency_code = a.agency_code "
        "where a.period_kind = 'ytd' and a.period_start = ? "
        f"order by a.late_count desc, a.received_count desc, a.agency_code limit {AGENCIES_SHOWN}",
        [year],
    )


def _trend(connection: Published, kpi_id: str) -> list[Row]:
    rows = rows_of(
        connection,
        f"select * from marts.kpi_trend where kpi_id = ? order by period_start desc limit {TREND_MONTHS}",
        [kpi_id],
    )
    return rows[::-1]


def _variants(connection: Published, kpi: Row) -> list[Row]:
    return rows_of(
        connection,
        "select v.variant, n.label_vi, n.label_en, v.numerator, v.denominator, v.value, v.status "
        "from marts.kpi_value as v join meta.kpi_variant as n using (kpi_id, variant) "
        "where v.kpi_id = ? and v.period_kind = ? and v.period_start = ? and v.agency_code = 'ALL' "
        "order by v.variant",
        [kpi["kpi_id"], kpi["period_kind"], kpi["period_start"]],
    )


def _awaited_years(connection: Published) -> list[int]:
    if not has_table(connection, "meta.calendar_year"):
        return []
    query = "select calendar_year from meta.calendar_year where is_awaited order by 1"
    return [row["calendar_year"] for row in rows_of(connection, query)]


def _forecasts(connection: Published) -> dict[str, Row]:
    if not has_table(connection, "marts.forecast"):
        return {}
    return {row["kpi_id"]: row for row in rows_of(connection, "from marts.forecast")}
