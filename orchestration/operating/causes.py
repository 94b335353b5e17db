"""Why a run stopped, read from its events: one sentence for people, the same on stderr and in alerts.

Belongs here: choosing the event that says why, and words where Dagster's own would stand. Doesn't:
reading events (runs.py, watch.py), telling (commands, messengers.py).

Dagster has a sentence of its own for each of these, which helps nobody who mends data; so a failed check
is told by its rule, an interruption by who asked for it, and what Dagster itself raises by where to look.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation
from dagster._core.events import JobFailureData
from dagster_shared.error import SerializableErrorInfo

from assets.broken import Broken, stop_words
from orchestration.stopping import INTERRUPTED, INTERRUPTS

TOLD_TO_STOP = "ToldToStop"
# What ends a run that has ended without a word; said by housekeeping too.
DIED = "Máy hoặc dịch vụ tắt giữa chừng. / The machine or the service stopped while it ran."
_NO_WORD = (
    "Lần chạy dừng mà không nói vì sao (bị tắt, hoặc chạy quá lâu); mở `motcua ui` xem từng bước. / "
    "The run ended without saying why (killed, or longer than it may take); open it with `motcua ui`."
)
_CHECKS_FAILED = "DagsterAssetCheckFailedError"


@dataclass(frozen=True)
class Stop:
    """The step that stopped a run, one sentence, the class of the error behind it and where it was raised."""

    step: str
    sentence: str
    kind: str = ""
    frames: str = ""


def stop_of(events: Iterable[dg.DagsterEvent]) -> Stop:
    """Why a run that failed has stopped, by its events in order."""
    broken: list[Broken] = []
    failures: list[tuple[str, SerializableErrorInfo | None, str]] = []
    for event in events:
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            broken += broken_rules([event.asset_check_evaluation_data])
        elif event.is_step_failure:
            failures.append((event.step_key or "run", event.step_failure_data.error, ""))
        elif event.event_type == dg.DagsterEventType.RUN_FAILURE:
            # Who fails a run from outside gives a message and no data.
            data = event.event_specific_data
            error = data.error if isinstance(data, JobFailureData) else None
            failures.append(("run", error, event.message or ""))
    found = [(step, _innermost(error), message) for step, error, message in failures]
    # A run that is told to stop may fail a step or two first, but that is no reason of its own.
    for step, error, _ in found:
        if error is not None and error.cls_name in INTERRUPTS:
            return Stop(step, INTERRUPTED, TOLD_TO_STOP)
    for step, error, message in found:
        if error is not None:
            frames = "".join(error.stack)
            return Stop(step, _sentence(step, error, broken), error.cls_name or "", frames)
        if message in (DIED, INTERRUPTED):
            return Stop(step, message)
    return Stop("run", _NO_WORD)


def broken_rules(evaluations: Iterable[AssetCheckEvaluation]) -> list[Broken]:
    """The rules that failed as critical or could not run; warnings stop nothing and aren't among them."""
    return [
        rule
        for check in evaluations
        if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR
        for rule in _rules(check)
    ]


def _rules(check: AssetCheckEvaluation) -> list[Broken]:
    """The broken rules that a check names (assets/verdicts.py); one that names none is told by its own name."""
    table = ".".join(check.asset_key.path)
    named = check.metadata.get("broken")
    rows = named.value if isinstance(named, dg.JsonMetadataValue) else None
    if not isinstance(rows, list):
        rows = [{"rule": check.check_name, "state": "failed"}]
    return [Broken.of_row({**row, "table_name": table}) for row in rows]


def _innermost(error: SerializableErrorInfo | None) -> SerializableErrorInfo | None:
    while error is not None and error.cause is not None:
        error = error.cause
    return error


def _sentence(step: str, error: SerializableErrorInfo, broken: list[Broken]) -> str:
    kind = error.cls_name or ""
    if kind == _CHECKS_FAILED and broken:
        return stop_words(broken)
    if kind.startswith("Dagster"):
        return (
            f"Lỗi của chương trình ở bước {step} ({kind}); mở `motcua ui` xem bước đó và báo lại. / "
            f"A fault of the program in step {step} ({kind}); see the step in `motcua ui` and report it."
        )
    text = error.message.strip()
    first, colon, rest = text.partition(": ")
    return " ".join((rest if colon and first.endswith(kind) else text).split())
