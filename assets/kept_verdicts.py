"""Which rules needn't be asked: what they said before still stands, for nothing that they hang on has changed.

Belongs here: bringing together what rules said last (meta.check_run) and what tables hold now. Doesn't: what a
verdict hangs on (expectations.fingerprint), running rules.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from expectations.fingerprint import LastSaid, carry, fingerprint, tables_of
from expectations.outcome import Outcome
from expectations.suite import Rule, Suite
from warehouse.models.table_content import contents
from warehouse.store.engine import engine_version
from warehouse.store.state import latest_checks


@dataclass
class Sorted:
    """Suites with the rules that must be asked, outcomes of the others, and fingerprints by table and rule."""

    asked: list[Suite]
    carried: list[Outcome] = field(default_factory=list)
    prints: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def joined(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Outcomes of the asked rules with their fingerprints, and the carried ones after them."""
        told = [
            replace(found, fingerprint=self.prints.get((found.table, found.rule)))
            if found.state != "error"
            else found
            for found in outcomes
        ]
        return [*told, *self.carried]


class Carrier:
    """What the rules said before this run; `sort` tells which of them stand."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, macros: Path, code_version: str
    ) -> None:
        """Read what every rule said last; what this run says later changes nothing here."""
        self.connection = connection
        self.surroundings = (
            engine_version(), code_version, macros.read_text(encoding="utf-8"),
        )  # fmt: skip
        self.kept = {
            (row["table_name"], row["rule"]): LastSaid(
                row["fingerprint"], row["run_id"], row["state"], row["evaluated"], row["failed"],
                tuple(json.loads(row["failing_keys"] or "[]")),
            )
            for row in latest_checks(connection)
        }  # fmt: skip

    def sort(self, suites: Sequence[Suite]) -> Sorted:
        """Tell apart the rules that must be asked and those whose last outcome stands."""
        read = {
            table for suite in suites for rule in suite.rules for table in tables_of(suite, rule)
        }
        holds = contents(self.connection, read)
        found = Sorted([])
        for suite in suites:
            asked: list[Rule] = []
            for rule in suite.rules:
                name = (suite.table, rule.id)
                found.prints[name] = fingerprint(suite, rule, holds, self.surroundings)
                outcome = carry(suite, rule, self.kept.get(name), found.prints[name])
                if outcome is None:
                    asked.append(rule)
                else:
                    found.carried.append(outcome)
            if asked:
                found.asked.append(replace(suite, rules=tuple(asked)))
        return found
