"""Critical rules that read the day say why they stop no healthy site; nights show it in test_hard_days.py."""

from typing import Any

import pytest

from expectations.days import TODAY_COLUMNS, reads_day
from expectations.suite import Rule, load_suites
from tests.support.warehouse_case import EXTERNAL, SQL
from warehouse.models.catalog import load_catalog
from warehouse.store.state import STATE_TABLES


def test_every_critical_rule_that_reads_the_day_says_why_it_stops_no_healthy_site() -> None:
    """And no other rule does: a sentence that nothing calls for would be believed without need."""
    rules = [(table, rule) for table, suite in load_suites().items() for rule in suite.rules]
    called_for = {
        (table, rule.id) for table, rule in rules if rule.severity == "critical" and reads_day(rule)
    }
    said = {(table, rule.id) for table, rule in rules if rule.any_day}
    assert called_for - said == set(), "write `any_day`: why can't it stop a healthy site?"
    assert said - called_for == set(), "these read no day, or only warn"
    assert len(said) > 25
    assert all(len(rule.any_day.split()) >= 8 for _, rule in rules if rule.any_day)


def test_the_columns_that_mean_today_are_columns() -> None:
    """A column that was renamed would be read by rules and found by nobody."""
    catalog = load_catalog(SQL, EXTERNAL)
    known = {name for model in catalog.models.values() for name in model.columns}
    known |= {word for column in STATE_TABLES["meta.run_context"].items() for word in column}
    assert known >= TODAY_COLUMNS


def _rule(rule_id: str = "a", breaks: str | None = None, **kwargs: Any) -> Rule:
    return Rule(rule_id, "t", kwargs, "critical", "r", "r", "o", False, breaks)


@pytest.mark.parametrize(
    "rule",
    [
        _rule(breaks="x > (select max(as_of_on) from meta.run_context)"),
        _rule(breaks="is_latest and n = 0"),
        _rule(breaks="n < 5 and d < now()"),
        _rule(breaks="d >= current_date - 7"),
        _rule(column="d", max_value="2027-12-31"),
        _rule(column_list=["case_code", "evaluated_on"]),
        _rule(unexpected_rows_query="select max(c.day) as day from {batch} as c having count(*) = 0"),
        _rule("is_the_newest", breaks="a <> b"),
    ],
)  # fmt: skip
def test_what_reads_the_day_is_found(rule: Rule) -> None:
    assert reads_day(rule)


@pytest.mark.parametrize(
    "rule",
    [
        _rule("code_present", column="code"),
        _rule(breaks="period_end < period_start"),
        _rule(breaks="lateness_budget < 0"),
        _rule(column="case_count", min_value=1),
        _rule(breaks="nowhere(x) and daytime_on is null"),
    ],
)
def test_what_reads_no_day_is_left_alone(rule: Rule) -> None:
    assert not reads_day(rule)
