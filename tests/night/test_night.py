"""A whole night over real HTTP: what is published equals the simulator's truth to the last case."""

import datetime as dt
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from demo.world import World
from orchestration.settings import PROJECT
from tests.conftest import CENTRE, END, Site, make_site
from tests.oracle.kpi import Oracle, differences
from tests.oracle.online_224 import watched
from tests.support.breadth import is_whole
from tests.support.plain_night import by_nobody

pytestmark = pytest.mark.slow
FIGURES = (
    "select kpi_id, variant, period_kind, period_start, agency_code, numerator, denominator, value, status "
    "from marts.kpi_value order by all"
)
CAMPAIGN = ((dt.date(2023, 3, 27), dt.date(2023, 6, 10)),)
KINDS = ("inserted", "updated", "unchanged", "stale", "duplicate", "quarantined")


def expected(world: World, as_of: dt.datetime) -> Oracle:
    return Oracle(world.truth(as_of), as_of, CENTRE, CAMPAIGN)


def test_published_figures_equal_the_truth_to_the_last_case(night: Site) -> None:
    oracle = expected(night.world, END)
    found = differences(night.published(FIGURES), oracle.counts)
    assert not found, "\n".join(found[:20])
    assert len(oracle.counts) > 10_000
    headline = oracle.counts[("on_time", "A", "year", dt.date(2023, 1, 1), "ALL")]
    assert headline[1] > 1000


def test_scorecard_has_every_headline_kpi(night: Site) -> None:
    rows = night.published("select * from marts.scorecard order by position")
    assert [row["kpi_id"] for row in rows][:12] == [
        "on_time", "very_satisfied", "dissatisfied", "services_with_cases", "online_cases",
        "pilot_compliance", "announced", "published_5d", "plan_42", "plan_243", "plan_05", "feedback_on_time",
    ]  # fmt: skip
    for row in rows:
        assert row["status"] in {"met", "missed", "no_data", "info"}
        assert (row["value"] is None) == (row["denominator"] == 0)


def test_bieu_06_keeps_its_identities(night: Site) -> None:
    rows = night.published(
        "select * from marts.bieu_06 order by period_kind, agency_code, period_start"
    )
    assert len(rows) > 100
    before: dict[tuple[str, str], int] = {}
    for row in rows:
        taken = (
            row["received_online_count"] + row["received_direct_count"] + row["carried_over_count"]
        )
        settled = (
            row["settled_early_count"] + row["settled_on_time_count"] + row["settled_late_count"]
            + row["no_due_count"]
        )  # fmt: skip
        assert (
            row["received_total_count"]
            == taken
            == row["settled_total_count"] + row["open_total_count"]
        )
        assert row["settled_total_count"] == settled
        assert row["open_total_count"] == row["open_in_time_count"] + row["open_late_count"]
        assert row["open_in_time_count"] >= 0
        place = row["period_kind"], row["agency_code"]
        assert row["carried_over_count"] == before.get(place, 0), row
        before[place] = row["open_total_count"]
    totals = {
        (r["period_kind"], r["period_start"]): r["settled_total_count"]
        for r in rows
        if r["agency_code"] == "ALL"
    }
    for (kind, start), total in totals.items():
        parts = [
            r["settled_total_count"] for r in rows
            if (r["period_kind"], r["period_start"]) == (kind, start) and r["agency_code"] != "ALL"
        ]  # fmt: skip
        assert sum(parts) == total


def test_every_fetched_row_is_accounted_for(night: Site) -> None:
    rows = night.published("select * from meta.reconciliation")
    assert {row["system"] for row in rows} >= {"cases", "ratings", "services", "registry"}
    for row in rows:
        assert row["fetched"] == sum(row[kind] for kind in KINDS), row
        assert row["source_total"] in (None, row["fetched"]), row


def test_nothing_lost_and_nothing_doubled(night: Site) -> None:
    rows = night.warehouse('select case_code, _version_at from staging."case"')
    truth = night.world.truth(END)["cases"]
    assert sorted(row["case_code"] for row in rows) == sorted(row["case_code"] for row in truth)
    newest = {row["case_code"]: dt.datetime.fromisoformat(row["updated_at"]) for row in truth}
    assert all(row["_version_at"] == newest[row["case_code"]] for row in rows)


def test_published_file_is_open_to_a_second_process(night: Site) -> None:
    code = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True);"
        "print(c.execute('select count(*) from marts.kpi_value').fetchone()[0])"
    )
    path = night.home / "published" / "kpi.duckdb"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == night.published("select count(*) as n from marts.kpi_value")[0]["n"]


def test_published_file_keeps_its_promises(night: Site) -> None:
    folder = night.home / "published"
    connection = duckdb.connect(str(folder / "kpi.duckdb"), read_only=True)
    tables = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() order by 1"
    ).fetchall()
    silent = connection.execute(
        "select table_name, column_name from duckdb_columns() where not internal and comment is null "
        "and schema_name = 'marts'"
    ).fetchall()
    tags = connection.execute(
        "select tags from duckdb_databases() where database_name = 'kpi'"
    ).fetchone()
    connection.close()
    assert silent == []
    assert tags is not None
    assert "v1.2.0" in str(tags[0])
    assert {t for (t,) in tables} >= {
        "marts.kpi_value", "marts.scorecard", "marts.case_fact", "marts.at_risk", "marts.kpi_trend",
        "marts.agency_scorecard", "marts.procedure_scorecard", "meta.publication", "meta.kpi",
        "meta.check_result", "meta.reconciliation", "meta.freshness", "meta.quarantine_summary",
        "meta.column_doc", "meta.lineage",
    }  # fmt: skip
    for (table,) in tables:
        schema, name = table.split(".")
        twin = duckdb.execute(
            f"select count(*) from '{folder}/current/{schema}/{name}.parquet'"
        ).fetchone()
        assert twin == (night.published(f"select count(*) as n from {table}")[0]["n"],)
    assert not list(folder.rglob("*.wal"))


@pytest.mark.timeout(600)
def test_second_run_changes_no_figure_and_a_later_one_follows_the_truth(tmp_path: Path) -> None:
    """Incremental nights: the same moment again, then sixty days later with late updates and deletions."""
    start = END - dt.timedelta(days=60)
    site = make_site(tmp_path, cases_per_year=2000)
    try:
        assert site.plain(start, "full", judge=by_nobody).version
        first = site.published(FIGURES)
        assert site.plain(start, judge=by_nobody).version
        assert site.published(FIGURES) == first
        loads = site.warehouse(
            "select run_id, sum(inserted + updated + stale) as fresh from meta.batch group by 1"
        )
        assert sorted(row["fresh"] > 0 for row in loads) == [False, True]
        told = site.plain(END)
        assert told.version, told.blocking
        oracle = expected(site.world, END)
        # what needs history is told of cases received since the first load
        counts = oracle.counts | watched(oracle, start)
        found = differences(site.published(FIGURES), counts)
        assert not found, "\n".join(found[:20])
        gone = site.warehouse("select key from meta.deletion order by 1")
        assert len(gone) > 0
    finally:
        site.server.close()


def test_readers_never_meet_a_torn_version(night: Site) -> None:
    """F62: readers query all the time while the link goes from version to version; two hundred in `make test-all`."""
    from warehouse.publication.publish import publish
    from warehouse.store.connection import open_warehouse
    from warehouse.store.state import RunContext, ensure_state, set_run_context

    folder, errors, reads = night.home / "torn", [], []
    source = open_warehouse(":memory:", PROJECT / "sql" / "macros.sql")
    ensure_state(source)
    set_run_context(source, RunContext(END, "H37.01.TTPVHCC", "t"))
    stop = threading.Event()

    def publish_number(number: int) -> None:
        source.execute(f"create or replace table marts.a as select {number} as n from range(500)")
        source.execute(f"create or replace table marts.b as select {number} as n from range(500)")
        publish(
            source, folder, ["marts.a", "marts.b", "meta.publication"], run_id="t", code_version="t"
        )

    def read() -> None:
        code = (
            "import duckdb, sys\n"
            "n = 0\n"
            "while sys.stdin.readline().strip() == 'go':\n"
            "    c = duckdb.connect(sys.argv[1], read_only=True)\n"
            "    r = c.execute('select (select min(n) from marts.a), (select max(n) from marts.a), "
            "(select min(n) from marts.b), (select count(*) from marts.b)').fetchone()\n"
            "    c.close(); n += 1\n"
            "    assert r[0] == r[1] == r[2] and r[3] == 500, r\n"
            "    print(n, flush=True)\n"
        )
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(folder / "kpi.duckdb")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        while not stop.is_set():
            child.stdin.write("go\n")
            child.stdin.flush()
            if not child.stdout.readline():
                errors.append(child.stderr.read())
                return
            reads.append(1)
            # A dashboard's pace: readers that never rest leave the publisher nothing of two cores.
            stop.wait(0.02)
        child.stdin.close()
        child.wait()

    publish_number(0)
    count, last = (8, 200) if is_whole("READERS") else (4, 40)
    readers = [threading.Thread(target=read) for _ in range(count)]
    for reader in readers:
        reader.start()
    for number in range(1, last + 1):
        publish_number(number)
        # Publishing waits for those who read, however slow a machine starts them.
        while len(reads) <= number // 2 and not errors:
            time.sleep(0.005)
    stop.set()
    for reader in readers:
        reader.join()
    assert errors == []
    assert len(reads) > last // 2


def test_a_second_run_at_once_is_told_that_the_warehouse_is_held(night: Site) -> None:
    """F61."""
    from warehouse.store.connection import hold_lock

    environment = {**os.environ, "MOTCUA_HOME": str(night.home), "MOTCUA_AS_OF": END.isoformat()}
    with hold_lock(night.home / "warehouse.lock", "the test"):
        done = subprocess.run(
            [sys.executable, "-m", "orchestration.cli", "run", "--json"],
            capture_output=True, text=True, check=False, env=environment, cwd=PROJECT,
        )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "the test" in done.stderr
    assert '"status": "busy"' in done.stdout
