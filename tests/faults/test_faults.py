"""One test a fault: the systems misbehave by a scenario, and what has been loaded is the truth all the same.

Each ends with the invariants I1–I5 against the server's truth, and with the content of an undisturbed night
(I9). I6 and the kills are test_kills.py, I7 is test_night.py, secrets test_auth.py, links
test_links.py. Numbers are those of the list of faults.
"""

import datetime as dt
from pathlib import Path

import pytest

from assets.checks import check_suites
from assets.gate import failing_gates, gates_of, publish_night
from assets.night import open_night
from demo.faults import Scenario
from demo.server import serve
from demo.world import World
from expectations.suite import load_suites
from orchestration.parts import make_site
from orchestration.settings import PROJECT
from sources.errors import BudgetError, LoopError, PermanentError, SourceError, TransientError
from sources.errors import UnauthorizedError as Unauthorized
from tests.conftest import END
from tests.support.fault_yard import (  # noqa: F401 (fixtures)
    PATHS,
    START,
    Rule,
    Yard,
    again_after,
    entity_of,
    fixture_home,
    fixture_yard,
    on,
)
from tests.support.quick_night import run_night, settings_of, small_catalog, write_sources
from warehouse.errors import PublicationError, WarehouseError

pytestmark = pytest.mark.timeout(600)


# -- faults that pass: the night itself ends in the truth --------------------------------------------------

PASSING: dict[str, Rule] = {
    "F1 429 with seconds to wait": again_after("1"),
    "F1 503 with no wait": again_after("0", 503),
    "F3 a date that has passed": again_after("Wed, 21 Oct 2015 07:28:00 GMT"),
    "F3 a negative wait": again_after("-5"),
    "F3 garbage": again_after("soon"),
    "F4 500 twice": on("case", "status", times=2, code=500),
    "F7 the token expires in the middle of a read": on("case", "expire_token", nth=3),
    "F10 a stall": on("rating", "stall", nth=1, s=0.8),
    "F10 a slow drip": on("submission", "drip", s=0.02),
    "F11 a reset": on("case", "reset"),
    "F12 truncated, with a length": on("submission", "truncate", bytes=300, length=True),
    "F13 truncated, without a length": on("decision", "truncate", nth=1, bytes=300),
    "F14 half a gzip": on("case", "half_gzip"),
    "F15 NaN": on("case", "body", text='{"data":[{"case_code":NaN}],"next_cursor":null}'),
    "F17 an error envelope with 200": on("case", "body", text='{"error":{"code":7}}'),
    "F20 rows twice in a page": on("case", "edit", repeat=9),
    "F20 the same page again": on("rating", "repeat_page", nth=1, times=1),
    "F21 rows gone while offsets are read": on("submission", "withhold", rows=3),
    "F21 rows gone while pages are read": on("rating", "withhold", nth=1, rows=1),
    "F21 rows gone while a snapshot is read": on("service", "withhold", rows=2),
    "F22 a total that lies": on("case", "wrong_total", nth=1, times=None),
    "F23 a lowered page size": on("case", "lower_page_size", nth=1, times=None, rows=7),
    "F27 a page in another order": on("case", "edit", nth=1, times=None, reverse=True),
}  # fmt: skip


@pytest.mark.parametrize("rule", PASSING.values(), ids=PASSING)
def test_a_passing_fault_leaves_no_trace(rule: Rule, yard: Yard, home: Path) -> None:
    entity = entity_of(rule)
    yard.night(home, rule, only=(entity,))
    faults = [entry["fault"] for entry in yard.server.state.log]
    assert rule["do"] in faults, "the fault was met"
    yard.check(home, entity)
    # I9: the same night again finds nothing new. Once a kind of fault: the content is that of a calm night.
    if rule is next(other for other in PASSING.values() if other["do"] == rule["do"]):
        yard.night(home, only=(entity,))
        yard.check(home, entity)


def test_what_a_night_tells_of_totals_and_duplicates(yard: Yard, home: Path) -> None:
    """F20, F22: copies are counted as such, and the source's own total stands beside what came."""
    twice = {"match": {"path": PATHS["case"], "page": 1}, "do": "edit", "repeat": 9}
    rules = twice, on("case", "wrong_total", nth=1, times=None)
    told = yard.night(home, *rules, only=("case",))["case"]
    assert told["duplicate"] == 9
    fetched, total = yard.select(
        home,
        "select fetched, source_total from meta.batch where entity = 'case' order by loaded_at desc",
    )[0]
    assert fetched == told["fetched"]
    assert total == fetched - 9 + 7
    yard.check(home, "case")


# -- faults that last: the night stops in one sentence, the next one mends it --------------------------------

STOPPING: dict[str, tuple[Rule, type[Exception]]] = {
    "F2 a wait of a day": (again_after("86400"), BudgetError),
    "F5 503 for ever": (on("case", "status", times=None, code=503), TransientError),
    "F6 404": (on("rating", "status", nth=1, times=None, code=404), PermanentError),
    "F7 401 for ever": (on("case", "status", times=None, code=401), Unauthorized),
    "F8 403 on one list": (on("submission", "status", nth=1, times=None, code=403), PermanentError),
    "F10 a drip without end": (on("case", "drip", times=None, s=0.05), TransientError),
    "F13 always truncated": (on("case", "truncate", times=None, bytes=900), TransientError),
    "F15 NaN for ever": (on("case", "body", times=None, text='{"data":[NaN]}'), TransientError),
    "F16 a login page": (
        on("case", "body", times=None, text="<html>login</html>", content_type="text/html"),
        PermanentError,
    ),
    "F16 a wrong content type": (
        on("case", "body", times=None, text='{"data":[]}', content_type="text/csv"), SourceError,
    ),
    "F19 the first page for ever": (on("case", "repeat_page", nth=1, times=None), LoopError),
    "F34 a required field is gone": (
        on("case", "edit", nth=1, times=None, drop=["status"]), WarehouseError,
    ),
    "F34 a required field has another name": (
        on("rating", "edit", nth=1, times=None, rename={"level_raw": "level"}), WarehouseError,
    ),
    "F39 a gzip bomb": (on("case", "gzip_bomb", times=None, mebibytes=300), SourceError),
    "F52 a next link to another host": (
        on("decision", "foreign_next", nth=1, times=None, url="http://127.0.0.1:1/latest"), SourceError,
    ),
    "F52 a next link to the metadata service": (
        on("rating", "foreign_next", nth=1, times=None, url="http://169.254.169.254/x"), SourceError,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "kind"), STOPPING.values(), ids=STOPPING)
def test_a_lasting_fault_stops_and_the_next_night_mends_it(
    rule: Rule, kind: type[Exception], yard: Yard, home: Path
) -> None:
    cursors = "select entity, cursor_at from meta.cursor order by 1"
    before = dict(yard.select(home, cursors))
    entity = entity_of(rule)
    with pytest.raises(kind) as stopped:
        yard.night(home, rule, only=(entity,))
    sentence = str(stopped.value)
    assert "\n" not in sentence
    assert "login</html>" not in sentence
    after = dict(yard.select(home, cursors))
    assert after[entity] == before[entity], "I5: no cursor moves past a gap"
    yard.night(home, only=(entity,))
    yard.check(home, entity)


def test_an_empty_first_page_after_full_days_forbids_publishing(tmp_path: Path) -> None:
    """F18: nothing is wrong with an empty list as such; the day it was to bring is judged by its weekdays."""
    wednesday = dt.datetime(2023, 6, 28, 1, 30, tzinfo=END.tzinfo)
    world = World.build(seed=7, end=END, years=0.25, cases_per_year=17_000, procedures=150)
    server = serve(world)
    sources = write_sources(tmp_path)
    _, catalog, _ = small_catalog(sources)
    volumes = catalog.ancestors(VOLUME)
    suites = {VOLUME: load_suites(PROJECT / "expectations" / "suites")[VOLUME]}
    gates = gates_of(catalog, suites)
    said: dict[int, list[tuple[str, str, int | None]]] = {}
    try:
        for day, rules in enumerate(([], [EMPTY], [])):
            at = wednesday + dt.timedelta(days=day)
            server.state.set_clock(at)
            server.state.scenario = Scenario.parse(rules)
            settings = settings_of(tmp_path / "home", at, server.urls, sources)
            run_night(settings, only=("case", "drops"), builds=volumes)
            with open_night(make_site(settings, lambda *_: None), f"night {day}") as night:
                check_suites(night, list(suites.values()))
                said[day] = [
                    (broken.table, broken.rule, broken.failed)
                    for broken in failing_gates(night.connection, gates)
                ]
                if day == 1:
                    with pytest.raises(
                        PublicationError, match="daily_volume · latest_day_not_empty: Ngày"
                    ):
                        publish_night(night, catalog, suites)
    finally:
        server.close()
    stop = VOLUME, "latest_day_not_empty", 1
    assert [stop in said[day] for day in range(3)] == [False, True, False]


VOLUME = "core.daily_volume"
EMPTY: Rule = {
    "match": {"path": PATHS["case"]}, "do": "body", "text": '{"data":[],"next_cursor":null,"total":0}',
}  # fmt: skip
