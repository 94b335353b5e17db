"""What is done with stamps of a wrong clock, table by table: order stands, and whose clock is wrong is found out."""

import datetime as dt
import random
from collections.abc import Iterator

import duckdb
import pytest

from assets.gate import failing_gates
from assets.shapes import raw_shapes
from orchestration.settings import PROJECT
from sources.spec.file import load_spec
from tests.conftest import END
from warehouse.errors import WarehouseError
from warehouse.load.clock import pull_back
from warehouse.load.landed_pages import ensure_raw_table
from warehouse.store.connection import open_warehouse
from warehouse.store.state import CheckRow, ensure_state, next_event, record_checks


@pytest.fixture(name="store")
def fixture_store() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_warehouse(":memory:", PROJECT / "sql" / "macros.sql")
    ensure_state(connection)
    for shape in SHAPES.values():
        ensure_raw_table(connection, shape)
    yield connection
    connection.close()


SHAPES = raw_shapes(load_spec(PROJECT / "sources" / "sources.yml"))


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, at: dt.datetime, **more: object
) -> None:
    values = {"_version_at": at, "_loaded_at": at} | more
    marks = ", ".join(f"? as {name}" for name in values)
    connection.execute(f"insert into {table} by name select {marks}", list(values.values()))


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_clock_did_the_order_of_loading_stands(
    store: duckdb.DuckDBPyConnection, seed: int
) -> None:
    """Nights under a clock that jumps ahead by years and comes back, deletions among them."""
    pick = random.Random(seed)
    true_now = END
    for number in range(30):
        true_now += dt.timedelta(hours=pick.randint(2, 30))
        ahead = pick.choice([0, 0, 0, 2, 400, 9000])
        now = true_now + dt.timedelta(days=ahead)
        pull_back(store, now, SHAPES, now)
        _insert(store, "raw.cases__agency", now, agency_code="X", name=f"{number:02}")
        store.execute(
            "insert into meta.deletion_log values ('cases', 'case', ?, 'deleted', ?, 'b')",
            [f"{number:02}", now],
        )
    pull_back(store, true_now + dt.timedelta(minutes=1), SHAPES, true_now + dt.timedelta(minutes=1))
    names = store.execute(
        "select name from raw.cases__agency order by _version_at, _loaded_at"
    ).fetchall()
    assert [name for (name,) in names] == [f"{number:02}" for number in range(30)]
    joined = store.execute(
        "select count(*) from raw.cases__agency as a join meta.deletion_log as d on d.noted_at = a._loaded_at"
    ).fetchall()
    assert joined == [(30,)], "what one night stamped keeps one stamp"
    latest = store.execute("select max(_loaded_at) from raw.cases__agency").fetchall()[0][0]
    assert latest <= true_now + dt.timedelta(minutes=1)


def _loaded(connection: duckdb.DuckDBPyConnection, *moments: dt.datetime) -> None:
    for number, at in enumerate(moments):
        connection.execute(
            "insert into meta.batch by name select ? as batch_id, ? as loaded_at",
            [f"b{number}", at],
        )


def test_a_clock_that_is_behind_changes_no_stamp_but_forgets_its_cursors(
    store: duckdb.DuckDBPyConnection,
) -> None:
    """Five days behind: what the systems say of their rows, and most loads, tell who is wrong."""
    behind = END - dt.timedelta(days=5)
    _insert(store, "raw.cases__case", behind - dt.timedelta(days=300), case_code="old")
    for number in range(12):
        _insert(store, "raw.cases__case", END, case_code=f"c{number}")
    _insert(store, "raw.cases__agency", END, agency_code="X")
    _loaded(store, behind - dt.timedelta(days=1), END - dt.timedelta(days=1), END)
    store.execute("insert into meta.cursor values ('cases', 'case', $1, $1, 'b', $1)", [END])
    assert pull_back(store, behind, SHAPES, behind) == END
    assert store.execute("select max(_loaded_at) from raw.cases__agency").fetchall() == [(END,)]
    assert store.execute("select max(loaded_at) from meta.batch").fetchall() == [(END,)]
    cursors = store.execute("select cursor_at, read_to from meta.cursor").fetchall()
    assert cursors == [(None, behind)]


def test_a_night_whose_sources_were_ahead_too_is_put_in_its_place(
    store: duckdb.DuckDBPyConnection,
) -> None:
    """One load of three lies ahead, and so do the rows it brought: those keep what their system said, with their
    time of loading; everything else of that night is dated back."""
    ahead = END + dt.timedelta(days=365)
    _insert(store, "raw.cases__case", END - dt.timedelta(days=2), case_code="old")
    for number in range(12):
        _insert(store, "raw.cases__case", ahead, case_code=f"c{number}")
    _insert(store, "raw.cases__agency", ahead, agency_code="X")
    _loaded(store, END - dt.timedelta(days=2), END - dt.timedelta(days=1), ahead)
    assert pull_back(store, END, SHAPES, END) == ahead
    assert store.execute(
        "select distinct _version_at, _loaded_at from raw.cases__case where case_code <> 'old'"
    ).fetchall() == [(ahead, ahead)]
    for query in ("max(_loaded_at) from raw.cases__agency", "max(loaded_at) from meta.batch"):
        assert store.execute(f"select {query}").fetchall()[0][0] < END
    assert pull_back(store, END + dt.timedelta(days=1), SHAPES, END) is None, "once is enough"


def test_a_clock_before_everything_stops_the_night(store: duckdb.DuckDBPyConnection) -> None:
    """A dead battery says 2001: a night by it would publish that nothing was ever received."""
    for number in range(12):
        _insert(store, "raw.cases__case", END, case_code=f"c{number}")
    _loaded(store, END)
    dead = dt.datetime(2001, 1, 1, tzinfo=END.tzinfo)
    with pytest.raises(WarehouseError, match="set the machine's clock"):
        pull_back(store, dead, SHAPES, dead)
    assert store.execute("select max(_loaded_at) from raw.cases__case").fetchall() == [(END,)]


def test_a_pinned_clock_in_the_past_touches_nothing(store: duckdb.DuckDBPyConnection) -> None:
    _insert(store, "raw.cases__agency", END, agency_code="X")
    assert pull_back(store, END - dt.timedelta(days=400), SHAPES, END) is None
    assert store.execute("select max(_version_at) from raw.cases__agency").fetchall() == [(END,)]


def test_a_night_pinned_to_a_day_before_the_machines_keeps_what_lies_between(
    store: duckdb.DuckDBPyConnection,
) -> None:
    """A replay a year ahead, then one of last week: rows that the system dates yesterday would be of the future by a
    time of loading of last week, and a day's rows of them are more than may wait in quarantine."""
    machine, ahead = END + dt.timedelta(days=9), END + dt.timedelta(days=365)
    _insert(store, "raw.cases__case", END - dt.timedelta(days=2), case_code="old")
    between = END + dt.timedelta(days=5)
    _insert(store, "raw.cases__case", between, case_code="between", _loaded_at=ahead)
    _insert(store, "raw.cases__case", END, case_code="now", _loaded_at=ahead)
    _loaded(store, END - dt.timedelta(days=2), END - dt.timedelta(days=1), ahead)
    pull_back(store, END, SHAPES, machine)
    loaded = dict(store.execute("select case_code, _loaded_at from raw.cases__case").fetchall())
    assert loaded["now"] < END
    assert loaded["between"] == ahead
    pull_back(store, between, SHAPES, machine)
    loaded = dict(store.execute("select case_code, _loaded_at from raw.cases__case").fetchall())
    assert loaded["between"] < between, "its day has come"


GATES = [("core.thing", "sound", "critical")]


def _look(connection: duckdb.DuckDBPyConnection, state: str, at: str) -> list[str]:
    """A look at a table by a clock that says `at`, and what forbids publishing then."""
    row = CheckRow("core.thing", "sound", "", "critical", "", "", "", "", 9, 3, state)
    record_checks(connection, state, [row])
    connection.execute(f"update meta.check_run set checked_at = {at} where run_id = '{state}'")
    return [f"{broken.table} {broken.rule}" for broken in failing_gates(connection, GATES)]


@pytest.mark.parametrize(("then", "tonight"), [("failed", "passed"), ("passed", "failed")])
def test_a_look_by_a_wrong_clock_gives_way_to_tonights(
    store: duckdb.DuckDBPyConnection, then: str, tonight: str
) -> None:
    """A failure of 2090 forbids nothing tonight, and a pass of 2090 hides no failure; nor does a table built then."""
    store.execute(
        "insert into meta.table_doc by name select 'core.thing' as table_name, timestamptz '2090-03-01' as built_at, "
        "? as event_no",
        [next_event(store)],
    )
    said = {"passed": [], "failed": ["core.thing sound"]}
    assert _look(store, then, "timestamptz '2090-03-02'") == said[then]
    assert _look(store, tonight, "now()") == said[tonight]
    store.execute("update meta.table_doc set event_no = ?", [next_event(store)])
    assert [broken.rule for broken in failing_gates(store, GATES)] == ["sound"], (
        "built since, and not looked at"
    )
