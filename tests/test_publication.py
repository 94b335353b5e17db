"""Which published versions are kept, and what a rollback does to them."""

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from warehouse.connection import open_warehouse
from warehouse.errors import PublicationError
from warehouse.publish import current_version, list_versions, publish, roll_back

MACROS = Path(__file__).parent.parent / "sql" / "macros.sql"
TODAY = dt.datetime.now(dt.UTC).replace(hour=18, minute=0, second=0, microsecond=0) - dt.timedelta(
    1
)


def make_source() -> duckdb.DuckDBPyConnection:
    source = open_warehouse(":memory:", MACROS)
    source.execute("create table meta.run_context as select now() as data_as_of")
    source.execute(
        "create table meta.publication (version varchar, published_at timestamptz, "
        "data_as_of timestamptz, run_id varchar, code_version varchar)"
    )
    return source


def publish_from(source: duckdb.DuckDBPyConnection, folder: Path, day: dt.datetime) -> None:
    publish(source, folder, ["meta.publication"], run_id="t", code_version="t", now=day)


def publish_on(folder: Path, days: list[dt.datetime]) -> None:
    source = make_source()
    for day in days:
        publish_from(source, folder, day)
    source.close()


def name_of(day: dt.datetime) -> str:
    return f"{day:%Y%m%dT%H%M%S%fZ}"


def test_fourteen_days_and_twelve_months_are_kept(tmp_path: Path) -> None:
    """Every 27th day of fifteen months, then every day, twice on the last."""
    days = [TODAY - dt.timedelta(days=n) for n in range(450, 20, -27)]
    days += [TODAY - dt.timedelta(days=n) for n in range(20, -1, -1)]
    days += [TODAY + dt.timedelta(minutes=5)]
    publish_on(tmp_path, days)
    kept = list_versions(tmp_path)
    last_of_day = {day.date(): day for day in days}
    last_of_month = {(day.year, day.month): day for day in days}
    wanted = {name_of(last_of_day[d]) for d in sorted(last_of_day)[-14:]}
    wanted |= {name_of(last_of_month[m]) for m in sorted(last_of_month)[-12:]}
    # What was written less than an hour ago by its name is a reader's grace, and there is none here.
    assert set(kept) == wanted
    assert current_version(tmp_path) == name_of(days[-1])
    assert name_of(TODAY) not in kept, "the earlier one of the same day goes"


def test_a_rollback_target_is_never_pruned_and_a_new_publication_takes_over(tmp_path: Path) -> None:
    early = TODAY - dt.timedelta(days=200)
    days = [early, early + dt.timedelta(hours=1), TODAY - dt.timedelta(days=1), TODAY]
    publish_on(tmp_path, days)
    assert list_versions(tmp_path) == [name_of(day) for day in days[1:]]
    assert roll_back(tmp_path) == name_of(days[2])
    assert roll_back(tmp_path, name_of(days[1])) == name_of(days[1])
    with pytest.raises(PublicationError, match="needs two publications"):
        roll_back(tmp_path)
    with pytest.raises(PublicationError, match="There is no version x"):
        roll_back(tmp_path, "x")
    publish_on(tmp_path, [TODAY + dt.timedelta(hours=1)])
    assert current_version(tmp_path) == name_of(TODAY + dt.timedelta(hours=1))
    assert name_of(days[1]) in list_versions(tmp_path)


def versions_in(source: duckdb.DuckDBPyConnection) -> list[str]:
    rows = source.execute("select version from meta.publication order by 1").fetchall()
    return [version for (version,) in rows]


def test_a_version_that_could_not_be_switched_to_leaves_nothing(tmp_path: Path) -> None:
    """The link can't be put over a folder; the version was already complete under its name."""
    source = make_source()
    (tmp_path / "current").mkdir()
    with pytest.raises(
        PublicationError, match=r"can't be written \(Is a directory\).*motcua publish"
    ):
        publish_from(source, tmp_path, TODAY)
    assert versions_in(source) == []
    assert list((tmp_path / "versions").iterdir()) == []
    (tmp_path / "current").rmdir()
    publish_from(source, tmp_path, TODAY)
    assert versions_in(source) == list_versions(tmp_path) == [name_of(TODAY)]


def test_a_failure_after_the_switch_keeps_the_row_of_what_readers_see(tmp_path: Path) -> None:
    """Only the name kpi.duckdb beside the link can't be made: the new version is current all the same."""
    source = make_source()
    (tmp_path / "kpi.duckdb").write_text("a file of somebody's")
    with pytest.raises(PublicationError, match="readers already see the new version"):
        publish_from(source, tmp_path, TODAY)
    assert current_version(tmp_path) == name_of(TODAY)
    assert versions_in(source) == [name_of(TODAY)]
    with duckdb.connect(str(tmp_path / "current" / "kpi.duckdb"), read_only=True) as reader:
        assert versions_in(reader) == [name_of(TODAY)]


def test_a_row_whose_version_was_never_there_goes_with_the_next_publication(tmp_path: Path) -> None:
    """A process that died between its row and the rename leaves one; versions long pruned keep theirs."""
    source = make_source()
    pruned, there = TODAY - dt.timedelta(days=500), TODAY - dt.timedelta(days=1)
    publish_from(source, tmp_path, there)
    for day in (pruned, TODAY):
        source.execute(
            "insert into meta.publication values (?, ?, ?, 't', 't')", [name_of(day), day, day]
        )
    last = TODAY + dt.timedelta(hours=2)
    publish_from(source, tmp_path, last)
    assert versions_in(source) == [name_of(pruned), name_of(there), name_of(last)]
