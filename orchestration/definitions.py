"""The only wiring: settings in, Dagster definitions out.

Belongs here: composing assets, checks, jobs and schedules. Doesn't: branches for an environment; the
same code runs everywhere, and only settings differ.
"""

import datetime as dt
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.checks import row_rules
from assets.drops import build_drops_asset
from assets.endings import build_publish_asset, build_report_assets
from assets.models import build_model_assets
from assets.names import MODE_TAG, RunMode
from assets.night import Progress, silent
from assets.pull import build_pull_assets
from assets.resource import night_resource
from common.local_time import TIME_ZONE
from expectations.suite import SUITES
from orchestration.inbox_sensor import build_inbox_sensor
from orchestration.operating.retention import housekeeping_job, housekeeping_schedule
from orchestration.operating.watch import watch_sensor
from orchestration.parts import Parts, compose
from orchestration.settings import Settings

FRESHNESS = dg.FreshnessPolicy.time_window(
    fail_window=dt.timedelta(hours=36), warn_window=dt.timedelta(hours=27)
)
NIGHT_CRON = "30 1 * * *"


@dataclass(frozen=True)
class Wiring(Parts):
    """The parts with the definitions made of them."""

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
    parts = compose(settings, progress=progress, use_demo=use_demo, suites_folder=suites_folder)
    catalog, suites, site = parts.catalog, parts.suites, parts.site
    pulls = build_pull_assets(parts.sources)
    drops = build_drops_asset(parts.sources)
    raw_keys = [key for definition in [*pulls, drops] for key in definition.keys]
    models, checks = build_model_assets(catalog, row_rules(suites), raw_keys, suites)
    # What nights make anew should never be older than a night and a half.
    fresh = [*pulls, drops, build_publish_asset(catalog, suites), *build_report_assets()]
    fresh = [definition.map_asset_specs(_with_freshness) for definition in fresh]
    housekeeping = housekeeping_job(settings)
    # Services start what is scheduled; under `dagster dev` a person may switch it on in the UI.
    stands = "STOPPED" if settings.is_development else "RUNNING"
    ticks, looks = dg.DefaultScheduleStatus[stands], dg.DefaultSensorStatus[stands]
    definitions = dg.Definitions(
        assets=[*fresh, *models],
        asset_checks=checks,
        jobs=[*_jobs(), housekeeping],
        schedules=[_nightly_schedule(ticks), housekeeping_schedule(housekeeping, TIME_ZONE, ticks)],
        sensors=[build_inbox_sensor(site.inbox, looks), watch_sensor(settings, looks)],
        resources={"night": night_resource(site), **(resources or {})},
        # Steps are small and share one connection; a process a step would cost thirty seconds a night.
        executor=dg.in_process_executor,
    )
    return Wiring(settings, parts.sources, catalog, suites, site, definitions)


def build_defs(settings: Settings, **overrides: dg.ResourceDefinition) -> dg.Definitions:
    """The definitions alone, with resources replaced by `overrides`."""
    return wire(settings, resources=overrides).definitions


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads."""
    # Partitions' backfill policy is marked beta by Dagster; its version is pinned.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return build_defs(Settings.load())


def _jobs() -> list[UnresolvedAssetJobDefinition]:
    everything = dg.AssetSelection.all()
    files = dg.AssetSelection.groups("drops").downstream()
    context = dg.AssetSelection.assets(["meta", "run_context"]).downstream()
    return [
        dg.define_asset_job(
            "nightly", everything, tags={MODE_TAG: str(RunMode.INCREMENTAL)},
            description="Một đêm: đọc phần mới, nạp, kiểm tra, tính, công bố. A night, incremental.",
        ),
        dg.define_asset_job(
            "full_refresh", everything, tags={MODE_TAG: str(RunMode.FULL)},
            description="Đọc lại mọi nguồn từ đầu. A night that reads everything again.",
        ),
        dg.define_asset_job(
            "files",
            files | context | dg.AssetSelection.groups("seeds").downstream(),
            tags={MODE_TAG: str(RunMode.FILES)},
            description="Nạp tệp trong inbox rồi tính và công bố. Load dropped files, then publish.",
        ),
    ]  # fmt: skip


def _with_freshness(spec: dg.AssetSpec) -> dg.AssetSpec:
    fresh: dg.AssetSpec = dg.apply_freshness_policy(spec, FRESHNESS, overwrite_existing=False)
    return fresh


def _nightly_schedule(status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name="nightly_schedule",
        job_name="nightly",
        cron_schedule=NIGHT_CRON,
        execution_timezone=TIME_ZONE,
        default_status=status,
        description="01:30 mỗi đêm theo giờ Việt Nam. Every night at 01:30 in Asia/Ho_Chi_Minh.",
    )
