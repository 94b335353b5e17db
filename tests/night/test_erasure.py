"""Erasure: a person is gone from landing, warehouse and file, and the tombstone doesn't say who it was."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import PROJECT
from sources.landing.batches import complete_batches, list_entities
from tests.conftest import END, Site
from tests.support.canaries import Search
from warehouse.store.connection import read_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
KEPT = "select count(*) as n from raw.cases__case"


def _erase(home: Path, *arguments: str, stdin: str = "") -> dict[str, object]:
    environment = {**os.environ, "MOTCUA_HOME": str(home), "MOTCUA_AS_OF": END.isoformat()}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "orchestration.cli", "erase", "--json", *arguments],
        input=stdin, capture_output=True, text=True, check=False, env=environment, cwd=PROJECT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def test_a_case_and_a_person_are_erased_everywhere(night: Site, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(night.home, home, symlinks=True)
    warehouse = home / "warehouse.duckdb"
    rated = read_rows(
        warehouse, "select case_code from core.fct_rating where is_valid order by 1 limit 1"
    )
    code = rated[0]["case_code"]
    record = next(r for r in night.world.truth(END)["cases"] if r["case_code"] != code)
    case = read_rows(
        warehouse, f"select * from raw.cases__case where case_code = '{record['case_code']}'"
    )
    assert case, "the second case is there before"
    person = _id_of(home, record["case_code"])
    before = read_rows(warehouse, KEPT)[0]["n"]

    first = _erase(home, "--case", code, "--document", "12/QĐ-VP")
    second = _erase(home, "--person", "--document", "13/QĐ-VP", stdin=f"{person}\n")
    assert int(str(first["warehouse_rows"])) > 2, "the case, its key, its rating"
    assert int(str(second["landing_records"])) >= 1

    search = Search([code, record["case_code"], person])
    assert not search.below(home / "landing")
    assert not search.in_file(warehouse)
    for needle in (code, record["case_code"], person):
        assert needle.encode() not in warehouse.read_bytes(), "not in a free block either"
    assert before - read_rows(warehouse, KEPT)[0]["n"] >= 2
    assert warehouse.stat().st_mode & 0o777 == 0o600
    tombstones = read_rows(warehouse, "select * from meta.erasure order by erased_at")
    assert [row["document_no"] for row in tombstones] == ["12/QĐ-VP", "13/QĐ-VP"]
    assert not search.hits(repr(tombstones))

    # Every page still fits its manifest, so a replay takes them all and brings neither back.
    batches = [
        b
        for place in list_entities(home / "landing")
        for b in complete_batches(home / "landing", *place)
    ]
    assert batches
    for batch in batches:
        batch.verify()
        assert batch.rows == sum(page.rows for page in batch.manifest.pages)


def _id_of(home: Path, code: str) -> str:
    """The id number that the landing holds for a case."""
    import gzip

    for page in (home / "landing" / "cases" / "case").rglob("page-*"):
        for row in json.loads(gzip.decompress(page.read_bytes()))["data"]:
            if row["case_code"] == code:
                return str(row["applicant_id_no"])
    raise AssertionError("the case isn't in the landing")
