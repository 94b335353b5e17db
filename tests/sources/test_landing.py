"""What lands: bodies, manifests, damage, and disks that are full or read-only (F60)."""

import gzip
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.errors import (
    LandingError,
    TransientError,
)
from sources.landing.batches import complete_batches
from sources.landing.open_batch import incomplete_batches
from sources.pull.reading import PullProgress
from tests.support.disks import small_disk
from tests.support.pulling import FIRST, INCREMENTAL, SECOND, Start, check_truth, pull
from tests.support.scripted_server import FakeSystem, Reply, Step, make_rows
from tests.support.server_faults import change


def test_gzip_bytes_land_as_they_came(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(rows=make_rows(5)))
    (batch,) = pull(system, tmp_path)
    sent = gzip.compress(system.page({}).body, 1, mtime=0)
    assert batch.files[0].read_bytes() == sent


def two_members(reply: Reply, _system: FakeSystem) -> None:
    half = len(reply.body) // 2
    reply.body = gzip.compress(reply.body[:half]) + gzip.compress(reply.body[half:])
    reply.packed = False
    reply.headers["Content-Encoding"] = "gzip"


def add_bom(reply: Reply, _system: FakeSystem) -> None:
    reply.body = b"\xef\xbb\xbf" + reply.body


@pytest.mark.parametrize("step", [change(packed=False), two_members, add_bom])
def test_other_bodies_land_as_plain_gzip(step: Step, tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(always=step))
    (batch,) = pull(system, tmp_path)
    check_truth(system, [batch])
    assert all(path.read_bytes().startswith(b"\x1f\x8b\x08\x00") for path in batch.files)


def test_garbage_after_the_gzip_body_is_refused(tmp_path: Path, running: Start) -> None:
    def garbage(reply: Reply, _system: FakeSystem) -> None:
        reply.body, reply.packed = gzip.compress(reply.body) + b"garbage", False
        reply.headers["Content-Encoding"] = "gzip"

    system = running(FakeSystem(always=garbage))
    with pytest.raises(TransientError, match="gzip"):
        pull(system, tmp_path)


def test_the_landing_is_private_and_its_manifest_tells_all(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem())
    (batch,) = pull(system, tmp_path / "landing")
    folders = [tmp_path / "landing", *(p for p in (tmp_path / "landing").rglob("*") if p.is_dir())]
    assert {oct(folder.stat().st_mode & 0o777) for folder in folders} == {"0o700"}
    assert {oct(path.stat().st_mode & 0o777) for path in batch.directory.iterdir()} == {"0o600"}
    told = json.loads((batch.directory / "_manifest.json").read_text())
    assert told["complete"] is True
    assert told["number"] == 1
    assert (told["system"], told["entity"], told["rows"], told["source_total"]) == (
        "sys",
        "thing",
        25,
        25,
    )
    assert [page["rows"] for page in told["pages"]] == [10, 10, 5]
    assert sorted(path.name for path in batch.directory.iterdir()) == [
        "_manifest.json", "page-00001.json.gz", "page-00002.json.gz", "page-00003.json.gz",
    ]  # fmt: skip


def test_a_damaged_batch_is_found(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem())
    (batch,) = pull(system, tmp_path)
    batch.files[1].write_bytes(batch.files[1].read_bytes()[:-1])
    with pytest.raises(LandingError, match=r"page-00002\.json\.gz is missing or damaged"):
        batch.verify()


def test_two_reads_at_the_same_moment_are_two_batches(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem())
    pull(system, tmp_path)
    pull(system, tmp_path)
    names = [batch.directory.name for batch in complete_batches(tmp_path, "sys", "thing")]
    assert names == ["20231124T160000Z_all", "20231124T160000Z_all.02"]


def test_progress_only_grows(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem())
    told: list[PullProgress] = []
    pull(system, tmp_path, on_progress=told.append)
    assert [(one.pages, one.rows, one.total) for one in told] == [
        (1, 10, 25),
        (2, 20, 25),
        (3, 25, 25),
    ]


@pytest.fixture(name="small_disk")
def fixture_small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "256k") as disk:
        yield disk


def noise(system: FakeSystem) -> None:
    system.rows = [row | {"name": os.urandom(6000).hex()} for row in make_rows(60)]


def test_a_full_disk_stops_and_loses_nothing(small_disk: Path, running: Start) -> None:
    """F60: the first error is the one that is told, nothing half stands under a page's name."""
    system = running(FakeSystem())
    noise(system)
    with pytest.raises(LandingError, match="the disk is full"):
        pull(system, small_disk / "landing", entity=INCREMENTAL, window=FIRST)
    assert not list(small_disk.rglob("*.tmp"))
    (broken,) = incomplete_batches(small_disk / "landing", "sys", "thing")
    assert len(broken.progress.pages) >= 1
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    old, _ = pull(system, small_disk / "landing", entity=INCREMENTAL, window=SECOND)
    check_truth(system, [old])


def test_a_read_only_disk_is_told(small_disk: Path, running: Start) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(LandingError, match="read-only"):
        pull(running(FakeSystem()), small_disk / "landing")
