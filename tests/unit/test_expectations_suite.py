"""Suites are read strictly: what is defined wrongly is told with file and entry, before any run."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from expectations.suite import SUITES, SuiteError, load_suite, load_suites
from expectations.vocabulary import SUPPORTED, UNEXPECTED_ROWS, UNSUPPORTED
from tests.support.suite_files import ENTRY, write
from tests.support.warehouse_case import EXTERNAL, SQL
from warehouse.models.build import STAGING_COLUMNS
from warehouse.models.catalog import load_catalog

COLUMNS = ("code", "status", "received_at")
QUERY = {"type": UNEXPECTED_ROWS}


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in ENTRY.items() if name != field}


def test_a_sound_suite_is_read(tmp_path: Path) -> None:
    suite = load_suite(write(tmp_path, ENTRY, ENTRY | {"id": "b", "severity": "warning"}), COLUMNS)
    assert (suite.table, suite.key) == ("staging.thing", ("code",))
    assert [(rule.id, rule.row, rule.breaks) for rule in suite.rules] == [
        ("code_present", True, '"code" is null'),
        ("b", False, '"code" is null'),
    ]
    assert [rule.id for rule in suite.row_rules] == ["code_present"]


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (without("reason"), "`reason` is missing"),
        (without("reason_en"), "`reason_en` is missing"),
        (without("owner"), "`owner` is missing"),
        (ENTRY | {"owner": "  "}, "`owner` is missing"),
        (without("severity"), "`severity` must be one of"),
        (ENTRY | {"severity": "fatal"}, "`severity` must be one of critical, warning, info"),
        (
            ENTRY | {"type": "expect_column_values_to_not_be_nul"},
            "did you mean expect_column_values",
        ),
        (
            ENTRY | {"type": "expect_column_quantile_values_to_be_between"},
            "can't run inside DuckDB",
        ),
        (
            ENTRY | {"kwargs": {"column": "cod"}},
            "column 'cod' isn't in the table (did you mean code?)",
        ),
        (ENTRY | {"kwargs": {}}, "argument 'column' is missing"),
        (ENTRY | {"kwargs": {"column": "code", "colour": 1}}, "takes no argument 'colour'"),
        (ENTRY | {"kwargs": ["code"]}, "`kwargs` must be a mapping"),
        (ENTRY | {"any_day": ["x"]}, "`any_day` must be words"),
        (ENTRY | {"resaon": "x"}, "unknown field 'resaon' (did you mean reason?)"),
        (ENTRY | {"kwargs": {"column": "code", "mostly": 0.9}, "row": True}, "`row: true` needs"),
        (ENTRY | {"severity": "warning", "row": True}, "`row: true` needs"),
        (ENTRY | {"row": "yes"}, "`row` must be true or false"),
        (ENTRY | QUERY | {"kwargs": {}}, "give either unexpected_rows_query or row_predicate"),
        (
            ENTRY | QUERY | {"kwargs": {"row_predicate": "true; drop table x"}},
            "must be one SQL condition",
        ),
        (
            ENTRY | QUERY | {"kwargs": {"unexpected_rows_query": "select code from staging.thing"}},
            "must read from {batch}",
        ),
        (
            ENTRY
            | QUERY
            | {"kwargs": {"unexpected_rows_query": "select 1 from {batch} where 'x{5}'"}},
            "double every other brace",
        ),
        (
            ENTRY | {"type": "expect_column_values_to_be_between", "kwargs": {"column": "code"}},
            "min_value and max_value can't both be missing",
        ),
        ("not_null: code", "an entry is a mapping"),
    ],
)
def test_a_wrong_entry_is_a_definition_error(tmp_path: Path, entry: Any, complaint: str) -> None:
    with pytest.raises(SuiteError) as told:
        load_suite(write(tmp_path, ENTRY | {"id": "sound"}, entry), COLUMNS)
    name = entry["id"] if isinstance(entry, dict) else "#2"
    assert f"staging.thing.yml, entry {name}: " in str(told.value)
    assert complaint in str(told.value)
    assert "entry sound" not in str(told.value)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"table": "staging.other"}, "`table` must be staging.thing"),
        ({"key": []}, "`key` must list"),
        ({"key": ["kode"]}, "key column kode isn't in the table (did you mean code?)"),
        ({"rules": []}, "`rules` must list at least one entry"),
        ({"owner": "x"}, "unknown field 'owner'"),
    ],
)
def test_a_wrong_suite_is_a_definition_error(
    tmp_path: Path, change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(SuiteError, match=r"staging\.thing\.yml") as told:
        load_suite(write(tmp_path, ENTRY, **change), COLUMNS)
    assert complaint in str(told.value)


def test_an_id_is_used_once(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="entry code_present: this id is taken"):
        load_suite(write(tmp_path, ENTRY, ENTRY), COLUMNS)


def test_unreadable_yaml_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "staging.thing.yml"
    path.write_text("table: staging.thing\nrules: [\n", encoding="utf-8")
    with pytest.raises(SuiteError, match=r"staging\.thing\.yml, line \d+: this isn't readable"):
        load_suite(path)


def test_all_complaints_come_at_once(tmp_path: Path) -> None:
    write(tmp_path, without("reason"), without("owner") | {"id": "b"})
    (tmp_path / "core.lost.yml").write_text("table: core.lost\n", encoding="utf-8")
    with pytest.raises(SuiteError) as told:
        load_suites(tmp_path, {"staging.thing": COLUMNS})
    text = str(told.value)
    assert "there is no table core.lost" in text
    assert "entry code_present: `reason`" in text
    assert "entry b: `owner`" in text


def test_the_suites_fit_the_catalogue() -> None:
    catalog = load_catalog(SQL, EXTERNAL)
    columns = {
        model.table: [*model.columns, *(STAGING_COLUMNS if model.schema == "staging" else ())]
        for model in catalog.models.values()
    }
    suites = load_suites(SUITES, columns)
    staging = {table for table in columns if table.startswith("staging.")}
    core = {table for table in columns if table.startswith("core.")}
    assert staging <= set(suites)
    assert {"core.fct_case", "core.dim_date", "core.fct_rating"} <= set(suites) & core
    assert {"marts.kpi_value", "marts.scorecard"} <= set(suites)
    for suite in suites.values():
        assert suite.reads <= set(columns) | set(catalog.seeds) | catalog.external, suite.table


def test_patterns_of_codes_never_stop_the_night() -> None:
    """Other provinces number otherwise, so a pattern may warn but neither block nor quarantine."""
    for suite in load_suites().values():
        for rule in suite.rules:
            if "regex" in rule.type:
                assert rule.severity != "critical", (suite.table, rule.id)


def test_the_vocabulary_agrees_with_great_expectations() -> None:
    import great_expectations.expectations as gxe  # noqa: F401 registers every core expectation
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    registered = set(list_registered_expectation_implementations())
    # Those of the library; our own judge in the same words, by counts.
    theirs = {kind for kind in registered if not kind.startswith("counted_")}
    assert set(SUPPORTED) | UNSUPPORTED == theirs
    assert not set(SUPPORTED) & UNSUPPORTED
    for kind, spec in SUPPORTED.items():
        fields = get_expectation_impl(kind).__fields__
        required = {name for name, field in fields.items() if field.required}
        assert spec.arguments - {"row_predicate"} <= set(fields), kind
        assert required - {"unexpected_rows_query"} <= spec.required, kind


def test_reading_suites_does_not_import_great_expectations() -> None:
    code = (
        "import sys, expectations.runner, expectations.suite as s; s.load_suites(); "
        "assert not {'great_expectations', 'sqlalchemy', 'pandas'} & set(sys.modules)"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


def test_every_table_has_a_suite() -> None:
    """Parts of a KPI (sql/marts/kpi/*.sql) are judged together, by the suite of their union."""
    catalog = load_catalog(SQL, EXTERNAL)
    parts = {m.table for m in catalog.models.values() if "kpi" in m.path.parent.parts[-1:]}
    wanted = {m.table for m in catalog.in_schema("staging", "core", "marts")} - parts
    missing = sorted(wanted - set(load_suites()) | ({"marts.kpi_measure"} - set(load_suites())))
    assert missing == [], "write expectations/suites/<table>.yml for each of these"


def test_every_rule_says_what_to_do() -> None:
    for suite in load_suites().values():
        for rule in suite.rules:
            assert rule.remedy.strip(), f"{suite.table}: {rule.id}"
            assert rule.remedy.endswith("."), f"{suite.table}: {rule.id}: {rule.remedy}"
