"""Every published figure is the sum of the units that `motcua explain` lists, in every period and agency."""

import json
from collections.abc import Iterator

import duckdb
import pytest
from click.testing import CliRunner

from figures.explain import QuestionError, explain, parse_period, units_query
from figures.overlay import open_overlay
from orchestration.cli import main
from orchestration.definitions import wire
from orchestration.settings import Settings
from tests.conftest import END, Site
from warehouse.models.catalog import Catalog

AGENCY = "H37.03"


@pytest.fixture(scope="module")
def catalog(night: Site) -> Catalog:
    return wire(night.settings(END)).catalog


@pytest.fixture
def overlay(night: Site) -> Iterator[duckdb.DuckDBPyConnection]:
    settings = night.settings(END)
    with open_overlay(settings.warehouse_path, settings.sql_root / "macros.sql") as connection:
        yield connection


def kpi_files(catalog: Catalog) -> list[str]:
    return [
        name
        for name, model in catalog.models.items()
        if model.path.parent.name == "kpi" and model.path.suffix == ".sql"
    ]


@pytest.mark.slow
def test_units_sum_to_every_figure(overlay: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    explained = 0
    for table in kpi_files(catalog):
        model = catalog.models[table]
        if model.unit is None:
            # The indices of Decision 766 are points, no share of things.
            assert table.startswith("marts.kpi_index_766"), table
            continue
        # A quantile is the longest of the cases that took no longer; all others count what is good.
        made = (
            "coalesce(max(days) filter (is_good), 0)"
            if table == "marts.kpi_nd224_working_days"
            else "count(*) filter (is_good)"
        )
        differing = overlay.execute(
            f"""
            with found as (
                select u.*, c.duration_days as days
                from ({units_query(model)}) as u left join core.fct_case as c on c.case_code = u.unit_id
                where u.exclusion is null
            ),
            distinct_kind as (select bool_or(agency_code = 'ALL') as has_centre from found),
            counted as (
                select variant, period_kind, period_start, agency_code,
                    {made} as numerator, count(*) as denominator
                from found group by all
                union all
                select variant, period_kind, period_start, 'ALL', {made}, count(*)
                from found where not (select has_centre from distinct_kind) group by all
            )
            select count(*), count(*) filter (
                c.numerator is distinct from k.numerator or c.denominator is distinct from k.denominator)
            from counted as c
            full join (select * from {table} where denominator > 0) as k
                using (variant, period_kind, period_start, agency_code)
            """
        ).fetchone()
        assert differing is not None
        assert differing[0] > 20, table
        assert differing[1] == 0, table
        explained += 1
    assert explained >= 12


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kpi", "variant", "period", "agency"),
    [
        ("on_time", None, "ytd", "ALL"),
        ("on_time", "B", "2023-05", AGENCY),
        ("on_time", "C", "2023-Q2", "ALL"),
        ("on_time", "D", "2023-W20", AGENCY),
        ("very_satisfied", None, "2023", "ALL"),
        ("services_with_cases", "B", "2023-05", "ALL"),
        ("services_with_cases", None, "ytd", AGENCY),
        ("nd224_online_services", None, "2023-05", "ALL"),
        ("nd224_online_services", "B", "ytd", AGENCY),
        ("nd224_online_received", "B", "2023-Q2", AGENCY),
        ("nd224_online_handled", None, "2023-05", "ALL"),
        ("nd224_working_days", None, "2023-05", AGENCY),
        ("nd224_working_days", "p90", "ytd", "ALL"),
        ("nd224_asked_again", None, "2023-W20", "ALL"),
        ("nd224_asked_again", "reopened", "2023-05", AGENCY),
        ("announced", None, "2023-Q2", "ALL"),
        ("published_5d", "working", "2023-06", "ALL"),
        ("plan_05", None, "2023", "ALL"),
        ("feedback_on_time", None, "campaign", "ALL"),
    ],
)
def test_each_unit_has_verdict_and_batch(
    overlay: duckdb.DuckDBPyConnection, catalog: Catalog, kpi: str, variant: str | None, period: str, agency: str
) -> None:  # fmt: skip
    found = explain(overlay, catalog, kpi, period, agency, variant)
    assert found.is_exact
    assert found.units
    assert len({unit["unit_id"] for unit in found.units}) == len(found.units)
    for unit in found.units:
        assert unit["batch_id"], unit
        assert (unit["verdict"] == "not_counted") == (unit["reason"] is not None)
        assert unit["reason"] is None or unit["reason_vi"], unit["reason"]


@pytest.mark.slow
def test_metrics_sum_to_every_figure_in_points(
    overlay: duckdb.DuckDBPyConnection, catalog: Catalog
) -> None:
    figures = overlay.execute(
        "select kpi_id, agency_code from marts.kpi_value where kpi_id like 'index\\_766\\_%' escape '\\' "
        "and variant = 'A' and period_kind = 'quarter' and period_start = date '2023-04-01'"
    ).fetchall()
    assert len({kpi for kpi, _ in figures}) == 7
    assert len({agency for _, agency in figures}) > 3
    reasons = set()
    for kpi, agency in figures:
        found = explain(overlay, catalog, kpi, "2023-Q2", agency)
        assert found.is_exact, (kpi, agency)
        group = {metric["group_code"] for metric in found.metrics}
        assert (kpi == "index_766_total" and len(group) == 6) or group == {kpi[10:]}
        for metric in found.metrics:
            assert (
                (metric["points"] is None)
                == (metric["reason"] is not None)
                == bool(metric["reason_vi"])
            )
            reasons.add(metric["reason"])
    assert reasons > {None, "no_source"}


@pytest.mark.slow
def test_a_wrong_point_shows_as_not_exact(
    overlay: duckdb.DuckDBPyConnection, catalog: Catalog
) -> None:
    from figures.overlay import replace_table

    replace_table(
        overlay, "marts.index_766_metric",
        "select * replace (points_millionths + (metric_code = 'ON_TIME')::int as points_millionths) "
        "from store.marts.index_766_metric",
    )  # fmt: skip
    assert explain(overlay, catalog, "index_766_progress", "2023-Q2").is_exact is False
    assert explain(overlay, catalog, "index_766_payment", "2023-Q2").is_exact


@pytest.mark.slow
def test_a_wrong_verdict_shows_as_not_exact(
    overlay: duckdb.DuckDBPyConnection, catalog: Catalog
) -> None:
    from figures.overlay import replace_table

    replace_table(
        overlay, "core.fct_case",
        "select * replace (is_on_time and agency_code <> 'H37.03' as is_on_time) from store.core.fct_case",
    )  # fmt: skip
    found = explain(overlay, catalog, "on_time", "2023-05")
    assert not found.is_exact


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026", ("year", "2026-01-01")), ("2026-Q2", ("quarter", "2026-04-01")),
        ("2026-05", ("month", "2026-05-01")), ("2026-W20", ("week", "2026-05-11")),
        ("2026-05-04", ("day", "2026-05-04")), ("ytd", ("ytd", None)),
        ("2025-ytd", ("ytd", "2025-01-01")), ("campaign", ("campaign", None)),
    ],
)  # fmt: skip
def test_periods_are_read(text: str, wanted: tuple[str, str | None]) -> None:
    assert parse_period(text) == wanted


@pytest.mark.parametrize("text", ["", "26", "2026-13", "2026-02-30", "2026-Q5", "2026-W60", "may"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(QuestionError):
        parse_period(text)


@pytest.mark.slow
def test_command_answers_in_words_and_json(night: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = night.settings(END)
    monkeypatch.setattr(Settings, "load", classmethod(lambda cls, **_: settings))
    runner = CliRunner()
    said = runner.invoke(main, ["explain", "on_time", "2023-05", AGENCY, "--limit", "3"])
    assert said.exit_code == 0, said.output
    for words in (
        "Định nghĩa",
        "Definition",
        "sql/marts/kpi/on_time.sql",
        "khớp đúng",
        "lô / batch",
        "Kế hoạch thi đua 2023 mục 2.6a; Nghị định 61/2018/NĐ-CP",
        "nd61_2018 · Nghị định 61/2018/NĐ-CP, tiếp nhận / received 21/06/2018 – 30/06/2025",
    ):
        assert words in said.output
    answer = json.loads(runner.invoke(main, ["explain", "on_time", "2023-05", "--json"]).output)
    assert answer["is_exact"]
    counted = [unit for unit in answer["units"] if unit["verdict"] != "not_counted"]
    assert len(counted) == answer["figure"]["denominator"] > 100
    assert {unit["clock_law"] for unit in counted} == {rule["law_id"] for rule in answer["clock"]}
    total = ["explain", "index_766_total", "2023-Q2"]
    points = runner.invoke(main, total).output
    for words in ("khớp đúng", "ON_TIME", "Chưa có nguồn", "phần triệu điểm"):
        assert words in points
    answer = json.loads(runner.invoke(main, [*total, "--json"]).output)
    assert answer["is_exact"]
    earned = [metric["points_millionths"] or 0 for metric in answer["metrics"]]
    assert sum(earned) == answer["figure"]["numerator"] > 0
    for wrong in (["no_kpi", "ytd"], ["on_time", "May"], ["on_time", "ytd", "--variant", "Z"],
                  ["on_time", "ytd", "NOWHERE"]):  # fmt: skip
        assert runner.invoke(main, ["explain", *wrong]).exit_code == 2
