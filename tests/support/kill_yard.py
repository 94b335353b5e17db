"""A home after its first full night, what the next must come to, and ways to damage its files: fixture `yard`.

Belongs here: the undisturbed night and the checks after a kill and after the rerun. Doesn't: killing
(test_kills.py; the nursery does it).
"""

import datetime as dt
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.server import DemoServer, serve
from demo.world import World
from tests.conftest import END
from tests.support.fork_server import Nursery, nursery
from tests.support.night_content import (
    check_invariants,
    check_published,
    published_content,
    raw_content,
)
from tests.support.quick_night import write_sources

START = END - dt.timedelta(days=60)


@dataclass
class Yard:
    """A home after its first full night, and what the next night must come to."""

    template: Path
    calm: Path
    server: DemoServer
    nursery: Nursery
    published: dict[str, str]
    raw: dict[str, str]
    seconds: float
    truth: dict[str, Any]
    before: dict[str, str]

    def copy(self, home: Path) -> Path:
        """A home of one's own, on which the next night hasn't run."""
        shutil.copytree(self.template, home, symlinks=True)
        return home

    def check_after_kill(self, home: Path) -> None:
        """Right after a kill: readers see one whole version, old or new."""
        versions = home / "published" / "versions"
        content = check_published(home, {path.name for path in versions.glob("[!.]*")})
        assert content in (self.published, self.before)

    def check_end(self, home: Path) -> None:
        """After the rerun: I1–I6 and I9."""
        assert published_content(home) == self.published
        assert raw_content(home) == self.raw
        check_invariants(home, self.truth)
        assert not list((home / "published").glob("versions/.building*"))
        assert not list((home / "inbox").glob("*.csv"))


@pytest.fixture(scope="module", name="yard")
def fixture_yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("kills")
    world = World.build(seed=7, end=END, years=1, cases_per_year=400, procedures=150)
    server = serve(world)
    sources = write_sources(folder)
    with nursery(server.urls, sources) as nurse:
        home = folder / "home"
        drop(world, home, START)
        server.state.set_clock(START)
        assert nurse.night(home, START, mode="full") == 0
        server.state.set_clock(END)
        gone = delete_cases(server, 3)
        # New files lie in the inbox when the night begins that is going to be killed.
        drop(world, home, END)
        calm = folder / "calm"
        shutil.copytree(home, calm, symlinks=True)
        began = time.monotonic()
        assert nurse.night(calm, END) == 0
        seconds, truth = time.monotonic() - began, world.truth(END)
        truth["cases"] = [row for row in truth["cases"] if row["case_code"] not in gone]
        yard = Yard(
            home, calm, server, nurse, published_content(calm), raw_content(calm), seconds, truth,
            published_content(home),
        )  # fmt: skip
        yard.check_end(calm)
        assert yard.published != yard.before, "the night must change something"
        assert all(code in yard.raw["meta.deletion"] for code in gone), "and find deletions"
        yield yard
    server.close()


def delete_cases(server: DemoServer, count: int) -> list[str]:
    """Take the oldest cases out of the case system, as a person with a database client would."""
    cases, keys = server.state.snapshot.case, server.state.snapshot.case_key
    gone = cases.keys[:count]
    for listed in (cases, keys):
        for code in set(gone) & set(listed.keys):
            place = listed.keys.index(code)
            for values in (listed.keys, listed.rows, listed.sort_values):
                del values[place]
    return gone


def drop(world: World, home: Path, at: dt.datetime) -> None:
    for path in world.write_drops(home / "inbox", at):
        # So that no night has to watch whether somebody still writes it.
        path.with_name(f"{path.name}.done").touch()


def damage_header(path: Path) -> None:
    path.write_bytes(b"\0" * 4096 + path.read_bytes()[4096:])


def damage_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for place in range(20_000, len(data), 50_000):
        data[place : place + 64] = os.urandom(64)
    path.write_bytes(data)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damage_log_head(path: Path) -> None:
    path.write_bytes(os.urandom(9000))


def damage_log_middle(path: Path) -> None:
    data, place = path.read_bytes(), path.stat().st_size // 2
    path.write_bytes(data[:place] + os.urandom(64) + data[place + 64 :])
