"""Running a job in this process, for the command line: the same job that the UI and the schedule run.

Belongs here: executing, finding the first cause of a failure. Doesn't: printing (cli.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from orchestration.definitions import Wiring
from orchestration.settings import use_dagster_home

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended; `reason` is one sentence.

    `is_busy`: another run held the warehouse. `is_usage`: a setting or the source file must be mended first.
    """

    run_id: str
    succeeded: bool
    reason: str = ""
    is_busy: bool = False
    is_usage: bool = False


def execute_job(wiring: Wiring, job_name: str, tags: Mapping[str, str] | None = None) -> RunOutcome:
    """Run a job of the definitions to its end in this process, recorded in the Dagster instance.

    Errors don't leave here: they come back as the outcome's reason.
    """
    use_dagster_home(wiring.settings)
    job = wiring.definitions.resolve_job_def(job_name)
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance, raise_on_error=False, run_config=QUIET, tags=dict(tags or {})
        )
        if result.success:
            return RunOutcome(result.run_id, succeeded=True)
        reason, kind = _first_cause(result)
    return RunOutcome(
        result.run_id,
        succeeded=False,
        reason=reason,
        is_busy=kind == "WarehouseBusyError",
        is_usage=kind == "SpecError",
    )


def _first_cause(result: dg.ExecuteInProcessResult) -> tuple[str, str]:
    """The first failure's own sentence and class; failed checks are named by their rules."""
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            if error is not None:
                return _innermost(error)
        if event.event_type == dg.DagsterEventType.RUN_FAILURE and event.job_failure_data.error:
            return _innermost(event.job_failure_data.error)
    return "The run failed; open it with `motcua ui` for the steps.", ""


def _innermost(error: SerializableErrorInfo) -> tuple[str, str]:
    while error.cause is not None:
        error = error.cause
    text = error.message.strip()
    kind = error.cls_name or ""
    sentence = (
        text.split(": ", 1)[1] if ": " in text and text.split(": ", 1)[0].endswith(kind) else text
    )
    return " ".join(sentence.split()), kind
