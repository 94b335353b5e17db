"""The working calendar: every due date of six years against a calendar typed by hand; years without an official one."""

import datetime as dt
from collections.abc import Iterator

import pytest

from expectations.runner import run_suites
from expectations.suite import load_suites
from tests.oracle.workdays import is_working
from tests.support.warehouse_case import AS_OF, CENTRE, SQL, CaseWarehouse
from warehouse.models.seeds import load_seed
from warehouse.store.state import RunContext, set_run_context

ONE_DAY = dt.timedelta(days=1)
FIRST, LAST = dt.date(2021, 1, 1), dt.date(2026, 12, 31)
LIMIT = 30


@pytest.fixture(scope="module")
def warehouse() -> Iterator[CaseWarehouse]:
    made = CaseWarehouse()
    yield made
    made.connection.close()


def _rebuild(warehouse: CaseWarehouse, as_of: dt.datetime, *tables: str) -> None:
    set_run_context(warehouse.connection, RunContext(as_of, CENTRE, "calendar"))
    for table in tables:
        query = warehouse.catalog.models[table].query
        warehouse.connection.execute(f"create or replace table {table} as {query}")


def test_every_due_date_of_six_years(warehouse: CaseWarehouse) -> None:
    """A case received on each day with each limit from 0 to 30, through the model, against counted days.

    The properties follow: due on a working day, monotone in start and limit, and counting back gives n.
    """
    connection = warehouse.connection
    connection.execute(
        f"""
        insert into staging.procedure by name
        select 'P' || n as procedure_code, n as time_limit_value, 'working_day' as time_limit_unit
        from range({LIMIT + 1}) as r (n);
        insert into staging.case by name
        select 'P' || n as procedure_code, strftime(d, '%Y-%m-%d') || '/' || n as case_code, [] as pauses,
            [] as extensions, d::timestamptz + interval 9 hour as received_at
        from range(date '{FIRST}', date '{LAST}', interval 1 day) as t (d)
        cross join range({LIMIT + 1}) as r (n)
        """
    )
    tables = ("core.dim_calendar_year", "core.dim_date", "core.dim_working_day", "core.dim_procedure", "core.viewpoint",
              "core.seen_case", "core.original_due", "core.fct_extension", "core.clock_event",
              "core.fct_case_due")  # fmt: skip
    _rebuild(warehouse, dt.datetime(2026, 12, 31, 1, 30, tzinfo=AS_OF.tzinfo), *tables)
    found = connection.execute("select case_code, due_on from core.fct_case_due").fetchall()
    for table in ("staging.case", "staging.procedure"):
        connection.execute(f"delete from {table}")
    assert len(found) == ((LAST - FIRST).days) * (LIMIT + 1)
    worked = [day for day in _days(FIRST, LAST + 90 * ONE_DAY) if is_working(day)]
    done: dict[dt.date, int] = {}  # working days up to and with a day
    count = 0
    for day in _days(FIRST, LAST):
        count += is_working(day)
        done[day] = count
    wrong = []
    for code, due in found:
        text, limit = code.split("/")
        start = dt.date.fromisoformat(text)
        place = done[start] + int(limit) - 1
        if limit == "0" and not is_working(start):
            place += 1
        # 2027 isn't official yet, so the hand-typed calendar ends with 2026.
        if place < done[LAST - ONE_DAY] and due != worked[place]:
            wrong.append((code, due, worked[place]))
    assert wrong == []


def _days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    while first <= last:
        yield first
        first += ONE_DAY


def _document(**more: object) -> dict[str, object]:
    """A day off of 2027 as a dropped file gives it."""
    return {
        "day": "2027-01-04", "is_working": False, "scope": "ALL", "document_no": "9/TB-BNV", "status": None,
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("as_of", "document", "awaited", "provisional"),
    [
        ("2026-09-30T23:30:00+07:00", None, [], {2027, 2028}),
        ("2026-10-01T00:30:00+07:00", None, [2027], {2027, 2028}),
        ("2026-12-31T23:30:00+07:00", None, [2027], {2027, 2028}),
        ("2027-01-01T00:30:00+07:00", None, [2027], {2027, 2028, 2029}),
        ("2027-11-02T00:30:00+07:00", None, [2027, 2028], {2027, 2028, 2029}),
        ("2026-12-01T00:30:00+07:00", _document(), [], {2028}),
        ("2026-12-01T00:30:00+07:00", _document(scope="toàn quốc", status="official"), [], {2028}),
        ("2026-12-01T00:30:00+07:00", _document(status="unconfirmed"), [2027], {2027, 2028}),
        ("2026-12-01T00:30:00+07:00", _document(document_no=None), [2027], {2027, 2028}),
        ("2026-12-01T00:30:00+07:00", _document(scope="H37.16"), [2027], {2027, 2028}),
        ("2023-06-06T00:30:00+07:00", None, [], set()),
        ("2035-05-01T00:30:00+07:00", None, [2035], set(range(2027, 2038))),
    ],
)
def test_a_year_without_an_official_calendar_is_told_and_never_stops(
    warehouse: CaseWarehouse, as_of: str, document: dict[str, object] | None, awaited: list[int],
    provisional: set[int],
) -> None:  # fmt: skip
    """Official years are a seed; a dropped document for the whole country that names a day of one makes it so."""
    load_seed(warehouse.connection, "seeds.calendar_years", SQL / "seeds" / "calendar_years.csv")
    warehouse.fill("staging.calendar_override", [document] if document else [])
    tables = ("core.dim_calendar_year", "core.dim_date")
    _rebuild(warehouse, dt.datetime.fromisoformat(as_of), *tables)
    suites = load_suites()
    outcomes = run_suites(warehouse.connection, [suites[table] for table in tables])
    warehouse.fill("staging.calendar_override", [])
    assert not [o.rule for o in outcomes if o.blocks]
    told = {o.rule: o.failing_keys for o in outcomes if o.state == "failed"}
    assert [int(key) for key in told.get("awaited_calendar_is_here", ())] == awaited
    found = warehouse.rows(
        "select distinct year(day) as year from core.dim_date where is_provisional"
    )
    # Up to the last year that meta.calendar_year shows; all later ones wait for their calendar too.
    shown = dt.datetime.fromisoformat(as_of).year + 2
    assert {row["year"] for row in found if row["year"] <= shown} == provisional
    assert {row["year"] for row in found if row["year"] > shown} == set(
        range(max(shown, 2026) + 1, 2100)
    )
