"""The KPI registry for tools with a semantic layer, as MetricFlow's YAML.

Belongs here: one ratio or simple metric a KPI over marts.kpi_value. Doesn't: any definition; each metric
only says which rows of the published mart are meant.

Where days add up to longer periods (meta.kpi_variant says so), a metric may be asked by any time or agency.
Elsewhere (distinct services or procedures, cases that stand open, points) it reads the Centre's months.
"""

from pathlib import Path
from typing import Any

import yaml

from common.disk import write_whole
from common.rows import Row
from reports.data import Published, rows_of

MODEL = "kpi_value"


def write_metrics(connection: Published, path: Path) -> Path:
    """Write the metrics of an open published file; temp name, then rename. Returns its path."""
    variants = rows_of(
        connection,
        "select v.kpi_id, v.variant, v.is_headline, k.label_vi, k.label_en, k.unit, v.adds_over_days, k.definition_vi, "
        "k.definition_en, k.legal_basis, k.sql_file, v.label_vi as variant_vi "
        "from meta.kpi_variant as v join meta.kpi as k using (kpi_id) order by v.kpi_id, v.variant",
    )
    documents: list[dict[str, Any]] = [_project(), {"semantic_model": _semantic_model()}]
    documents += [
        {"metric": _simple(f"kpi_{part}_{way}", f"{part}_{way}")}
        for part in ("numerator", "denominator")
        for way in ("sum", "max")
    ]
    documents += [{"metric": _metric(row)} for row in variants]
    text = yaml.safe_dump_all(documents, allow_unicode=True, sort_keys=False, width=110)
    return write_whole(path, text)


def _project() -> dict[str, Any]:
    """No time spine: every period has its row, so there are no gaps to fill."""
    return {"project_configuration": {"time_spines": []}}


def _semantic_model() -> dict[str, Any]:
    """One row per KPI, variant, period and agency, as in the mart."""
    categories = ("kpi_id", "variant", "period_kind", "agency_code", "agency_name", "status")
    return {
        "name": MODEL,
        "description": "Mỗi chỉ tiêu, biến thể, kỳ và cơ quan một dòng. One row per KPI, variant, period and agency.",
        "node_relation": {
            "schema_name": "marts",
            "alias": "kpi_value",
            "relation_name": "marts.kpi_value",
        },
        "defaults": {"agg_time_dimension": "period_start"},
        "primary_entity": "kpi_row",
        "dimensions": [
            {
                "name": "period_start",
                "type": "time",
                "type_params": {"time_granularity": "day"},
            },
            *({"name": name, "type": "categorical"} for name in categories),
        ],
        "measures": [
            {"name": f"{part}_{way}", "expr": part, "agg": way}
            for part in ("numerator", "denominator")
            for way in ("sum", "max")
        ],
    }


def _simple(name: str, measure: str) -> dict[str, Any]:
    return {
        "name": name,
        "description": "Phần của một chỉ tiêu, dùng với bộ lọc. Part of a KPI, for use with a filter.",
        "type": "simple",
        "type_params": {"measure": {"name": measure}},
    }


def _metric(row: Row) -> dict[str, Any]:
    adds_up = row["adds_over_days"]
    way = "sum" if adds_up else "max"
    wanted = {"kpi_id": row["kpi_id"], "variant": row["variant"]}
    # The Centre's rows are the sum of the agencies', so one of both is left out.
    wanted |= {"period_kind": "day"} if adds_up else {"period_kind": "month", "agency_code": "ALL"}
    where = " and ".join(f"{_dimension(name)} = '{value}'" for name, value in wanted.items())
    if adds_up:
        where += f" and {_dimension('agency_code')} <> 'ALL'"
    name = row["kpi_id"] if row["is_headline"] else f"{row['kpi_id']}_{row['variant'].lower()}"
    metric: dict[str, Any] = {
        "name": name,
        "label": f"{row['label_vi']} · {row['variant_vi']}",
        "description": f"{row['definition_vi']} {row['definition_en']} ({row['legal_basis']}; {row['sql_file']})",
    }
    if row["unit"] == "ratio":
        parts = {
            part: {"name": f"kpi_{part}_{way}", "filter": where}
            for part in ("numerator", "denominator")
        }
        return {**metric, "type": "ratio", "type_params": parts}
    measure = {"name": f"numerator_{way}", "filter": where}
    return {**metric, "type": "simple", "type_params": {"measure": measure}}


def _dimension(name: str) -> str:
    return f"{{{{ Dimension('kpi_row__{name}') }}}}"
