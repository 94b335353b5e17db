"""Suites as Dagster asset checks: one step a suite, one check a rule.

Belongs here: turning outcomes into check results and keeping them in meta.check_run. Doesn't: judging
(expectations does, through Great Expectations inside DuckDB).
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence

import dagster as dg

from assets.carrier import Sorted
from assets.models import key_of
from assets.night import Night
from expectations.outcome import Outcome
from expectations.suite import Suite
from warehouse.build import RowRule
from warehouse.state import check_trend, record_checks, trend_word

_SAID = {
    "passed": "Đạt. Passed.",
    "failed": "Vi phạm {failed} / {evaluated}. Failed.",
    "error": "KHÔNG CHẠY ĐƯỢC: chưa biết đạt hay không. COULD NOT RUN.",
}


def build_suite_checks(suite: Suite, assets: Collection[dg.AssetKey]) -> dg.AssetChecksDefinition:
    """The checks of one table; they wait for every table of `assets` that their rules name.

    Every check is declared blocking, so that what comes after waits for it; whether it stops the night
    is decided by its result: critical and error do, warning and info are told.
    """
    specs = [
        dg.AssetCheckSpec(
            name=entry.id,
            asset=key_of(suite.table),
            blocking=True,
            additional_deps=sorted({key_of(t) for t in entry.reads - {suite.table}} & set(assets)),
            description=f"{entry.reason} / {entry.reason_en}",
            metadata={"severity": entry.severity, "owner": entry.owner, "expectation": entry.type},
        )
        for entry in suite.rules
    ]

    @dg.multi_asset_check(
        name=f"check_{suite.table.replace('.', '__')}",
        specs=specs,
        required_resource_keys={"night"},
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        night: Night = context.resources.night
        before = check_trend(night.connection, suite.table)
        for outcome in check_suites(night, [suite]):
            if outcome.table == suite.table:
                yield _result(outcome, before.get(outcome.rule, []))

    return check


def check_suites(night: Night, suites: Sequence[Suite]) -> list[Outcome]:
    """Run suites on what stands and keep every result, the canaries' too.

    In a night a rule isn't asked again where its last outcome stands; it is kept anew and says of which run it is.
    """
    found = night.carrier.sort(suites) if night.carries else Sorted(list(suites))
    outcomes = found.joined(night.checker.run(found.asked) if found.asked else ())
    record_checks(night.connection, night.run_id, [_row(outcome) for outcome in outcomes])
    return outcomes


def _row(outcome: Outcome) -> dict[str, object]:
    return {
        "table_name": outcome.table,
        "rule": outcome.rule,
        "expectation": outcome.type,
        "severity": outcome.severity,
        "owner": outcome.owner,
        "reason_vi": outcome.reason,
        "reason_en": outcome.reason_en,
        "evaluated": outcome.evaluated,
        "failed": outcome.failed,
        "state": outcome.state,
        "failing_keys": json.dumps(list(outcome.failing_keys), ensure_ascii=False, default=str),
        "seconds": outcome.seconds,
        "remedy_vi": outcome.remedy,
        "detail": outcome.detail,
        "fingerprint": outcome.fingerprint,
        "carried_from": outcome.carried_from,
    }


def _result(outcome: Outcome, before: Sequence[str]) -> dg.AssetCheckResult:
    # Counts only: the event store is read by more people than the restricted store, which holds the keys.
    metadata: dict[str, str | int | float] = {
        "state": outcome.state,
        "evaluated": outcome.evaluated,
        "failed": outcome.failed,
        "seconds": round(outcome.seconds, 3),
    }
    # The rule's own words, so that whoever reads the event says why without opening the warehouse.
    metadata |= {"reason_vi": outcome.reason, "reason_en": outcome.reason_en}
    if outcome.state != "passed":
        metadata["trend"] = " → ".join([*before, trend_word(outcome.state, outcome.failed)])
        metadata["remedy"] = outcome.remedy
        metadata["keys"] = f"motcua check --table {outcome.table} --rule {outcome.rule} --keys"
    if outcome.state == "error":
        metadata["error"] = outcome.detail or ""
    return dg.AssetCheckResult(
        asset_key=key_of(outcome.table),
        check_name=outcome.rule,
        passed=outcome.state == "passed",
        severity=dg.AssetCheckSeverity.ERROR if outcome.blocks else dg.AssetCheckSeverity.WARN,
        description=_SAID[outcome.state].format(failed=outcome.failed, evaluated=outcome.evaluated),
        metadata=metadata,
    )


def row_rules(suites: Mapping[str, Suite]) -> dict[str, list[RowRule]]:
    """The critical row rules of each staging suite, as predicates that split rows into quarantine."""
    return {
        table: [RowRule(rule.id, rule.reason, rule.breaks or "false") for rule in suite.row_rules]
        for table, suite in suites.items()
        if table.startswith("staging.")
    }
