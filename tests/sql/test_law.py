"""Law by date: every rule has exactly one provision for every day, and each day is cited by its own."""

import csv
import datetime as dt
import itertools
from collections.abc import Iterator

import pytest

from expectations.runner import run_suites
from expectations.suite import load_suites
from figures.law import basis_behind, clock_behind
from figures.units import FACTS
from orchestration.settings import PROJECT
from reports.forms import Form
from reports.law import NO_VERSION, citation_text, with_version
from tests.support.staging_rows import CASE, META, Row
from tests.support.warehouse_case import CaseWarehouse
from warehouse.models.seeds import load_seed

SEEDS = PROJECT / "sql" / "seeds"
# What names one rule; its rows are that rule's versions.
RULES = {
    "clock_start": ("rule_id",),
    "case_code_pattern": ("pattern_id",),
    "channel": ("code",),
    "kpi_basis": ("kpi_id", "basis"),
    "form_version": ("form_id",),
    "index_766_metrics": ("metric_code",),
}
FIRST, LAST = dt.date(2023, 1, 1), dt.date(2031, 12, 31)


def rows_of_seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def span(row: dict[str, str]) -> tuple[dt.date, dt.date]:
    return dt.date.fromisoformat(row["valid_from"]), (
        dt.date.fromisoformat(row["valid_to"]) if row["valid_to"] else dt.date.max
    )


def versions(name: str) -> dict[str, list[tuple[dt.date, dt.date]]]:
    found: dict[str, list[tuple[dt.date, dt.date]]] = {}
    for row in rows_of_seed(name):
        found.setdefault(" ".join(row[key] for key in RULES[name]), []).append(span(row))
    return found


def test_every_provision_named_anywhere_is_there_once() -> None:
    laws = [row["law_id"] for row in rows_of_seed("law")]
    assert len(set(laws)) == len(laws)
    cited = {
        (path.stem, row["law_id"])
        for path in SEEDS.glob("*.csv")
        for row in rows_of_seed(path.stem)
        if "law_id" in row
    }
    assert {(seed, law) for seed, law in cited if law not in laws} == set()
    assert {seed for seed, _ in cited} >= set(RULES) - {"index_766_metrics"}


@pytest.mark.parametrize("name", RULES)
def test_versions_of_a_rule_neither_overlap_nor_leave_a_day(name: str) -> None:
    for rule, spans in versions(name).items():
        for (begins, ends), (follows, _) in itertools.pairwise(sorted(spans)):
            assert begins <= ends, rule
            assert follows == ends + dt.timedelta(days=1), rule
        assert max(spans)[1] == dt.date.max, f"{rule} ends, and nothing takes its place"


@pytest.mark.parametrize("name", ["clock_start", "case_code_pattern", "channel", "kpi_basis"])
def test_a_rule_is_cited_only_on_days_on_which_its_law_holds(name: str) -> None:
    laws = {row["law_id"]: span(row) for row in rows_of_seed("law")}
    for row in rows_of_seed(name):
        (begins, ends), (holds_from, holds_to) = span(row), laws[row["law_id"]]
        # A plan of 2023 sets targets that stand until others come; the plan itself has no last day.
        assert holds_from <= begins, row
        assert ends <= holds_to, row


def test_every_kpi_and_every_form_has_a_basis_on_every_day() -> None:
    kpis = {row["kpi_id"]: [] for row in rows_of_seed("kpi")}
    for row in rows_of_seed("kpi_basis"):
        kpis[row["kpi_id"]].append(span(row))
    forms = {path.stem: [] for path in (PROJECT / "sql" / "marts").glob("*.sql")
             if path.stem.startswith(("form_", "bieu_"))} | {"case_register": []}  # fmt: skip
    for row in rows_of_seed("form_version"):
        forms[row["form_id"]].append(span(row))
    days = [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    for name, spans in (kpis | forms).items():
        bare = [day for day in days if not any(begins <= day <= ends for begins, ends in spans)]
        assert bare == [], name


@pytest.fixture(scope="module", name="warehouse")
def fixture_warehouse() -> CaseWarehouse:
    return CaseWarehouse()


@pytest.fixture
def cases(warehouse: CaseWarehouse) -> Iterator[list[Row]]:
    """One reception on each side of 5 August 2026: at the own counter, for elsewhere, and not yet passed on."""
    passed = "2026-08-07T08:00:00+07:00"
    rows = [
        {"case_code": "old", "received_at": "2026-08-04T09:00:00+07:00", "cross_boundary": True,
         "competent_received_at": passed},
        {"case_code": "own", "received_at": "2026-08-05T09:00:00+07:00", "cross_boundary": False,
         "competent_received_at": passed},
        {"case_code": "cross", "received_at": "2026-08-05T09:00:00+07:00", "cross_boundary": True,
         "competent_received_at": passed},
        {"case_code": "waits", "received_at": "2026-08-05T09:00:00+07:00", "cross_boundary": True},
    ]  # fmt: skip
    open_case = {"finished_at": None, "returned_at": None, "status": 4, "due_at": None}
    given = {"staging.case": [META | CASE | open_case | row for row in rows]}
    warehouse.run("core.fct_case", {"given": given, "as_of": "2026-08-31T01:30:00+07:00"})
    for table in ("meta.law", "meta.clock_start"):
        query = warehouse.catalog.models[table].query
        warehouse.connection.execute(f"create or replace table {table} as {query}")
    yield warehouse.rows(FACTS["case"])
    warehouse.fill("staging.case", [])


def test_a_case_is_told_by_the_law_of_its_reception(
    warehouse: CaseWarehouse, cases: list[Row]
) -> None:
    assert {row["unit_id"]: row["clock_law"] for row in cases} == {
        "old": "nd118_2025_clock",
        "own": "nd309_2026_clock",
        "cross": "nd309_2026_cross",
        "waits": "nd309_2026_clock",
    }
    rules = clock_behind(warehouse.connection, cases)
    assert [rule["law_id"] for rule in rules] == [
        "nd118_2025_clock",
        "nd309_2026_clock",
        "nd309_2026_cross",
    ]
    assert rules[2]["starts_at"] == "competent_received_at"
    assert "cơ quan có thẩm quyền" in rules[2]["sentence_vi"]
    assert clock_behind(warehouse.connection, [{"unit_id": "a rating"}]) == []


def test_a_period_that_crosses_a_change_cites_both(warehouse: CaseWarehouse) -> None:
    first, last = dt.date(2026, 7, 1), dt.date(2026, 9, 30)
    found = basis_behind(
        warehouse.connection, "on_time", {"period_start": first, "evaluated_on": last}
    )
    assert citation_text(found, first, last) == (
        "Kế hoạch thi đua 2023 mục 2.6a; Nghị định 118/2025/NĐ-CP (… – 04/08/2026); "
        "Nghị định 118/2025/NĐ-CP (sửa đổi bởi Nghị định 309/2026/NĐ-CP) (05/08/2026 – …)"
    )
    # While it runs, a period rests on what has held until now.
    before = basis_behind(
        warehouse.connection,
        "on_time",
        {"period_start": first, "evaluated_on": dt.date(2026, 8, 4)},
    )
    assert [row["law_id"] for row in before] == ["thi_dua_2023_26a", "nd118_2025"]


def form_in(warehouse: CaseWarehouse, mart: str, first: dt.date, last: dt.date) -> Form:
    form = Form("F", "F", "F", mart, ())
    return with_version(warehouse.connection, form, [{"period_start": first, "period_end": last}])


def test_a_form_names_the_document_of_its_period(warehouse: CaseWarehouse) -> None:
    document = "Ban hành theo Thông tư 01/2020/TT-VPCP ngày 21/10/2020"
    spring = form_in(warehouse, "marts.bieu_06", dt.date(2023, 4, 1), dt.date(2023, 6, 30))
    assert (spring.authority, spring.law) == (document, ())
    summer = form_in(warehouse, "marts.bieu_06", dt.date(2026, 7, 1), dt.date(2026, 9, 30))
    assert summer.authority == document
    assert [note.split(" (")[0] for note in summer.law] == ["Thông tư 09/2026/TT-BTP"]
    change = form_in(
        warehouse, "marts.form_digitisation", dt.date(2025, 1, 1), dt.date(2025, 12, 31)
    )
    assert change.authority == (
        "Ban hành theo Nghị định 61/2018/NĐ-CP (… – 30/06/2025); "
        "Nghị định 118/2025/NĐ-CP (01/07/2025 – …)"
    )


def test_a_form_whose_document_has_ended_says_so(warehouse: CaseWarehouse) -> None:
    form = form_in(warehouse, "marts.form_07a", dt.date(2023, 1, 1), dt.date(2023, 3, 31))
    assert form.law == (
        "Thông tư 02/2017/TT-VPCP đã hết hiệu lực sau ngày 20/10/2020; biểu vẫn được lập để đối chiếu.",
    )
    in_force = form_in(warehouse, "marts.form_07a", dt.date(2020, 4, 1), dt.date(2020, 6, 30))
    assert in_force.law == ()
    assert form_in(warehouse, "marts.form_07a", dt.date(2012, 4, 1), dt.date(2012, 6, 30)).law == (
        NO_VERSION,
    )


def broken(warehouse: CaseWarehouse, table: str, rule: str, rows: list[Row]) -> list[str]:
    """The first part of the keys of those rows that break one rule."""
    warehouse.fill(table, [META | CASE | row for row in rows])
    outcomes = run_suites(warehouse.connection, [load_suites()[table]], key_limit=100)
    warehouse.fill(table, [])
    keys = next(o.failing_keys for o in outcomes if o.rule == rule)
    return sorted(key.split(" | ")[0] for key in keys)


def test_a_code_is_judged_by_the_pattern_of_its_reception(warehouse: CaseWarehouse) -> None:
    patterns = [
        {"pattern_id": "p", "valid_from": "2010-01-01", "valid_to": "2026-12-31", "pattern": r"^H\d{2}-\d+$"},
        {"pattern_id": "p", "valid_from": "2027-01-01", "pattern": r"^G\d{12}$"},
    ]  # fmt: skip
    warehouse.fill("seeds.case_code_pattern", patterns)
    rows = [
        {"case_code": code, "received_at": f"{day}T09:00:00+07:00"}
        for code, day in (
            ("H37-1", "2026-12-31"), ("H37-2", "2027-01-01"),
            ("G123456789012", "2027-01-01"), ("G123456789013", "2026-12-31"),
        )
    ]  # fmt: skip
    found = broken(warehouse, "staging.case", "case_code_form", rows)
    load_seed(warehouse.connection, "seeds.case_code_pattern", SEEDS / "case_code_pattern.csv")
    assert found == ["G123456789013", "H37-2"]


def test_a_kiosk_is_a_way_to_file_from_its_day_on(warehouse: CaseWarehouse) -> None:
    rows = [
        {"case_code": name, "channel": channel, "received_at": f"{day}T00:30:00+07:00"}
        for name, channel, day in (
            ("kiosk before", 4, "2026-08-04"), ("kiosk", 4, "2026-08-05"), ("counter", 1, "2012-08-04"),
            ("unknown", 5, "2026-08-05"),
        )
    ]  # fmt: skip
    found = broken(warehouse, "staging.case_version", "channel_known", rows)
    assert found == ["kiosk before", "unknown"]
