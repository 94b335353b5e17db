"""Running a job in this process, for the command line: the same job that the UI and the schedule run.

Belongs here: executing, and how the run ended. Doesn't: why it stopped (causes.py), printing (commands).
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg

from orchestration import stopping
from orchestration.definitions import Wiring
from orchestration.operating.causes import TOLD_TO_STOP, stop_of
from orchestration.settings import Settings, use_dagster_home
from warehouse.publication.versions import current_version

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended; `reason` is one sentence, `frames` where an error was raised, for --debug.

    `is_busy`: another run held the warehouse. `is_usage`: a setting or the source file must be mended first.
    """

    run_id: str
    succeeded: bool
    reason: str = ""
    is_busy: bool = False
    is_usage: bool = False
    frames: str = ""


def execute_job(wiring: Wiring, job_name: str, tags: Mapping[str, str] | None = None) -> RunOutcome:
    """Run a job of the definitions to its end in this process, recorded in the Dagster instance.

    Errors don't leave here: they come back as the outcome's reason. So does being told to stop.
    """
    settings = wiring.settings
    use_dagster_home(settings)
    job = wiring.definitions.resolve_job_def(job_name)
    standing = current_version(settings.published)
    run_id = str(uuid.uuid4())
    with dg.DagsterInstance.get() as instance:
        try:
            result = job.execute_in_process(
                instance=instance, raise_on_error=False, run_config=QUIET, tags=dict(tags or {}), run_id=run_id,
            )  # fmt: skip
        except KeyboardInterrupt:
            # Before Dagster listens and after; it would leave the run as one that never ends.
            stopping.answer()
            _end(instance, run_id)
            return _told(settings, run_id, standing)
        stopping.answer()
        if result.success:
            return RunOutcome(result.run_id, succeeded=True)
        stop = stop_of(result.all_events)
    if stopping.told() or stop.kind == TOLD_TO_STOP:
        return _told(settings, run_id, standing)
    return RunOutcome(
        run_id,
        succeeded=False,
        reason=stop.sentence,
        is_busy=stop.kind == "WarehouseBusyError",
        is_usage=stop.kind == "SpecError",
        frames=stop.frames,
    )


def _told(settings: Settings, run_id: str, standing: str | None) -> RunOutcome:
    reason = stopping.stopped_words(standing, current_version(settings.published))
    return RunOutcome(run_id, succeeded=False, reason=reason)


def _end(instance: dg.DagsterInstance, run_id: str) -> None:
    run = instance.get_run_by_id(run_id)
    if run is not None and not run.is_finished:
        instance.report_run_failed(run, stopping.INTERRUPTED)
