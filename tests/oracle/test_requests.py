"""The oracle's requests for supplements, held to every worked example of contracts.md §5.1, counted by hand.

Belongs here: which requests count, and what they move. Doesn't: the rest of §5 (test_rules.py).
"""

import datetime as dt
from typing import Any

from tests.oracle.facts import LOCAL, Row
from tests.oracle.verdicts import verdict
from tests.support.case_x import NOV, asked, at, due, fact, is_on_time, on, overdue_days


def test_one_moment_of_asking_is_one_request() -> None:
    twice = fact(asked(3, 5), asked(3, 5))
    assert len(twice.requests) == 1
    assert twice.due_on == on(10)
    hours = {"seq": 9, "requested_at": at(3, "09:00"), "completed_at": at(5)}
    assert len(fact(asked(3, 5), hours).requests) == 2


def test_a_request_is_answered_at_the_latest_answer_that_any_entry_holds() -> None:
    found = fact(asked(3), asked(3, 4), asked(3, 5))
    assert [(q.at.day, q.done and q.done.day) for q in found.requests] == [(3, 5)]
    assert found.due_on == on(10)


def test_spans_are_united_before_they_move_the_due_day() -> None:
    assert due(asked(3, 5), asked(4, 9)) == 12


def test_a_request_after_the_end_moves_nothing() -> None:
    found = fact(asked(10, 12), ended=9)
    assert found.due_on == on(6)
    assert is_on_time(found) is False


def test_a_span_counts_to_the_end_of_the_clock() -> None:
    found = fact(asked(5, 20), ended=9)
    assert found.due_on == on(10)
    assert is_on_time(found) is True
    assert found.clock is not None
    assert found.clock.duration() == 3


def test_a_span_counts_from_reception() -> None:
    late_reception = {"received_at": at(9, "09:00"), "due_at": at(10, "17:00")}
    found = fact(asked(2, 6), ended=12, **late_reception)
    assert found.due_on == on(10)
    assert is_on_time(found) is False
    assert due(asked(6, 11), **late_reception) == 12


def test_a_request_that_was_never_answered_moves_nothing() -> None:
    assert due(asked(3)) == 6
    assert due(asked(3), ended=9) == 6


def test_a_request_answered_before_it_was_made_moves_nothing_yet_is_one() -> None:
    backwards = fact(asked(5, 3), asked(4, 5), ended=9)
    assert backwards.due_on == on(9)
    assert is_on_time(backwards) is True
    assert is_on_time(backwards, "B") is False


def test_a_request_on_a_day_off_after_the_due_day_moves_nothing() -> None:
    assert is_on_time(fact(asked(7, 13), ended=9)) is False


def test_a_request_after_the_due_day_moves_nothing() -> None:
    found = fact(asked(12, 16), ended=18)
    assert found.due_on == on(6)
    assert found.clock is not None
    assert found.clock.duration() == 12 - 2


def test_a_request_made_while_the_case_waits_is_in_time() -> None:
    assert due(asked(5, 12), asked(10, 16)) == 17


def test_what_was_answered_on_that_very_day_counts() -> None:
    answered = {"seq": 1, "requested_at": at(5), "completed_at": at(9, "16:00")}
    assert due(answered, {"seq": 2, "requested_at": at(10, "08:00"), "completed_at": at(11)}) == 11
    moved_that_day = {"seq": 2, "requested_at": at(9, "08:00"), "completed_at": at(11)}
    assert due(answered, moved_that_day) == 12


def test_an_answer_after_as_of_is_no_answer_yet() -> None:
    assert due(asked(5, 12), as_of=11) == 6
    assert due(asked(5, 12), as_of=12) == 13
    assert due(asked(5, 9), asked(5, 12), as_of=11) == 10
    assert due(asked(5, 9), asked(5, 12), as_of=12) == 13


def test_b_counts_requests_made_by_the_end_of_the_period() -> None:
    found = fact(asked(5, 6), asked("2026-12-02"), as_of="2026-12-31")
    assert (
        verdict("B", fact(asked(5, 6), asked("2026-12-02"), ended=9, as_of="2026-12-31"), *NOV)
        is True
    )
    assert verdict("B", found, on(1), dt.date(2026, 12, 31)) is False
    assert verdict("B", fact(asked(5, 6), asked(5, 6), ended=9), *NOV) is True
    assert verdict("B", fact(asked(5, 6), asked(10, 11), ended=9), *NOV) is False


def test_a_case_is_as_long_as_it_ran_without_answered_requests() -> None:
    def days(*events: Row, **other: Any) -> int | None:
        clock = fact(*events, **other).clock
        assert clock is not None
        return clock.duration()

    assert days(ended=9) == 5
    assert days(asked(3, 5), asked(4, 5), ended=9) == 3
    assert days(asked(3), ended=9) == 5
    assert days(asked(2, 20), ended=9) == 0
    assert days() is None
    assert days(ended=2, received_at=at(3)) is None


def test_a_limit_in_working_hours_stands_still_for_the_minutes_of_the_union() -> None:
    """Eight hours from Monday 09:00 end on Tuesday at 09:00."""
    hours = {"due_at": None, "limit": (8, "working_hour")}
    pause = {"seq": 1, "requested_at": at(2, "10:00"), "completed_at": at(2, "17:00")}
    overlap = {"seq": 2, "requested_at": at(2, "13:30"), "completed_at": at(3, "09:00")}
    assert due(**hours) == 3
    # five office hours more: Tuesday at 16:00
    assert due(pause, **hours) == 3
    # with Tuesday 07:00 to 09:00 seven hours more: six on Tuesday, one on Wednesday
    assert due(pause, overlap, **hours) == 4
    # added up it would be ten hours, so Wednesday
    assert due(pause, pause, **hours) == 3
    # asked on the weekend before, answered before the office opened: no minute of work
    sunday = {"seq": 1, "requested_at": at(1, "10:00"), "completed_at": at(2, "06:59")}
    assert due(sunday, **hours, received_at=at(1, "09:00")) == 2
    # asked after the due day
    assert due(asked(5, 6), **hours) == 3


def test_by_time_moments_decide_what_is_in_time() -> None:
    by_time = {"compare_by": "time", "due_at": at(6, "12:00")}
    asked_at_11 = {"seq": 1, "requested_at": at(6, "11:00"), "completed_at": at(9)}
    asked_at_13 = {"seq": 1, "requested_at": at(6, "13:00"), "completed_at": at(9)}
    assert due(asked_at_11, **by_time) == 9
    assert due(asked_at_13, **by_time) == 6
    assert due(asked_at_13) == 9
    found = fact(asked_at_11, ended=9, **by_time)
    assert found.clock is not None
    assert found.clock.due is not None
    assert found.clock.due.moment == dt.datetime(2026, 11, 9, 12, tzinfo=LOCAL)
    assert overdue_days(fact(**by_time)) == set(range(6, 31))
