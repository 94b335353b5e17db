"""Housekeeping: old runs and their logs, and landed pages whose days of keeping are over.

Belongs here: what is thrown away and when. Doesn't: published versions (publication prunes those itself),
backups (backup does).

Landed pages hold persons as they were received, so they are kept MOTCUA_LANDING_DAYS and no longer; but a
batch goes only when the last backup holds it byte for byte: until then the landing is the only place from
which the warehouse can be rebuilt. That is a fact, not a comparison of times, so a wrong clock costs nothing
that isn't in the backup.
"""

import datetime as dt
import shutil
from pathlib import Path

import dagster as dg
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from common.local_time import LOCAL
from orchestration.operating.causes import DIED
from orchestration.settings import Settings
from sources.landing.batches import LandedBatch, complete_batches, list_entities
from warehouse.backup import holds, last_backup
from warehouse.errors import WarehouseBusyError
from warehouse.store.connection import hold_lock
from warehouse.store.sequence import is_future

ENDED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]


def tidy(settings: Settings, instance: DagsterInstance, now: dt.datetime) -> dict[str, int]:
    """Throw away what is due; returns counts by kind. `now` is the wall clock with offset."""
    return {
        "runs": _old_runs(instance, now - dt.timedelta(days=settings.run_days)),
        "logs": _old_logs(settings, instance),
        "batches": _old_landing(settings, now),
    }


def housekeeping_job(settings: Settings) -> dg.JobDefinition:
    """The weekly job; a job of its own, so that it never stands in a night's way."""

    @dg.op(description="Xóa lần chạy, nhật ký, landing đã quá hạn giữ. Throw away what is due.")
    def throw_away(context: dg.OpExecutionContext) -> None:
        context.add_output_metadata(tidy(settings, context.instance, dt.datetime.now(LOCAL)))

    @dg.job(name="housekeeping", executor_def=dg.in_process_executor)
    def job() -> None:
        throw_away()

    return job


def housekeeping_schedule(
    job: dg.JobDefinition, time_zone: str, status: dg.DefaultScheduleStatus
) -> dg.ScheduleDefinition:
    """Sundays at 12:30, when no night runs."""
    return dg.ScheduleDefinition(
        name="housekeeping_schedule", job=job, cron_schedule="30 12 * * 0",
        execution_timezone=time_zone, default_status=status,
    )  # fmt: skip


def fail_dead_runs(settings: Settings, instance: DagsterInstance) -> list[str] | None:
    """End runs that a power cut left as running, so that the queue goes on by itself; returns their ids.

    Called before the daemon starts. A run in another terminal holds the warehouse's lock; then nothing is
    touched and None is returned. Dagster alone would wait for its longest run time.
    """
    alive = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    try:
        with hold_lock(settings.lock_path, "start of the service"):
            records = instance.get_run_records(RunsFilter(statuses=alive))
            for record in records:
                instance.report_run_failed(record.dagster_run, DIED)
    except WarehouseBusyError:
        return None
    return [record.dagster_run.run_id for record in records]


def _old_runs(instance: DagsterInstance, before: dt.datetime) -> int:
    records = instance.get_run_records(RunsFilter(statuses=ENDED, created_before=before))
    for record in records:
        instance.delete_run(record.dagster_run.run_id)
    return len(records)


def _old_logs(settings: Settings, instance: DagsterInstance) -> int:
    """Folders of compute logs whose run is gone."""
    removed = 0
    for folder in (settings.dagster_home / "storage").glob("*-*-*-*-*"):
        if folder.is_dir() and instance.get_run_by_id(folder.name) is None:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


def _old_landing(settings: Settings, now: dt.datetime) -> int:
    stamp = last_backup(settings.home)
    if not settings.landing_days or stamp is None:
        return 0
    before = now - dt.timedelta(days=settings.landing_days)
    removed = 0
    with hold_lock(settings.lock_path, "housekeeping"):
        for system, entity in list_entities(settings.landing):
            batches = complete_batches(settings.landing, system, entity, now)
            # The newest batch stays: it is the register that stands, or where the cursor is.
            for batch, finished_at in list(zip(batches, _finish_times(batches, now), strict=True))[
                :-1
            ]:
                if finished_at < before and holds(stamp, settings.home, batch.directory):
                    _remove(batch.directory)
                    removed += 1
    return removed


def _finish_times(batches: list[LandedBatch], now: dt.datetime) -> list[dt.datetime]:
    """When each batch was finished; one that says "in the future" at the latest when the next one was.

    Persons' pages must not lie there for years because a clock was wrong while they were read.
    """
    times: list[dt.datetime] = []
    following = now
    for batch in reversed(batches):
        at = following if is_future(batch.finished_at, now) else batch.finished_at
        times.append(at)
        following = at
    return times[::-1]


def _remove(directory: Path) -> None:
    """The manifest first: a folder without it is no batch, whatever else is left in it."""
    (directory / "_manifest.json").unlink(missing_ok=True)
    shutil.rmtree(directory, ignore_errors=True)
