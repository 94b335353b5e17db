"""Lists that loop, move or lie (F18-F22), and how long a busy source may have us wait (F3)."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from sources.errors import (
    BudgetError,
    LoopError,
    SpecError,
)
from sources.http.client import Access
from sources.http.limits import ReadLimits, retry_after_seconds
from sources.pull.entity import pull_entity
from tests.support.pulling import (
    NOW,
    PAGINGS,
    QUICK,
    SHIFTING,
    ZONE,
    Start,
    check_nothing,
    check_truth,
    landed_rows,
    pull,
    spec_for,
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

pytestmark = pytest.mark.time


def test_an_empty_page_is_not_the_end_of_a_cursor(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(page_size=5, script={2: edit(lambda p: p | {"data": []})}))
    rows = landed_rows(pull(system, tmp_path), "data")
    assert len(rows) == 20


def test_empty_pages_without_end_stop(tmp_path: Path, running: Start) -> None:
    def forward(reply: Reply, system: FakeSystem) -> None:
        edit(lambda p: p | {"data": [], "next_cursor": f"c{system.asked}"})(reply, system)

    system = running(FakeSystem(always=forward))
    with pytest.raises(LoopError, match="no end"):
        pull(system, tmp_path)
    assert system.asked <= QUICK.empty_pages_most + 1


@pytest.mark.parametrize("paging", [*PAGINGS])
def test_a_server_that_ignores_the_position_stops_the_read(
    paging: str, tmp_path: Path, running: Start
) -> None:
    """F19: every page is the first."""
    system = running(FakeSystem(paging=paging))
    first = system.page({})
    if paging in ("next_link", "link_header"):
        link = f"{system.address}/list?page=2"
        first.headers |= {"Link": f'<{link}>; rel="next"'} if paging == "link_header" else {}

    def same(reply: Reply, _system: FakeSystem) -> None:
        reply.body = first.body
        if paging == "link_header":
            reply.headers["Link"] = f'<{system.address}/list?page={system.asked}>; rel="next"'
        if paging == "next_link":
            edit(lambda p: p | {"next": f"/list?page={system.asked}"})(reply, system)

    system.always = same
    with pytest.raises(LoopError):
        pull(system, tmp_path)
    assert system.asked == 2
    check_nothing(tmp_path)


def test_a_next_link_to_itself(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(paging="next_link", rows=make_rows(3)))
    number = iter(range(100))

    def itself(reply: Reply, _system: FakeSystem) -> None:
        rows = [{"id": f"new{next(number)}"}]
        edit(lambda p: {"results": rows, "next": "/list?page=1"})(reply, system)

    system.always = itself
    with pytest.raises(LoopError, match="same page twice"):
        pull(system, tmp_path)


@pytest.mark.parametrize("paging", ["cursor", *SHIFTING])
def test_duplicates_across_pages_are_landed_and_counted(
    paging: str, tmp_path: Path, running: Start
) -> None:
    """F20: nothing is thrown away here; the loader counts the copies."""
    rows = make_rows(25)
    again = rows[:14] + rows[8:]
    system = running(FakeSystem(paging=paging))

    def overlap(system: FakeSystem) -> None:
        system.rows = again

    if paging == "cursor":
        system.script[2] = edit(lambda p: p | {"data": rows[8:10] + p["data"]})
        batches = pull(system, tmp_path)
    else:
        overlap(system)
        batches = pull(system, tmp_path)
    system.rows = rows
    check_truth(system, batches, duplicates=True)
    assert batches[0].rows > 25


def delete_first(system: FakeSystem) -> None:
    system.rows = system.rows[1:]


def insert_first(system: FakeSystem) -> None:
    system.rows = [{"id": "-0001", "name": "mới", "updated_at": "2023"}, *system.rows]


def swap(system: FakeSystem) -> None:
    """The total stays, the rows don't: one goes early, one comes late."""
    system.rows = [*system.rows[1:], *make_rows(1, start=90)]


@pytest.mark.parametrize("count_is_page", [False, True])
@pytest.mark.parametrize("at", [2, 3])
@pytest.mark.parametrize("mutation", [delete_first, insert_first, swap])
@pytest.mark.parametrize("paging", SHIFTING)
def test_rows_that_move_between_pages_are_not_lost(
    paging: str,
    mutation: Callable[[FakeSystem], None],
    at: int,
    count_is_page: bool,
    tmp_path: Path,
    running: Start,
) -> None:
    """F21: the read is verified at its end, and repeated when the list has moved."""
    system = running(FakeSystem(paging=paging, before={at: mutation}, count_is_page=count_is_page))
    (batch,) = pull(system, tmp_path)
    check_truth(system, [batch])
    assert sorted(path.name for path in batch.directory.glob("page-*")) == [
        page.name for page in batch.manifest.pages
    ]


def test_without_any_total_the_whole_list_is_verified(tmp_path: Path, running: Start) -> None:
    """A row goes from the middle, after its page was read: the first page shows nothing of it."""

    def delete_middle(system: FakeSystem) -> None:
        system.rows = system.rows[:12] + system.rows[13:]

    system = running(
        FakeSystem(
            paging="offset", rows=make_rows(35), before={3: delete_middle}, count_is_page=True
        )
    )
    check_truth(system, pull(system, tmp_path))


def test_a_list_that_never_rests_stops_the_read(tmp_path: Path, running: Start) -> None:
    system = running(FakeSystem(paging="offset", before=dict.fromkeys(range(2, 99), delete_first)))
    system.rows = make_rows(200)
    with pytest.raises(LoopError, match="keeps changing"):
        pull(system, tmp_path)
    check_nothing(tmp_path)


@pytest.mark.parametrize("paging", ["cursor", *SHIFTING])
def test_a_total_that_lies_is_reported_and_nothing_more(
    paging: str, tmp_path: Path, running: Start
) -> None:
    """F22: too high, too low, or another one each time."""
    answers = iter(range(1000, 2000))
    for number, lie in enumerate((lambda n: n + 7, lambda n: 10, lambda n: next(answers))):
        system = running(FakeSystem(paging=paging, total=lie))
        (batch,) = pull(system, tmp_path / str(number))
        check_truth(system, [batch])
        assert batch.source_total != 25


def test_a_stripped_link_header_is_noticed_by_the_total(tmp_path: Path, running: Start) -> None:
    system = running(
        FakeSystem(paging="link_header", always=lambda r, _s: r.headers.pop("Link", ""))
    )
    check_truth(system, pull(system, tmp_path))


def test_an_empty_list_is_a_batch_of_no_rows(tmp_path: Path, running: Start) -> None:
    """F18: here it is only told; the volume gate judges it."""
    system = running(FakeSystem(rows=[]))
    (batch,) = pull(system, tmp_path)
    assert (batch.rows, batch.source_total) == (0, 0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0), (" 0 ", 0.0), ("-5", None), ("", None), ("soon", None), ("1e3", None), ("²", None),
        ("Fri, 24 Nov 2023 16:00:30 GMT", 30.0), ("Fri, 24 Nov 2023 15:00:00 GMT", 0.0),
        ("Friday", None), (None, None), ("9" * 40, None), ("Fri, 99 Nov 2023 16:00:30 GMT", None),
    ],
)  # fmt: skip
def test_retry_after(value: str | None, seconds: float | None) -> None:
    """F3."""
    assert retry_after_seconds(value, NOW) == seconds


def test_a_date_to_retry_after_is_kept(tmp_path: Path, running: Start) -> None:
    from email.utils import format_datetime

    def busy(reply: Reply, system: FakeSystem) -> None:
        at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)
        status(503, Retry_After=format_datetime(at, usegmt=True))(reply, system)

    system = running(FakeSystem(script={1: busy}))
    limits = ReadLimits(wait_most_seconds=3)
    check_truth(system, pull(system, tmp_path, limits=limits))
    assert system.log[1]["at"] - system.log[0]["at"] > 0.9


def test_too_long_a_date_stops(tmp_path: Path, running: Start) -> None:
    busy = status(503, Retry_After="Fri, 24 Nov 2090 16:00:30 GMT")
    system = running(FakeSystem(always=busy))
    with pytest.raises(BudgetError, match="asks to wait"):
        pull(system, tmp_path)


def test_unknown_entities_are_told(tmp_path: Path, running: Start) -> None:
    spec = spec_for(FakeSystem()).systems["sys"]
    with pytest.raises(SpecError, match=r"no sys\.other"):
        pull_entity("sys", spec, "other", Access("http://x"), tmp_path, None, NOW, zone=ZONE)
