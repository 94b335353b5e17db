"""The packaged source file against the simulated systems: every entity, whole, also through faults."""

import datetime as dt
import gzip
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.local_time import LOCAL as ZONE
from demo.faults import Scenario
from demo.server import DEMO_CREDENTIALS, DemoServer, serve
from demo.world import World
from orchestration.settings import PROJECT
from sources.errors import BudgetError, PermanentError, SourceError, TransientError
from sources.files.drops import take_inbox
from sources.http.limits import ReadLimits
from sources.landing.batches import LandedBatch, complete_batches
from sources.pull.entity import Access, probe, pull_entity
from sources.pull.windows import next_window
from sources.spec.file import load_spec

NOW = dt.datetime(2023, 11, 24, 23, 0, tzinfo=ZONE)
SPEC = load_spec()
ENTITIES = [(system, name) for system, spec in SPEC.systems.items() for name in spec.entities]
QUICK = ReadLimits(
    read_seconds=0.5,
    response_seconds=0.9,
    wait_first_seconds=0.01,
    attempts=3,
    wait_most_seconds=2.5,
)
TRUTH = {
    "case": ("cases", "case_code"), "agency": ("agencies", "agency_code"),
    "procedure": ("procedures", "procedure_code"), "staff": ("staff", "staff_code"),
    "rating": ("ratings", "rating_id"), "service": ("services", "service_id"),
    "submission": ("submissions", "submission_id"), "decision": ("decisions", "decision_no"),
}  # fmt: skip


@pytest.fixture(scope="module", name="world")
def fixture_world() -> World:
    return World.build(seed=7, end=NOW, years=1, cases_per_year=4000)


@pytest.fixture(scope="module", name="server")
def fixture_server(world: World) -> Iterator[DemoServer]:
    server = serve(world)
    yield server
    server.close()


def read(
    server: DemoServer,
    system: str,
    entity: str,
    landing: Path,
    scenario: list[dict[str, Any]] | None = None,
) -> list[LandedBatch]:
    server.state.scenario = Scenario.parse(scenario or [])
    spec = SPEC.systems[system]
    window = next_window(spec.entities[entity], None, NOW, ZONE)
    return pull_entity(
        system, spec, entity, Access(server.urls[system], DEMO_CREDENTIALS[system]), landing, window, NOW,
        zone=ZONE, limits=QUICK,
    )  # fmt: skip


def rows_of(system: str, entity: str, batches: list[LandedBatch]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for batch in batches:
        batch.verify()
        for path in batch.files:
            document = json.loads(gzip.decompress(path.read_bytes()))
            for name in SPEC.systems[system].entities[entity].records:
                document = document[name]
            rows += document
    return rows


def check_truth(world: World, system: str, entity: str, batches: list[LandedBatch]) -> None:
    rows = rows_of(system, entity, batches)
    spec = SPEC.systems[system].entities[entity]
    key = spec.key[0]
    if entity == "case_key":
        assert {row[key] for row in rows} <= {row["case_code"] for row in world.case_rows(NOW)}
        return
    name, key = TRUTH[entity]
    assert {row[key] for row in world.truth(NOW)[name]} <= {row[key] for row in rows}
    told = [batch.source_total for batch in batches]
    assert told == [None] * len(told) or sum(t or 0 for t in told) == len(rows)


@pytest.mark.parametrize(("system", "entity"), ENTITIES)
def test_every_entity_is_read_whole(
    system: str, entity: str, server: DemoServer, world: World, tmp_path: Path
) -> None:
    batches = read(server, system, entity, tmp_path)
    check_truth(world, system, entity, batches)
    rows = rows_of(system, entity, batches)
    spec = SPEC.systems[system].entities[entity]
    sent = {name for row in rows for name in row}
    assert sent - {field.path[0] for field in spec.fields.values()} <= spec.refused, "drift"
    expected = {field.path[0] for field in spec.fields.values() if not field.optional}
    assert expected <= sent, "a field that never comes"


@pytest.mark.parametrize("system", [*SPEC.systems])
def test_every_system_can_be_probed(system: str, server: DemoServer) -> None:
    server.state.scenario = Scenario()
    access = Access(server.urls[system], DEMO_CREDENTIALS[system])
    assert probe(system, SPEC.systems[system], access, NOW, zone=ZONE).is_good
    wrong = Access(server.urls[system], "wrong:wrong")
    assert not probe(system, SPEC.systems[system], wrong, NOW, zone=ZONE).authorised


PATHS = {
    "case": "/api/v1/cases",
    "rating": "/ratings",
    "submission": "/v2/submissions",
    "decision": "/decisions",
}
PASSING: list[dict[str, Any]] = [
    {"do": "status", "code": 429, "headers": {"Retry-After": "0"}, "times": 1},
    {"do": "status", "code": 500, "times": 2},
    {"do": "stall", "s": 0.8, "times": 1},
    {"do": "reset", "times": 1},
    {"do": "truncate", "bytes": 500, "times": 1},
    {"do": "truncate", "bytes": 500, "length": True, "times": 1},
    {"do": "half_gzip", "times": 1},
    {"do": "body", "text": '{"error":{"code":1}}', "times": 1},
    {"do": "lower_page_size", "rows": 7, "times": 3},
    {"do": "wrong_total"},
]


@pytest.mark.parametrize(
    "fault", PASSING, ids=lambda fault: f"{fault['do']}-{fault.get('code', '')}"
)
@pytest.mark.parametrize("entity", [*PATHS])
def test_passing_faults_end_in_the_truth(
    entity: str, fault: dict[str, Any], server: DemoServer, world: World, tmp_path: Path
) -> None:
    system = next(system for system, name in ENTITIES if name == entity)
    match = {"path": PATHS[entity], "nth": 2}
    rule = {name: value for name, value in fault.items() if name != "times"}
    rule["match"] = match | ({"times": fault["times"]} if "times" in fault else {})
    batches = read(server, system, entity, tmp_path, [rule])
    rows = rows_of(system, entity, batches)
    name, key = TRUTH[entity]
    assert {row[key] for row in world.truth(NOW)[name]} <= {row[key] for row in rows}


def test_an_expired_token_is_refreshed(server: DemoServer, world: World, tmp_path: Path) -> None:
    rule = {"match": {"path": "/api/v1/cases", "nth": 3, "times": 1}, "do": "expire_token"}
    check_truth(world, "cases", "case", read(server, "cases", "case", tmp_path, [rule]))


STOPPING: list[tuple[dict[str, Any], type[SourceError]]] = [
    ({"do": "status", "code": 503}, TransientError),
    ({"do": "status", "code": 404}, PermanentError),
    ({"do": "status", "code": 429, "headers": {"Retry-After": "86400"}}, BudgetError),
    ({"do": "body", "text": "<html>login</html>", "content_type": "text/html"}, PermanentError),
    ({"do": "body", "text": '{"data":[{"a":NaN}]}'}, TransientError),
    ({"do": "repeat_page"}, SourceError),
    ({"do": "drip", "s": 0.05}, TransientError),
]


@pytest.mark.parametrize(
    ("fault", "kind"), STOPPING, ids=lambda value: str(getattr(value, "get", str)("do"))
)
def test_lasting_faults_stop_and_the_next_read_goes_on(
    fault: dict[str, Any], kind: type[SourceError], server: DemoServer, world: World, tmp_path: Path
) -> None:
    began = time.monotonic()
    with pytest.raises(kind):
        read(
            server,
            "cases",
            "case",
            tmp_path,
            [fault | {"match": {"path": "/api/v1/cases", "nth": 2}}],
        )
    # A machine with others on it takes its time; what never ends takes minutes.
    assert time.monotonic() - began < 30
    assert complete_batches(tmp_path, "cases", "case") == []
    check_truth(world, "cases", "case", read(server, "cases", "case", tmp_path)[:1])


def test_the_demo_files_are_taken(world: World, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    written = world.write_drops(inbox, NOW)
    taken = take_inbox(SPEC, inbox, tmp_path / "landing", {"centre": "C"}, NOW, settle_seconds=0.05)
    assert [result.is_taken for result in taken] == [True] * len(written), [
        r.reason_en for r in taken
    ]
    truth = world.dropped_rows(NOW)
    assert {result.batch.rows for result in taken if result.batch} == {
        len(rows) for rows in truth.values()
    }


@pytest.mark.slow
def test_scenarios_work_from_the_command_line(tmp_path: Path) -> None:
    """`motcua serve-demo --scenario FILE`: its faults happen, and the control addresses tell of them."""
    scenario = tmp_path / "faults.json"
    rule = {"match": {"path": "/v2/services", "times": 1}, "do": "status", "code": 503}
    scenario.write_text(json.dumps([rule]))
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "orchestration.cli", "serve-demo", "--port", "0", "--json",
         "--cases-per-year", "100", "--years", "1", "--scenario", str(scenario), "--truth", str(tmp_path / "truth")],
        stdout=subprocess.PIPE, text=True, cwd=PROJECT,
        env={**os.environ, "MOTCUA_HOME": str(tmp_path), "MOTCUA_AS_OF": NOW.isoformat()},
    )  # fmt: skip
    try:
        assert child.stdout is not None
        told = json.loads(child.stdout.readline())
        url = told["urls"]["services"]
        access = Access(url, told["credentials"]["services"])
        assert not probe("services", SPEC.systems["services"], access, NOW, zone=ZONE).is_good
        assert probe("services", SPEC.systems["services"], access, NOW, zone=ZONE).is_good
        root = url.rsplit("/", 1)[0]

        def control(path: str, method: str = "GET", document: Any = None) -> Any:
            data = None if document is None else json.dumps(document).encode()
            request = urllib.request.Request(root + path, data, method=method)
            return json.loads(urllib.request.urlopen(request).read())

        assert [entry["status"] for entry in control("/__log")] == [503, 200]
        assert control("/__scenario", "POST", [rule])[0]["do"] == "status"
        assert control("/__scenario", "DELETE") == []
        later = (NOW + dt.timedelta(days=1)).isoformat()
        assert control("/__clock", "POST", {"now": later})["now"] == later
        assert len(control("/__truth")["cases"]) > 50
        assert (tmp_path / "truth" / "cases.ndjson").stat().st_size > 1000
    finally:
        child.terminate()
        child.wait(10)
