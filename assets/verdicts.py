"""What Dagster is told of checks: one check a table and severity, whose metadata is the table of its rules.

Belongs here: the checks' declarations and results, for a model's own step or for a step of checks alone.
Doesn't: judging (expectations), keeping results rule by rule (checks.py), reading these words back
(orchestration.operating.causes).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import dagster as dg

from assets.checks import check_suites
from assets.graph import key_of
from assets.night import Night
from expectations.outcome import Outcome
from expectations.suite import Suite
from warehouse.store.state import trend_word

CRITICAL = "critical"
SEVERITIES = (CRITICAL, "warning", "info")
_PROMISES = {
    CRITICAL: "Quy tắc phải đạt để đi tiếp; quy tắc nào cũng phải chạy được. / Must hold for the night to go on, and "
    "every rule of the table must be able to run.",
    "warning": "Cần xem, không dừng gì. / To be looked at; stops nothing.",
    "info": "Để biết. / For information.",
}
_ORDER = {"error": 0, "failed": 1, "passed": 2}
_MARKS = {
    "error": "**KHÔNG CHẠY ĐƯỢC / could not run**",
    "failed": "**vi phạm / failed**",
    "passed": "đạt / passed",
}
_HEAD = (
    "| quy tắc / rule | kết quả / state | vi phạm / failed | đã xét / evaluated | phụ trách / owner "
    "| lý do / reason | các lần / trend | cần làm / to do |\n|---|---|--:|--:|---|---|---|---|"
)


def check_specs(suite: Suite, also_reads: Collection[dg.AssetKey] = ()) -> list[dg.AssetCheckSpec]:
    """The checks of one table. Only the critical one blocks; each table has it, for any rule may fail to run."""
    return [
        dg.AssetCheckSpec(
            name=severity,
            asset=key_of(suite.table),
            blocking=severity == CRITICAL,
            additional_deps=sorted(also_reads),
            description=_PROMISES[severity],
            metadata={"severity": severity, "rules": ", ".join(rules), "owner": ", ".join(owners)},
        )
        for severity, rules, owners in _declared(suite)
    ]


def _declared(suite: Suite) -> Iterator[tuple[str, list[str], list[str]]]:
    for severity in SEVERITIES:
        rules = [rule for rule in suite.rules if rule.severity == severity]
        if rules or severity == CRITICAL:
            yield severity, [rule.id for rule in rules], sorted({rule.owner for rule in rules})


def build_check_step(suite: Suite, assets: Collection[dg.AssetKey]) -> dg.AssetChecksDefinition:
    """A step of checks alone; it waits for every table of `assets` that its rules name."""
    also_reads = {key_of(table) for table in suite.reads} & set(assets)

    @dg.multi_asset_check(
        name=f"check_{suite.table.replace('.', '__')}",
        specs=check_specs(suite, also_reads),
        required_resource_keys={"night"},
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        yield from check_results(context.resources.night, suite)

    return check


def check_results(night: Night, suite: Suite) -> list[dg.AssetCheckResult]:
    """Run a suite on what stands; one result a severity."""
    before = {rule: said for (table, rule), said in night.trends.items() if table == suite.table}
    outcomes = [found for found in check_suites(night, [suite]) if found.table == suite.table]
    return [verdict(suite, severity, outcomes, before) for severity, *_ in _declared(suite)]


def verdict(
    suite: Suite, severity: str, outcomes: Sequence[Outcome], before: Mapping[str, Sequence[str]]
) -> dg.AssetCheckResult:
    """Counts only: the event store is read by more people than the restricted store, which holds the keys.

    A rule that could not run stops the night whatever its severity, so the critical check has it among its own.
    """
    told = [
        found
        for found in outcomes
        if found.severity == severity or (severity == CRITICAL and found.blocks)
    ]
    count = {state: sum(found.state == state for found in told) for state in _ORDER}
    metadata: dict[str, str | int | float | dg.MetadataValue] = {
        "rules": dg.MetadataValue.md(rules_table(told, before)),
        **count,
        "seconds": round(sum(found.seconds for found in told), 3),
    }
    broken = [broken_row(found) for found in told if found.blocks and severity == CRITICAL]
    if broken:
        metadata["broken"] = dg.MetadataValue.json(broken)
    if count["passed"] < len(told):
        metadata["keys"] = f"motcua check --table {suite.table} --keys"
    return dg.AssetCheckResult(
        asset_key=key_of(suite.table),
        check_name=severity,
        passed=count["passed"] == len(told),
        severity=dg.AssetCheckSeverity.ERROR if broken else dg.AssetCheckSeverity.WARN,
        description=_said(count),
        metadata=metadata,
    )


def _said(count: Mapping[str, int]) -> str:
    many = sum(count.values())
    if count["passed"] == many:
        return f"Đạt cả {many} quy tắc. All {many} hold."
    parts = []
    if count["failed"]:
        parts.append(
            f"Vi phạm {count['failed']} / {many} quy tắc. {count['failed']} of {many} failed."
        )
    if count["error"]:
        parts.append(
            f"KHÔNG CHẠY ĐƯỢC {count['error']} / {many}: chưa biết đạt hay không. COULD NOT RUN: {count['error']}."
        )
    return " ".join(parts)


def broken_row(outcome: Outcome) -> dict[str, str | int]:
    """A rule that stops the night, in the names of meta.check_run, for whoever tells why a run stopped."""
    return {
        "rule": outcome.rule,
        "state": outcome.state,
        "failed": outcome.failed,
        "evaluated": outcome.evaluated,
        "reason_vi": outcome.reason,
        "reason_en": outcome.reason_en,
        "remedy_vi": outcome.remedy,
        "detail": outcome.detail or "",
    }


def rules_table(outcomes: Sequence[Outcome], before: Mapping[str, Sequence[str]]) -> str:
    """The rules as a table for people, what is broken first; whoever reads it needn't open the warehouse."""
    lines = [_HEAD]
    for found in sorted(outcomes, key=lambda outcome: _ORDER[outcome.state]):
        trend = [*before.get(found.rule, ()), trend_word(found.state, found.failed)]
        state = _MARKS[found.state] + (f": {found.detail}" if found.detail else "")
        cells = (
            f"`{found.rule}`", state, str(found.failed), str(found.evaluated), found.owner,
            f"{found.reason} / {found.reason_en}", " → ".join(trend),
            found.remedy if found.state != "passed" else "",
        )  # fmt: skip
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text that stays inside its cell."""
    return " ".join(text.replace("|", "\\|").split())
