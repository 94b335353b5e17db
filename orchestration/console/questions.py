"""Questions about figures, put to the restricted store: what stands behind one, why one has changed.

Belongs here: the lock, the overlay and the wiring they need. Doesn't: answers (figures.explain,
figures.restate, figures.plan), words (explanation_text.py, plan_text.py).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assets.checks import row_rules
from figures.explain import Explanation, explain
from figures.overlay import open_overlay
from figures.plan import Plan, plan
from figures.proposal import rules_on_disk
from figures.publication_log import rule_set
from figures.restate import Restatement, restate
from orchestration.parts import Parts, compose
from orchestration.settings import Settings
from warehouse.load.landed_pages import TECHNICAL_COLUMNS
from warehouse.store.connection import hold_lock
from warehouse.store.state import STATE_TABLES


def explain_figure(
    settings: Settings, kpi: str, period: str, agency: str, variant: str | None
) -> Explanation:
    """What stands behind a figure, from the restricted store.

    Raises:
        QuestionError: no such KPI, variant, period or agency.
        WarehouseBusyError: a run holds the warehouse.
    """
    parts = compose(settings)
    with _overlay(parts, "explain") as connection:
        return explain(connection, parts.catalog, kpi, period, agency, variant)


def restate_figure(
    settings: Settings, version: str, kpi: str, period: str, agency: str, variant: str | None
) -> Restatement:
    """What an earlier version said, replayed, and its difference to today by cause.

    Raises:
        QuestionError: no such version, KPI or period.
        WarehouseBusyError: a run holds the warehouse.
    """
    parts = compose(settings)
    macros = parts.site.macros
    with _overlay(parts, "restate") as connection:
        rules = rule_set(connection, parts.catalog, row_rules(parts.suites), macros)
        return restate(connection, rules, version, kpi, period, agency, variant)


def plan_rules(settings: Settings, seeds: Sequence[Path], version: str | None) -> Plan:
    """What the rules on disk, with these seed files in the place of the packaged ones, change of a version's.

    Raises:
        QuestionError: nothing is published yet, there is no such version, or a file is no seed.
        WarehouseBusyError: a run holds the warehouse.
    """
    parts = compose(settings)
    macros = parts.site.macros
    proposed = rules_on_disk(parts.catalog, row_rules(parts.suites), macros, seeds)
    with _overlay(parts, "plan") as connection:
        return plan(connection, proposed, _columns(parts), version)


@contextmanager
def _overlay(parts: Parts, asking: str) -> Iterator[Any]:
    """A second look at the store, while no run writes to it."""
    site = parts.site
    with (
        hold_lock(site.lock, asking),
        open_overlay(site.warehouse, site.macros, site.limits) as connection,
    ):
        yield connection


def _columns(parts: Parts) -> dict[str, dict[str, str]]:
    """The columns of raw and of the state tables as this release has them."""
    found = {
        shape.table: {field.name: "varchar" for field in shape.fields} | dict(TECHNICAL_COLUMNS)
        for shape in parts.site.shapes().values()
    }
    return found | {table: dict(columns) for table, columns in STATE_TABLES.items()}
