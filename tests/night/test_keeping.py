"""Backup, restore and the drill; the examination; what a crash leaves behind."""

import dataclasses
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from common.local_time import LOCAL
from orchestration.operating.doctor import examine
from orchestration.operating.finding import Finding
from orchestration.operating.retention import tidy
from orchestration.settings import PROJECT, Settings, use_dagster_home
from tests.conftest import END, Site
from tests.support.kept import copy_of
from tests.support.plain_night import by_nobody
from warehouse.backup import find_backups, make_backup, restore_backup
from warehouse.errors import WarehouseError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def _content(site: Site) -> dict[str, str]:
    """A hash of every published mart: all rows, all columns but a version's random numbers and its reading time."""
    found = {}
    for table in site.published(
        "select table_name as name, list(column_name order by column_index) as columns from duckdb_columns() "
        "where schema_name = 'marts' group by all"
    ):
        kept = ", ".join(f'"{c}"' for c in table["columns"] if c not in ("case_no", "data_as_of"))
        digest = site.published(
            f"select count(*) || ' ' || coalesce(md5(string_agg(line, chr(10) order by line)), '') as digest "
            f'from (select cast(row({kept}) as varchar) as line from marts."{table["name"]}")'
        )
        found[table["name"]] = digest[0]["digest"]
    assert len(found) > 15
    return found


@pytest.fixture(scope="module")
def home(night: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a home after a night, to be broken."""
    return copy_of(night.home, tmp_path_factory.mktemp("keeping") / "home")


def _at(night: Site, home: Path) -> Site:
    return dataclasses.replace(night, home=home)


def _settings(home: Path, **more: object) -> Settings:
    return Settings.load(home=home, as_of=END, _env_file=None, **more)


def _bad(findings: list[Finding]) -> set[str]:
    return {finding.subject for finding in findings if finding.state == "bad"}


def test_the_drill_restores_and_replays_to_equal_content(
    night: Site, home: Path, tmp_path: Path
) -> None:
    """Backup, everything lost, restore on an empty home, replay from landing: every mart is the same."""
    before = _content(_at(night, home))
    made = make_backup(home, tmp_path / "safe")
    assert made.folder.stat().st_mode & 0o777 == 0o700
    new = tmp_path / "new-home"
    restore_backup(tmp_path / "safe", new)
    restored = _at(night, new)
    assert _content(restored) == before, "readable at once, before anything has run"
    assert (new / "warehouse.duckdb").stat().st_mode & 0o777 == 0o600
    (new / "warehouse.duckdb").unlink()
    told = restored.plain(END, "replay", judge=by_nobody, **{"from": "2020-01-01"})
    assert told.version, told.blocking
    assert _content(restored) == before


def test_a_second_backup_links_pages_and_old_ones_go(home: Path, tmp_path: Path) -> None:
    moment = dt.datetime.now(dt.UTC)
    first = make_backup(home, tmp_path, now=moment)
    second = make_backup(home, tmp_path, keep=1, now=moment)
    assert first.folder != second.folder, "two in one second"
    assert [backup.folder for backup in find_backups(tmp_path)] == [second.folder]
    assert second.files.keys() == first.files.keys()


def test_a_damaged_backup_is_refused_before_anything_is_written(home: Path, tmp_path: Path) -> None:
    made = make_backup(home, tmp_path / "safe")
    page = next(made.folder.glob("landing/**/page-*.gz"))
    page.chmod(0o600)
    page.write_bytes(page.read_bytes()[:-1])
    with pytest.raises(WarehouseError, match="missing or damaged"):
        restore_backup(tmp_path / "safe", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    with pytest.raises(WarehouseError, match="move it aside"):
        restore_backup(tmp_path / "safe", home)
    with pytest.raises(WarehouseError, match="outside MOTCUA_HOME"):
        make_backup(home, home / "backups")


def test_the_doctor_is_content_with_a_good_home(night: Site) -> None:
    findings = examine(night.settings(END))
    assert not _bad(findings), [vars(f) for f in findings if f.state == "bad"]
    assert {"source.cases", "source.ratings", "source.services", "source.registry"} <= {
        finding.subject for finding in findings if finding.state == "ok"
    }
    assert all(finding.remedy for finding in findings if finding.state != "ok")


def test_the_doctor_finds_each_harm_with_its_remedy(home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(home, broken, symlinks=True)
    with duckdb.connect(str(broken / "warehouse.duckdb")) as connection:
        connection.execute(
            "update meta.cursor set cursor_at = '2999-01-01' where entity = 'rating'"
        )
        connection.execute(
            "update core.dim_calendar_year set is_awaited = true where calendar_year = 2024"
        )
        connection.execute(
            "insert into core.dim_rating_device by name select 'kiosk' as source, 'K-7' as device_id, "
            "false as has_top_level, 'inferred' as basis, 40 as rating_count, 1 as top_count, 3 as neutral_count"
        )
    (broken / "warehouse.duckdb").chmod(0o644)
    version = (broken / "published" / "current").resolve()
    (version / "kpi.duckdb.wal").write_bytes(b"left over")
    settings = Settings.load(
        home=broken, as_of=END, _env_file=None, pii_key="k" * 40,
        cases_url="http://127.0.0.1:1", cases_token="id:secret",
        ratings_url="http://ratings.example.vn", ratings_token="canary-key",
    )  # fmt: skip
    findings = examine(settings, call_sources=False)
    assert _bad(findings) >= {"cursor", "permissions", "published", "settings.ratings"}
    calendar = [(f.state, f.message) for f in findings if f.subject == "calendar"]
    assert [state for state, _ in calendar] == ["warn"], "no calendar is ever a reason to stop"
    assert "2024" in calendar[0][1]
    devices = [f.message for f in findings if f.subject == "devices" and f.state == "warn"]
    assert len(devices) == 1
    assert devices[0].endswith("kiosk/K-7 (1 + 3 / 40)")
    assert all(finding.remedy for finding in findings if finding.state != "ok")
    assert "canary-key" not in repr(findings)
    path = broken / "warehouse.duckdb"
    path.write_bytes(b"\0" * 4096 + path.read_bytes()[4096:])
    assert "warehouse" in _bad(examine(settings, call_sources=False))


def test_landing_goes_after_its_days_and_only_once_a_backup_holds_it(
    home: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(home, copy, symlinks=True)
    (copy / "backup.json").unlink(missing_ok=True)
    settings = _settings(copy, landing_days=30)
    use_dagster_home(settings)
    later = dt.datetime.now(LOCAL) + dt.timedelta(days=31)
    manifests = len(list(copy.glob("landing/**/_manifest.json")))
    with dg.DagsterInstance.get() as instance:
        assert tidy(settings, instance, later)["batches"] == 0, "nothing else could rebuild it"
        make_backup(copy, tmp_path / "safe")
        assert tidy(settings, instance, dt.datetime.now(LOCAL))["batches"] == 0, "too young"
        removed = tidy(settings, instance, later)["batches"]
    left = len(list(copy.glob("landing/**/_manifest.json")))
    assert removed == manifests - left
    assert removed > 0
    entities = {path.parent.parent for path in copy.glob("landing/**/_manifest.json")}
    assert len(entities) == left, "the newest batch of each entity stays"


def _motcua(home: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "MOTCUA_HOME": str(home), **more}
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "orchestration.cli", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=PROJECT,
        start_new_session=True,
    )  # fmt: skip


def test_doctor_answers_in_json_and_by_its_exit_code(home: Path) -> None:
    done = _motcua(home, "doctor", "--offline", "--json", MOTCUA_PII_KEY="k" * 40)
    out, _ = done.communicate(timeout=200)
    answer = json.loads(out.strip().splitlines()[-1])
    assert done.returncode == (1 if any(f["state"] == "bad" for f in answer["findings"]) else 0)
    assert {"disk", "lock", "cursor", "versions"} <= {f["subject"] for f in answer["findings"]}
