"""Which published versions are kept, what a rollback does to them, and their order under wrong clocks."""

import datetime as dt
import random
from pathlib import Path

import duckdb
import pytest

from figures.publication_log import RuleSet, keep_publication
from reports.data import _publication as own_row
from warehouse.errors import PublicationError
from warehouse.publication.publish import publish
from warehouse.publication.versions import (
    current_version,
    list_versions,
    prune,
    roll_back,
    switch_to,
)
from warehouse.store.connection import open_warehouse
from warehouse.store.sequence import number_in, order_key, time_in
from warehouse.store.state import RunContext, ensure_state, set_run_context

pytestmark = pytest.mark.time

MACROS = Path(__file__).parents[2] / "sql" / "macros.sql"
TODAY = dt.datetime.now(dt.UTC).replace(hour=18, minute=0, second=0, microsecond=0) - dt.timedelta(
    1
)
DAY = dt.timedelta(days=1)
YEARS_AHEAD = TODAY + 2 * 365 * DAY
# What tells a file's own row, as docs/bi.md says it.
CURRENT = "select version from meta.publication order by publication_no desc limit 1"


def make_source() -> duckdb.DuckDBPyConnection:
    source = open_warehouse(":memory:", MACROS)
    ensure_state(source)
    set_run_context(source, RunContext(TODAY, "H37.01.TTPVHCC", "t"))
    return source


def publish_from(source: duckdb.DuckDBPyConnection, folder: Path, day: dt.datetime) -> str:
    tables = ["meta.publication"]
    made = publish(source, folder, tables, run_id="t", code_version="t", now=day)
    return made.version


def publish_on(folder: Path, days: list[dt.datetime]) -> list[str]:
    source = make_source()
    names = [publish_from(source, folder, day) for day in days]
    source.close()
    return names


def old_name(day: dt.datetime) -> str:
    """What releases up to 0.2.0 called a version."""
    return f"{day:%Y%m%dT%H%M%S%fZ}"


def told_by(folder: Path) -> str:
    """What the published file itself says it is."""
    with duckdb.connect(str(folder / "kpi.duckdb"), read_only=True) as reader:
        row = reader.execute(CURRENT).fetchone()
        assert row is not None
        assert own_row(reader)["version"] == row[0], "the page says so, too"
        return str(row[0])


def test_fourteen_days_and_twelve_months_are_kept(tmp_path: Path) -> None:
    """Every 27th day of fifteen months, then every day, twice on the last."""
    days = [TODAY - dt.timedelta(days=n) for n in range(450, 20, -27)]
    days += [TODAY - dt.timedelta(days=n) for n in range(20, -1, -1)]
    days += [TODAY + dt.timedelta(minutes=5)]
    name_of = dict(zip(days, publish_on(tmp_path, days), strict=True))
    kept = list_versions(tmp_path)
    last_of_day = {day.date(): day for day in days}
    last_of_month = {(day.year, day.month): day for day in days}
    wanted = {name_of[last_of_day[d]] for d in sorted(last_of_day)[-14:]}
    wanted |= {name_of[last_of_month[m]] for m in sorted(last_of_month)[-12:]}
    # What was written less than an hour ago by its name is a reader's grace, and there is none here.
    assert set(kept) == wanted
    assert current_version(tmp_path) == name_of[days[-1]]
    assert name_of[TODAY] not in kept, "the earlier one of the same day goes"


def test_a_rollback_target_is_never_pruned_and_a_new_publication_takes_over(tmp_path: Path) -> None:
    early = TODAY - dt.timedelta(days=200)
    days = [early, early + dt.timedelta(hours=1), TODAY - dt.timedelta(days=1), TODAY]
    names = publish_on(tmp_path, days)
    assert list_versions(tmp_path) == names[1:]
    assert roll_back(tmp_path) == names[2] == told_by(tmp_path)
    assert roll_back(tmp_path, names[1]) == names[1] == told_by(tmp_path)
    with pytest.raises(PublicationError, match="needs two publications"):
        roll_back(tmp_path)
    with pytest.raises(PublicationError, match="There is no version x"):
        roll_back(tmp_path, "x")
    (last,) = publish_on(tmp_path, [TODAY + dt.timedelta(hours=1)])
    assert current_version(tmp_path) == last == told_by(tmp_path)
    assert number_in(last) == 5, "a rebuilt warehouse goes on with the folder's numbers"
    assert names[1] in list_versions(tmp_path)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_is_that_of_publishing_whatever_the_clock_says(tmp_path: Path, seed: int) -> None:
    """Years ahead, back, twice in one second: list, file, rollback and the next number all follow the making."""
    dice = random.Random(seed)
    source, made = make_source(), list[str]()
    for _ in range(9):
        at = dice.choice(
            [TODAY, TODAY, YEARS_AHEAD, TODAY - 3 * 365 * DAY, TODAY + dice.random() * DAY]
        )
        made.append(publish_from(source, tmp_path, at))
        assert current_version(tmp_path) == made[-1] == told_by(tmp_path)
        standing = list_versions(tmp_path)
        assert standing == [name for name in made if name in standing]
        if len(standing) > 1:
            assert roll_back(tmp_path) == standing[-2] == told_by(tmp_path)
            switch_to(tmp_path, made[-1])
    assert [number_in(name) for name in made] == list(range(1, 10))
    assert versions_in(source) == made
    assert sorted(made) == made, "a listing of the folder shows the order, too"


def test_a_version_dated_years_ahead_holds_no_place_for_ever(tmp_path: Path) -> None:
    days = [TODAY - 30 * DAY, YEARS_AHEAD, *(TODAY - n * DAY for n in range(13, 0, -1))]
    names = publish_on(tmp_path, days)
    assert names[1] in list_versions(tmp_path), "one of the last fourteen days"
    # Eleven more months come after it, and more than an hour: its turn has come.
    later = [TODAY + 31 * n * DAY for n in range(1, 13)]
    names += publish_on(tmp_path, later)
    prune(tmp_path, keep=names[-1])
    assert names[1] not in list_versions(tmp_path)
    assert current_version(tmp_path) == names[-1]


def test_versions_of_an_earlier_release_are_older_and_one_of_the_future_is_the_oldest(
    tmp_path: Path,
) -> None:
    old = [old_name(TODAY - 2 * DAY), old_name(TODAY - DAY), old_name(YEARS_AHEAD)]
    for name in old:
        (tmp_path / "versions" / name).mkdir(parents=True)
    assert list_versions(tmp_path) == [old[2], old[0], old[1]]
    (new,) = publish_on(tmp_path, [TODAY - 9 * DAY])
    assert list_versions(tmp_path) == [old[2], old[0], old[1], new]
    assert current_version(tmp_path) == new
    assert roll_back(tmp_path) == old[1]
    assert time_in(old[2]) == YEARS_AHEAD
    assert order_key("v1000000-x", TODAY) > order_key("v999999-x", TODAY), "numbers, not letters"


def test_a_file_of_an_earlier_release_tells_its_version_by_name(tmp_path: Path) -> None:
    """`motcua report` after an upgrade, before the first night."""
    with duckdb.connect(str(tmp_path / "old.duckdb")) as old:
        old.execute("create schema meta; create table meta.publication (version varchar)")
        old.execute("insert into meta.publication values ('20261102T'), ('20261101T')")
        assert own_row(old) == {"version": "20261102T"}


def test_a_folder_that_no_publication_named_is_left_alone(tmp_path: Path) -> None:
    for name in ("kept by hand", "another"):
        (tmp_path / "versions" / name).mkdir(parents=True)
    made = publish_on(tmp_path, [TODAY - n * DAY for n in range(40, 0, -1)])
    left = list_versions(tmp_path)
    assert {"kept by hand", "another", made[-1]} <= set(left)
    assert made[20] not in left


def test_figures_kept_under_a_wrong_clock_are_compared_with_the_ones_before(tmp_path: Path) -> None:
    """Only changes are kept: a figure is new against the last publication, not against the latest date."""
    source, rules = make_source(), RuleSet("", [], {}, {})
    source.execute(
        "create table marts.kpi_value as from (values ('on_time', 'A', 'month', date '2023-05-01', 'ALL', 8, 10)) "
        "as v (kpi_id, variant, period_kind, period_start, agency_code, numerator, denominator)"
    )
    kept = []
    for at, numerator in ((TODAY, 8), (YEARS_AHEAD, 9), (TODAY + DAY, 7), (TODAY + 2 * DAY, 7)):
        source.execute("update marts.kpi_value set numerator = ?", [numerator])
        made = publish(source, tmp_path, ["marts.kpi_value"], run_id="t", code_version="t", now=at)
        kept.append(keep_publication(source, made.version, made.number, rules))
    assert kept == [1, 1, 1, 0]
    said = source.execute(
        "select publication_no, numerator from meta.published_value order by 1"
    ).fetchall()
    assert said == [(1, 8), (2, 9), (3, 7)]


def versions_in(source: duckdb.DuckDBPyConnection) -> list[str]:
    rows = source.execute("select version from meta.publication order by publication_no").fetchall()
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
    name = publish_from(source, tmp_path, TODAY)
    assert versions_in(source) == list_versions(tmp_path) == [name]


def test_a_failure_after_the_switch_keeps_the_row_of_what_readers_see(tmp_path: Path) -> None:
    """Only the name kpi.duckdb beside the link can't be made: the new version is current all the same."""
    source = make_source()
    (tmp_path / "kpi.duckdb").write_text("a file of somebody's")
    with pytest.raises(PublicationError, match="readers already see the new version"):
        publish_from(source, tmp_path, TODAY)
    current = current_version(tmp_path)
    assert current is not None
    assert versions_in(source) == [current]
    with duckdb.connect(str(tmp_path / "current" / "kpi.duckdb"), read_only=True) as reader:
        assert versions_in(reader) == [current]


def test_a_row_whose_version_was_never_there_goes_with_the_next_publication(tmp_path: Path) -> None:
    """A process that died between its row and the rename leaves one; versions long pruned keep theirs.

    So does one whose folder is gone but whose figures were said: a home restored after a rollback.
    """
    source = make_source()

    def add(name: str, number: int) -> None:
        source.execute(
            "insert into meta.publication by name "
            "select ? as version, ? as publication_no, ?::timestamptz as published_at",
            [name, number, TODAY],
        )

    add("pruned", 1)
    there = publish_from(source, tmp_path, TODAY - DAY)
    add("never there", 3)
    add("said", 4)
    source.execute(
        "insert into meta.published_context by name select 'said' as version, 4 as publication_no"
    )
    last = publish_from(source, tmp_path, TODAY + dt.timedelta(hours=2))
    assert versions_in(source) == ["pruned", there, "said", last]
    assert number_in(last) == 5
