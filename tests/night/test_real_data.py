"""Case logs that nobody here wrote go through as files, by a layout in sources.yml and no code."""

import csv
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestration.console.inbox import put_into_inbox
from orchestration.settings import PROJECT, Settings
from sources.spec.file import PACKAGED
from tests.conftest import LOCAL
from tests.support.quick_night import run_night, small_catalog
from warehouse.store.connection import read_rows

DATA = PROJECT.parent / "shared" / "data"
AS_OF = dt.datetime(2026, 6, 30, 1, 30, tzinfo=LOCAL)
FILES = ("receipt_wabo_cases.csv", "boston311_sample_cases.csv")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not DATA.is_dir(), reason="the real case logs aren't beside this checkout"),
]


def on_time_by_hand(path: Path) -> tuple[int, int]:
    """Closed cases with a due date, and those whose day of completion isn't after the due day."""
    with path.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["completed_at"] and r["due_at"]]

    def day(text: str) -> dt.date:
        return dt.datetime.fromisoformat(text).astimezone(LOCAL).date()

    return sum(day(r["completed_at"]) <= day(r["due_at"]) for r in rows), len(rows)


def ingest(home: Path, *files: Path) -> dict[str, Any]:
    """`motcua ingest FILE…` as a person runs it; its answer."""
    given = {"MOTCUA_HOME": str(home), "MOTCUA_AS_OF": AS_OF.isoformat()}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "orchestration.cli", "ingest", "--json", *map(str, files)],
        capture_output=True, text=True, check=False, env={**os.environ, **given}, cwd=PROJECT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    for one in answer["set_aside"]:
        assert one["file"] in done.stderr
    return answer


def test_a_municipality_and_a_city(tmp_path: Path) -> None:
    copies = [Path(shutil.copy(DATA / name, tmp_path / name)) for name in FILES]
    # The same bytes under another name are known; a file of no kind is set aside, and all else goes on.
    again = Path(shutil.copy(copies[0], tmp_path / "cases_again.csv"))
    alien = tmp_path / "holiday_photos.csv"
    alien.write_text("a,b\n1,2\n", encoding="utf-8")
    home = tmp_path / "home"
    told = ingest(home, *copies, again, alien)
    (refused,) = told["set_aside"]
    assert refused["file"].endswith("holiday_photos.csv")
    assert "Tên tệp phải bắt đầu" in refused["reason"]
    assert {row["kpi_id"] for row in told["scorecard"]} >= {"on_time"}
    published = read_rows(
        home / "published" / "kpi.duckdb",
        "select sum(numerator) as n, sum(denominator) as d from marts.kpi_value where kpi_id = 'on_time' "
        "and variant = 'A' and period_kind = 'year' and agency_code = 'ALL'",
    )
    by_hand = [on_time_by_hand(path) for path in copies]
    assert (published[0]["n"], published[0]["d"]) == tuple(map(sum, zip(*by_hand, strict=True)))
    loads = read_rows(home / "published" / "kpi.duckdb", "select * from meta.reconciliation")
    assert sorted(row["fetched"] for row in loads) == [1434, 4617]
    assert all(row["quarantined"] == 0 for row in loads)
    assert not list((home / "inbox").glob("*.csv"))


def test_compared_by_time_the_city_s_own_verdict_comes_out(tmp_path: Path) -> None:
    """The publisher judges to the second; its column isn't read by the layout, so it can prove it."""
    text = PACKAGED.read_text(encoding="utf-8")
    zone = "        time_zone: America/New_York\n"
    assert text.count(zone) == 1
    own = tmp_path / "sources.yml"
    own.write_text(
        text.replace(zone, f"{zone}        constants: {{compare_by: time}}\n"), encoding="utf-8"
    )
    settings = Settings.load(home=tmp_path, as_of=AS_OF, sources=own, _env_file=None)
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
