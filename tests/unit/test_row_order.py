"""Where a row of a published file lies tells nothing of its case: not in the file, in Parquet, or in two versions.

Belongs here: order of rows, numbers of cases, statistics of row groups. Doesn't: what columns may say
(test_privacy_labels.py, test_small_groups.py).

Before publication each case row is marked with its store number, the rank of its code; so the test knows which case
a published row is. Bounds hold for random orders but for one time in a hundred million or rarer.
"""

import datetime as dt
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from demo.world import World
from tests.support.truth_warehouse import TruthWarehouse
from tests.support.warehouse_case import CENTRE, EXTERNAL, SQL
from warehouse.errors import PublicationError
from warehouse.models.catalog import load_catalog
from warehouse.publication import row_order
from warehouse.publication.publish import publish
from warehouse.store.connection import open_warehouse
from warehouse.store.state import PUBLISHED_STATE, RunContext, ensure_state, set_run_context

END = dt.datetime(2023, 6, 20, 1, 30, tzinfo=dt.timezone(dt.timedelta(hours=7)))
# The columns that carry the mark, instead of what they say.
MARKED = {"marts.case_fact": "pause_days", "marts.at_risk": "working_days_left"}
PUBLISHED = [model.table for model in load_catalog(SQL, EXTERNAL).published()]
GROUP = 122_880


@dataclass
class Published:
    """A version's folder and an open reader of its file."""

    folder: Path
    reader: duckdb.DuckDBPyConnection

    def sources(self, table: str) -> dict[str, str]:
        """The table in the file and in Parquet, each with the column that says where a row lies."""
        twin = (self.folder / table.replace(".", "/")).with_suffix(".parquet")
        return {
            table: "rowid",
            f"read_parquet('{twin}', file_row_number = true)": "file_row_number",
        }

    def marks(self, table: str, source: str = "") -> list[tuple[int, int]]:
        """Number and mark of each row as the rows lie."""
        source = source or table
        place = self.sources(table)[source]
        return self.reader.execute(
            f"select case_no, {MARKED[table]} from {source} order by {place}"
        ).fetchall()


def published(connection: duckdb.DuckDBPyConnection, folder: Path, tables: list[str]) -> Published:
    made = publish(connection, folder, tables, run_id="t", code_version="t")
    return Published(made.path.parent, duckdb.connect(str(made.path), read_only=True))


def correlation(pairs: list[tuple[int, int]]) -> float:
    """Spearman's: of the ranks, here without ties."""
    ranks = [
        dict(zip(sorted(side), itertools.count(), strict=False))
        for side in zip(*pairs, strict=True)
    ]
    size, middle = len(pairs), (len(pairs) - 1) / 2
    products = sum((ranks[0][a] - middle) * (ranks[1][b] - middle) for a, b in pairs)
    return products / (size * (size**2 - 1) / 12)


def chance(size: int) -> float:
    """Six standard deviations of a correlation between orders that have nothing to do with each other."""
    return 6 / math.sqrt(size - 1)


def tells(numbers: list[int]) -> float:
    """How much these ranks follow where they lie, or their neighbours."""
    places = list(enumerate(numbers))
    return max(abs(correlation(places)), abs(correlation(list(itertools.pairwise(numbers)))))


@pytest.fixture(scope="module", name="store")
def fixture_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A small Centre with every published table, its case rows marked, a third of its cases at risk."""
    world = World.build(seed=18, end=END, years=0.6, cases_per_year=3000, procedures=100)
    warehouse = TruthWarehouse(tmp_path_factory.mktemp("truth"), tuple(PUBLISHED))
    warehouse.show(world.truth(END), END)
    warehouse.connection.execute(
        "insert into marts.at_risk by name select case_no from marts.case_fact "
        "where case_no % 3 = 0 and case_no not in (select case_no from marts.at_risk)"
    )
    for table, column in MARKED.items():
        warehouse.connection.execute(f"update {table} set {column} = case_no")
    yield warehouse.connection
    warehouse.connection.close()


@pytest.fixture(scope="module", name="version")
def fixture_version(
    store: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory
) -> Published:
    return published(store, tmp_path_factory.mktemp("published"), [*PUBLISHED, *PUBLISHED_STATE])


def test_the_store_numbers_cases_by_codes_and_these_tell_the_time(
    store: duckdb.DuckDBPyConnection,
) -> None:
    """What must not come out is there: the measure sees it."""
    rows = store.execute(
        "select n.case_no, row_number() over (order by c.received_at, c.case_code) from core.case_number as n "
        "join core.fct_case as c using (case_code) order by n.case_code"
    ).fetchall()
    assert len(rows) > 500
    assert [number for number, _ in rows] == list(range(1, len(rows) + 1))
    assert tells([received for _, received in rows]) > 0.9


@pytest.mark.parametrize("table", MARKED)
def test_rows_of_cases_lie_by_numbers_that_tell_nothing(
    store: duckdb.DuckDBPyConnection, version: Published, table: str
) -> None:
    received = dict(
        store.execute(
            "select n.case_no, row_number() over (order by c.received_at, c.case_code) from core.case_number as n "
            "join core.fct_case as c using (case_code)"
        ).fetchall()
    )
    for source in version.sources(table):
        rows = version.marks(table, source)
        numbers, marks = [row[0] for row in rows], [row[1] for row in rows]
        assert len(rows) > 300, "too few for a correlation to say anything"
        assert numbers == sorted(set(numbers))
        assert tells(marks) < chance(len(rows) - 1)
        assert tells([received[mark] for mark in marks]) < chance(len(rows) - 1)
        assert abs(correlation(rows)) < chance(len(rows))


def test_numbers_run_from_one_and_are_a_cases_own_in_every_table(version: Published) -> None:
    facts = version.marks("marts.case_fact")
    assert [number for number, _ in facts] == list(range(1, len(facts) + 1))
    assert sorted(mark for _, mark in facts) == list(range(1, len(facts) + 1))
    assert set(version.marks("marts.at_risk")) <= set(facts)
    for table in MARKED:
        in_file, in_parquet = (version.marks(table, source) for source in version.sources(table))
        assert in_file == in_parquet


def test_two_versions_side_by_side_match_no_better_than_chance(
    store: duckdb.DuckDBPyConnection, version: Published, tmp_path: Path
) -> None:
    """Published again from the same night, and from one with other cases: by number, by place, by neighbours."""
    again = published(store, tmp_path, list(MARKED))
    store.execute("create or replace temp table kept as from marts.case_fact")
    store.execute("delete from marts.case_fact where case_no % 40 = 0")
    later = published(store, tmp_path, list(MARKED))
    store.execute("delete from marts.case_fact")
    store.execute("insert into marts.case_fact from kept")
    sides = [one.marks("marts.case_fact") for one in (version, again, later)]
    assert len(sides[2]) < len(sides[1]) == len(sides[0])
    for left, right in itertools.combinations(sides, 2):
        there = {mark: number for number, mark in right}
        both = [(number, there[mark]) for number, mark in left if mark in there]
        assert abs(correlation(both)) < chance(len(both))
        # One on average; thirteen come once in ten thousand million pairs of versions.
        assert sum(a == b for a, b in both) < 13
        assert sum(abs(a - b) == 1 for a, b in both) < 20
        neighbours = [set(itertools.pairwise(mark for _, mark in side)) for side in (left, right)]
        assert len(neighbours[0] & neighbours[1]) < 13
        # Laid side by side as they lie, whoever compares them line by line.
        assert sum(a[1] == b[1] for a, b in zip(left, right, strict=False)) < 13


def test_every_other_table_lies_by_what_stands_in_it(version: Published) -> None:
    others = [table for table in (*PUBLISHED, *PUBLISHED_STATE) if table not in MARKED]
    filled = 0
    for table in others:
        for source, place in version.sources(table).items():
            lie, sort = (
                version.reader.execute(
                    f"select * {'exclude (file_row_number)' if place != 'rowid' else ''} from {source} order by {by}"
                ).fetchall()
                for by in (place, "all")
            )
            assert lie == sort, source
            filled += len(lie) > 1
    assert filled > 30


def make_source(query: str) -> duckdb.DuckDBPyConnection:
    source = open_warehouse(":memory:", SQL / "macros.sql")
    ensure_state(source)
    set_run_context(source, RunContext(END, CENTRE, "t"))
    source.execute(f"create table marts.visits as {query}")
    return source


def test_every_row_group_spans_everything(tmp_path: Path) -> None:
    """Minima and maxima that readers skip by: a table of any name, found by its column; the last group is short."""
    size = 2 * GROUP + 30_000
    source = make_source(
        "select case_no, band, date '2023-01-01' + cast(band as integer) as day, 'x' || (band + 10) as word from "
        f"(select n as case_no, (n - 1) * 50 // {size} as band from range(1, {size} + 1) as r (n)) order by case_no"
    )
    before = source.execute(
        f"select min(band), max(band) from marts.visits group by rowid // {GROUP}"
    ).fetchall()
    assert sorted(before)[0][1] < 49, "by codes, the first group ends long before the last band"
    version = published(source, tmp_path, ["marts.visits"])
    source.close()
    twin = version.folder / "marts" / "visits.parquet"
    groups = version.reader.execute(
        f"select path_in_schema, stats_min_value, stats_max_value, count(*) from parquet_metadata('{twin}') "
        "where path_in_schema <> 'case_no' group by all order by all"
    ).fetchall()
    assert groups == [
        ("band", "0", "49", 3),
        ("day", "2023-01-01", "2023-02-19", 3),
        ("word", "x10", "x59", 3),
    ]
    segments = version.reader.execute(
        "select column_name, row_group_id, count, stats from pragma_storage_info('marts.visits') "
        "where column_name in ('band', 'day') and segment_type <> 'VALIDITY'"
    ).fetchall()
    assert {(name, group) for name, group, *_ in segments} == {
        (name, group) for name in ("band", "day") for group in range(3)
    }
    assert all(count > 2000 for *_, count, _ in segments)
    spans = {(name, str(stats["min"]), str(stats["max"])) for name, *_, stats in segments}
    assert spans == {("band", "0", "49"), ("day", "2023-01-01", "2023-02-19")}


def test_rows_in_another_order_are_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new file is read as readers will; nothing of the draw is left, whether it was published or not."""
    source = make_source("select 100 - n as case_no from range(100) as r (n) order by n")
    with monkeypatch.context() as patched:
        patched.setattr(
            row_order, "_by_number", lambda table: f"select * from {table} order by case_no desc"
        )
        with pytest.raises(
            PublicationError, match=r"marts\.visits don't lie by their random numbers"
        ):
            published(source, tmp_path, ["marts.visits"])
    assert not (tmp_path / "current").exists()
    assert list((tmp_path / "versions").iterdir()) == []
    published(source, tmp_path, ["marts.visits"])
    left = source.execute("select table_name from duckdb_tables() where temporary").fetchall()
    assert left == []
