"""The scenarios themselves: which requests a rule matches, which rules are refused, and a world that changes
while it is read (F21), over real HTTP.

Doesn't belong here: what a night makes of other faults (test_faults.py, test_source_changes.py).
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.changes import Changes
from demo.faults import Request, Scenario, ScenarioError
from demo.server import DEMO_CREDENTIALS
from tests.conftest import END
from tests.support.fault_yard import PATHS, Yard, fixture_home, fixture_yard, on  # noqa: F401 (fixtures)
from tests.support.night_content import check_invariants

pytestmark = pytest.mark.timeout(600)
RATING_HEADERS = {"X-API-Key": DEMO_CREDENTIALS["ratings"]}


@pytest.fixture(autouse=True)
def a_world_as_it_was(yard: Yard) -> Iterator[None]:
    yield
    yard.server.state.scenario = Scenario()
    yard.server.state.snapshot.changes = Changes()
    yard.server.state.set_clock(END)


# -- rules ---------------------------------------------------------------------------------------------------

FIRST = Request("ratings", "/ratings", "page=1", 1)
SECOND = Request("ratings", "/ratings", "page=2", 2)


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (None, [True, True, True]),
        ({"path": "/ratings"}, [True, True, True]),
        ({"path": "/ratings/ratings"}, [True, True, True]),
        ({"path": "/services"}, [False, False, False]),
        ({"page": 2}, [False, True, False]),
        ({"attempt": 2}, [False, False, True]),
        ({"page": 1, "nth": 2}, [False, False, True]),
        ({"times": 1}, [True, False, False]),
        ({"nth": 2, "times": 1}, [False, True, False]),
    ],
)
def test_which_requests_a_rule_matches(match: dict[str, Any] | None, expected: list[bool]) -> None:
    """Asked: the first page, the second, and the first once more."""
    scenario = Scenario.parse([{"do": "reset"} | ({} if match is None else {"match": match})])
    held = [scenario.next_rule(request) is not None for request in (FIRST, SECOND, FIRST)]
    assert held == expected


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ({}, "list of rules"),
        (["reset"], "Rule 1 needs a do"),
        ([{"do": "reset"}, {"do": "explode"}], "Rule 2 needs a do"),
        ([{"do": "reset", "match": {"url": "/"}}], "match takes attempt, nth, page, path, times"),
        ([{"do": "reset", "match": {"nth": "2"}}], "whole numbers"),
        ([{"do": ["reset"]}], "Rule 1 needs a do"),
        ([{"do": "mutate_between_pages", "ops": "delete"}], "delete, insert, touch"),
        ([{"do": "stall", "seconds": 5}], "stall takes s"),
        ([{"do": "reset", "code": 500}], "reset takes nothing"),
        ([{"do": "mutate_between_pages", "ops": [{"op": "explode"}]}], "delete, insert, touch"),
    ],
)
def test_a_rule_that_is_none_is_refused(rules: object, reason: str) -> None:
    with pytest.raises(ScenarioError, match=reason):
        Scenario.parse(rules)


def test_the_page_that_is_asked_for_is_known_however_a_system_pages(yard: Yard) -> None:
    """Cursor, page number, offset and link: the rule holds for the second page of each, and for no other."""
    for entity in ("case", "rating", "submission", "decision"):
        rule = {"match": {"path": PATHS[entity], "page": 2}, "do": "status", "code": 418}
        yard.server.state.scenario = Scenario.parse([rule])
        yard.server.state.log.clear()
        statuses = [one.status_code for one in three_pages(yard, entity)]
        assert statuses == [200, 418, 200], entity


def three_pages(yard: Yard, entity: str) -> Iterator[requests.Response]:
    """The answers to the first three pages of ten rows."""
    client_id, client_secret = DEMO_CREDENTIALS["cases"].split(":")
    token = requests.post(
        f"{yard.server.urls['cases']}/oauth/token", timeout=30,
        data={"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret},
    ).json()["access_token"]  # fmt: skip
    user, password = DEMO_CREDENTIALS["services"].split(":")
    # A cursor of the simulated system is the place of the next row.
    ten, twenty = (base64.urlsafe_b64encode(place).decode() for place in (b"10", b"20"))
    system, size, places, access = {
        "case": ("cases", "limit", [{}, {"cursor": ten}, {"cursor": twenty}],
                 {"headers": {"Authorization": f"Bearer {token}"}}),
        "rating": ("ratings", "per_page", [{}, {"page": 2}, {"page": 3}], {"headers": RATING_HEADERS}),
        "submission": ("services", "limit", [{}, {"offset": 10}, {"offset": 20}],
                       {"auth": (user, password)}),
        "decision": ("registry", "limit", [{}, {"after": 10}, {"after": 20}],
                     {"headers": {"Authorization": f"Bearer {DEMO_CREDENTIALS['registry']}"}}),
    }[entity]  # fmt: skip
    for place in places:
        yield requests.get(
            f"{yard.server.urls[system]}{PATHS[entity]}", {size: 10, **place}, timeout=30, **access
        )


# -- a world that changes between two pages --------------------------------------------------------------------


def test_a_change_shows_in_the_next_page_and_in_the_truth(yard: Yard) -> None:
    """Of a page of ten the first goes, the second comes twice, the third becomes the list's last."""
    url = f"{yard.server.urls['ratings']}/ratings?per_page=10"
    calm = requests.get(url, headers=RATING_HEADERS, timeout=30)
    ops = [{"op": "delete"}, {"op": "insert"}, {"op": "touch"}]
    rule = {"match": {"times": 1}, "do": "mutate_between_pages", "ops": ops}
    yard.server.state.scenario = Scenario.parse([rule])
    first, then = (requests.get(url, headers=RATING_HEADERS, timeout=30) for _ in range(2))
    assert first.json() == calm.json(), "the page itself is the right one"
    gone, twice, touched, *rest = [row["rating_id"] for row in first.json()]
    assert [row["rating_id"] for row in then.json()][:9] == [twice, f"{twice}-0", *rest]
    assert then.headers["X-Total-Count"] == first.headers["X-Total-Count"]
    truth = requests.get(f"{yard.server.address}/__truth", timeout=60).json()["ratings"]
    known = {row["rating_id"]: row for row in truth}
    assert gone not in known
    assert {twice, f"{twice}-0"} <= known.keys()
    assert known[touched]["submitted_at"] == max(row["submitted_at"] for row in truth)


OPS = {
    "rows sent before go": [{"op": "delete", "rows": 3}],
    "rows come before those to be sent": [{"op": "insert", "rows": 3}],
    "rows sent before change": [{"op": "touch", "rows": 3}],
    "all at once": [{"op": "delete", "rows": 2}, {"op": "insert"}, {"op": "touch", "rows": 2}],
}


@pytest.mark.parametrize("entity", ["case", "rating", "submission", "service"])
@pytest.mark.parametrize("ops", OPS.values(), ids=OPS)
def test_nothing_is_lost_while_pages_shift(
    ops: list[dict[str, Any]], entity: str, yard: Yard, home: Path
) -> None:
    """F21: the night that met the shift holds every row that is true after it, each as it is now."""
    told = yard.night(
        home, on(entity, "mutate_between_pages", nth=1, ops=ops), mode="full", only=(entity,)
    )
    assert "mutate_between_pages" in [entry["fault"] for entry in yard.asked(entity)]
    assert told[entity]["fetched"] > 0
    check_invariants(home, yard.server.state.snapshot.truth(), (entity,))


def test_a_case_that_goes_while_it_is_read_is_marked_by_the_sweep(yard: Yard, home: Path) -> None:
    """F21, F29: it was read before it went; the list of keys no longer has it."""
    rule = on("case", "mutate_between_pages", nth=1, ops=[{"op": "delete", "rows": 2}])
    yard.night(home, rule, mode="full", only=("case",))
    gone = yard.server.state.snapshot.changes.gone[PATHS["case"]]
    check_invariants(home, yard.server.state.snapshot.truth(), ("case",))
    yard.night(home, only=("case", "case_key"))
    marked = {
        key for (key,) in yard.select(home, "select key from meta.deletion where entity = 'case'")
    }
    received = {row["case_code"] for row in yard.truth["cases"] if row["received_at"]}
    assert len(gone) == 2
    assert gone & received <= marked
