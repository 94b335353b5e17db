"""The oracle held to every worked example of contracts.md §5.2 to 5.4, 5.6 and 5.8, counted by hand.

Belongs here: one case or one device at a time, and the oracle alone. Doesn't: requests (test_requests.py),
comparing with the product (test_figures.py).
"""

import datetime as dt
from typing import Any

import pytest

from tests.oracle.devices import Devices
from tests.support.case_x import asked, at, due, fact, is_on_time, issued, on, overdue_days


def test_extensions_count_in_their_order_while_they_come_in_time() -> None:
    assert due(issued(5, 12), issued(12, 18), issued(19, 25)) == 18
    assert due(issued(19, 25), issued(12, 18), issued(5, 12)) == 18


def test_an_extension_after_the_end_counts_for_nothing() -> None:
    assert is_on_time(fact(issued(10, 16), ended=9)) is False
    assert due(issued(5, 16), ended=5) == 16


def test_an_extension_is_in_time_while_the_case_waits() -> None:
    assert due(asked(5), issued(10, 20)) == 20
    assert due(issued(10, 20)) == 6


def test_the_last_extension_wins_even_with_an_earlier_day() -> None:
    assert due(issued(4, 20), issued(5, 12)) == 12


def test_extensions_that_are_no_extensions() -> None:
    assert due(issued(None, 12)) == 6
    assert due(issued(5, None)) == 6
    assert due(issued(5, 4)) == 6
    assert due(issued(5, 12, "apology")) == 6


def test_no_request_moves_an_extended_day() -> None:
    assert due(asked(3, 5)) == 10
    assert due(asked(3, 5), issued(10, 16), asked(11, 13)) == 16
    assert due(asked(3, 12), issued(10, 16)) == 16


def test_a_case_waits_and_is_overdue_as_of_any_past_day() -> None:
    found = fact(asked(5, 12))
    assert found.clock is not None
    assert found.due_on == on(13)
    assert {d for d in range(1, 31) if found.clock.waits_at_end_of(on(d))} == set(range(5, 12))
    assert overdue_days(found) == set(range(14, 31))
    assert overdue_days(fact(asked(9))) == set(range(7, 31))
    assert overdue_days(fact(asked(5))) == set()
    assert overdue_days(fact(status=5)) == set(range(7, 31))
    assert overdue_days(fact(ended=9)) == {7, 8}
    assert overdue_days(fact(as_of=8)) >= {7, 8}


def test_one_due_day_is_right_for_every_past_day() -> None:
    """What the case's last story says of a past day, its story on that day said too."""
    story = (asked(5, 12), asked(10, 16), issued(16, 20), asked(19, 25), asked(27, 28))
    for day in range(2, 31):
        then, later = fact(*story, as_of=day), fact(*story)
        assert then.is_overdue_at_end_of(on(day)) == later.is_overdue_at_end_of(on(day)), day


def test_a_waiting_case_is_good_in_b_unless_asked_twice() -> None:
    assert is_on_time(fact(asked(5)), "B") is True
    assert is_on_time(fact(asked(9)), "B") is False
    assert is_on_time(fact(asked(4, 5), asked(6)), "B") is False
    assert is_on_time(fact(asked(5)), "C") is None
    assert is_on_time(fact(asked(9)), "C") is False


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ((0, "working_day"), on(2)),
        ((4, "working_day"), on(6)),
        ((1000, "hour"), dt.date(2026, 12, 14)),
        ((1001, "working_day"), None),
        ((-1, "day"), None),
        ((None, "day"), None),
        ((3, None), None),
        ((3, "fortnight"), None),
        ((1000, "month"), None),
        ((877, "month"), dt.date(2099, 12, 2)),
        ((878, "month"), None),  # 2 January 2100
    ],
)
def test_a_day_is_derived_from_limits_of_0_to_1000_before_2100(
    limit: tuple[Any, Any], expected: dt.date | None
) -> None:
    assert fact(due_at=None, limit=limit).due_on == expected


def test_where_no_due_day_stands_everything_is_in_time() -> None:
    assert due(issued(20, 27), due_at=None, limit=(None, None)) == 27
    assert due(asked(20, 22), due_at=None, limit=(None, None)) is None
    assert is_on_time(fact(ended=9, due_at=None, limit=(None, None))) is None


def test_the_clock_of_a_case_from_elsewhere_starts_there() -> None:
    there = {"cross_boundary": True, "competent_received_at": at(4, "09:00")}
    derived = {"due_at": None, "limit": (4, "working_day")}
    assert due(**derived, **there) == 10
    assert due(**there) == 6
    assert due(**derived, cross_boundary=False, competent_received_at=at(4)) == 6
    assert due(**derived, cross_boundary=True) == 6
    found = fact(asked(3, 5), ended=9, **there)
    assert found.due_on == on(9)
    assert found.clock is not None
    assert found.clock.duration() == 3 - 1


def test_receptions_before_the_law_keep_their_own_start() -> None:
    there = {"cross_boundary": True, "due_at": None, "limit": (4, "working_day")}
    before = fact(received_at=at("2026-08-04"), competent_received_at=at("2026-08-06"), **there)
    after = fact(received_at=at("2026-08-05"), competent_received_at=at("2026-08-06"), **there)
    assert (before.due_on, after.due_on) == (dt.date(2026, 8, 10), dt.date(2026, 8, 12))


def test_the_clock_ends_by_kind_not_by_time() -> None:
    found = fact(stopped_at=at(9), withdrawn_at=at(5))
    assert (found.end_kind, found.end_on) == ("stopped", on(9))
    assert fact(rejected_at=at(2, "09:00")).end_on is None
    assert fact(status=3, finished_at=at(5)).accepted is False
    assert overdue_days(fact(status=9)) == set(range(7, 31))


def _pressed(levels: dict[str, int], **declared: str) -> bool:
    rating = {
        "source": "kiosk",
        "device_id": "K",
        "scale": "3",
        "is_test": False,
        "rated_at": at(5),
    }
    ratings = [rating | {"level_raw": said} for said, count in levels.items() for _ in range(count)]
    drop = (
        [{"source": "kiosk", "device_id": "K", "document_no": "1"} | declared] if declared else []
    )
    truth = {"ratings": ratings, "rating_devices": drop}
    moment = dt.datetime.fromisoformat(at(30))
    return Devices(truth, moment).has_top_level(rating)


def test_devices_are_inferred_by_numbers() -> None:
    assert _pressed({"HÀI LÒNG": 36, "BÌNH THƯỜNG": 3, "RẤT HÀI LÒNG": 1}) is False
    assert _pressed({"HÀI LÒNG": 26, "BÌNH THƯỜNG": 3}) is True
    assert _pressed({"HÀI LÒNG": 26, "BÌNH THƯỜNG": 3, "?": 9}) is True
    assert _pressed({"HÀI LÒNG": 27, "BÌNH THƯỜNG": 3}) is False
    assert _pressed({"HÀI LÒNG": 40, "BÌNH THƯỜNG": 1}) is True
    assert _pressed({"HÀI LÒNG": 35, "BÌNH THƯỜNG": 3, "RẤT HÀI LÒNG": 2}) is True
    assert _pressed({"HÀI LÒNG": 195, "BÌNH THƯỜNG": 3, "RẤT HÀI LÒNG": 2}) is False
    assert _pressed({"HÀI LÒNG": 196, "BÌNH THƯỜNG": 2, "RẤT HÀI LÒNG": 2}) is True


def test_a_declaration_decides_from_its_first_day() -> None:
    lacks = {"HÀI LÒNG": 36, "BÌNH THƯỜNG": 4}
    assert _pressed(lacks, has_top_level="yes", valid_from="2026-11-05") is True
    assert _pressed(lacks, has_top_level="yes", valid_from="2026-11-06") is False
    assert _pressed({"BÌNH THƯỜNG": 1}, has_top_level="no", valid_from="2026-01-01") is False
