"""The key of person hashes changes whole or not at all, and no store ever holds hashes under two keys."""

import dataclasses
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo.server import DEMO_CREDENTIALS, DemoServer, serve
from demo.world import World
from orchestration.settings import PROJECT, Settings
from tests.conftest import END
from tests.support.night_content import published_content
from tests.support.quick_night import run_night
from warehouse.errors import WarehouseError
from warehouse.persons.key import key_id
from warehouse.store.connection import read_rows
from warehouse.store.state import CheckRow, record_checks

HASHES = "select case_code, received_by as hash from raw.cases__case where received_by is not null"
ONLY = ("case",)


@dataclasses.dataclass
class Keyed:
    """A home whose cases keep the receiving clerk as a keyed hash."""

    home: Path
    server: DemoServer
    sources: Path
    clerks: dict[str, str]

    def settings(self, **more: Any) -> Settings:
        urls = {f"{system}_url": url for system, url in self.server.urls.items()}
        tokens = {f"{system}_token": secret for system, secret in DEMO_CREDENTIALS.items()}
        return Settings.load(home=self.home, as_of=END, sources=self.sources, _env_file=None,
                             **urls, **tokens, **more)  # fmt: skip

    def night(self, **more: Any) -> dict[str, Any]:
        return run_night(self.settings(**more), only=ONLY, builds=False)

    def drop_nominations(self) -> None:
        file = self.home / "inbox" / "nominations.csv"
        file.parent.mkdir(exist_ok=True)
        file.write_text("staff_code,submitted_on\nCB001,2023-06-05\nCB002,2023-06-05\n")
        os.utime(file, (file.stat().st_mtime - 600,) * 2)

    def rotate(self, point: str = "", **more: str) -> tuple[int, dict[str, Any]]:
        """`motcua rotate-key` in a process of its own, killed at a point if one is given."""
        start = (
            f"from tests.support.fork_server import kill_at; kill_at({point!r}); " if point else ""
        )
        given = {
            **os.environ,
            "MOTCUA_HOME": str(self.home),
            "MOTCUA_SOURCES": str(self.sources),
            **more,
        }
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c",
             f"{start}from orchestration.cli import main; main(['rotate-key', '--json'])"],
            capture_output=True, text=True, check=False, env=given, cwd=PROJECT,
        )  # fmt: skip
        lines = done.stdout.strip().splitlines()
        return done.returncode, json.loads(lines[-1]) if lines else {"reason": done.stderr}

    def hashes(self) -> dict[str, str]:
        found = read_rows(self.home / "warehouse.duckdb", HASHES)
        return {row["case_code"]: row["hash"] for row in found}

    def under(self, key: bytes) -> dict[str, str]:
        """What the hashes have to be under a key, from what the source knows."""
        return {
            case: hmac.new(key, clerk.encode(), hashlib.sha256).hexdigest()
            for case, clerk in self.clerks.items()
        }

    @property
    def key_file(self) -> Path:
        return self.home / "pii.key"

    @property
    def next_file(self) -> Path:
        return self.home / "pii.key.next"


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    folder = tmp_path_factory.mktemp("keyed")
    text = (PROJECT / "sources" / "sources.yml").read_text(encoding="utf-8")
    sources = folder / "sources.yml"
    for plain in ("          received_by:\n", "          staff_code:\n"):
        assert plain in text
        text = text.replace(plain, plain.replace(":\n", ": {hash: true}\n"))
    text = text.replace(
        "prefixes: nominations\n", "prefixes: nominations\n    hashed: staff_code\n"
    )
    sources.write_text(text, encoding="utf-8")
    world = World.build(seed=3, years=0.1, cases_per_year=1500, procedures=60, end=END)
    clerks = {
        row["case_code"]: row["received_by"]
        for row in world.truth(END)["cases"] if row["received_by"]
    }  # fmt: skip
    made = Keyed(folder / "home", serve(world), sources, clerks)
    made.night()
    yield made
    made.server.close()


@pytest.fixture
def keyed(first_night: Keyed, tmp_path: Path) -> Keyed:
    shutil.copytree(first_night.home, tmp_path / "home")
    return dataclasses.replace(first_night, home=tmp_path / "home")


def test_every_hash_changes_and_the_old_key_is_gone(keyed: Keyed) -> None:
    old = keyed.key_file.read_bytes()
    before = keyed.hashes()
    assert before == keyed.under(old)
    assert len(before) > 50
    code, answer = keyed.rotate()
    assert code == 0, answer
    new = keyed.key_file.read_bytes()
    assert new != old
    assert keyed.key_file.stat().st_mode & 0o777 == 0o600
    assert not keyed.next_file.exists()
    assert keyed.hashes() == keyed.under(new)
    assert answer["rehashed"] >= len(before)
    assert answer["dropped"] == 0
    assert answer["key_id"] == key_id(new)
    keys = read_rows(
        keyed.home / "warehouse.duckdb", "select * from meta.person_key order by since"
    )
    assert [row["key_id"] for row in keys] == [key_id(old), key_id(new)]
    assert [row["retired_at"] is None for row in keys] == [False, True]
    assert old not in keyed.home.joinpath("warehouse.duckdb").read_bytes()
    # The next night reads its overlap again and finds every row unchanged: rows say the same under the new key.
    told = keyed.night()["case"]
    assert told["unchanged"] == told["fetched"] > 0


HASHED_PLACES = (
    "raw.cases__staff", "raw.ratings__rating", "raw.drops__nomination", "staging.rating", "staging.case.received_by",
)  # fmt: skip


def _hashes_in(file: Path) -> dict[str, set[str]]:
    """What looks like a person's hash, in whatever column and text of a DuckDB file, by place."""
    with duckdb.connect(str(file), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name || '.' || table_name || '.' || column_name from duckdb_columns() "
            "where database_name = current_database() and column_name <> 'fingerprint' "
            "and regexp_matches(data_type, 'VARCHAR|JSON|BLOB')"
        ).fetchall()
        found = {}
        for (place,) in columns:
            schema, table, column = place.split(".")
            rows = connection.execute(
                f"select distinct unnest(regexp_extract_all(cast(\"{column}\" as varchar), '[0-9a-f]{{64}}')) "
                f'from {schema}."{table}"'
            ).fetchall()
            found[place] = {row[0] for row in rows}
    return {place: hashes for place, hashes in found.items() if hashes}


def test_the_next_night_says_the_same_of_the_same_persons_under_new_names(keyed: Keyed) -> None:
    """A whole home: every place that holds a hash is found by value, then the key changes between two nights."""
    store, published = keyed.home / "warehouse.duckdb", keyed.home / "published" / "kpi.duckdb"
    keyed.drop_nominations()
    run_night(keyed.settings())
    with duckdb.connect(str(store)) as connection:
        name = connection.execute("select min(staff_code) from staging.rating").fetchone()
        row = CheckRow(
            "staging.rating",
            "known",
            "",
            "",
            "",
            "",
            "",
            "",
            9,
            1,
            "failed",
            failing_keys=json.dumps(name),
        )
        record_checks(connection, "a run", [row])
    before, content = _hashes_in(store), published_content(keyed.home)
    old = set().union(*before.values())
    assert all(any(p.startswith(place) for p in before) for place in HASHED_PLACES), before.keys()
    assert "meta.check_run.failing_keys" in before
    assert _hashes_in(published).keys() == {"staging.case.received_by", "staging.rating.staff_code"}

    code, answer = keyed.rotate()
    assert (code, answer.get("dropped")) == (0, 0), answer
    left = _hashes_in(store)
    assert not {place for place, hashes in left.items() if hashes & old}
    assert left.keys() == before.keys() - {"meta.check_run.failing_keys"}
    assert {p: len(hashes) for p, hashes in left.items()} == {p: len(before[p]) for p in left}

    run_night(keyed.settings())
    after, again = _hashes_in(store), published_content(keyed.home)
    assert after == left, "no person gets a second name"
    assert not old & set().union(*_hashes_in(published).values())
    named = {'staging."case"', 'staging."rating"'}
    assert {t: c for t, c in again.items() if t not in named} == {
        t: c for t, c in content.items() if t not in named
    }
    assert all(again[table] != content[table] for table in named), "only their names are others"


def test_what_is_no_longer_landed_loses_its_hash(keyed: Keyed) -> None:
    for page in (keyed.home / "landing" / "cases" / "case").rglob("_manifest.json"):
        page.unlink()
    code, answer = keyed.rotate()
    assert code == 0, answer
    assert (answer["rehashed"], answer["dropped"]) == (0, len(keyed.clerks))
    assert keyed.hashes() == {}


@pytest.mark.parametrize(
    ("point", "is_new"),
    [
        ("warehouse.persons.key:_name_key:after:1", False),  # everything written, nothing committed
        (
            "warehouse.persons.erasure:rebuild_file:before:1",
            True,
        ),  # committed, both keys still there
    ],
)
def test_a_death_in_the_middle_leaves_the_old_or_the_new(
    keyed: Keyed, point: str, is_new: bool
) -> None:
    old = keyed.key_file.read_bytes()
    code, _ = keyed.rotate(point)
    assert code == -9
    new = keyed.next_file.read_bytes()
    assert keyed.key_file.read_bytes() == old
    wanted = keyed.under(new if is_new else old)
    told = keyed.night()["case"]  # goes on under the key that the store is under
    assert told["unchanged"] == told["fetched"] > 0
    assert keyed.hashes() == wanted
    code, answer = keyed.rotate()
    assert code == 0, answer
    assert keyed.key_file.read_bytes() == new, (
        "the change that was begun is finished, no second one"
    )
    assert keyed.hashes() == keyed.under(new)


def test_a_key_from_the_settings_changes_in_two_steps(keyed: Keyed) -> None:
    old, new = keyed.key_file.read_text(), "n" * 40
    code, answer = keyed.rotate(MOTCUA_PII_KEY=old)
    assert code == 2
    assert "MOTCUA_PII_KEY_NEXT" in answer["reason"]
    code, answer = keyed.rotate(MOTCUA_PII_KEY=old, MOTCUA_PII_KEY_NEXT=new)
    assert code == 0, answer
    assert keyed.hashes() == keyed.under(new.encode())
    keyed.night(pii_key=old, pii_key_next=new)  # a night before the settings are changed
    keyed.night(pii_key=new)
    assert keyed.hashes() == keyed.under(new.encode())
    with pytest.raises(WarehouseError, match="rotate-key"):
        keyed.night(pii_key=old)
    assert old not in repr(keyed.settings(pii_key=old, pii_key_next=new))


def test_a_store_without_hashes_takes_any_key(tmp_path: Path, first_night: Keyed) -> None:
    plain = dataclasses.replace(
        first_night, home=tmp_path / "home", sources=PROJECT / "sources" / "sources.yml"
    )
    plain.night(pii_key="a" * 40)
    plain.night(pii_key="b" * 40)
    named = read_rows(
        plain.home / "warehouse.duckdb",
        "select key_id from meta.person_key where retired_at is null",
    )
    assert [row["key_id"] for row in named] == [key_id(b"b" * 40)]


def test_the_id_of_a_key_names_it_and_no_more() -> None:
    assert key_id(b"k" * 32) == key_id(b"k" * 32) != key_id(b"l" * 32)
    assert len(key_id(b"k" * 32)) == 12


def test_settings_refuse_a_short_next_key(tmp_path: Path) -> None:
    from orchestration.settings import SettingsError

    with pytest.raises(SettingsError, match="MOTCUA_PII_KEY_NEXT"):
        Settings.load(home=tmp_path, _env_file=None, pii_key_next="short")
