"""A clock that ran ahead for a night and was set right again: what it stamped rules no later night.

The volumes of days that haven't come are in tests/sql/core.daily_volume.
"""

from collections.abc import Iterator

import duckdb
import pytest

from assets.publish import failing_gates
from orchestration.settings import PROJECT
from warehouse.connection import open_warehouse
from warehouse.state import ensure_state

GATES = [("core.thing", "sound", "critical")]


@pytest.fixture(name="connection")
def fixture_connection() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_warehouse(":memory:", PROJECT / "sql" / "macros.sql")
    ensure_state(connection)
    connection.execute(
        "insert into meta.table_doc by name select 'core.thing' as table_name, now() - interval 1 hour as built_at"
    )
    yield connection
    connection.close()


def _check(connection: duckdb.DuckDBPyConnection, state: str, when: str) -> None:
    connection.execute(
        "insert into meta.check_run by name select 'core.thing' as table_name, 'sound' as rule, ? as state, "
        f"3 as failed, 'critical' as severity, {when} as checked_at",
        [state],
    )


def test_a_failure_from_the_future_gives_way_to_tonights_result(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    _check(connection, "failed", "now() + interval 30 day")
    assert failing_gates(connection, GATES) == ["core.thing: sound (3)"]
    _check(connection, "passed", "now()")
    assert failing_gates(connection, GATES) == []


def test_a_pass_from_the_future_hides_no_failure_of_tonight(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    _check(connection, "passed", "now() + interval 30 day")
    assert failing_gates(connection, GATES) == []
    _check(connection, "failed", "now()")
    assert failing_gates(connection, GATES) == ["core.thing: sound (3)"]
