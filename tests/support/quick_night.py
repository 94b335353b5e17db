"""A night's real steps without Dagster's bookkeeping and the checks' judgement, for tests of survival.

Belongs here: a small province and its systems; pull, load, build, publish by the very functions that
the assets call. Doesn't: what must come out of it (night_content.py), nights that are killed (fork_server.py).
"""

import dataclasses
import datetime as dt
import functools
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from assets.cap import build_capped
from assets.checks import row_rules as _row_rules
from assets.drops import load_inbox
from assets.entity_run import Asked, entity_runs
from assets.gate import publish_night
from assets.night import open_night
from assets.pull import run_entity
from assets.shapes import raw_shapes
from demo.server import DEMO_CREDENTIALS
from expectations.suite import load_suites
from orchestration.parts import columns_of, make_site
from orchestration.settings import PROJECT, Settings
from sources.http.limits import ReadLimits
from sources.spec.file import load_spec
from sources.spec.systems import SourcesSpec
from warehouse.models.catalog import Catalog, _kpi_measure, load_catalog
from warehouse.models.seeds import load_seeds
from warehouse.store.connection import Limits
from warehouse.store.state import STATE_TABLES, set_run_context

# What is built and published in these tests: lists of every kind, dropped files, and the figures of one KPI
# (publication keeps what they were).
MARTS = ("marts.kpi_value", "marts.procedure_scorecard", "meta.reconciliation")
GATES = ("core.daily_volume",)
STAGED = ("case", "rating", "submission", "service", "plan_task")
KPIS = ("marts.kpi_on_time",)
# Small pages, so that a few hundred rows make many.
SMALL_PAGES = {
    "rows: 1000": "rows: 60",
    "per_page, rows: 500": "per_page, rows: 7",
    "rows: 500": "rows: 40",
}
# The patience of a test: a second at most for an answer, three attempts.
QUICK = ReadLimits(
    read_seconds=0.6,
    response_seconds=1.2,
    attempts=3,
    wait_first_seconds=0.02,
    wait_most_seconds=2.5,
)
STEPS = ("pull", "build", "publish")


def write_sources(folder: Path) -> Path:
    """The packaged source file, asking for small pages."""
    text = (PROJECT / "sources" / "sources.yml").read_text(encoding="utf-8")
    for large, small in SMALL_PAGES.items():
        assert large in text
        text = text.replace(large, small)
    path = folder / "sources.yml"
    path.write_text(text, encoding="utf-8")
    return path


def settings_of(home: Path, as_of: dt.datetime, urls: Mapping[str, str], sources: Path) -> Settings:
    """Settings of a home whose systems are those of a demo server."""
    given = {f"{system}_url": url for system, url in urls.items()}
    given |= {f"{system}_token": DEMO_CREDENTIALS[system] for system in urls}
    return Settings.load(home=home, as_of=as_of, sources=sources, _env_file=None, **given)


@functools.cache
def small_catalog(sources_file: Path) -> tuple[SourcesSpec, Catalog, Mapping[str, Any]]:
    """Sources, the models that these tests build, and the row rules of staging."""
    sources = load_spec(sources_file)
    external = [*raw_shapes(sources), *STATE_TABLES, "seeds.public_holidays"]
    root = PROJECT / "sql"
    whole = load_catalog(root, external)
    # The union of all KPIs, over these alone: what feeds the others needn't be built then.
    measure = _kpi_measure(root, {name: whole.models[name] for name in KPIS})
    assert measure
    measure = dataclasses.replace(measure, labels=whole.models[measure.table].labels)
    whole = dataclasses.replace(whole, models={**whole.models, measure.table: measure})
    rules = _row_rules(load_suites(PROJECT / "expectations" / "suites", columns_of(whole)))
    shown = {*MARTS, *(f"staging.{name}" for name in STAGED)}
    wanted = {name for table in {*shown, *GATES} for name in whole.ancestors(table)}
    models = {
        name: dataclasses.replace(model, publish=name in shown)
        for name, model in whole.models.items()
        if name in wanted
    }
    return sources, dataclasses.replace(whole, models=models), rules


def run_night(
    settings: Settings,
    mode: str = "incremental",
    *,
    only: Collection[str] = (),
    builds: bool | Collection[str] = True,
    steps: Collection[str] = STEPS,
    **tags: str,
) -> dict[str, Any]:
    """Pull and load everything (or `only` some), then build and publish; what each pull told.

    `builds` may be False, or some tables, which are then not published. `steps` leaves out what an
    earlier night has done.
    """
    sources, catalog, rules = small_catalog(settings.sources_file)
    # A world this small pays more for a second thread than it gains by it.
    site = dataclasses.replace(
        make_site(settings, lambda *_: None),
        patience=QUICK,
        limits=Limits(threads=1),
        models=tuple(catalog.models.values()),
    )
    told: dict[str, Any] = {}
    given = {"motcua/mode": mode, **{f"motcua/{name}": value for name, value in tags.items()}}
    with open_night(site, "quick-night") as night:
        for entity in entity_runs(night, sources, Asked.of(given)):
            if "pull" in steps and (not only or entity.name in only):
                told[entity.name] = run_entity(entity)
        if "pull" in steps and (not only or "drops" in only):
            told["drops"] = load_inbox(night, sources)
        if builds and "build" in steps:
            load_seeds(night.connection, catalog.seeds)
            set_run_context(night.connection, night.context)
            for model in catalog.models.values():
                if builds is True or model.table in builds:
                    build_capped(night, model, rules.get(model.table, ()))
        if builds is True and "publish" in steps:
            told["version"] = publish_night(night, catalog, {})["version"]
    return told
