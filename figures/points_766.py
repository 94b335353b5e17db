"""The metrics of Decision 766 behind a figure in points.

Belongs here: reading marts.index_766_metric for one figure, and whether the metrics sum to it. Doesn't: how a
metric is scored (the mart), figures of things that can be listed (explain), words for people (orchestration).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from warehouse.store.rows import rows_of

PREFIX = "index_766_"
# A metric without points is left out of numerator and denominator; its state is the reason.
_METRICS = """
    select
        m.group_code, m.metric_code, m.label_vi, m.label_en, m.numerator, m.denominator, m.state, m.rule_state,
        m.points, m.max_points, m.points_millionths, m.max_millionths,
        case when m.points is null then m.state end as reason, x.label_vi as reason_vi, x.label_en as reason_en,
        m.source_vi, m.document_no
    from marts.index_766_metric as m
    left join (
        select metric_code, min(cast(position as integer)) as position from seeds.index_766_metrics group by all
    ) as s on s.metric_code = m.metric_code
    left join seeds.exclusion as x on m.points is null and x.exclusion = m.state
    where m.period_kind = $kind and m.period_start = $start and m.agency_code = $agency
        and $group in (m.group_code, 'total')
    order by s.position, m.metric_code
"""


def metrics_behind(
    connection: duckdb.DuckDBPyConnection, kpi_id: str, figure: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The metrics of the figure's group (all for the total), in the decision's order; [] for other KPIs.

    Each has numerator and denominator (counts, null without a source), state (scored, none_arisen, no_source),
    rule_state (official, confirmed, hypothesis), points and max_points, both also in millionths, and the reason
    where it wasn't counted.
    """
    if not kpi_id.startswith(PREFIX):
        return []
    values = {
        "kind": figure["period_kind"], "start": figure["period_start"],
        "agency": figure["agency_code"], "group": kpi_id.removeprefix(PREFIX),
    }  # fmt: skip
    return rows_of(connection, _METRICS, values)


def sums_to(metrics: Sequence[Mapping[str, Any]], figure: Mapping[str, Any]) -> bool:
    """Points earned and points covered, in millionths, are the figure's numerator and denominator."""
    counted = [metric for metric in metrics if metric["points_millionths"] is not None]
    earned = sum(metric["points_millionths"] for metric in counted)
    covered = sum(metric["max_millionths"] for metric in counted)
    return (earned, covered) == (figure["numerator"], figure["denominator"])
