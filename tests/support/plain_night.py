"""A whole night by the functions that the assets call, with Dagster's bookkeeping alone left out.

Belongs here: pull over HTTP, files, the whole catalogue, the suites, the gate, the reports. Doesn't: worlds and
days (hard_days.py), the small night of tests of survival (quick_night.py), what must come out of it.
"""

import dataclasses
import datetime as dt
import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from assets.cap import build_capped
from assets.checks import check_row, check_suites, row_rules
from assets.drops import load_inbox
from assets.entity_run import Asked, entity_runs
from assets.gate import publish_night
from assets.night import Night, Site, open_night
from assets.pull import run_entity
from assets.report import write_reports
from assets.shapes import raw_shapes
from expectations.outcome import Outcome
from expectations.suite import SUITES, Suite, load_suites
from orchestration.parts import columns_of
from orchestration.settings import PROJECT
from sources.spec.file import PACKAGED, load_spec
from sources.spec.systems import SourcesSpec
from tests.support.statements import judged
from warehouse.models.build import RowRule, prune_tables
from warehouse.models.catalog import Catalog, load_catalog
from warehouse.models.seeds import load_seeds
from warehouse.store.state import STATE_TABLES, record_checks, set_run_context

HOLIDAYS = "seeds.public_holidays"


@dataclasses.dataclass(frozen=True)
class Parts:
    """What a composition is made of, without Dagster's definitions."""

    sources: SourcesSpec
    catalog: Catalog
    suites: Mapping[str, Suite]
    rules: Mapping[str, Sequence[RowRule]]


@functools.cache
def parts_of(sources_file: Path = PACKAGED, suites_folder: Path = SUITES) -> Parts:
    """Read once a process: it costs a second."""
    sources = load_spec(sources_file)
    catalog = load_catalog(PROJECT / "sql", [*raw_shapes(sources), *STATE_TABLES, HOLIDAYS])
    suites = load_suites(suites_folder, columns_of(catalog))
    return Parts(sources, catalog, suites, row_rules(suites))


@dataclasses.dataclass(frozen=True)
class Told:
    """What a night came to: every outcome of its checks, the published version, the reports, its clock."""

    outcomes: Sequence[Outcome]
    version: str
    reports: Sequence[Path]
    now: dt.datetime

    @property
    def blocking(self) -> list[str]:
        """Table, rule and count of whatever would stop a night."""
        return list(map(blocking_words, filter(blocks, self.outcomes)))


def blocks(outcome: Outcome) -> bool:
    """Whether a rule stops the night."""
    return outcome.blocks


def blocking_words(outcome: Outcome) -> str:
    """Table, rule and count of a rule that stops it."""
    return f"{outcome.table}: {outcome.rule} ({outcome.failed}, {outcome.detail or outcome.state})"


Judge = Callable[[Night, Sequence[Suite]], list[Outcome]]


def by_great_expectations(night: Night, suites: Sequence[Suite]) -> list[Outcome]:
    """Every rule, as a night of Dagster's judges."""
    return check_suites(night, suites)


def by_critical(night: Night, suites: Sequence[Suite]) -> list[Outcome]:
    """By Great Expectations those rules that can stop a night, which are half of the cost."""
    return check_suites(night, chosen(suites))


def by_statements(night: Night, suites: Sequence[Suite]) -> list[Outcome]:
    """The rules that can stop a night as statements, for a tenth of that, with the same verdicts."""
    outcomes = judged(night.connection, suites)
    record_checks(night.connection, night.run_id, [check_row(outcome) for outcome in outcomes])
    return outcomes


def by_nobody(night: Night, suites: Sequence[Suite]) -> list[Outcome]:
    """No rule at all; then there is no gate either."""
    return []


def chosen(suites: Sequence[Suite]) -> list[Suite]:
    """The suites with their critical rules alone."""
    kept = [
        dataclasses.replace(
            suite, rules=tuple(rule for rule in suite.rules if rule.severity == "critical")
        )
        for suite in suites
    ]
    return [suite for suite in kept if suite.rules]


def nothing() -> None:
    """Nothing happens between reading and building."""


def run_plain(
    site: Site, parts: Parts, name: str, mode: str = "incremental", *,
    judge: Judge = by_statements, after_pull: Callable[[], None] = nothing, reports: bool = True, **tags: str,
) -> Told:  # fmt: skip
    """A night at a site, with its `reports` or without. It ends before publishing if a rule blocks, as Dagster ends it.

    Raises:
        QuarantineError: more rows wait in quarantine than the cap allows.
        PublicationError: the gate wants what the judge hasn't looked at.
    """
    site = dataclasses.replace(site, models=tuple(parts.catalog.models.values()))
    given = {"motcua/mode": mode, **{f"motcua/{key}": value for key, value in tags.items()}}
    with open_night(site, name) as night:
        _pull(night, parts.sources, given)
        after_pull()
        told = Told(_build_and_check(night, parts, judge), "", (), night.now)
        if told.blocking:
            return told
        gate = {} if judge is by_nobody else parts.suites
        version = str(publish_night(night, parts.catalog, gate)["version"])
        written = write_reports(site.published, site.home / "reports") if reports else ()
        return dataclasses.replace(told, version=version, reports=written)


def _build_and_check(night: Night, parts: Parts, judge: Judge) -> list[Outcome]:
    _begin(night, parts)
    outcomes: list[Outcome] = []
    # What tells of the checks comes after all others have been checked.
    for tables in _waves(parts.catalog):
        _build(night, parts, tables)
        outcomes += judge(night, [s for s in parts.suites.values() if s.table in tables])
        if any(map(blocks, outcomes)):
            break
    return outcomes


def _waves(catalog: Catalog) -> tuple[list[str], list[str]]:
    """The tables that are built before the checks, and those that read what the checks said."""
    late = {"meta.check_run"}
    for model in catalog.models.values():
        if model.depends_on & late:
            late.add(model.table)
    tables = [*catalog.seeds, HOLIDAYS, "meta.run_context", *catalog.models]
    return [t for t in tables if t not in late], [t for t in tables if t in late]


def _pull(night: Night, sources: SourcesSpec, tags: Mapping[str, Any]) -> None:
    for entity in entity_runs(night, sources, Asked.of(tags)):
        run_entity(entity)
    load_inbox(night, sources)


def _begin(night: Night, parts: Parts) -> None:
    catalog, connection = parts.catalog, night.connection
    load_seeds(connection, catalog.seeds)
    set_run_context(connection, night.context)
    prune_tables(connection, frozenset([*catalog.models, *catalog.seeds, HOLIDAYS]))


def _build(night: Night, parts: Parts, tables: Collection[str]) -> None:
    for model in parts.catalog.models.values():
        if model.table in tables:
            build_capped(night, model, parts.rules.get(model.table, ()))
