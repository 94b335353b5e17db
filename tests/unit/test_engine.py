"""DuckDB's known wrong answer: a join over a LIMIT is right on our connections, and no file of ours asks for one."""

from pathlib import Path

import duckdb
import pytest

from orchestration.definitions import wire
from orchestration.operating import doctor
from orchestration.settings import Settings
from tests.support.suite_files import ENTRY, write
from tests.support.warehouse_case import SQL
from warehouse.errors import CatalogError
from warehouse.store import engine
from warehouse.store.connection import Limits, open_published, open_warehouse
from warehouse.store.engine import is_affected

CASES = "create table cases as select i as id, (i * 7919) % 100003 as days from range(100000) r (i)"
LATE = "create table late as select i * 10 as id from range(1000) r (i)"
QUERY = (
    "select count(*) from (select id from cases order by days, id limit 1000) join late using (id)"
)
RIGHT = 10  # counted by hand: the thousand cases with the fewest days hold ten of the late ones
TIMES = 60  # DuckDB 1.5 answers wrongly in a third of the times and more


def answers(connection: duckdb.DuckDBPyConnection) -> set[int]:
    return {row[0] for _ in range(TIMES) for row in connection.execute(QUERY).fetchall()}


@pytest.mark.parametrize("threads", [2, 4])
def test_a_join_over_a_limit_is_right_on_our_connections(tmp_path: Path, threads: int) -> None:
    """In the warehouse, in its cursors (Great Expectations has one), in a published file."""
    path = tmp_path / "warehouse.duckdb"
    with open_warehouse(path, SQL / "macros.sql", Limits(threads=threads)) as warehouse:
        for statement in (CASES, LATE):
            warehouse.execute(statement)
        assert answers(warehouse) == {RIGHT}
        assert answers(warehouse.cursor()) == {RIGHT}
    with open_published(path) as published:
        published.execute(f"set threads = {threads}")
        assert answers(published) == {RIGHT}


def test_the_known_versions() -> None:
    right = ("1.0.0", "2.0.0", "2.0.1", "2.1.0")
    wrong = ("1.1.0", "1.2.2", "1.3.2", "1.4.5", "1.5.0", "1.5.6")
    assert {version: is_affected(version) for version in (*right, *wrong)} == {
        **dict.fromkeys(right, False),
        **dict.fromkeys(wrong, True),
    }
    assert not is_affected(duckdb.__version__), "the night's own"


@pytest.mark.parametrize(("version", "state"), [("1.5.6", "bad"), ("2.0.1", "ok")])
def test_the_doctor_names_the_engine(
    version: str, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.duckdb, "__version__", version)
    settings = Settings.load(home=tmp_path, _env_file=None)
    (found,) = [f for f in doctor.examine(settings, call_sources=False) if f.subject == "engine"]
    assert found.state == state
    assert f"DuckDB {version}" in found.message
    assert bool(found.remedy) == (state == "bad")


def test_a_rule_with_a_limit_is_refused_by_name(tmp_path: Path) -> None:
    query = "select a.* from {batch} as a join (select staff_code from core.dim_staff limit 3) using (staff_code)"
    entry = ENTRY | {
        "type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": query},
    }  # fmt: skip
    suite = write(tmp_path, entry, table="staging.staff", key=["staff_code"])
    suite.rename(tmp_path / "staging.staff.yml")
    with pytest.raises(CatalogError, match=r"code_present takes the first rows of .*qualify"):
        wire(Settings.load(home=tmp_path, _env_file=None), suites_folder=tmp_path)
