"""What stops a night, and what a backfill from the UI reads."""

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from click.testing import CliRunner

from demo.server import serve
from expectations.suite import SUITES
from orchestration.cli import main
from orchestration.console.check_publish import publish_again
from orchestration.console.runs import QUIET, execute_job
from orchestration.definitions import wire
from orchestration.settings import use_dagster_home
from tests.conftest import END, LOCAL, Site
from tests.support.plain_night import by_nobody
from warehouse.errors import PublicationError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
BROKEN_RULE = """
  - id: no_sunday_exists
    type: unexpected_rows_expectation
    kwargs:
      row_predicate: isodow(day) = 7
    severity: critical
    reason: Lịch có ngày chủ nhật.
    reason_en: The calendar holds a Sunday.
    remedy: Bỏ các ngày chủ nhật.
    owner: Thử nghiệm
"""


@pytest.fixture(scope="module")
def site(night: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A copy of the shared home and systems of its own, because these tests change both."""
    home = tmp_path_factory.mktemp("gates") / "home"
    shutil.copytree(night.home, home, symlinks=True)
    made = Site(home, night.world, serve(night.world))
    yield made
    made.server.close()


def test_broken_rows_wait_in_quarantine_until_a_correction_comes(site: Site) -> None:
    """A row whose status is no status is told apart, counted, and released by its next version."""
    spoilt_at, mended_at = END + dt.timedelta(hours=1), END + dt.timedelta(hours=2)
    site.server.state.set_clock(spoilt_at)
    cases = site.server.state.snapshot.case
    code = cases.keys[-1]
    cases.rows[-1] = cases.rows[-1].replace(b'"status":', b'"status":"lost","was":')
    told = site.plain_as_is(spoilt_at)
    assert told.version, told.blocking

    query = f"select * from quarantine.case_version where record ->> 'case_code' = '{code}'"
    held = site.warehouse(query)
    assert [row["resolved_by"] for row in held] == [None]
    assert held[0]["reason_vi"]
    assert '"lost"' in held[0]["record"]
    counts = "select sum(quarantined) as n from meta.reconciliation where entity = 'case'"
    assert site.published(counts)[0]["n"] == 1
    standing = f"select count(*) as n from staging.\"case\" where case_code = '{code}'"
    assert site.warehouse(standing)[0]["n"] == 1, "the version that stood before still stands"

    site.server.state.set_clock(mended_at)
    cases = site.server.state.snapshot.case
    place, stamp = cases.keys.index(code), mended_at.isoformat()
    cases.rows[place] = cases.rows[place].replace(cases.sort_values[place].encode(), stamp.encode())
    cases.sort_values[place] = stamp
    assert place == len(cases.rows) - 1, "the newest row stays the last one"
    assert site.plain_as_is(mended_at, judge=by_nobody).version
    assert [row["resolved_by"] is None for row in site.warehouse(query)] == [False]
    for row in site.published("select * from meta.reconciliation"):
        kinds = ("inserted", "updated", "unchanged", "stale", "duplicate", "quarantined")
        assert row["fetched"] == sum(row[kind] for kind in kinds)


def test_a_backfill_of_days_from_the_ui_is_one_run_over_their_window(site: Site) -> None:
    wiring = wire(site.settings(END))
    use_dagster_home(wiring.settings)
    key = dg.AssetKey(["raw", "cases__case"])
    job = wiring.definitions.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance,
            asset_selection=[key],
            run_config=QUIET,
            tags={
                "dagster/asset_partition_range_start": "2023-06-05",
                "dagster/asset_partition_range_end": "2023-06-07",
            },
        )
    assert result.success
    last = site.warehouse(
        "select * from meta.batch where entity = 'case' order by loaded_at desc, batch_id desc"
    )
    windows = {(row["window_start"], row["window_end"]) for row in last}
    asked = (dt.datetime(2023, 6, 5, tzinfo=LOCAL), dt.datetime(2023, 6, 8, tzinfo=LOCAL))
    assert asked in windows
    cursor = site.warehouse("select cursor_at from meta.cursor where entity = 'case'")[0][
        "cursor_at"
    ]
    assert cursor > dt.datetime(2023, 6, 20, tzinfo=LOCAL), (
        "a backfill must not move the cursor back"
    )


def test_a_warehouse_of_an_earlier_release_is_published_by_its_next_night(
    site: Site, tmp_path: Path
) -> None:
    """A table that this release publishes isn't there yet: one sentence, and what stands isn't touched."""
    home = tmp_path / "home"
    shutil.copytree(site.home, home, symlinks=True)
    older = Site(home, site.world, site.server)
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("drop table meta.calendar_year")
    before = (home / "published" / "current").resolve()
    with pytest.raises(
        PublicationError, match=r"has built meta\.calendar_year yet; run `motcua run`"
    ):
        publish_again(wire(older.settings(END + dt.timedelta(hours=3))))
    assert (home / "published" / "current").resolve() == before


def test_too_many_broken_rows_stop_the_night(site: Site) -> None:
    """Some eighty of six thousand rows are over one percent; the gate remembers it after the night."""
    at = END + dt.timedelta(hours=3)
    site.server.state.set_clock(at)
    rows = site.server.state.snapshot.case.rows
    rows[-80:] = [row.replace(b'"status":', b'"status":99,"was":') for row in rows[-80:]]
    before = (site.home / "published" / "current").resolve()
    outcome = execute_job(wire(site.settings(at)), "nightly")
    assert not outcome.succeeded
    for part in (
        "staging.case_version · quarantine_within_cap: Tỷ lệ bản ghi nằm trong cách ly vượt trần. Trần 1,00 %.",
        "The share of rows in quarantine exceeds the cap of 1.00%; most break status_known.",
        "status_known: ", "Cần làm / to do: Mở bảng quarantine",
    ):  # fmt: skip
        assert part in outcome.reason
    assert re.search(r" – \d\d / \d+\.\d{3} dòng / rows – ", outcome.reason), outcome.reason
    assert "\n" not in outcome.reason
    assert (site.home / "published" / "current").resolve() == before
    assert "quarantine_within_cap" in site.settings(at).home.joinpath(
        "reports", "quality.html"
    ).read_text(encoding="utf-8"), "a night that was stopped says why, too"
    with pytest.raises(
        PublicationError, match=r"staging\.case_version · quarantine_within_cap: Tỷ lệ"
    ):
        publish_again(wire(site.settings(at)))


def test_check_tells_what_stops_in_one_line(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of the test before stand in quarantine still."""
    monkeypatch.setenv("MOTCUA_HOME", str(site.home))
    monkeypatch.setenv("MOTCUA_AS_OF", (END + dt.timedelta(hours=3)).isoformat())
    told = CliRunner().invoke(main, ["check", "--table", "staging.case_version"])
    assert told.exit_code == 1
    assert told.stderr.startswith("Dừng / Stopped: ")
    assert "staging.case_version · quarantine_within_cap" in told.stderr
    assert len(told.stderr.splitlines()) == 1


# Last, because it loads three years that the tests above don't know.
def test_a_critical_check_stops_the_night_and_a_missing_calendar_does_not(
    site: Site, tmp_path: Path
) -> None:
    """In December no document of the next year's days off is usual; a rule that is broken does stop."""
    suites = tmp_path / "suites"
    shutil.copytree(SUITES, suites)
    with (suites / "core.dim_date.yml").open("a", encoding="utf-8") as file:
        file.write(BROKEN_RULE)
    at = dt.datetime(2026, 12, 2, 1, 30, tzinfo=LOCAL)
    before = (site.home / "published" / "current").resolve()
    site.server.state.set_clock(at)
    outcome = execute_job(wire(site.settings(at), suites_folder=suites), "nightly")
    assert not outcome.succeeded
    sundays, days = (
        site.warehouse(f"select count(*) as n from core.dim_date {where}")[0]["n"]
        for where in ("where isodow(day) = 7", "")
    )
    assert days > 1000
    assert outcome.reason == (
        "Dừng / Stopped: quy tắc bị vi phạm / broken rule: core.dim_date · no_sunday_exists: Lịch có ngày chủ nhật. / "
        f"The calendar holds a Sunday. – {sundays:,} / {days:,}".replace(",", ".")
        + " dòng / rows – Cần làm / to do: Bỏ các ngày chủ nhật."
    )
    assert (site.home / "published" / "current").resolve() == before
    failed = site.warehouse(
        "select distinct rule, severity from meta.check_run where state = 'failed' and rule <> 'quarantine_within_cap' "
        "and (severity = 'critical' or table_name = 'core.dim_calendar_year') order by 1"
    )
    assert failed == [
        {"rule": "awaited_calendar_is_here", "severity": "warning"},
        {"rule": "no_sunday_exists", "severity": "critical"},
    ]
