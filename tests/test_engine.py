"""DuckDB's known wrong answer: a join over a LIMIT is right on our connections, and no file of ours asks for one."""

import re
from pathlib import Path

import duckdb
import pytest

from orchestration import doctor
from orchestration.definitions import wire
from orchestration.settings import Settings
from tests.suite_files import ENTRY, write
from tests.test_architecture import MODULES, ROOT
from tests.warehouse_case import SQL
from warehouse import engine
from warehouse.connection import Limits, open_published, open_warehouse
from warehouse.engine import connect, is_affected
from warehouse.errors import CatalogError

CASES = "create table cases as select i as id, (i * 7919) % 100003 as days from range(100000) r (i)"
LATE = "create table late as select i * 10 as id from range(1000) r (i)"
QUERY = (
    "select count(*) from (select id from cases order by days, id limit 1000) join late using (id)"
)
RIGHT = 10  # counted by hand: the thousand cases with the fewest days hold ten of the late ones
TIMES = 60  # without the remedy a third of the answers is wrong


def answers(connection: duckdb.DuckDBPyConnection) -> set[int]:
    return {row[0] for _ in range(TIMES) for row in connection.execute(QUERY).fetchall()}


@pytest.mark.parametrize("threads", [2, 4])
def test_a_join_over_a_limit_is_right_on_our_connections(tmp_path: Path, threads: int) -> None:
    """In the warehouse, in its cursors (Great Expectations has one), in a published file, in a scratch database."""
    path = tmp_path / "warehouse.duckdb"
    with open_warehouse(path, SQL / "macros.sql", Limits(threads=threads)) as warehouse:
        for statement in (CASES, LATE):
            warehouse.execute(statement)
        assert answers(warehouse) == {RIGHT}
        assert answers(warehouse.cursor()) == {RIGHT}
    with open_published(path) as published:
        published.execute(f"set threads = {threads}")
        assert answers(published) == {RIGHT}
    with connect() as scratch:
        scratch.execute(f"set threads = {threads}; {CASES}; {LATE}")
        assert answers(scratch) == {RIGHT}


def test_the_known_versions() -> None:
    right = ("1.0.0", "2.0.0", "2.0.1", "2.1.0")
    wrong = ("1.1.0", "1.2.2", "1.3.2", "1.4.5", "1.5.0", "1.5.6")
    assert {version: is_affected(version) for version in (*right, *wrong)} == {
        **dict.fromkeys(right, False),
        **dict.fromkeys(wrong, True),
    }
    with connect() as connection:
        said = connection.execute("select current_setting('disabled_optimizers')").fetchone()
    assert said == ("join_filter_pushdown" if is_affected(duckdb.__version__) else "",)


def test_nothing_of_ours_opens_duckdb_by_itself() -> None:
    opening = {
        str(path.relative_to(ROOT))
        for path in MODULES
        if re.search(r"\bduckdb\.(?:connect|sql|query|execute)\(", path.read_text(encoding="utf-8"))
    }
    assert opening == {"warehouse/engine.py"}


@pytest.mark.parametrize(("version", "words"), [("1.5.6", "docs/bi.md"), ("2.0.1", "DuckDB 2.0.1")])
def test_the_doctor_names_the_engine(
    version: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.duckdb, "__version__", version)
    settings = Settings.load(home=tmp_path, _env_file=None)
    (found,) = [f for f in doctor.examine(settings, call_sources=False) if f.subject == "engine"]
    assert found.state == "ok"
    assert f"DuckDB {version}" in found.message
    assert words in found.message


def test_a_rule_with_a_limit_is_refused_by_name(tmp_path: Path) -> None:
    query = "select a.* from {batch} as a join (select staff_code from core.dim_staff limit 3) using (staff_code)"
    entry = ENTRY | {
        "type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": query},
    }  # fmt: skip
    suite = write(tmp_path, entry, table="staging.staff", key=["staff_code"])
    suite.rename(tmp_path / "staging.staff.yml")
    with pytest.raises(CatalogError, match=r"code_present takes the first rows of .*qualify"):
        wire(Settings.load(home=tmp_path, _env_file=None), suites_folder=tmp_path)
