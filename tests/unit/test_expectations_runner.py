"""Running suites: passed, failed and error are three different things, and nothing else leaves."""

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from expectations.dialect import Rows
from expectations.runner import BROKEN_MACHINE, Outcome, run_canaries, run_suites
from expectations.suite import Suite, load_suite, load_suites
from expectations.vocabulary import SUPPORTED, UNEXPECTED_ROWS
from tests.support.suite_files import ENTRY, write

PERSON = "Nguyễn Thị Canary 020123456789"


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
    connection.execute("create schema staging")
    connection.execute(
        f"""create table staging.thing as
        select case when i % 10 = 9 then null else 'c' || i end as code, i as number,
               '{PERSON}' as person, timestamptz '2023-06-10 00:30:00+07:00' as received_at
        from range(100) as r (i)"""
    )
    return connection


def entry(name: str, kind: str, severity: str = "warning", **kwargs: Any) -> dict[str, Any]:
    return ENTRY | {"id": name, "type": kind, "severity": severity, "kwargs": kwargs}


def suite_of(folder: Path, *entries: dict[str, Any], key: str = "number") -> Suite:
    return load_suite(write(folder, *entries, key=[key]))


def by_rule(outcomes: list[Outcome]) -> dict[str, Outcome]:
    return {outcome.rule: outcome for outcome in outcomes}


def test_passed_and_failed_with_counts_and_keys(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    suite = suite_of(
        tmp_path,
        entry("present", "expect_column_values_to_not_be_null", column="code"),
        entry("number_present", "expect_column_values_to_not_be_null", "critical", column="number"),
        entry(
            "small", "expect_column_values_to_be_between", "critical", column="number", max_value=9
        ),
        entry("form", "expect_column_values_to_match_regex", column="code", regex="^c[0-9]{2}$"),
        entry("once", "expect_column_values_to_be_unique", column="person"),
        entry("largest", "expect_column_max_to_be_between", column="number", max_value=5),
        entry(
            "odd",
            UNEXPECTED_ROWS,
            unexpected_rows_query="select number from {batch} where number % 2 = 1",
        ),
        entry("seven", UNEXPECTED_ROWS, row_predicate="regexp_matches(code, '^c7{1,2}$')"),
    )
    found = by_rule(run_suites(connection, [suite], key_limit=3))
    assert {
        name: (o.state, o.evaluated, o.failed, o.failing_keys) for name, o in found.items()
    } == {
        "canary_passes": ("passed", 3, 0, ()),
        "canary_fails": ("passed", 3, 1, ()),
        "present": ("failed", 100, 10, ("9", "19", "29")),
        "number_present": ("passed", 100, 0, ()),
        "small": ("failed", 100, 90, ("10", "11", "12")),
        "form": ("failed", 90, 9, ("0", "1", "2")),
        "once": ("failed", 100, 100, ("0", "1", "2")),
        "largest": ("failed", 100, 1, ()),
        "odd": ("failed", 100, 50, ("1", "3", "5")),
        "seven": ("failed", 100, 2, ("7", "77")),
    }
    assert {name for name, o in found.items() if o.blocks} == {"small"}
    assert (found["small"].reason, found["small"].owner) == (ENTRY["reason"], ENTRY["owner"])


def test_a_check_that_can_not_run_is_an_error_and_spoils_no_other(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    suite = suite_of(
        tmp_path,
        entry("sound", "expect_column_values_to_not_be_null", column="number"),
        entry(
            "regex_on_number", "expect_column_values_to_match_regex", column="number", regex="^1"
        ),
        entry("no_such_column", "expect_column_values_to_not_be_null", column="missing"),
        entry("broken_sql", UNEXPECTED_ROWS, unexpected_rows_query="select nothing from {batch}"),
        entry("bad_cast", UNEXPECTED_ROWS, row_predicate="cast(person as integer) > 1"),
        entry("bad_regex", "expect_column_values_to_match_regex", column="code", regex="("),
    )
    found = by_rule(run_suites(connection, [suite]))
    assert found["sound"].state == "passed"
    for name in ("regex_on_number", "no_such_column", "broken_sql", "bad_cast", "bad_regex"):
        assert (found[name].state, found[name].failed, found[name].blocks) == ("error", 0, True), (
            name
        )
    assert found["no_such_column"].detail == "Bảng staging.thing không có cột missing."
    assert 'Referenced column "nothing" not found' in (found["broken_sql"].detail or "")


def test_a_missing_table_is_an_error_of_each_rule(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    connection.execute("drop table staging.thing")
    suite = suite_of(tmp_path, entry("a", "expect_table_row_count_to_be_between", min_value=0))
    outcome = by_rule(run_suites(connection, [suite]))["a"]
    assert (outcome.state, outcome.detail) == ("error", "Không có bảng staging.thing trong kho.")


def test_a_broken_machine_passes_nothing_and_fails_nothing(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Great Expectations reads results that are gone, as with other dialects that live on one cursor."""
    monkeypatch.setattr(Rows, "fetchall", lambda _: [])
    suite = suite_of(tmp_path, entry("a", "expect_column_values_to_not_be_null", column="number"))
    outcomes = run_suites(connection, [suite])
    assert {o.state for o in outcomes} == {"error"}
    assert by_rule(outcomes)["a"].detail == BROKEN_MACHINE
    assert {o.rule for o in run_canaries(connection)} == {"canary_passes", "canary_fails"}


def test_an_entry_added_at_run_time_is_checked(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    suite = suite_of(tmp_path, entry("a", "expect_column_values_to_not_be_null", column="number"))
    assert "late" not in by_rule(run_suites(connection, [suite]))
    document = yaml.safe_load(suite.path.read_text(encoding="utf-8"))
    added = entry(
        "late", "expect_column_values_to_be_in_set", "critical", column="number", value_set=[1]
    )
    document["rules"].append(added)
    suite.path.write_text(yaml.safe_dump(document), encoding="utf-8")
    found = by_rule(run_suites(connection, load_suites(tmp_path).values()))
    assert (found["late"].state, found["late"].failed, found["late"].row) == ("failed", 99, True)


def test_no_value_of_a_row_leaves_but_its_key(
    tmp_path: Path,
    connection: duckdb.DuckDBPyConnection,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    suite = suite_of(
        tmp_path,
        entry("set", "expect_column_values_to_be_in_set", column="person", value_set=["x"]),
        entry("unique", "expect_column_values_to_be_unique", column="person"),
        entry("null", "expect_column_values_to_be_null", column="person"),
        entry(
            "common",
            "expect_column_most_common_value_to_be_in_set",
            column="person",
            value_set=["x"],
        ),
        entry(
            "distinct",
            "expect_column_distinct_values_to_be_in_set",
            column="person",
            value_set=["x"],
        ),
        entry("rows", UNEXPECTED_ROWS, unexpected_rows_query="select * from {batch}"),
        entry("cast", UNEXPECTED_ROWS, row_predicate="cast(person as integer) > 1"),
    )
    outcomes = run_suites(connection, [suite])
    printed = capsys.readouterr()
    said = f"{outcomes}{printed.out}{printed.err}"
    assert "Canary" not in said
    assert {o.state for o in outcomes if o.rule not in ("cast",)} == {"passed", "failed"}


def test_nothing_is_written_and_nothing_is_printed(
    tmp_path: Path,
    connection: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(*_: Any, **__: Any) -> str:
        raise AssertionError("a check made a temporary folder")

    suite = suite_of(tmp_path, entry("a", "expect_column_values_to_not_be_null", column="number"))
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    monkeypatch.setattr(tempfile, "TemporaryDirectory", refuse)
    assert by_rule(run_suites(connection, [suite]))["a"].state == "passed"
    assert list(home.iterdir()) == []
    assert capsys.readouterr() == ("", "")


def test_days_are_those_of_the_warehouse(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    """00:30 on the tenth in Vietnam is still the ninth in UTC."""
    suite = suite_of(
        tmp_path,
        entry(
            "day", UNEXPECTED_ROWS, row_predicate="cast(received_at as date) <> date '2023-06-10'"
        ),
    )
    assert by_rule(run_suites(connection, [suite]))["day"].state == "passed"


def test_the_callers_connection_stays_as_it_was(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    suite = suite_of(tmp_path, entry("a", "expect_column_values_to_not_be_null", column="number"))
    connection.execute("begin")
    connection.execute("delete from staging.thing")
    assert by_rule(run_suites(connection, [suite]))["a"].evaluated == 100, "only what is committed"
    connection.execute("rollback")
    assert connection.execute("select count(*) from staging.thing").fetchone() == (100,)


def test_every_supported_type_runs_inside_duckdb(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    arguments: dict[str, Any] = {
        "column": "number", "column_A": "number", "column_B": "number", "value_set": [1, 2],
        "regex": "^c", "value": 2, "sum_total": 10, "min_value": 0, "max_value": 5,
        "column_set": ["number"], "column_list": ["number", "code"],
    }  # fmt: skip
    texts = {"expect_column_value_lengths_to_be_between", "expect_column_value_lengths_to_equal"}
    entries = []
    for kind, spec in SUPPORTED.items():
        if kind == UNEXPECTED_ROWS:
            kwargs = {"row_predicate": "number > 3"}
        else:
            wanted = spec.required | (spec.optional & {"min_value", "max_value"})
            wanted |= {"column_set", "column_list"} & spec.required
            kwargs = {name: arguments[name] for name in wanted}
        if "regex" in kind or kind in texts:
            kwargs["column"] = "code"
        if kind == "expect_multicolumn_sum_to_equal":
            kwargs["column_list"] = ["number", "number"]
        entries.append(entry(kind, kind, **kwargs))
    outcomes = by_rule(run_suites(connection, [suite_of(tmp_path, *entries)]))
    broken = {kind: outcomes[kind].detail for kind in SUPPORTED if outcomes[kind].state == "error"}
    assert broken == {}
