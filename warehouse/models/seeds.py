"""Seeds: the data that rules read (targets, code maps, calendars), as tables of text.

Belongs here: loading sql/seeds/*.csv and the public holidays of the `holidays` package.
Doesn't: typing or overriding them (staging and core do).
"""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import duckdb

from common import quoting

# The calendar that every model counts by; core.dim_date spans the same years. A due day lies in none later.
CALENDAR_YEARS = range(2010, 2100)


def load_seed(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> int:
    """Replace one seed table by its CSV file; every column is text, blank is null. Returns rows."""
    connection.execute(
        f"""
        create or replace table {table} as
        select * from read_csv($path, all_varchar = true, header = true, delim = ',', quote = '"',
                               escape = '"', nullstr = '', strict_mode = true)
        """,
        {"path": quoting.one_path(path)},
    )
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def load_seeds(connection: duckdb.DuckDBPyConnection, seeds: Mapping[str, Path]) -> None:
    """Load every seed, `seeds` by table, and the public holidays of the holidays package."""
    for table, path in seeds.items():
        load_seed(connection, table, path)
    load_public_holidays(connection)


def load_public_holidays(connection: duckdb.DuckDBPyConnection) -> int:
    """Write seeds.public_holidays: the package's days off and make-up Saturdays.

    One row a day that the package says something about: day, is_working, name. The package is wrong
    for some days of 2026; seeds.calendar_overrides and dropped files correct it in core.dim_date.
    """
    # Takes as long to load as the command line itself, and only a night asks.
    import holidays

    calendar = holidays.country_holidays("VN", years=CALENDAR_YEARS, language="vi")
    rows: list[tuple[dt.date, bool, str]] = [
        (day, False, name) for day, name in sorted(calendar.items())
    ]
    rows += [(day, True, "Ngày làm bù") for day in sorted(calendar.weekend_workdays)]
    connection.execute(
        "create or replace table seeds.public_holidays (day date, is_working boolean, name varchar)"
    )
    days, kinds, names = zip(*rows, strict=True)
    connection.execute(
        "insert into seeds.public_holidays select unnest($days), unnest($kinds), unnest($names)",
        {"days": list(days), "kinds": list(kinds), "names": list(names)},
    )
    return len(rows)
