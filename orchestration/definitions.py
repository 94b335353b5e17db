"""The only wiring: settings in, Dagster definitions out.

Belongs here: composing assets, checks, jobs and schedules. Doesn't: branches for an environment; the
same code runs everywhere, and only settings differ.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.checks import row_rules
from assets.drops import build_drops_asset
from assets.graph import PUBLIC_HOLIDAYS
from assets.models import build_model_assets
from assets.night import Connections, Progress, Site, night_resource, silent
from assets.publish import build_publish_asset
from assets.pull import (
    MODE_TAG,
    WINDOW_FROM_TAG,
    WINDOW_TO_TAG,
    build_pull_assets,
    raw_tables,
)
from assets.report import build_report_assets
from assets.shapes import raw_shapes
from expectations.suite import SUITES, Suite, load_suites
from orchestration.demo_systems import demo_connections
from orchestration.housekeeping import housekeeping_job, housekeeping_schedule
from orchestration.inbox_sensor import build_inbox_sensor
from orchestration.settings import Settings
from orchestration.watching import watch_sensor
from sources.spec import SourcesSpec
from sources.spec_file import load_spec
from warehouse.build import STAGING_COLUMNS
from warehouse.catalog import Catalog, load_catalog
from warehouse.connection import Limits
from warehouse.state import STATE_TABLES

__all__ = ["MODE_TAG", "WINDOW_FROM_TAG", "WINDOW_TO_TAG", "Wiring", "build_defs", "defs", "wire"]

FRESHNESS = dg.FreshnessPolicy.time_window(
    fail_window=dt.timedelta(hours=36), warn_window=dt.timedelta(hours=27)
)
NIGHT_CRON = "30 1 * * *"
TIME_ZONE = "Asia/Ho_Chi_Minh"


@dataclass(frozen=True)
class Wiring:
    """The parts that a composition is made of, for callers that need more than the definitions."""

    settings: Settings
    sources: SourcesSpec
    catalog: Catalog
    suites: Mapping[str, Suite]
    site: Site
    definitions: dg.Definitions


def wire(
    settings: Settings,
    *,
    progress: Progress = silent,
    use_demo: bool | None = None,
    resources: Mapping[str, dg.ResourceDefinition] | None = None,
    suites_folder: Path = SUITES,
) -> Wiring:
    """Compose everything for these settings; `resources` replaces resources in tests."""
    sources = load_spec(settings.sources_file)
    external = [*raw_tables(sources), *STATE_TABLES, PUBLIC_HOLIDAYS]
    catalog = load_catalog(settings.sql_root, external)
    suites = load_suites(suites_folder, _columns(catalog))
    site = replace(make_site(settings, progress, use_demo), models=tuple(catalog.models.values()))
    pulls = build_pull_assets(sources)
    drops = build_drops_asset(sources)
    raw_keys = [key for definition in [*pulls, drops] for key in definition.keys]
    models, checks = build_model_assets(catalog, row_rules(suites), raw_keys, suites)
    # What nights make anew should never be older than a night and a half.
    fresh = [*pulls, drops, build_publish_asset(catalog, suites), *build_report_assets()]
    fresh = [definition.map_asset_specs(_with_freshness) for definition in fresh]
    housekeeping = housekeeping_job(settings)
    definitions = dg.Definitions(
        assets=[*fresh, *models],
        asset_checks=checks,
        jobs=[*_jobs(), housekeeping],
        schedules=[_nightly_schedule(), housekeeping_schedule(housekeeping, TIME_ZONE)],
        sensors=[build_inbox_sensor(site.inbox), watch_sensor(settings)],
        resources={"night": night_resource(site), **(resources or {})},
        # Steps are small and share one connection; a process a step would cost thirty seconds a night.
        executor=dg.in_process_executor,
    )
    return Wiring(settings, sources, catalog, suites, site, definitions)


def build_defs(settings: Settings, **overrides: dg.ResourceDefinition) -> dg.Definitions:
    """The definitions alone, with resources replaced by `overrides`."""
    return wire(settings, resources=overrides).definitions


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads."""
    return build_defs(Settings.load())


def make_site(settings: Settings, progress: Progress, use_demo: bool | None = None) -> Site:
    """What the night needs to know of the settings."""
    demo = settings.uses_demo_systems if use_demo is None else use_demo

    def connect() -> Iterator[Connections]:
        if demo:
            yield from demo_connections(settings)
        else:
            urls = settings.base_urls()
            yield Connections(urls, {system: settings.credential(system) for system in urls})

    return Site(
        home=settings.home,
        warehouse=settings.warehouse_path,
        lock=settings.lock_path,
        landing=settings.landing,
        inbox=settings.inbox,
        published=settings.published,
        macros=settings.sql_root / "macros.sql",
        centre_code=settings.centre,
        code_version=version("motcua"),
        clock=settings.now,
        connect=connect,
        person_keys=settings.person_keys,
        # Asked by each run, and the same while the process lives, as the wiring's own.
        shapes=cache(lambda: raw_shapes(load_spec(settings.sources_file))),
        limits=Limits(settings.memory_limit, settings.threads),
        quarantine_cap=settings.quarantine_cap,
        progress=progress,
        spark_master=settings.spark_master if settings.engine == "spark" else None,
    )


def _jobs() -> list[UnresolvedAssetJobDefinition]:
    everything = dg.AssetSelection.all()
    files = dg.AssetSelection.groups("drops").downstream()
    context = dg.AssetSelection.assets(["meta", "run_context"]).downstream()
    return [
        dg.define_asset_job(
            "nightly", everything, tags={MODE_TAG: "incremental"},
            description="Một đêm: đọc phần mới, nạp, kiểm tra, tính, công bố. A night, incremental.",
        ),
        dg.define_asset_job(
            "full_refresh", everything, tags={MODE_TAG: "full"},
            description="Đọc lại mọi nguồn từ đầu. A night that reads everything again.",
        ),
        dg.define_asset_job(
            "files", files | context | dg.AssetSelection.groups("seeds").downstream(), tags={MODE_TAG: "files"},
            description="Nạp tệp trong inbox rồi tính và công bố. Load dropped files, then publish.",
        ),
    ]  # fmt: skip


def _with_freshness(spec: dg.AssetSpec) -> dg.AssetSpec:
    fresh: dg.AssetSpec = dg.apply_freshness_policy(spec, FRESHNESS, overwrite_existing=False)
    return fresh


def _nightly_schedule() -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name="nightly_schedule",
        job_name="nightly",
        cron_schedule=NIGHT_CRON,
        execution_timezone=TIME_ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="01:30 mỗi đêm theo giờ Việt Nam. Every night at 01:30 in Asia/Ho_Chi_Minh.",
    )


def _columns(catalog: Catalog) -> dict[str, list[str]]:
    return {
        model.table: [*model.columns, *(STAGING_COLUMNS if model.schema == "staging" else ())]
        for model in catalog.models.values()
    }
