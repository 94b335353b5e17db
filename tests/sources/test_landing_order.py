"""The order of landed batches under wrong clocks: that of loading, so that a replay comes to the same."""

import datetime as dt
import random
from pathlib import Path

import msgspec
import pytest

from assets.batches import newest_sweep
from sources.errors import TransientError
from sources.landing.batches import MANIFEST, LandedBatch, complete_batches, next_number
from sources.landing.manifest import Manifest
from sources.landing.open_batch import open_batch
from sources.pull.windows import Window
from tests.support.pulling import INCREMENTAL, NOW, ZONE, Start, pull
from tests.support.scripted_server import FakeSystem, Reply, make_rows
from tests.support.server_faults import status

DAY = dt.timedelta(days=1)


def land(root: Path, at: dt.datetime, window: tuple[str | None, str | None] = (None, None)) -> str:
    """A batch by the clock's word."""
    batch = open_batch(
        root, "sys", "thing", f"{at:%Y%m%dT%H%M%SZ}_{str(window[0])[:10]}", window=window,
        started_at=at.isoformat(), place=next_number(root, "sys", "thing"),
    )  # fmt: skip
    return batch.finish(at.isoformat(), None).batch_id


def listed(root: Path, now: dt.datetime = NOW) -> list[str]:
    return [batch.batch_id for batch in complete_batches(root, "sys", "thing", now)]


def test_batches_stand_in_the_order_of_landing_whatever_the_clock_says(tmp_path: Path) -> None:
    """The same second twice, a year ahead, years back."""
    dice = random.Random(5)
    times = [dice.choice([NOW, NOW, NOW + 400 * DAY, NOW - 900 * DAY]) for _ in range(12)]
    landed = [land(tmp_path, at) for at in times]
    assert listed(tmp_path) == landed
    numbers = [b.manifest.number for b in complete_batches(tmp_path, "sys", "thing")]
    assert numbers == list(range(1, 13))


def test_batches_of_an_earlier_release_come_first_and_one_of_the_future_before_all(
    tmp_path: Path,
) -> None:
    old = [land(tmp_path, NOW + days * DAY) for days in (-1, 400, -2)]
    for path in tmp_path.rglob(MANIFEST):
        body = msgspec.json.decode(path.read_bytes())
        del body["number"]
        path.write_bytes(msgspec.json.encode(body))
        assert msgspec.json.decode(path.read_bytes(), type=Manifest).number == 0
    new = land(tmp_path, NOW - 9 * DAY)
    assert listed(tmp_path) == [old[1], old[2], old[0], new]


def test_pieces_read_at_once_are_numbered_as_they_are_loaded(
    tmp_path: Path, running: Start
) -> None:
    """Three connections finish twelve months in any order; one that failed comes before what is asked next."""
    rows = [
        row | {"updated_at": f"2023-{n % 12 + 1:02d}-15T08:00:00+07:00"}
        for n, row in enumerate(make_rows(120))
    ]
    system = running(FakeSystem(rows=rows, page_size=10))
    entity = INCREMENTAL | {"split": "month", "concurrency": 3}
    year = Window(dt.datetime(2023, 1, 1, tzinfo=ZONE), dt.datetime(2024, 1, 1, tzinfo=ZONE))
    loaded = [b.batch_id for b in pull(system, tmp_path, entity=entity, window=year)]
    assert len(loaded) == 12
    assert listed(tmp_path) == loaded

    def no_april(reply: Reply, system: FakeSystem) -> None:
        if any(e["query"]["from"].startswith("2023-04") for e in system.log[-1:]):
            status(503)(reply, system)

    system.always = no_april
    with pytest.raises(TransientError):
        pull(system, tmp_path, entity=entity | {"concurrency": 1}, window=year, now=NOW - 900 * DAY)
    loaded = listed(tmp_path)
    assert len(loaded) == 15
    system.always = None
    loaded += [b.batch_id for b in pull(system, tmp_path, entity=entity, window=year)]
    assert listed(tmp_path) == loaded
    assert len(loaded) == 28


def test_a_damaged_manifest_of_long_ago_stops_no_night(tmp_path: Path, running: Start) -> None:
    land(tmp_path, NOW)
    (manifest,) = tmp_path.rglob(MANIFEST)
    text = manifest.read_bytes()
    manifest.write_bytes(b"torn")
    (batch,) = pull(running(FakeSystem()), tmp_path)
    assert batch.manifest.number == 2
    manifest.write_bytes(text)
    assert listed(tmp_path)[-1] == batch.batch_id


def sweep(root: Path, at: dt.datetime) -> list[str]:
    return [land(root, at, (f"2023-0{month}-01", f"2023-0{month + 1}-01")) for month in (1, 2)]


def swept(root: Path) -> list[str]:
    found: list[LandedBatch] = complete_batches(root, "sys", "thing", NOW)
    return [batch.batch_id for batch in newest_sweep(found)]


def test_the_last_sweep_is_the_one_that_was_landed_last(tmp_path: Path) -> None:
    """Not the one with the latest date; and of two under one pinned clock only the second."""
    assert swept(tmp_path) == []
    ahead = sweep(tmp_path, NOW + 400 * DAY)
    assert swept(tmp_path) == ahead
    second = sweep(tmp_path, NOW)
    assert swept(tmp_path) == second
    third = sweep(tmp_path, NOW)
    assert swept(tmp_path) == third
