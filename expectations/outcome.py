"""What a check said: the Outcome of each rule, and how a raw result becomes one.

Belongs here: pure interpretation, including the rule that a check which raised has said nothing and is
an error of its own, never a pass and never a failure. Doesn't: running (runner.py). No row value may
enter an outcome; error texts are cut down to what names tables, columns and syntax.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from expectations.remedy import UNRUN
from expectations.suite import Rule, Suite

State = Literal["passed", "failed", "error"]
# First lines of these speak of names and syntax; of other errors they may quote a value of a row.
_SAFE_ERROR = re.compile(r"\b((?:Binder|Catalog|Parser) Error: [^\n]*)")


@dataclass(frozen=True)
class Outcome:
    """What one rule said of one table.

    `evaluated` and `failed` count rows; a rule about the whole table fails with 1. `failing_keys` hold
    at most a few keys ("a | b" for a compound one) and belong in the restricted store only. `seconds`
    is the rule's equal share of its table's time. `detail` explains an error and `remedy` says what a person
    does, in Vietnamese. `fingerprint` tells what the verdict hangs on, where that is known, and `carried_from`
    the run that asked, where this one didn't.
    """

    table: str
    rule: str
    type: str
    severity: str
    reason: str
    reason_en: str
    owner: str
    row: bool
    evaluated: int
    failed: int
    state: State
    failing_keys: tuple[str, ...] = ()
    seconds: float = 0.0
    detail: str | None = None
    remedy: str = ""
    fingerprint: str | None = None
    carried_from: str | None = None

    @property
    def blocks(self) -> bool:
        """Whether publication must stop: a critical rule that failed, or any rule that couldn't run."""
        return self.state == "error" or (self.state == "failed" and self.severity == "critical")


@dataclass(frozen=True)
class Verdict:
    """A result without its rule: what a check counted, or why it couldn't."""

    state: State
    evaluated: int = 0
    failed: int = 0
    detail: str | None = None


def verdict_of(result: Any, table_rows: int) -> Verdict:
    """Read one Great Expectations result; `table_rows` stands in where a result counts no rows."""
    raised = next(_raised(result.exception_info or {}), None)
    if raised is not None:
        return Verdict("error", detail=explain(raised))
    counts: Mapping[str, Any] = result.result or {}
    success = bool(result.success)
    if "unexpected_count" in counts:
        evaluated = int(counts.get("element_count") or 0) - int(counts.get("missing_count") or 0)
        failed = int(counts["unexpected_count"] or 0)
    elif result.expectation_config.type.endswith("unexpected_rows_expectation"):
        evaluated, failed = table_rows, int(counts.get("observed_value") or 0)
    else:
        evaluated, failed = table_rows, int(not success)
    return Verdict("passed" if success else "failed", evaluated, failed)


def outcome_of(
    suite: Suite,
    rule: Rule,
    verdict: Verdict,
    keys: tuple[str, ...] = (),
    seconds: float = 0.0,
) -> Outcome:
    """A verdict with the words of its rule."""
    return Outcome(
        table=suite.table,
        rule=rule.id,
        type=rule.type,
        severity=rule.severity,
        reason=rule.reason,
        reason_en=rule.reason_en,
        owner=rule.owner,
        row=rule.row,
        evaluated=verdict.evaluated,
        failed=verdict.failed,
        state=verdict.state,
        failing_keys=keys,
        seconds=seconds,
        detail=verdict.detail,
        remedy=UNRUN if verdict.state == "error" else rule.remedy,
    )


def explain(message: str) -> str:
    """An error's text without anything a row may hold."""
    safe = _SAFE_ERROR.search(message)
    if safe:
        return f"Phép kiểm tra không chạy được: {safe.group(1).strip()}"
    return "Phép kiểm tra không chạy được; xem nhật ký kỹ thuật của lần chạy."


def _raised(info: Mapping[str, Any]) -> Iterator[str]:
    """Messages of raised exceptions; the info is flat, or one mapping per metric."""
    if info.get("raised_exception"):
        yield str(info.get("exception_message") or "")
    for part in info.values():
        if isinstance(part, Mapping):
            yield from _raised(part)
