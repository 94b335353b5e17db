"""Which cases, ratings, services, decisions or tasks stand behind a published figure, one by one.

Belongs here: reading a KPI file's own `units` CTE for one period, and where each unit came from.
Doesn't: any rule (the verdicts are the KPI file's), words for people (orchestration).
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb
import sqlglot
from sqlglot.tokens import TokenType

from common.rows import Row
from figures.law import basis_behind, clock_behind
from figures.overlay import replace_table
from figures.points_766 import metrics_behind, sums_to
from figures.units import FACTS, figure_of
from warehouse.errors import WarehouseError
from warehouse.models.catalog import Catalog, Model
from warehouse.store.rows import rows_of

CENTRE_ROW = "ALL"
MERGED_ROW = "OTHER"
_KIND_OF_LENGTH = {4: "year", 7: "month", 10: "day"}


class QuestionError(WarehouseError):
    """There is no such KPI, variant or period; the message names those there are (exit code 2)."""


@dataclass(frozen=True)
class Explanation:
    """A figure and what stands behind it.

    `figure` is the row of marts.kpi_value, `kpi` and `variant` the registry's rows. Each unit has unit_id,
    agency_code, verdict (good, bad, not_counted), reason, facts and batch_id. `has_units` is False for
    the points of Decision 766, no share of things; `metrics` are what they sum up (points.metrics_behind).
    `merged` is the agency asked for where its ratings are too few and stand in the row that is explained.
    `basis` is what the KPI rested on in the period, `clock` the rules by which the listed cases' clocks start.
    """

    kpi: Row
    variant: Row
    figure: Row
    units: list[Row]
    has_units: bool = True
    metrics: list[Row] = field(default_factory=list)
    merged: str | None = None
    basis: list[Row] = field(default_factory=list)
    clock: list[Row] = field(default_factory=list)

    @property
    def verdicts(self) -> Counter[str]:
        """How many units have each verdict."""
        return Counter(unit["verdict"] for unit in self.units)

    @property
    def is_exact(self) -> bool | None:
        """What is listed sums to the figure's numerator and denominator; None: nothing is listed."""
        if not self.has_units:
            return sums_to(self.metrics, self.figure) if self.metrics else None
        told = figure_of(self.units, self.kpi["unit"])
        return told == (self.figure["numerator"], self.figure["denominator"])


def parse_period(text: str) -> tuple[str, str | None]:
    """`2026`, `2026-Q2`, `2026-05`, `2026-W20`, `2026-05-04`, `ytd`, `2026-ytd`, `campaign` → kind and first day.

    The day is ISO text, or None for the newest period of the kind.

    Raises:
        QuestionError: it is none of these.
    """
    found = text.strip().lower()
    try:
        if found in ("ytd", "campaign"):
            return found, None
        if match := re.fullmatch(r"(\d{4})-ytd", found):
            return "ytd", f"{match[1]}-01-01"
        if match := re.fullmatch(r"(\d{4})-q([1-4])", found):
            return "quarter", f"{match[1]}-{int(match[2]) * 3 - 2:02}-01"
        if match := re.fullmatch(r"(\d{4})-w(\d{1,2})", found):
            return "week", f"{dt.date.fromisocalendar(int(match[1]), int(match[2]), 1)}"
        if re.fullmatch(r"\d{4}(-\d\d){0,2}", found):
            return _KIND_OF_LENGTH[len(found)], f"{dt.date.fromisoformat((found + '-01-01')[:10])}"
    except ValueError:
        pass
    raise QuestionError(
        f"{text} is no period; write 2026, 2026-Q2, 2026-05, 2026-W20, 2026-05-04, ytd, 2026-ytd or campaign."
    )


def explain(
    connection: duckdb.DuckDBPyConnection,
    catalog: Catalog,
    kpi_id: str,
    period: str,
    agency: str = CENTRE_ROW,
    variant: str | None = None,
) -> Explanation:
    """Explain one figure, on an overlay of the store (see figures.overlay).

    Raises:
        QuestionError: no such KPI, variant or period.
    """
    kpi, named = _registry(connection, kpi_id, variant)
    span = _period(connection, period)
    shown = _shown_codes(connection, kpi_id, named["variant"], span)
    asked, agency = agency, shown.get(agency) or agency
    figure = _figure(connection, kpi_id, named["variant"], span, agency)
    basis = basis_behind(connection, kpi_id, figure)
    model = catalog.models.get(f"marts.kpi_{kpi_id}")
    if model is None or not model.unit:
        metrics = metrics_behind(connection, kpi_id, figure)
        return Explanation(kpi, named, figure, [], has_units=False, metrics=metrics, basis=basis)
    for table in ("dim_period", "period_day"):
        where = f"period_kind = '{span['period_kind']}' and period_start = date '{span['period_start']}'"
        replace_table(
            connection, f"core.{table}", f"select * from store.core.{table} where {where}"
        )
    units = _units(connection, model, named["variant"], agency, shown)
    merged, clock = asked if asked != agency else None, clock_behind(connection, units)
    return Explanation(kpi, named, figure, units, merged=merged, basis=basis, clock=clock)


def units_query(model: Model) -> str:
    """The KPI file's own CTEs, with all its units for the periods in core.dim_period as the result.

    Raises:
        WarehouseError: the file has no CTE `units` or `period_units`.
    """
    head, ctes = _ctes(model.query)
    parts = []
    if "units" in ctes:
        parts.append(
            "select u.variant, p.period_kind, p.period_start, u.agency_code, u.unit_id, u.is_good, u.exclusion "
            "from units as u join core.period_day as p on p.day = u.day"
        )
    if "period_units" in ctes:
        parts.append(
            "select variant, period_kind, period_start, agency_code, unit_id, is_good, exclusion from period_units"
        )
    if not parts:
        raise WarehouseError(
            f"{model.path.name} has no CTE units or period_units; without one its figures can't be explained."
        )
    return head + "\nunion all\n".join(parts)


def _ctes(query: str) -> tuple[str, frozenset[str]]:
    """The text before the final select, and the names of the CTEs in it."""
    depth, tokens = 0, sqlglot.tokenize(query, read="duckdb")
    names: set[str] = set()
    for place, token in enumerate(tokens):
        if token.token_type == TokenType.L_PAREN:
            depth += 1
        elif token.token_type == TokenType.R_PAREN:
            depth -= 1
        elif depth == 0 and token.token_type == TokenType.SELECT:
            return query[: token.start], frozenset(names)
        elif depth == 0 and token.token_type == TokenType.ALIAS:
            names.add(tokens[place - 1].text)
    return query, frozenset(names)


def _shown_codes(
    connection: duckdb.DuckDBPyConnection, kpi_id: str, variant: str, span: Row
) -> dict[str, str | None]:
    """Agencies with ratings in the period → the code these are published under; {} for other KPIs."""
    rows = rows_of(
        connection,
        "select agency_code, shown_code from marts.rating_group where kpi_id = $kpi and variant = $variant "
        "and period_kind = $kind and period_start = $start",
        {
            "kpi": kpi_id, "variant": variant,
            "kind": span["period_kind"], "start": span["period_start"],
        },
    )  # fmt: skip
    return {row["agency_code"]: row["shown_code"] for row in rows}


def _units(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    variant: str,
    agency: str,
    shown: Mapping[str, str | None],
) -> list[Row]:
    query = units_query(model)
    # Figures of distinct things have rows of their own for the Centre; the others are sums.
    where = (
        "(agency_code = 'ALL' or not exists (select 1 from found where agency_code = 'ALL'))"
        if agency == CENTRE_ROW
        else "agency_code in (select unnest($agencies))"
    )
    agencies = [code for code, under in shown.items() if under == agency] or [agency]
    # Ratings too few to be published at all are listed with that as their reason.
    exclusion = "coalesce(exclusion, 'below_five')" if None in shown.values() else "exclusion"
    return rows_of(
        connection,
        f"""
        with listed as (
            select * replace ({exclusion} as exclusion) from ({query}) where variant = $variant
        ),
        -- A thing may be left out under one heading and counted under another: then it is counted.
        found as (
            select * from listed
            where exclusion is null or unit_id not in (select unit_id from listed where exclusion is null)
        ),
        facts as ({FACTS[str(model.unit)]})
        select
            u.unit_id, u.agency_code,
            case when u.exclusion is not null then 'not_counted' when u.is_good then 'good' else 'bad' end as verdict,
            u.exclusion as reason, x.label_vi as reason_vi, x.label_en as reason_en,
            f.* exclude (unit_id)
        from found as u
        left join facts as f on f.unit_id = u.unit_id
        left join seeds.exclusion as x on x.exclusion = u.exclusion
        where {where}
        order by verdict, u.agency_code, u.unit_id
        """,
        {"variant": variant, **({} if agency == CENTRE_ROW else {"agencies": agencies})},
    )


def _registry(
    connection: duckdb.DuckDBPyConnection, kpi_id: str, variant: str | None
) -> tuple[Row, Row]:
    kpis = {row["kpi_id"]: row for row in rows_of(connection, "select * from meta.kpi")}
    if kpi_id not in kpis:
        raise QuestionError(f"There is no KPI {kpi_id}; choose one of {', '.join(sorted(kpis))}.")
    rows = rows_of(
        connection, "select * from meta.kpi_variant where kpi_id = $kpi", {"kpi": kpi_id}
    )
    wanted = variant or kpis[kpi_id]["headline_variant"]
    for row in rows:
        if row["variant"] == wanted:
            return kpis[kpi_id], row
    names = ", ".join(row["variant"] for row in rows)
    raise QuestionError(f"{kpi_id} has no variant {wanted}; choose one of {names}.")


def _period(connection: duckdb.DuckDBPyConnection, text: str) -> Row:
    kind, start = parse_period(text)
    rows = rows_of(
        connection,
        "select * from core.dim_period where period_kind = $kind "
        "and ($start is null or period_start = cast($start as date)) order by period_start desc limit 1",
        {"kind": kind, "start": start},
    )
    if not rows:
        raise QuestionError(
            f"Nothing is known of {text}; `select * from core.dim_period` lists the periods that have figures."
        )
    return rows[0]


def _figure(
    connection: duckdb.DuckDBPyConnection, kpi_id: str, variant: str, span: Row, agency: str
) -> Row:
    rows = rows_of(
        connection,
        "select * from marts.kpi_value where kpi_id = $kpi and variant = $variant and agency_code = $agency "
        "and period_kind = $kind and period_start = $start",
        {
            "kpi": kpi_id, "variant": variant, "agency": agency,
            "kind": span["period_kind"], "start": span["period_start"],
        },
    )  # fmt: skip
    if rows:
        return {**rows[0], "evaluated_on": span["evaluated_on"]}
    known = rows_of(
        connection,
        "select agency_name from core.dim_agency where agency_code = $agency "
        f"union all select 'Các cơ quan ít lượt đánh giá (gộp)' where $agency = '{MERGED_ROW}'",
        {"agency": agency},
    )
    if not known and agency == CENTRE_ROW:
        raise QuestionError(
            f"{kpi_id} has no figure for a {span['period_kind']}; ask for a month, a quarter, a year or ytd."
        )
    if not known:
        raise QuestionError(f"There is no agency {agency}; `core.dim_agency` lists their codes.")
    nothing = {"numerator": 0, "denominator": 0, "value": None, "status": "no_data", "target": None}
    return {
        **span, **nothing, "kpi_id": kpi_id, "variant": variant, "comparison": None,
        "agency_code": agency, "agency_name": known[0]["agency_name"],
    }  # fmt: skip
