"""What is told of a unit beside its verdict, and the records it rests on: one file a kind of unit in queries/.

Belongs here: facts, the batch that brought them, a record's version and the day it speaks of, what listed units make
together, which kinds of units there are. Doesn't: verdicts (the KPI files), asking (explain.py), causes (restate.py,
steps.py).
"""

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
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


def _queries(kind: str) -> dict[str, str]:
    """The queries of a folder of figures/queries/, by kind of unit."""
    folder = Path(__file__).parent / "queries" / kind
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))}


# Facts that let a reader check a verdict, and the batch that brought the newest version: unit_id, facts, batch_id. No
# person's data.
FACTS = _queries("facts")
# The records a unit rests on: `record` names them, `version_at` is the newest, `happened_at` is the moment at
# which the unit began to count as it does (null: no moment of its own).
RECORDS = _queries("records")
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
