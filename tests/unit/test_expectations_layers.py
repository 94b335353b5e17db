"""Rules of core, marts and meta: what the models make breaks none of the critical ones, and each rule
finds a fault put into its table by hand.
"""

import itertools

import pytest

from expectations.runner import run_suites
from expectations.suite import load_suites
from tests.support.layer_faults import BAD, STATEMENTS, replacements, source_row
from tests.support.layers_warehouse import fixture_layers  # noqa: F401 (a fixture)
from tests.support.warehouse_case import CaseWarehouse

SUITES = load_suites()
LAYERS = sorted(table for table in SUITES if not table.startswith("staging."))


def test_what_the_models_make_is_sound(layers: CaseWarehouse) -> None:
    outcomes = run_suites(layers.connection, [SUITES[table] for table in LAYERS])
    stopping = [(o.table, o.rule, o.state, o.failing_keys, o.detail) for o in outcomes if o.blocks]
    assert stopping == []
    warned = {
        (o.table, o.rule) for o in outcomes if o.state == "failed" and o.severity == "warning"
    }
    assert warned <= {
        ("core.fct_case", "due_is_derivable"),
        ("core.fct_case", "counter_open_on_reception"),
        ("core.fct_case", "due_on_working_day"),
        ("core.fct_extension", "issued_before_end"),
    }
    assert ("core.fct_case", "due_is_derivable") in warned


@pytest.mark.parametrize("table", LAYERS)
def test_each_rule_finds_the_fault(table: str, layers: CaseWarehouse) -> None:
    """All faults of a table at once: copies of a sound row with one thing wrong in each."""
    suite, connection = SUITES[table], layers.connection
    connection.execute(f"create or replace temp table kept as select * from {table}")
    by_copy = [rule for rule in suite.rules if (table, rule.id) not in STATEMENTS]
    for rule in by_copy:
        changes = replacements(suite, rule)
        replace = f"replace ({changes})" if changes else ""
        connection.execute(
            f"insert into {table} select * {replace} from temp.kept {source_row(table)} limit 1"
        )
    outcomes = {o.rule: o for o in run_suites(connection, [suite])}
    connection.execute(f"create or replace table {table} as select * from temp.kept")
    states = {rule.id: (outcomes[rule.id].state, outcomes[rule.id].detail) for rule in by_copy}
    assert {rule: state for rule, state in states.items() if state[0] != "failed"} == {}


@pytest.mark.parametrize(("table", "rule"), sorted(STATEMENTS))
def test_each_table_rule_finds_the_fault(table: str, rule: str, layers: CaseWarehouse) -> None:
    connection = layers.connection
    connection.execute(f"create or replace temp table kept as select * from {table}")
    connection.execute(STATEMENTS[table, rule])
    outcomes = run_suites(connection, [SUITES[table]])
    connection.execute(f"create or replace table {table} as select * from temp.kept")
    assert [o.state for o in outcomes if o.rule == rule] == ["failed"]


def test_every_rule_is_put_to_the_test() -> None:
    known = {(table, rule.id) for table in LAYERS for rule in SUITES[table].rules}
    named = set(STATEMENTS) | set(
        itertools.chain.from_iterable(((t, rule) for rule in rules) for t, rules in BAD.items())
    )
    assert named <= known
