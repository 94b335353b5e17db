"""Reads that broke go on at their page and first (F53); several windows."""

import datetime as dt
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from sources.errors import (
    LoopError,
    SourceError,
    TransientError,
)
from sources.http.limits import ReadLimits
from sources.landing.batches import complete_batches
from sources.landing.open_batch import incomplete_batches
from sources.pull.windows import Window
from tests.support.pulling import (
    FIRST,
    INCREMENTAL,
    PAGINGS,
    SECOND,
    ZONE,
    Start,
    check_truth,
    pull,
)
from tests.support.scripted_server import (
    FakeSystem,
    Reply,
    make_rows,
)
from tests.support.server_faults import (
    edit,
    status,
)


def broken_read(system: FakeSystem, landing: Path, at: int = 3, **options: Any) -> None:
    """A read that ends for good at one request."""
    system.script = dict.fromkeys(range(at, at + 3), status(503))
    with pytest.raises(TransientError):
        pull(system, landing, entity=INCREMENTAL, window=FIRST, **options)
    assert complete_batches(landing, "sys", "thing") == []
    system.script = {}
    system.log.clear()


@pytest.mark.parametrize("paging", [*PAGINGS])
def test_a_broken_read_goes_on_at_its_page_and_first(
    paging: str, tmp_path: Path, running: Start
) -> None:
    system = running(FakeSystem(paging=paging, rows=make_rows(45)))
    broken_read(system, tmp_path)
    old, new = pull(system, tmp_path, entity=INCREMENTAL, window=SECOND)
    assert (old.window_start, old.window_end) == (FIRST.start, FIRST.end)
    assert (new.window_start, new.window_end) == (SECOND.start, SECOND.end)
    check_truth(system, [old])
    assert new.rows == 0
    asked = system.log[0]["query"]
    place = {"cursor": ("cursor", "00019"), "offset": ("offset", "20")}.get(paging, ("page", "3"))
    assert asked[place[0]] == place[1]


def test_a_page_damaged_meanwhile_is_read_again(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(rows=make_rows(45)))
    broken_read(system, tmp_path, at=4)
    (broken,) = incomplete_batches(tmp_path, "sys", "thing")
    (broken.directory / "page-00002.json.gz").write_bytes(b"torn")
    old, _ = pull(system, tmp_path, entity=INCREMENTAL, window=SECOND)
    check_truth(system, [old])
    assert system.log[0]["query"]["cursor"] == "00009"


def test_a_cursor_that_is_no_longer_known_starts_the_window_over(
    tmp_path: Path, running: Start
) -> None:
    system = running(FakeSystem(rows=make_rows(45)))
    broken_read(system, tmp_path)
    system.script = {1: status(400)}
    old, _ = pull(system, tmp_path, entity=INCREMENTAL, window=SECOND)
    check_truth(system, [old])


def test_a_read_that_went_in_circles_begins_anew(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(rows=make_rows(45)))
    system.script = {3: edit(lambda page: page | {"next_cursor": "00009"})}
    with pytest.raises(LoopError):
        pull(system, tmp_path, entity=INCREMENTAL, window=FIRST)
    old, _ = pull(system, tmp_path, entity=INCREMENTAL, window=SECOND)
    check_truth(system, [old])


def test_a_changed_source_file_starts_the_window_over(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(rows=make_rows(45)))
    broken_read(system, tmp_path)
    entity = INCREMENTAL | {"page_size": {"param": "limit", "rows": 7}}
    old, _ = pull(system, tmp_path, entity=entity, window=SECOND)
    check_truth(system, [old])
    assert [page.rows for page in old.manifest.pages] == [7, 7, 7, 7, 7, 7, 3]


def test_a_broken_snapshot_is_read_anew(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem())
    system.script = dict.fromkeys((2, 3, 4), status(503))
    with pytest.raises(TransientError):
        pull(system, tmp_path)
    system.script = {}
    (batch,) = pull(system, tmp_path)
    check_truth(system, [batch])
    assert [path.name for path in (tmp_path / "sys" / "thing").iterdir()] == [batch.directory.name]


def test_torn_progress_is_no_batch(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem())
    broken_read(system, tmp_path)
    (broken,) = incomplete_batches(tmp_path, "sys", "thing")
    (broken.directory / "_progress.json").write_bytes(b'{"window_st')
    (batch,) = pull(system, tmp_path, entity=INCREMENTAL, window=FIRST)
    check_truth(system, [batch])


KILLED = """
import sys, pathlib
from tests.support.pulling import FIRST, INCREMENTAL, pull
from tests.support.scripted_server import FakeSystem
system = FakeSystem(); system.address = sys.argv[1]
pull(system, pathlib.Path(sys.argv[2]), entity=INCREMENTAL, window=FIRST)
"""


def test_a_killed_process_leaves_a_read_to_go_on_with(tmp_path: Path, running: Start) -> None:
    """F53: SIGKILL while the third page is awaited."""
    waiting = threading.Event()
    system = running(FakeSystem(rows=make_rows(45)))
    system.before[3] = lambda _system: (waiting.set(), time.sleep(0.5))  # type: ignore[func-returns-value]
    child = subprocess.Popen([sys.executable, "-c", KILLED, system.address, str(tmp_path)])
    assert waiting.wait(20)
    child.send_signal(signal.SIGKILL)
    child.wait()
    system.before.clear()
    system.log.clear()
    old, _ = pull(system, tmp_path, entity=INCREMENTAL, window=SECOND)
    check_truth(system, [old])
    assert system.log[0]["query"]["cursor"] == "00019"


def test_the_budget_of_a_pull_ends_it_and_the_next_goes_on(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(rows=make_rows(45)))
    system.before = dict.fromkeys(range(1, 9), lambda _system: time.sleep(0.12))
    short = ReadLimits(pull_seconds=0.3, attempts=2, wait_first_seconds=0.01)
    with pytest.raises(SourceError, match=r"used up|no whole answer"):
        pull(system, tmp_path, entity=INCREMENTAL, window=FIRST, limits=short)
    system.before = {}
    old, _ = pull(system, tmp_path, entity=INCREMENTAL, window=SECOND)
    check_truth(system, [old])


@pytest.mark.parametrize("concurrency", [1, 4])
def test_windows_split_by_month_land_as_batches_in_order(
    concurrency: int, tmp_path: Path, running: Start
) -> None:
    rows = [
        row | {"updated_at": f"2023-{n % 12 + 1:02d}-15T08:00:00+07:00"}
        for n, row in enumerate(make_rows(90))
    ]
    system = running(FakeSystem(rows=rows))
    entity = INCREMENTAL | {"split": "month", "concurrency": concurrency}
    year = Window(dt.datetime(2023, 1, 1, tzinfo=ZONE), dt.datetime(2024, 1, 1, tzinfo=ZONE))
    batches = pull(system, tmp_path, entity=entity, window=year)
    assert len(batches) == 12
    starts = [batch.window_start for batch in batches]
    assert starts == sorted(starts, key=str)
    check_truth(system, batches)


def test_a_failed_window_is_resumed_before_the_next(tmp_path: Path, running: Start) -> None:
    rows = [
        row | {"updated_at": f"2023-{n % 12 + 1:02d}-15T08:00:00+07:00"}
        for n, row in enumerate(make_rows(360))
    ]
    system = running(FakeSystem(rows=rows, page_size=10))
    entity = INCREMENTAL | {"split": "month", "concurrency": 3}
    year = Window(dt.datetime(2023, 1, 1, tzinfo=ZONE), dt.datetime(2024, 1, 1, tzinfo=ZONE))

    def no_april(reply: Reply, system: FakeSystem) -> None:
        if any(e["query"]["from"].startswith("2023-04") for e in system.log[-1:]):
            status(503)(reply, system)

    system.always = no_april
    with pytest.raises(TransientError):
        pull(system, tmp_path, entity=entity, window=year)
    done = {batch.batch_id for batch in complete_batches(tmp_path, "sys", "thing")}
    left = incomplete_batches(tmp_path, "sys", "thing")
    assert left
    system.always = None
    # What the caller asks for next begins where the landed part ends, as its cursor would say.
    newest = max(
        (b.window_end for b in complete_batches(tmp_path, "sys", "thing") if b.window_end),
        default=year.start,
    )
    again = pull(system, tmp_path, entity=entity, window=Window(newest, year.end))
    old = [b for b in complete_batches(tmp_path, "sys", "thing") if b.batch_id in done]
    check_truth(system, [*old, *again], duplicates=True)
