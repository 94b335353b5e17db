"""A night and the night after on any day, in memory and in seconds, for the sweep over three years of days.

Belongs here: real loading, the whole catalogue with its row rules, cap and grains, every critical rule as one
statement. Doesn't: HTTP, publication, reports and Great Expectations, which cost five times as much and which
test_hard_days.py has on chosen days; test_sweep.py shows that the statements say what Great Expectations says.
"""

import datetime as dt
import functools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb

from demo.world import World
from tests.support.hard_worlds import world_of
from tests.support.plain_night import blocking_words, blocks, parts_of
from tests.support.statements import judged
from tests.support.truth_warehouse import LISTS, load_rows
from tests.support.warehouse_case import CENTRE, SHAPES
from warehouse.errors import ContractError, QuarantineError
from warehouse.models.build import Builder
from warehouse.models.seeds import load_seeds
from warehouse.store.connection import Limits, open_warehouse
from warehouse.store.state import RunContext, ensure_state, set_run_context

FIRST, LAST = dt.date(2026, 1, 1), dt.date(2028, 12, 31)
KINDS = ("small", "empty")
CAP = 0.01


def every_day() -> list[str]:
    """2026-01-01 to 2028-12-31."""
    return [str(FIRST + dt.timedelta(days=n)) for n in range((LAST - FIRST).days + 1)]


def two_nights(kind: str, now: dt.datetime, folder: Path) -> list[str]:
    """What would stop the night at `now` and the one a day later: nothing, beside a healthy world."""
    world = world_of(kind, now)
    with closing(fresh_home()) as connection:
        return [
            f"{moment:%Y-%m-%d}: {found}"
            for moment in (now, now + dt.timedelta(days=1))
            for found in night(connection, world, moment, folder)
        ]


def fresh_home() -> duckdb.DuckDBPyConnection:
    """An empty warehouse in memory, with state and seeds."""
    parts = parts_of()
    connection = open_warehouse(":memory:", macros(), Limits(threads=1))
    ensure_state(connection)
    load_seeds(connection, parts.catalog.seeds)
    return connection


@functools.cache
def macros() -> Path:
    """The file of macros."""
    return next(iter(parts_of().catalog.seeds.values())).parent.parent / "macros.sql"


def night(
    connection: duckdb.DuckDBPyConnection, world: World, now: dt.datetime, folder: Path
) -> Iterator[str]:
    """Load what the world knows at `now`, build, check; whatever would stop a night."""
    parts, truth = parts_of(), world.truth(now)
    for table, shape in SHAPES.items():
        load_rows(connection, shape, truth.get(LISTS.get(table, ""), []), now, folder)
    set_run_context(connection, RunContext(now, CENTRE, f"{now}"))
    builder = Builder(connection, parts.catalog.models.values(), now)
    for model in parts.catalog.models.values():
        try:
            builder.build(model, parts.rules.get(model.table, ()), CAP)
        except (duckdb.Error, ContractError, QuarantineError) as error:
            yield f"{model.table} isn't built: {error}"
            return
    yield from map(blocking_words, filter(blocks, judged(connection, parts.suites.values())))
