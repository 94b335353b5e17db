"""The nineteen traps of the domain (§3.5): each is planted and seen caught, with its severity.

A trap is caught where it would do harm: a row that can't stand goes to quarantine (critical row rules), a
fault of our own making stops the night (critical), what a person must look at warns, what is odd but
lawful is told (info).
"""

from dataclasses import replace

import pytest

from expectations.runner import run_suites
from expectations.suite import load_suites
from tests.support.layer_faults import BAD, source_row
from tests.support.layers_warehouse import fixture_layers  # noqa: F401 (a fixture)
from tests.support.staging_faults import rows_for
from tests.support.staging_rows import META, SOUND
from tests.support.warehouse_case import CaseWarehouse

SUITES = load_suites()
TRAPS: dict[str, list[tuple[str, str, str]]] = {
    "1 wrong status mapping 5/6/8 to 9": [
        ("staging.case", "finished_status_has_end", "warning"),
        ("staging.case", "finished_has_no_open_pause", "warning"),
    ],
    "2 null due date taken for on time": [
        ("staging.case", "due_present", "warning"),
        ("core.fct_case", "due_is_derivable", "warning"),
    ],
    "3 finished after returned": [("staging.case", "returned_after_finished", "warning")],
    "4 a case twice on re-sync": [("staging.case", "one_row_a_case", "critical")],
    "5 deleted attachments counted": [("staging.case", "deleted_results_not_digitised", "warning")],
    "6 times of 1970": [("staging.case_version", "times_after_2000", "quarantine")],
    "7 old and new agency codes": [("staging.case", "agency_code_is_new", "info")],
    "8 channel null or unknown": [("staging.case_version", "channel_known", "quarantine")],
    "9 online but filed at the counter": [("staging.case", "online_not_filed_at_counter", "info")],
    "10 due on a day off": [("core.fct_case", "due_on_working_day", "warning")],
    "11 make-up Saturdays": [
        ("core.dim_date", "known_days_are_right", "critical"),
        ("core.fct_case", "counter_open_on_reception", "warning"),
    ],
    "12 rating of an unknown case": [("staging.rating", "case_exists", "warning")],
    "13 two ratings of a case": [
        ("staging.rating", "one_rating_a_case", "warning"),
        ("core.fct_rating", "one_valid_a_case", "critical"),
    ],
    "14 abolished procedure still received": [("staging.case", "procedure_in_force", "warning")],
    "15 district codes after July 2025": [
        ("staging.case", "no_district_after_july_2025", "warning")
    ],
    "16 fee of zero, paid": [("staging.case", "paid_online_has_fee", "warning")],
    "17 other Unicode forms": [
        ("staging.case", "text_is_nfc", "warning"),
        ("staging.rating", "level_text_is_nfc", "info"),
        ("staging.agency", "name_is_nfc", "warning"),
    ],
    "18 day and month swapped": [("staging.case", "day_and_month_not_swapped", "warning")],
    "19 lost leading zero": [
        ("staging.staff", "no_lost_zero", "warning"),
        ("staging.nomination", "no_lost_zero", "warning"),
    ],
}


@pytest.mark.parametrize("trap", TRAPS)
def test_trap_is_caught(trap: str, layers: CaseWarehouse) -> None:
    for table, name, severity in TRAPS[trap]:
        suite = SUITES[table]
        rule = next(rule for rule in suite.rules if rule.id == name)
        assert ("quarantine" if rule.row else rule.severity) == severity
        kept = f"kept_{table.replace('.', '_')}"
        layers.connection.execute(f"create or replace temp table {kept} as from {table}")
        try:
            if table.startswith("staging."):
                sound = [META | row for row in SOUND[table]]
                layers.fill(table, sound + rows_for(suite, rule, 1))
                if (table, name) == ("staging.nomination", "no_lost_zero"):
                    layers.fill("staging.staff", [META | {"staff_code": "0456"}])
            else:
                layers.connection.execute(
                    f"insert into {table} select * replace ({BAD[table][name]}) "
                    f"from temp.{kept} {source_row(table)} limit 1"
                )
            outcomes = run_suites(layers.connection, [replace(suite, rules=(rule,))])
        finally:
            layers.connection.execute(f"create or replace table {table} as from temp.{kept}")
        assert [(o.rule, o.state) for o in outcomes if o.rule == name] == [(name, "failed")]


def test_nineteen_traps_are_named() -> None:
    assert [trap.split()[0] for trap in TRAPS] == [str(n) for n in range(1, 20)]
