"""Housekeeping: old runs and their logs, and landed pages whose days of keeping are over.

Belongs here: what is thrown away and when. Doesn't: published versions (publication prunes those itself),
backups (backup does).

Landed pages hold persons as they were received, so they are kept MOTCUA_LANDING_DAYS and no longer; but a
batch goes only when it is loaded and a backup newer than it exists: until then the landing is the only
place from which the warehouse can be rebuilt.
"""

import datetime as dt
import shutil
from pathlib import Path

import dagster as dg
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from orchestration.causes import DIED
from orchestration.settings import LOCAL, Settings
from sources.landing import complete_batches, list_entities
from warehouse.backup import last_backup_at
from warehouse.connection import hold_lock
from warehouse.errors import WarehouseBusyError

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


def housekeeping_schedule(job: dg.JobDefinition, time_zone: str) -> dg.ScheduleDefinition:
    """Sundays at 12:30, when no night runs."""
    return dg.ScheduleDefinition(
        name="housekeeping_schedule", job=job, cron_schedule="30 12 * * 0",
        execution_timezone=time_zone, default_status=dg.DefaultScheduleStatus.RUNNING,
    )  # fmt: skip


def fail_dead_runs(settings: Settings, instance: DagsterInstance) -> list[str]:
    """End runs that a power cut left as running, so that the queue goes on by itself; returns their ids.

    Called before the daemon starts. A run in another terminal holds the warehouse's lock; then nothing is
    touched. Dagster alone would wait for its longest run time.
    """
    alive = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    try:
        with hold_lock(settings.lock_path, "start of the service"):
            records = instance.get_run_records(RunsFilter(statuses=alive))
            for record in records:
                instance.report_run_failed(record.dagster_run, DIED)
    except WarehouseBusyError:
        return []
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
    backed_up = last_backup_at(settings.home)
    if not settings.landing_days or backed_up is None:
        return 0
    before = min(now - dt.timedelta(days=settings.landing_days), backed_up)
    removed = 0
    with hold_lock(settings.lock_path, "housekeeping"):
        for system, entity in list_entities(settings.landing):
            # The newest batch stays: it is the register that stands, or where the cursor is.
            for batch in complete_batches(settings.landing, system, entity)[:-1]:
                if batch.finished_at < before:
                    _remove(batch.directory)
                    removed += 1
    return removed


def _remove(directory: Path) -> None:
    """The manifest first: a folder without it is no batch, whatever else is left in it."""
    (directory / "_manifest.json").unlink(missing_ok=True)
    shutil.rmtree(directory, ignore_errors=True)
