"""Case logs that nobody here wrote go through as files, by a layout in sources.yml and no code."""

import csv
import datetime as dt
import shutil
from pathlib import Path

import pytest

from orchestration.definitions import wire
from orchestration.inbox import put_into_inbox
from orchestration.runs import execute_job
from orchestration.settings import PROJECT, Settings
from sources.spec_file import PACKAGED
from tests.conftest import LOCAL
from tests.quick_night import run_night, small_catalog
from warehouse.connection import read_rows

DATA = PROJECT.parent / "shared" / "data"
FILES = ("receipt_wabo_cases.csv", "boston311_sample_cases.csv")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real case logs aren't beside this checkout"),
]


def on_time_by_hand(path: Path) -> tuple[int, int]:
    """Closed cases with a due date, and those whose day of completion isn't after the due day."""
    with path.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["completed_at"] and r["due_at"]]

    def day(text: str) -> dt.date:
        return dt.datetime.fromisoformat(text).astimezone(LOCAL).date()

    return sum(day(r["completed_at"]) <= day(r["due_at"]) for r in rows), len(rows)


def test_a_municipality_and_a_city(tmp_path: Path) -> None:
    settings = Settings.load(
        home=tmp_path, as_of=dt.datetime(2026, 6, 30, 1, 30, tzinfo=LOCAL), _env_file=None
    )
    copies = [Path(shutil.copy(DATA / name, tmp_path / name)) for name in FILES]
    put_into_inbox(settings, copies)
    outcome = execute_job(wire(settings), "files", {"motcua/mode": "files"})
    assert outcome.succeeded, outcome.reason
    published = read_rows(
        tmp_path / "published" / "kpi.duckdb",
        "select sum(numerator) as n, sum(denominator) as d from marts.kpi_value where kpi_id = 'on_time' "
        "and variant = 'A' and period_kind = 'year' and agency_code = 'ALL'",
    )
    by_hand = [on_time_by_hand(path) for path in copies]
    assert (published[0]["n"], published[0]["d"]) == tuple(map(sum, zip(*by_hand, strict=True)))
    loads = read_rows(tmp_path / "published" / "kpi.duckdb", "select * from meta.reconciliation")
    assert sorted(row["fetched"] for row in loads) == [1434, 4617]
    assert all(row["quarantined"] == 0 for row in loads)

    # The same bytes again, under another name, are known.
    put_into_inbox(settings, [Path(shutil.copy(copies[0], tmp_path / "cases_again.csv"))])
    assert execute_job(wire(settings), "files", {"motcua/mode": "files"}).succeeded
    again = read_rows(
        tmp_path / "published" / "kpi.duckdb", "select count(*) as n from meta.reconciliation"
    )
    assert again[0]["n"] == 2


def test_compared_by_time_the_city_s_own_verdict_comes_out(tmp_path: Path) -> None:
    """The publisher judges to the second; its column isn't read by the layout, so it can prove it."""
    text = PACKAGED.read_text(encoding="utf-8")
    zone = "        time_zone: America/New_York\n"
    assert text.count(zone) == 1
    own = tmp_path / "sources.yml"
    own.write_text(
        text.replace(zone, f"{zone}        constants: {{compare_by: time}}\n"), encoding="utf-8"
    )
    at = dt.datetime(2026, 6, 30, 1, 30, tzinfo=LOCAL)
    settings = Settings.load(home=tmp_path, as_of=at, sources=own, _env_file=None)
    path = Path(shutil.copy(DATA / FILES[1], tmp_path / FILES[1]))
    put_into_inbox(settings, [path])
    _, catalog, _ = small_catalog(own)
    run_night(settings, only=("drops",), builds=catalog.ancestors("core.fct_case"))
    judged = read_rows(
        tmp_path / "warehouse.duckdb",
        "select case_code, is_on_time, end_on <= due_on as by_day from core.fct_case",
    )
    found = {row["case_code"]: (row["is_on_time"], row["by_day"]) for row in judged}
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    said = {
        row["case_id"]: row["publisher_ontime"] == "ONTIME"
        for row in rows
        if row["due_at"] and row["publisher_ontime"]
    }
    assert len(said) == 4002
    assert {code: found[code][0] for code in said} == said
    assert sum(found[code][1] != verdict for code, verdict in said.items()) == 58, (
        "by day they differ"
    )
    # Where nothing was promised nobody is late, whatever the publisher writes there.
    assert all(found[row["case_id"]] == (None, None) for row in rows if not row["due_at"])
