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
from tests.conftest import LOCAL
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
