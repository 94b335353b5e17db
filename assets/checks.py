"""Suites run on what stands: every outcome kept, rule by rule, in meta.check_run.

Belongs here: keeping outcomes, and which rules split rows. Doesn't: judging (expectations does, through Great
Expectations inside DuckDB), what Dagster is told of it (verdicts.py).
"""

import json
from collections.abc import Mapping, Sequence

from assets.kept_verdicts import Sorted
from assets.night import Night
from expectations.outcome import Outcome
from expectations.suite import Suite
from warehouse.models.build import RowRule
from warehouse.store.state import CheckRow, record_checks


def check_suites(night: Night, suites: Sequence[Suite]) -> list[Outcome]:
    """Run suites on what stands and keep every result, the canaries' too.

    In a night a rule isn't asked again where its last outcome stands; it is kept anew and says of which run it is.
    """
    found = night.carrier.sort(suites) if night.carries else Sorted(list(suites))
    outcomes = found.joined(night.checker.run(found.asked) if found.asked else ())
    record_checks(night.connection, night.run_id, [check_row(outcome) for outcome in outcomes])
    return outcomes


def check_row(outcome: Outcome) -> CheckRow:
    """An outcome as it is kept."""
    return CheckRow(
        table_name=outcome.table,
        rule=outcome.rule,
        expectation=outcome.type,
        severity=outcome.severity,
        owner=outcome.owner,
        reason_vi=outcome.reason,
        reason_en=outcome.reason_en,
        remedy_vi=outcome.remedy,
        evaluated=outcome.evaluated,
        failed=outcome.failed,
        state=outcome.state,
        failing_keys=json.dumps(list(outcome.failing_keys), ensure_ascii=False, default=str),
        seconds=outcome.seconds,
        detail=outcome.detail,
        fingerprint=outcome.fingerprint,
        carried_from=outcome.carried_from,
    )


def row_rules(suites: Mapping[str, Suite]) -> dict[str, list[RowRule]]:
    """The critical row rules of each staging suite, as predicates that split rows into quarantine."""
    return {
        table: [RowRule(rule.id, rule.reason, rule.breaks or "false") for rule in suite.row_rules]
        for table, suite in suites.items()
        if table.startswith("staging.")
    }
