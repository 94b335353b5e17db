"""What Dagster is told of checks, and what a check stops: by real runs of a few tables in a real warehouse."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets.graph import key_of
from assets.models import build_model_assets
from assets.night import Connections
from assets.resource import night_resource
from assets.verdicts import verdict
from expectations.outcome import Outcome, State
from expectations.suite import Suite, load_suites
from orchestration.console.runs import QUIET
from orchestration.operating.causes import broken_rules, stop_of
from orchestration.parts import make_site
from orchestration.settings import Settings
from warehouse.models.catalog import load_catalog
from warehouse.store.connection import read_rows
from warehouse.store.state import STATE_TABLES

HEADER = "/* @model\ndescription: Numbers. One row per number.\ngrain: [n]\ncolumns: {n: Số. Number.}\n*/\n"
MODELS = {
    "marts/first.sql": "select unnest([1, 2, null])::int as n",
    "marts/second.sql": "select n from marts.first",
    "marts/third.sql": "select n from marts.second",
    "marts/aside.sql": "select 7 as n",
}
RULE = """
  - id: {id}
    type: {type}
    kwargs: {kwargs}
    severity: {severity}
    reason: Phải có số | không được trống.
    reason_en: A number must be there.
    remedy: Sửa nguồn.
    owner: Thử nghiệm
"""


def _rule(name: str, severity: str, kind: str, kwargs: str) -> str:
    return RULE.format(id=name, severity=severity, type=kind, kwargs=kwargs)


def _there(severity: str) -> str:
    return _rule(
        f"{severity}_there", severity, "expect_column_values_to_not_be_null", "{column: n}"
    )


def _reads(table: str, severity: str) -> str:
    query = f"select * from {{batch}} where n = 100 and exists (select 1 from {table})"
    return _rule(
        f"{severity}_reads",
        severity,
        "unexpected_rows_expectation",
        f"{{unexpected_rows_query: '{query}'}}",
    )


UNREADABLE = _rule(
    "unreadable", "warning", "unexpected_rows_expectation",
    "{unexpected_rows_query: 'select * from {batch} where no_such_column = 1'}",
)  # fmt: skip


@dataclasses.dataclass
class Ran:
    """A run of the four tables, as its events and its warehouse tell."""

    result: dg.ExecuteInProcessResult
    home: Path

    def tables(self) -> set[str]:
        rows = read_rows(
            self.home / "warehouse.duckdb",
            "select table_name as t from duckdb_tables() where schema_name = 'marts'",
        )
        return {row["t"] for row in rows}

    def materialized(self) -> set[str]:
        return {
            event.asset_key.path[1]
            for event in self.result.all_events
            if event.is_step_materialization
        }

    def checks(self) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
        found = self.result.get_asset_check_evaluations()
        return {(check.asset_key.path[1], check.check_name): check for check in found}

    def steps(self) -> set[str]:
        return {str(event.step_key) for event in self.result.all_events if event.is_step_start}


def _run(home: Path, suites: dict[str, str]) -> Ran:
    root, folder = home / "sql", home / "suites"
    for name, query in MODELS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEADER + query, encoding="utf-8")
    (root / "seeds").mkdir()
    (root / "seeds" / "given.csv").write_text("n\n1\n", encoding="utf-8")
    (root / "labels.yml").write_text(
        (Path("sql") / "labels.yml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    folder.mkdir()
    for table, rules in suites.items():
        text = f"table: marts.{table}\nkey: [n]\nrules:{rules}"
        (folder / f"marts.{table}.yml").write_text(text, encoding="utf-8")
    catalog = load_catalog(root, STATE_TABLES)
    assets, checks = build_model_assets(catalog, {}, [], load_suites(folder))
    site = make_site(Settings.load(home=home, _env_file=None), lambda *_: None)
    site = dataclasses.replace(site, connect=_nothing, shapes=dict)
    result = dg.materialize(
        [*assets, *checks],
        resources={"night": night_resource(site)},
        raise_on_error=False,
        run_config=QUIET,
    )
    return Ran(result, home)


def _nothing() -> Iterator[Connections]:
    yield Connections({}, {})


def test_a_critical_rule_that_fails_keeps_what_comes_after_from_being_built(tmp_path: Path) -> None:
    ran = _run(
        tmp_path,
        {
            "first": _there("info") + _there("warning"),
            "second": _there("warning") + _there("critical"),
        },
    )
    assert not ran.result.success
    # The table itself stands and is told; what reads it isn't built, and what doesn't read it is.
    assert (
        ran.tables()
        == ran.materialized() - {"run_context", "given", "public_holidays"}
        == {"first", "second", "aside"}
    )
    checks = ran.checks()
    assert {
        key: (check.passed, check.severity.value, check.blocking) for key, check in checks.items()
    } == {
        ("first", "critical"): (True, "WARN", True),
        ("first", "warning"): (False, "WARN", False),
        ("first", "info"): (False, "WARN", False),
        ("second", "critical"): (False, "ERROR", True),
        ("second", "warning"): (False, "WARN", False),
    }
    stop = stop_of(ran.result.all_events)
    assert stop.step == "marts__second"
    assert stop.sentence.startswith(
        "Dừng / Stopped: quy tắc bị vi phạm / broken rule: marts.second · critical_there: "
    )
    assert "1 / 3 dòng / rows – Cần làm / to do: Sửa nguồn." in stop.sentence
    rows = read_rows(
        tmp_path / "warehouse.duckdb",
        "select table_name, rule, state from meta.check_run order by all",
    )
    assert [tuple(row.values()) for row in rows if row["table_name"] != "meta.canary"] == [
        ("marts.first", "info_there", "failed"), ("marts.first", "warning_there", "failed"),
        ("marts.second", "critical_there", "failed"), ("marts.second", "warning_there", "failed"),
    ]  # fmt: skip


def test_a_warning_that_fails_stops_nothing_and_one_that_cannot_run_does(tmp_path: Path) -> None:
    ran = _run(tmp_path, {"first": _there("warning"), "second": UNREADABLE + _there("warning")})
    assert ran.tables() == {"first", "second", "aside"}
    checks = ran.checks()
    assert checks["first", "critical"].passed
    told = checks["second", "critical"]
    assert (told.passed, told.severity, told.metadata["error"].value) == (
        False,
        dg.AssetCheckSeverity.ERROR,
        1,
    )
    assert "KHÔNG CHẠY ĐƯỢC 1 / 1" in str(told.description)
    assert checks["second", "warning"].metadata["error"].value == 1
    assert checks["second", "warning"].metadata["failed"].value == 1
    (broken,) = broken_rules(checks.values())
    assert (broken.table, broken.rule, broken.state) == ("marts.second", "unreadable", "error")
    assert "no_such_column" in broken.detail


def test_a_suite_that_reads_a_table_beside_its_own_is_a_step_and_stops_as_well(
    tmp_path: Path,
) -> None:
    ran = _run(
        tmp_path,
        {
            "first": _there("critical") + _reads("marts.aside", "warning"),
            "aside": _there("critical"),
        },
    )
    assert "check_marts__first" in ran.steps()
    assert "check_marts__aside" not in ran.steps()
    order = [str(event.step_key) for event in ran.result.all_events if event.is_step_start]
    assert order.index("check_marts__first") > order.index("marts__aside")
    assert ran.tables() == {"first", "aside"}
    assert stop_of(ran.result.all_events).step == "check_marts__first"


def test_all_hold_and_the_seeds_are_one_step_of_many_assets(tmp_path: Path) -> None:
    ran = _run(
        tmp_path,
        {"aside": _there("critical") + _reads("seeds.given", "info")},
    )
    assert ran.result.success
    assert ran.materialized() == {
        "run_context",
        "given",
        "public_holidays",
        "first",
        "second",
        "third",
        "aside",
    }
    assert [step for step in ran.steps() if "seed" in step] == ["seeds"]
    rows = {
        event.asset_key.path[1]: event.materialization.metadata["dagster/row_count"].value
        for event in ran.result.all_events
        if event.is_step_materialization and event.asset_key.path[0] == "seeds"
    }
    assert rows["given"] == 1
    assert rows["public_holidays"] > 500
    critical = ran.checks()["aside", "critical"]
    assert critical.description == "Đạt cả 1 quy tắc. All 1 hold."
    assert "broken" not in critical.metadata


def _outcome(rule: str, severity: str, state: State, failed: int = 0) -> Outcome:
    return Outcome(
        "marts.first", rule, "x", severity, "Một | hai\nba.", "One.", "Ai đó", False, 10, failed, state,
        ("0123456789",), 0.25, "Binder Error: no" if state == "error" else None, "Sửa.",
    )  # fmt: skip


@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
def test_the_table_of_rules_says_all_but_keys(severity: str) -> None:
    suite = Suite("marts.first", ("n",), (), Path())
    outcomes = [
        _outcome("good", severity, "passed"),
        _outcome("bad", severity, "failed", 3), _outcome("mute", severity, "error"),
        _outcome("other", "critical" if severity != "critical" else "info", "passed"),
    ]  # fmt: skip
    told = verdict(suite, severity, outcomes, {"bad": ["1", "2"], "good": ["0"]})
    assert told.asset_key == key_of("marts.first")
    lines = str(told.metadata["rules"].value).splitlines()
    names = [line.split("|")[1].strip() for line in lines[2:]]
    assert names == ["`mute`", "`bad`", "`good`"], "what is broken comes first"
    assert {line.replace("\\|", "").count("|") for line in lines} == {9}
    assert "| 3 | 10 | Ai đó | Một \\| hai ba. / One. | 1 → 2 → 3 | Sửa. |" in lines[3]
    assert "Binder Error: no" in lines[2]
    assert "| 0 → 0 |  |" in lines[4]
    assert [told.metadata[state].value for state in ("error", "failed", "passed")] == [1, 1, 1]
    assert "0123456789" not in repr(told)
    if severity == "critical":
        broken = told.metadata["broken"].value
        assert isinstance(broken, list)
        assert [row["rule"] for row in broken] == ["bad", "mute"]
        assert told.severity == dg.AssetCheckSeverity.ERROR
    else:
        assert told.severity == dg.AssetCheckSeverity.WARN, (
            "what could not run is the critical check's to stop"
        )
        assert "broken" not in told.metadata
