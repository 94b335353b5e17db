"""The lateness budget against brute force, and the forecast against 24 simulated months.

The models' own text runs on tables filled here, so a rule is tested as it stands in sql/.
"""

import datetime as dt
import random
from fractions import Fraction

import duckdb
import pytest

from orchestration.settings import PROJECT
from warehouse.models.catalog import parse_models

SQL = PROJECT / "sql"


def query(name: str) -> str:
    (model,) = parse_models(SQL / "marts" / f"{name}.sql", SQL)
    return model.query


def most_more(good: int, whole: int, comparison: str, target: Fraction) -> int:
    """The largest k with the share still passing when k of the counted ones fail as well."""
    passes = (lambda x: x > target) if comparison == ">" else (lambda x: x >= target)
    k = good
    while not passes(Fraction(good - k, whole)):
        k -= 1
        if k < good - whole - 1:
            break
    return k


@pytest.mark.parametrize(
    ("comparison", "target"), [(">", "0.99"), (">=", "0.98"), (">=", "0.85"), (">", "0.987654")]
)
def test_budget_equals_brute_force(comparison: str, target: str) -> None:
    pick = random.Random(5)
    places = [
        (whole, late)
        for whole in (1, 2, 99, 100, 101, 200, 201)
        for late in range(min(whole, 4) + 1)
    ]
    places += [
        (whole, pick.randrange(min(25, whole + 1)))
        for whole in (pick.randrange(1, 2001) for _ in range(700))
    ]
    connection = duckdb.connect()
    connection.execute("create schema marts; create schema seeds")
    rows = [(f"k{i}", whole - late, whole) for i, (whole, late) in enumerate(places)]
    connection.execute(
        "create table seeds.given (kpi_id varchar, numerator bigint, denominator bigint)"
    )
    connection.executemany("insert into seeds.given values (?, ?, ?)", rows)
    connection.execute(
        """
        create table marts.kpi_value as select *, 'A' as variant, 'ytd' as period_kind, 'ALL' as agency_code,
            date '2023-01-01' as period_start, date '2023-06-30' as period_end, numerator / denominator as value,
            $comparison as comparison, cast($target as double) as target, 'met' as status,
            false as is_provisional, false as rests_on_provisional_calendar, false as lacks_source,
            null as unconnected_systems, now() as data_as_of
            from seeds.given
        """,
        {"comparison": comparison, "target": target},
    )
    connection.execute(
        "create table seeds.kpi as select kpi_id, '1' as position, kpi_id as label_vi, kpi_id as label_en, "
        "'ratio' as unit, 'A' as headline_variant, 'ytd' as headline_period_kind from seeds.given"
    )
    found = connection.execute(
        f"select kpi_id, lateness_budget from ({query('scorecard')})"
    ).fetchall()
    wanted = {
        kpi: most_more(good, whole, comparison, Fraction(target)) for kpi, good, whole in rows
    }
    assert dict(found) == wanted


def forecasts(seed: int, months: int) -> list[tuple[float, float, float, float]]:
    """(forecast, low, high, actual) of each running month of a simulated Centre, seen on its 15th."""
    pick = random.Random(seed)
    connection = duckdb.connect()
    connection.execute(
        """
        create schema marts; create schema core; create schema meta;
        create table core.dim_date as
        select cast(day as date) as day,
            cast(count(*) filter (isodow(day) <= 5) over (order by day) as integer) as working_day_no
        from generate_series(timestamp '2018-12-01', timestamp '2023-01-31', interval 1 day) as g (day);
        create table meta.run_context (as_of_on date);
        create table marts.days (day date, numerator bigint, denominator bigint)
        """
    )
    days = []
    share = {}
    day = dt.date(2019, 1, 1)
    while day < dt.date(2023, 1, 1):
        month = day.replace(day=1)
        share.setdefault(month, min(1.0, pick.gauss(0.985, 0.006)))
        if day.isoweekday() <= 5:
            count = pick.randint(15, 45)
            days.append((day, sum(pick.random() < share[month] for _ in range(count)), count))
        day += dt.timedelta(days=1)
    connection.executemany("insert into marts.days values (?, ?, ?)", days)
    connection.execute(
        """
        create view marts.kpi_value as
        with all_days as (
            select 'day' as period_kind, day as period_start, day as period_end, numerator, denominator
            from marts.days where day < (select as_of_on from meta.run_context)
            union all
            select 'month', month_on, last_day(month_on), n, d from (
                select cast(date_trunc('month', day) as date) as month_on, sum(numerator) as n, sum(denominator) as d
                from marts.days group by 1)
        )
        select 'on_time' as kpi_id, 'A' as variant, true as is_headline, 'ALL' as agency_code,
            '>' as comparison, 0.99 as target, *, numerator / denominator as value from all_days
        """
    )
    connection.execute("create view marts.kpi_measure as from marts.kpi_value")
    connection.execute((PROJECT / "sql" / "macros.sql").read_text(encoding="utf-8"))
    found = []
    for number in range(48 - months, 48):
        start = dt.date(2019 + number // 12, number % 12 + 1, 1)
        connection.execute("delete from meta.run_context")
        connection.execute("insert into meta.run_context values (?)", [start.replace(day=15)])
        row = connection.execute(
            f"select f.forecast_value, f.low_value, f.high_value, v.value, f.backtest_month_count, "
            f"f.backtest_coverage, f.backtest_mean_error from ({query('forecast')}) as f join marts.kpi_value as v "
            "on v.period_kind = 'month' and v.period_start = f.period_start"
        ).fetchone()
        assert row is not None
        forecast, low, high, actual, tried, coverage, error = row
        assert 0 <= low <= forecast <= high <= 1
        assert tried >= 9
        assert 0.5 <= coverage <= 1
        assert 0 < error < 0.02
        found.append((forecast, low, high, actual))
    return found


@pytest.mark.slow
def test_intervals_cover_what_they_promise() -> None:
    tried = [row for seed in range(4) for row in forecasts(seed, 24)]
    covered = sum(low <= actual <= high for _, low, high, actual in tried) / len(tried)
    assert len(tried) == 96
    assert 0.72 <= covered <= 0.94, covered
    width = sum(high - low for _, low, high, _ in tried) / len(tried)
    assert width < 0.02, "an interval as wide as the question answers nothing"
    error = sum(abs(forecast - actual) for forecast, *_, actual in tried) / len(tried)
    naive = sum(abs(0.985 - actual) for *_, actual in tried) / len(tried)
    assert error < naive, "the forecast knows the half month that has passed"
