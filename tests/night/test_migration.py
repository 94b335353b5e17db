"""Upgrading: a warehouse file that release 0.1.0 wrote (commit 966224a, a night over 150 simulated cases)."""

import gzip
from pathlib import Path

import pytest

from figures.overlay import open_overlay
from figures.restate import restate
from orchestration.settings import PROJECT
from tests.support.restated_ledger import Ledger
from tests.support.warehouse_case import EXTERNAL, SHAPES, SQL
from warehouse.errors import WarehouseError
from warehouse.load.landed_pages import ensure_raw_table
from warehouse.models.build import Builder
from warehouse.models.catalog import load_catalog
from warehouse.models.seeds import load_seeds
from warehouse.persons.erasure import rebuild_file
from warehouse.store.connection import open_warehouse
from warehouse.store.migrations import NEWEST, migrate, steps
from warehouse.store.state import ensure_state

FIXTURE = PROJECT / "tests" / "fixtures" / "warehouse-0.1.0.duckdb.gz"
FIGURES = """
    select kpi_id, variant, period_kind, period_start, agency_code, numerator, denominator
    from marts.kpi_measure where kpi_id in ('on_time', 'online_cases', 'very_satisfied') order by all
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(gzip.decompress(FIXTURE.read_bytes()))
    return path


@pytest.mark.slow
def test_a_file_of_the_first_release_goes_on_with_equal_figures(old: Path) -> None:
    connection = open_warehouse(old, SQL / "macros.sql")
    before = connection.execute(FIGURES).fetchall()
    # The hash is over the columns there are; those of this release are more, and it is made anew.
    kept = ", ".join(
        f'"{name}"'
        for name, *_ in connection.execute("describe raw.cases__case").fetchall()
        if name != "_content_hash"
    )
    raw = connection.execute(f"select {kept} from raw.cases__case order by all").fetchall()
    assert len(before) > 500
    assert migrate(connection) == list(range(2, NEWEST + 1))
    ensure_state(connection)
    for shape in SHAPES.values():
        ensure_raw_table(connection, shape)
    catalog = load_catalog(SQL, EXTERNAL)
    load_seeds(connection, catalog.seeds)
    wanted = catalog.ancestors("marts.kpi_measure")
    builder = Builder(connection)
    for model in catalog.models.values():
        if model.table in wanted:
            builder.build(model)
    assert connection.execute(FIGURES).fetchall() == before
    assert connection.execute(f"select {kept} from raw.cases__case order by all").fetchall() == raw
    connection.close()
    again = open_warehouse(old, SQL / "macros.sql")
    assert migrate(again) == [], "each step is taken once"
    again.close()


def test_a_new_file_needs_no_step_and_a_newer_one_is_refused(tmp_path: Path) -> None:
    connection = open_warehouse(tmp_path / "new.duckdb", SQL / "macros.sql")
    assert migrate(connection) == []
    connection.execute("insert into meta.schema_version values (99, 'later', now())")
    with pytest.raises(WarehouseError, match="newer release"):
        migrate(connection)
    connection.close()


def test_an_earlier_release_can_open_the_file_and_is_told(tmp_path: Path) -> None:
    """DuckDB 2 would write a format that 1.5 calls damaged; so would an erasure. `make compat` asks a real 1.5."""
    path = tmp_path / "warehouse.duckdb"
    format_of = "select tags['storage_version'] from duckdb_databases() where database_name = current_database()"
    with open_warehouse(path, SQL / "macros.sql") as connection:
        assert connection.execute(format_of).fetchone() == ("v1.0.0+",)
        migrate(connection)
    rebuild_file(path, lambda file: open_warehouse(file, SQL / "macros.sql"))
    with open_warehouse(path, SQL / "macros.sql") as connection:
        assert connection.execute(format_of).fetchone() == ("v1.0.0+",)
        assert connection.execute("select max(version) from meta.schema_version").fetchone() == (
            NEWEST,
        )


def test_a_step_that_fails_leaves_the_file_as_it_was(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "steps"
    folder.mkdir()
    (folder / "0002_broken.sql").write_text(
        "delete from meta.batch; select * from nowhere.at_all;", encoding="utf-8"
    )
    monkeypatch.setattr("warehouse.store.migrations.FOLDER", folder)
    connection = open_warehouse(old, SQL / "macros.sql")
    with pytest.raises(WarehouseError, match=r"0002_broken\.sql failed"):
        migrate(connection)
    count = connection.execute("select count(*) from meta.batch").fetchone()
    assert count is not None
    assert count[0] > 0
    connection.close()


def test_steps_are_numbered_without_gaps() -> None:
    assert list(steps()) == list(range(2, NEWEST + 1))


def test_publications_of_earlier_releases_are_numbered_as_they_were_written(old: Path) -> None:
    """Also where a clock was wrong: the row of 2028 was written second. Figures and contexts go with their version."""
    connection = open_warehouse(old, SQL / "macros.sql")
    connection.execute("delete from meta.publication")
    for version in ("20261101T", "20280101T", "20261102T"):
        connection.execute("insert into meta.publication (version) values (?)", [version])
    connection.execute(
        "create table if not exists meta.published_value as "
        "select '20280101T' as version, 'on_time' as kpi_id union all select '20261101T9', 'on_time'"
    )
    migrate(connection)
    ensure_state(connection)
    assert connection.execute(
        "select version, publication_no from meta.publication order by 2"
    ).fetchall() == [("20261101T", 1), ("20280101T", 3), ("20261102T", 4)]
    assert connection.execute(
        "select version, publication_no from meta.published_value order by 2"
    ).fetchall() == [("20261101T9", 2), ("20280101T", 3)]
    connection.close()


def test_a_version_of_an_earlier_release_is_restated_once_a_night_has_run(tmp_path: Path) -> None:
    """Before it, the store lacks what restating reads, and that is said instead of how the program fails."""
    ledger = Ledger(tmp_path / "warehouse.duckdb", 8)
    ledger.night()
    for column in ("publication_no", "arrival_no", "known_at"):
        ledger.connection.execute(f"alter table meta.published_context drop column {column}")
    today = ledger.rule_set()
    ledger.connection.close()
    with (
        open_overlay(ledger.path, ledger.macros) as overlay,
        pytest.raises(WarehouseError, match="run `motcua run` once, then ask again"),
    ):
        restate(overlay, today, "v00")
