"""Validation: every suite on what stands, through Great Expectations inside DuckDB."""

from typing import Any

from assets.checks import check_suites
from benchmarks.stage import Bench


def run(bench: Bench) -> dict[str, Any]:
    """Run all suites; says how many rules there are and how many did not hold."""
    outcomes = check_suites(bench.night, list(bench.wiring.suites.values()))
    return {
        "rules": len(outcomes),
        "failed": sum(outcome.state != "passed" for outcome in outcomes),
    }
