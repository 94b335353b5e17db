"""What is told of a unit beside its verdict, and the records it rests on: one query a kind of unit.

Belongs here: facts, the batch that brought them, a record's version and the day it speaks of, what listed units make
together, which kinds of units there are. Doesn't: verdicts (the KPI files), asking (explain.py), causes (restate.py,
steps.py).
"""

import csv
import re
from collections.abc import Mapping, Sequence
from typing import Any

from warehouse.errors import CatalogError
from warehouse.models.catalog import Catalog, Model

# What a figure may be (`unit` in seeds/kpi.csv), which says how it is counted together, shown and held to a target.
MEASURES = ("ratio", "count", "days", "points")


_HAS_UNITS = re.compile(r"\b(?:period_)?units\s+as\s*\(", re.IGNORECASE)


def check_units(catalog: Catalog) -> None:
    """Refuse units and measures that could be counted and published, and then not be explained.

    Raises:
        CatalogError: a KPI's file or its row in seeds/kpi.csv; the message names it and those that there are.
    """
    for model in catalog.models.values():
        if model.unit is not None:
            _check_unit(model)
    if path := catalog.seeds.get("seeds.kpi"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row.get("unit") not in MEASURES:
                    raise CatalogError(
                        f"{path}: {row.get('kpi_id')} has the unit {row.get('unit')}; use {', '.join(MEASURES)}."
                    )


def _check_unit(model: Model) -> None:
    if model.unit not in FACTS:
        raise CatalogError(
            f"{model.path}: nothing tells the facts of a unit {model.unit}; use {', '.join(FACTS)}, or leave `unit` "
            "out, and the figure is published without a list of what it counts."
        )
    if not _HAS_UNITS.search(model.query):
        raise CatalogError(
            f"{model.path}: a file with a `unit` has what it counts, one by one, in a CTE `units` or `period_units` "
            "(see on_time.sql); add it, or leave `unit` out."
        )


def figure_of(units: Sequence[Mapping[str, Any]], measure: str) -> tuple[int, int]:
    """Numerator and denominator that listed units make; `measure` is the KPI's unit in the registry.

    A quantile of days is the longest of the units that took no longer than it.
    """
    good = [unit for unit in units if unit["verdict"] == "good"]
    whole = sum(unit["verdict"] != "not_counted" for unit in units)
    if measure == "days":
        return max((unit["duration_days"] for unit in good), default=0), whole
    return len(good), whole


# Facts that let a reader check a verdict, and the batch that brought the newest version. No person's data.
FACTS: dict[str, str] = {
    "case": """
        select c.case_code as unit_id, c.procedure_code, c.received_on, c.due_on, c.end_on, c.end_kind,
            c.handover_on, c.duration_days, c.pause_count, c.channel, k.law_id as clock_law, c.batch_id
        from core.fct_case as c
        left join staging.case as s on s.case_code = c.case_code
        left join meta.clock_start as k
            on k.cross_boundary = (coalesce(s.cross_boundary, false) and s.competent_received_at is not null)
            and k.valid_from <= c.received_on and coalesce(k.valid_to, date '9999-12-31') >= c.received_on""",
    "rating": """
        select r.rating_id as unit_id, f.case_code, f.rated_on, f.level_code, f.scale, f.top_level_basis,
            r._batch_id as batch_id
        from core.fct_rating as f join staging.rating as r on r.rating_id = f.rating_id""",
    "service": """
        select procedure_base(procedure_code) as unit_id, string_agg(service_id, ', ' order by service_id)
            as service_ids, min(published_on) as published_on, max(withdrawn_on) as withdrawn_on,
            string_agg(distinct _batch_id, ', ') as batch_id
        from staging.service where level in (3, 4) group by all""",
    "any_service": """
        select procedure_base(procedure_code) as unit_id, string_agg(service_id, ', ' order by service_id)
            as service_ids, max(level) as level, min(published_on) as published_on,
            max(withdrawn_on) as withdrawn_on, string_agg(distinct _batch_id, ', ') as batch_id
        from staging.service group by all""",
    "procedure": """
        select a.procedure_code as unit_id, string_agg(a.decision_no, ', ' order by a.decided_on)
            as decision_nos, bool_and(a.is_complete) as is_complete, bool_and(a.is_accurate) as is_accurate,
            bool_and(a.is_in_time) as is_in_time, string_agg(distinct d._batch_id, ', ') as batch_id
        from core.fct_announcement as a
        join core.period_day as p on p.day = a.decided_on
        join staging.decision as d on d.decision_no = a.decision_no group by all""",
    "announcement": """
        select a.decision_no || ' · ' || a.procedure_code as unit_id, a.decided_on, a.published_on,
            a.literal_due_on, a.rolled_due_on, a.working_due_on, d._batch_id as batch_id
        from core.fct_announcement as a join staging.decision as d on d.decision_no = a.decision_no""",
    "task": """
        select f.plan_no || ' · ' || f.task_id as unit_id, f.due_on, f.completed_on, f.has_product,
            f.quality, t._batch_id as batch_id
        from core.fct_plan_task as f join staging.plan_task as t on t.plan_no = f.plan_no and t.task_id = f.task_id""",
    "feedback": """
        select f.feedback_id as unit_id, f.received_on, f.due_on, f.answered_on, s._batch_id as batch_id
        from core.fct_feedback as f join staging.feedback as s on s.feedback_id = f.feedback_id""",
}

# The records a unit rests on: `record` names them, `version_at` is the newest, `happened_at` is the moment at
# which the unit began to count as it does (null: no moment of its own).
ROW = "_batch_id || '/' || _page_no || '/' || _row_no"
RECORDS: dict[str, str] = {
    "case": f"""
        select s.case_code as unit_id, {ROW} as record, s._version_at as version_at,
            case when $kpi_id in ('on_time', 'nd224_online_handled', 'nd224_asked_again') then f.end_at
                else f.received_at end as happened_at
        from staging.case as s left join core.fct_case as f on f.case_code = s.case_code""",
    "rating": f"""
        select rating_id as unit_id, {ROW} as record, _version_at as version_at, rated_at as happened_at
        from staging.rating""",
    "service": f"""
        select procedure_base(procedure_code) as unit_id, string_agg({ROW}, ',' order by service_id) as record,
            max(_version_at) as version_at, cast(min(published_on) as timestamptz) as happened_at
        from staging.service where level in (3, 4) group by all""",
    "any_service": f"""
        select procedure_base(procedure_code) as unit_id, string_agg({ROW}, ',' order by service_id) as record,
            max(_version_at) as version_at, cast(min(published_on) as timestamptz) as happened_at
        from staging.service group by all""",
    "procedure": f"""
        select a.procedure_code as unit_id, string_agg({ROW}, ',' order by a.decision_no) as record,
            max(_version_at) as version_at, cast(max(a.decided_on) as timestamptz) as happened_at
        from core.fct_announcement as a
        join core.period_day as p on p.day = a.decided_on and p.period_kind = $period_kind
            and p.period_start = $period_start
        join staging.decision as d on d.decision_no = a.decision_no group by all""",
    "announcement": f"""
        select a.decision_no || ' · ' || a.procedure_code as unit_id, {ROW} as record, _version_at as version_at,
            cast(coalesce(a.published_on, a.working_due_on + 1) as timestamptz) as happened_at
        from core.fct_announcement as a join staging.decision as d on d.decision_no = a.decision_no""",
    "task": f"""
        select plan_no || ' · ' || task_id as unit_id, {ROW} as record, _version_at as version_at,
            cast(greatest(due_on, completed_on) as timestamptz) as happened_at
        from staging.plan_task""",
    "feedback": f"""
        select f.feedback_id as unit_id, {ROW} as record, _version_at as version_at,
            cast(coalesce(f.answered_on, f.due_on + 1) as timestamptz) as happened_at
        from core.fct_feedback as f join staging.feedback as s on s.feedback_id = f.feedback_id""",
}

# When the newest thing that a staged row tells of happened; a table that isn't here tells of no events.
HAPPENED: dict[str, str] = {
    "staging.case": "greatest(received_at, finished_at, returned_at, rejected_at, stopped_at, withdrawn_at)",
    "staging.rating": "rated_at",
    "staging.submission": "greatest(submitted_at, accepted_at, rejected_at)",
    "staging.decision": "greatest(cast(decided_on as timestamptz), list_max([i.published_at for i in items]))",
    "staging.plan_task": "cast(completed_on as timestamptz)",
    "staging.feedback": "cast(greatest(received_on, answered_on) as timestamptz)",
    "staging.service": "cast(greatest(published_on, withdrawn_on) as timestamptz)",
}
