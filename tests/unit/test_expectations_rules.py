"""Every rule of every staging suite can fail, and sound data breaks none of them.

A table gets one sound row (or a few) and, for each rule, rows made to break it. The nineteen traps of the
domain are among them.
"""

import itertools

import pytest

from expectations.runner import run_suites
from expectations.suite import load_suites
from tests.support.staging_faults import NEEDED, rows_for
from tests.support.staging_rows import CASE, DONE_PAUSE, META, SOUND, shared_warehouse
from tests.support.warehouse_case import CaseWarehouse

SUITES = load_suites()
STAGING = sorted(table for table in SUITES if table.startswith("staging."))


@pytest.fixture(scope="module")
def warehouse() -> CaseWarehouse:
    """All staging tables hold their sound rows."""
    warehouse = shared_warehouse()
    for table, rows in SOUND.items():
        warehouse.fill(table, [META | row for row in rows])
    return warehouse


def test_sound_rows_break_nothing(warehouse: CaseWarehouse) -> None:
    outcomes = run_suites(warehouse.connection, [SUITES[table] for table in STAGING])
    assert [(o.table, o.rule, o.state, o.detail) for o in outcomes if o.state != "passed"] == []
    assert set(SOUND) == set(STAGING)


@pytest.mark.parametrize("table", STAGING)
def test_each_rule_finds_its_row(table: str, warehouse: CaseWarehouse) -> None:
    suite = SUITES[table]
    made = {rule.id: rows_for(suite, rule, n) for n, rule in enumerate(suite.rules)}
    needed = {name: [META | row for row in rows] for name, rows in NEEDED.items()}
    bad = list(itertools.chain.from_iterable(made.values()))
    sound = [META | row for row in SOUND[table]]
    for name, rows in needed.items():
        if name != table:
            warehouse.fill(name, [META | row for row in SOUND[name]] + rows)
    warehouse.fill(table, sound + bad)
    outcomes = {o.rule: o for o in run_suites(warehouse.connection, [suite], key_limit=10_000)}
    for name in (*needed, table):
        warehouse.fill(name, [META | row for row in SOUND[name]])
    missed = []
    for rule in suite.rules:
        outcome = outcomes[rule.id]
        keys = {str(row[suite.key[0]] or "") for row in made[rule.id]}
        found = {key.split(" | ")[0] for key in outcome.failing_keys}
        if made[rule.id] and (outcome.state != "failed" or not keys & found):
            missed.append((rule.id, outcome.state, outcome.detail, sorted(found)[:5]))
    assert missed == []


def test_no_cases_at_all_is_told(warehouse: CaseWarehouse) -> None:
    warehouse.fill("staging.case", [])
    outcomes = run_suites(warehouse.connection, [SUITES["staging.case"]])
    warehouse.fill("staging.case", [META | CASE])
    assert [o.rule for o in outcomes if o.state != "passed"] == ["some_cases"]


def test_a_request_written_twice_is_one(warehouse: CaseWarehouse) -> None:
    """Entries with one requested_at are one request: nothing is late by them, under no variant."""
    twice = [DONE_PAUSE, DONE_PAUSE | {"seq": 2, "reason": "y"}]
    warehouse.fill("staging.case", [META | CASE | {"pauses": twice}])
    outcomes = run_suites(warehouse.connection, [SUITES["staging.case"]])
    warehouse.fill("staging.case", [META | CASE])
    assert [o.rule for o in outcomes if o.state != "passed"] == []
