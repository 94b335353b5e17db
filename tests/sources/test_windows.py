"""Windows of incremental reads: where the next begins, how they are cut, how they are asked for."""

import datetime as dt
import gzip
import itertools
import json
from pathlib import Path

import pytest

from common.local_time import LOCAL as ZONE
from sources.errors import SpecError
from sources.http.client import Access
from sources.pull.entity import pull_entity
from sources.pull.windows import Window, next_window, split_window, window_params
from sources.spec.file import load_spec
from sources.spec.systems import EntitySpec
from tests.support.scripted_server import FakeSystem, Reply, serving

NOW = dt.datetime(2023, 11, 24, 23, 30, 5, 999, tzinfo=ZONE)


CASE = load_spec().systems["cases"].entities["case"]
KEYS = load_spec().systems["cases"].entities["case_key"]


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


def test_the_next_window_begins_before_the_cursor() -> None:
    assert next_window(CASE, None, NOW, ZONE) == Window(at("2020-01-01"), NOW)
    assert next_window(CASE, at("2023-11-23"), NOW, ZONE) == Window(at("2023-11-20"), NOW)
    assert next_window(CASE, at("2023-11-23"), NOW, ZONE, full=True) == Window(
        at("2020-01-01"), NOW
    )
    assert next_window(CASE, NOW + dt.timedelta(minutes=9), NOW, ZONE) == Window(
        NOW - dt.timedelta(days=3), NOW
    )
    later = NOW + dt.timedelta(days=99)
    assert next_window(CASE, later, NOW, ZONE) == Window(NOW - dt.timedelta(days=3), NOW), (
        "an as-of"
    )
    assert next_window(CASE, at("2019-01-01"), NOW, ZONE) == Window(at("2020-01-01"), NOW)
    assert next_window(KEYS, at("2023-11-23"), NOW, ZONE) == Window(at("2020-01-01"), NOW)
    assert next_window(load_spec().systems["cases"].entities["agency"], None, NOW, ZONE) is None


def test_a_cursor_in_the_far_future_is_refused() -> None:
    """F26."""
    with pytest.raises(SpecError, match="future"):
        next_window(CASE, at("2999-01-01"), NOW, ZONE)


@pytest.mark.parametrize("start", ["2020-01-01", "2020-02-29", "2021-12-31", "2023-11-24"])
@pytest.mark.parametrize("split", ["none", "month", "year"])
@pytest.mark.parametrize("entity", [CASE, KEYS], ids=["datetime", "date"])
def test_pieces_cover_the_window_without_a_gap(entity: EntitySpec, split: str, start: str) -> None:
    entity = entity.model_copy(update={"split": split})
    window = Window(at(start), NOW)
    pieces = split_window(entity, window, ZONE)
    assert pieces[0].start == window.start
    if entity is not None and entity.window and entity.window.type == "date":
        days = [
            piece.start.date() + dt.timedelta(days=n)
            for piece in pieces
            for n in range((piece.end.date() - piece.start.date()).days + 1)
        ]
        first = window.start.date()
        assert days == [first + dt.timedelta(days=n) for n in range((NOW.date() - first).days + 1)]
    else:
        assert all(a.end == b.start for a, b in itertools.pairwise(pieces))
        assert pieces[-1].end == NOW.replace(microsecond=0)
    months = {(piece.start.year, piece.start.month) for piece in pieces}
    assert split != "month" or len(pieces) == len(months)


def test_a_window_that_ends_on_a_cut_has_no_empty_piece() -> None:
    entity = CASE.model_copy(update={"split": "year"})
    pieces = split_window(entity, Window(at("2021-01-01"), at("2023-01-01")), ZONE)
    assert [(p.start.year, p.end.year) for p in pieces] == [(2021, 2022), (2022, 2023)]
    keys = split_window(KEYS, Window(at("2021-01-01"), at("2022-01-01")), ZONE)
    assert [(f"{p.start:%m%d}", f"{p.end:%Y%m%d}") for p in keys] == [
        ("0101", "20211231"), ("0101", "20220101"),
    ]  # fmt: skip


def test_windows_are_asked_for_in_local_time_with_offset() -> None:
    window = Window(dt.datetime(2023, 11, 23, 18, 30, tzinfo=dt.UTC), NOW)
    assert window_params(CASE, window, ZONE) == {
        "updated_from": "2023-11-24T01:30:00+07:00", "updated_to": "2023-11-24T23:30:05+07:00",
    }  # fmt: skip
    assert window_params(KEYS, window, ZONE) == {
        "received_from": "2023-11-24", "received_to": "2023-11-25",
    }, "a day beyond, for a system that leaves the last one out"  # fmt: skip
    assert KEYS.window is not None
    strict = KEYS.window.model_copy(update={"days_beyond": 0})
    keys = KEYS.model_copy(update={"window": strict})
    assert window_params(keys, window, ZONE)["received_to"] == "2023-11-24"


@pytest.mark.parametrize("bounds", [(NOW, NOW - dt.timedelta(1)), (NOW.replace(tzinfo=None), NOW)])
def test_a_window_runs_forward_and_knows_its_zone(bounds: tuple[dt.datetime, dt.datetime]) -> None:
    with pytest.raises(SpecError):
        Window(*bounds)


@pytest.mark.parametrize("ends_included", [True, False])
def test_no_key_is_missed_whether_a_system_includes_the_last_day_or_not(
    tmp_path: Path, ends_included: bool
) -> None:
    """A key that a sweep doesn't list is marked as deleted, so the last day of a year must not be lost."""
    received = ["2021-12-30", "2021-12-31", "2022-01-01", "2022-12-31", "2023-11-24"]

    def answer(reply: Reply, system: FakeSystem) -> None:
        asked = system.log[-1]["query"]
        first, last = asked["received_from"], asked["received_to"]
        found = [day for day in received if first <= day <= last and (ends_included or day < last)]
        keys = [{"case_code": day, "updated_at": f"{day}T08:00:00+07:00"} for day in found]
        reply.body = json.dumps({"data": keys, "next_cursor": None}).encode()

    source = FakeSystem(always=answer)
    cases = load_spec().systems["cases"]
    system = cases.model_copy(update={
        "auth": cases.auth.model_copy(update={"kind": "none"}),
        "entities": {"case_key": KEYS.model_copy(update={"path": "/list"})},
    })  # fmt: skip
    with serving(source):
        batches = pull_entity(
            "cases", system, "case_key", Access(source.address, ""), tmp_path, None, NOW, zone=ZONE
        )  # fmt: skip
    pages = [gzip.decompress(page.read_bytes()) for batch in batches for page in batch.files]
    assert {row["case_code"] for page in pages for row in json.loads(page)["data"]} == set(received)
