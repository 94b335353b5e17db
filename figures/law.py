"""The law behind a figure and behind its cases, as it held on their days.

Belongs here: reading meta.kpi_basis and meta.clock_start for one figure. Doesn't: which law holds when (the
seeds), words for people (orchestration, reports).
"""

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb

from common.rows import Row
from warehouse.store.rows import rows_of

# A running period rests on what has held until the day on which it is judged.
_BASIS = """
    select basis, valid_from, valid_to, law_id, citation, sentence_vi, sentence_en
    from meta.kpi_basis
    where kpi_id = $kpi and valid_from <= $last and (valid_to is null or valid_to >= $first)
    order by basis desc, valid_from
"""
_CLOCK = """
    select rule_id, valid_from, valid_to, cross_boundary, starts_at, law_id, citation, sentence_vi, sentence_en
    from meta.clock_start
    where list_contains($laws, law_id)
    qualify row_number() over (partition by law_id order by rule_id) = 1
    order by valid_from, rule_id
"""


def basis_behind(
    connection: duckdb.DuckDBPyConnection, kpi_id: str, figure: Mapping[str, Any]
) -> list[Row]:
    """What the KPI rested on in the figure's period: the target's documents, then the rules', each by day.

    A period in which one of them changed has both, with their own first and last days.
    """
    days = {"first": figure["period_start"], "last": figure["evaluated_on"]}
    return rows_of(connection, _BASIS, {"kpi": kpi_id, **days})


def clock_behind(
    connection: duckdb.DuckDBPyConnection, units: Iterable[Mapping[str, Any]]
) -> list[Row]:
    """The rules by which the clocks of these cases start (their `clock_law`); [] for other units."""
    laws = sorted({unit["clock_law"] for unit in units if unit.get("clock_law")})
    return rows_of(connection, _CLOCK, {"laws": laws}) if laws else []
