"""Homes, and folders above them, may be called nearly anything: what is pulled is loaded, published and read there."""

import random
import shutil
from pathlib import Path

import duckdb
import pytest

from common import quoting
from demo.server import DEMO_CREDENTIALS, serve
from demo.world import World
from figures.overlay import open_overlay
from orchestration.settings import Settings, SettingsError
from tests.conftest import END
from tests.support.more_systems import CURSOR, write_sources
from tests.support.quick_night import run_night
from tests.support.scripted_server import FakeSystem, make_rows, serving

PIECES = (
    "'", "''", '"', "*", "**", "[", "]", "[a-z]", "[!x]", "{", "}", "{0}", "%", "%20", "$", "$1", ";", "--", "#", "&",
    "(", ")", " ", "~", "page-7", "page-00009", "O'Brien", "hồ sơ", "Đ", ".wal", "x", "=", ",", "@", ":", "|",
)  # fmt: skip
PACKAGED_NAMES = (
    "case",
    "agency",
    "procedure",
    "staff",
    "rating",
    "service",
    "submission",
    "decision",
)


def odd_name(seed: int) -> str:
    draw = random.Random(seed)
    return "a" + "".join(draw.choices(PIECES, k=8)).strip() + "b"


@pytest.fixture(name="sources", scope="module")
def fixture_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    entity = {**CURSOR, "fields": {"id": None, "name": None, "updated_at": None}}
    archive = {"auth": {"kind": "none"}, "entities": {"thing": entity}}
    return write_sources(tmp_path_factory.mktemp("sources"), archive=archive)


@pytest.mark.parametrize(
    "name",
    ["O'Brien", "a*b", "a[x]b", "[", "page-7", "page-00007.json.gz", *map(odd_name, range(6))],
)
def test_a_home_reads_its_own_pages_only(name: str, sources: Path, tmp_path: Path) -> None:
    # What a pattern would find beside it: the same landing with other rows, in folders of likely names.
    with serving(FakeSystem(rows=make_rows(40, start=100))) as system:

        def pull(folder: str) -> Settings:
            settings = Settings.load(
                _env_file=None, home=tmp_path / folder / "home", as_of=END, sources=sources,
                archive_url=system.address,
            )  # fmt: skip
            run_night(settings, only={"thing"}, builds=False)
            return settings

        other = pull("axb").home
        for near in ("ab", "aab", "x", "a[b"):
            shutil.copytree(other.parent, tmp_path / near)
        system.rows = make_rows(25)
        settings = pull(name)
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        found = connection.execute(
            "select id, name, _page_no, _row_no from raw.archive__thing order by id"
        ).fetchall()
    assert found == [
        (row["id"], row["name"], 1 + place // 10, 1 + place % 10)
        for place, row in enumerate(make_rows(25))
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", ['O\'Brien [x]* page-7 {0}%$1;-- "hồ sơ"', odd_name(99)])
def test_a_whole_night_publishes_and_is_read(name: str, tmp_path: Path) -> None:
    world = World.build(seed=11, end=END, years=1, cases_per_year=300, procedures=150)
    server = serve(world, clock=END)
    urls = {f"{system}_url": url for system, url in server.urls.items()}
    tokens = {f"{system}_token": secret for system, secret in DEMO_CREDENTIALS.items()}
    settings = Settings.load(
        _env_file=None, home=tmp_path / name / "home", as_of=END, **urls, **tokens
    )
    told = run_night(settings, "full")
    server.close()
    published = settings.published / "kpi.duckdb"
    with duckdb.connect(str(published), read_only=True) as connection:
        cases = connection.execute("select count(*) from staging.case").fetchone()
        twin = quoting.text(
            quoting.one_path(settings.published / "current" / "staging" / "case.parquet")
        )
        assert connection.execute(f"select count(*) from read_parquet({twin})").fetchone() == cases
    assert cases == (told["case"]["inserted"],)
    with open_overlay(settings.warehouse_path, settings.sql_root / "macros.sql") as overlay:
        assert overlay.execute("select count(*) from staging.case").fetchone() == cases


@pytest.mark.parametrize("name", ["a?b", "a\\b"])
def test_where_no_database_can_lie_it_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"MOTCUA_HOME: DuckDB keeps no database below a folder with"
    ):
        Settings.load(_env_file=None, home=tmp_path / name / "home")


def test_a_quoted_text_or_name_is_what_it_was() -> None:
    draw = random.Random(7)
    with duckdb.connect() as connection:
        for _ in range(200):
            word = "".join(draw.choices([*PIECES, "\\", "\n", "?"], k=draw.randint(1, 9)))
            row = connection.execute(f"select {quoting.text(word)} as {quoting.name(word)}")
            assert row.description[0][0] == word
            assert row.fetchall() == [(word,)]
