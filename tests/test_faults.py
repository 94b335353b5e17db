"""One test a fault: the systems misbehave by a scenario, and what has been loaded is the truth all the same.

Each ends with the invariants I1–I5 against the server's truth, and with the content of an undisturbed night
(I9). I6 and the kills are test_kills.py, I7 is test_night.py, secrets and links test_sources_resilience.py.
Numbers are those of the list of faults.
"""

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.checks import check_suites
from assets.night import open_night
from assets.publish import failing_gates, gates_of, publish_night
from demo.faults import Scenario
from demo.server import DemoServer, serve
from demo.world import World
from expectations.suite import load_suites
from orchestration.definitions import make_site
from orchestration.settings import PROJECT, Settings
from sources.errors import BudgetError, LoopError, PermanentError, SourceError, TransientError
from sources.errors import UnauthorizedError as Unauthorized
from tests.conftest import END
from tests.night_content import check_invariants, raw_content
from tests.quick_night import run_night, settings_of, small_catalog, write_sources
from warehouse.errors import PublicationError, WarehouseError

pytestmark = pytest.mark.timeout(600)
START = END - dt.timedelta(days=60)
READ = ("case", "rating", "submission", "decision", "service")
PATHS = {
    "case": "/api/v1/cases", "rating": "/ratings", "submission": "/v2/submissions",
    "service": "/v2/services", "decision": "/decisions", "case_key": "/api/v1/case-keys",
}  # fmt: skip
Rule = dict[str, Any]


@dataclass
class Yard:
    """A home on which one night has run, and what the next one must come to."""

    template: Path
    sources: Path
    server: DemoServer
    raw: dict[str, str]
    truth: dict[str, Any]

    def settings(self, home: Path, as_of: dt.datetime) -> Settings:
        """The home's settings at a moment, to which the systems' clock is set too."""
        if self.server.state.snapshot.clock != as_of:
            self.server.state.set_clock(as_of)
        return settings_of(home, as_of, self.server.urls, self.sources)

    def night(
        self, home: Path, *rules: Rule, as_of: dt.datetime = END, only: tuple[str, ...] = READ,
        mode: str = "incremental", **tags: str,
    ) -> dict[str, Any]:  # fmt: skip
        """Pull and load under a scenario."""
        settings = self.settings(home, as_of)
        self.server.state.scenario = Scenario.parse(list(rules))
        self.server.state.log.clear()
        try:
            return run_night(settings, mode, only=only, builds=False, **tags)
        finally:
            self.server.state.scenario = Scenario()

    def asked(self, entity: str) -> list[dict[str, Any]]:
        """What the server saw of an entity's requests in the last night."""
        return [entry for entry in self.server.state.log if entry["path"] == PATHS[entity]]

    def check(self, home: Path, *entities: str) -> None:
        """The invariants, and nothing but what an undisturbed night has loaded (of these entities)."""
        check_invariants(home, self.truth, entities)
        found = raw_content(home, entities)
        assert found == {table: self.raw[table] for table in found}
        assert len(found) > len(entities)

    def select(self, home: Path, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the restricted store."""
        with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
            connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module", name="yard")
def fixture_yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("faults")
    world = World.build(seed=7, end=END, years=1, cases_per_year=700, procedures=150)
    yard = Yard(folder / "home", write_sources(folder), serve(world), {}, world.truth(END))
    yard.night(yard.template, as_of=START, mode="full")
    calm = shutil.copytree(yard.template, folder / "calm")
    yard.night(calm)
    yard.raw = raw_content(calm)
    yard.check(calm)
    assert yard.raw != raw_content(yard.template)
    yield yard
    yard.server.close()


@pytest.fixture(name="home")
def fixture_home(yard: Yard, tmp_path: Path) -> Path:
    return shutil.copytree(yard.template, tmp_path / "home")


def on(entity: str, do: str, *, nth: int = 2, times: int | None = 1, **arguments: Any) -> Rule:
    match = {"path": PATHS[entity], "nth": nth} | ({} if times is None else {"times": times})
    return {"match": match, "do": do, **arguments}


def entity_of(rule: Rule) -> str:
    return next(name for name, path in PATHS.items() if path == rule["match"]["path"])


def again_after(value: str, code: int = 429) -> Rule:
    return on("case", "status", code=code, headers={"Retry-After": value})


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
    rules = on("case", "edit", nth=1, repeat=9), on("case", "wrong_total")
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
    said: dict[int, list[str]] = {}
    try:
        for day, rules in enumerate(([], [EMPTY], [])):
            at = wednesday + dt.timedelta(days=day)
            server.state.set_clock(at)
            server.state.scenario = Scenario.parse(rules)
            settings = settings_of(tmp_path / "home", at, server.urls, sources)
            run_night(settings, only=("case", "drops"), builds=volumes)
            with open_night(make_site(settings, lambda *_: None), f"night {day}") as night:
                check_suites(night, list(suites.values()))
                said[day] = failing_gates(night.connection, gates)
                if day == 1:
                    with pytest.raises(
                        PublicationError, match="daily_volume: latest_day_not_empty"
                    ):
                        publish_night(night, catalog, suites)
    finally:
        server.close()
    stop = f"{VOLUME}: latest_day_not_empty (1)"
    assert [stop in said[day] for day in range(3)] == [False, True, False]


VOLUME = "core.daily_volume"
EMPTY: Rule = {
    "match": {"path": PATHS["case"]}, "do": "body", "text": '{"data":[],"next_cursor":null,"total":0}',
}  # fmt: skip


# -- clocks, ties, late commits ------------------------------------------------------------------------------


def test_a_clock_that_runs_ahead_does_not_carry_the_cursor_along(yard: Yard, home: Path) -> None:
    """F25: two days ahead: the cursor stays with now, and the next night still finds what is new."""
    late = on("case", "edit", nth=1, times=None, shift_seconds={"updated_at": 2 * 86400})
    at = END - dt.timedelta(days=1)
    yard.night(home, late, as_of=at, only=("case",))
    ((cursor,),) = yard.select(home, "select cursor_at from meta.cursor where entity = 'case'")
    assert cursor <= at
    yard.night(home, only=("case",))
    truth = {row["case_code"] for row in yard.server.state.world.truth(END)["cases"]}
    assert truth <= {c for (c,) in yard.select(home, "select case_code from raw.cases__case")}


def test_rows_committed_late_with_an_earlier_time_are_caught_by_the_overlap(
    yard: Yard, home: Path
) -> None:
    """F25: of the last days' rows the older ones appear only tonight, behind the cursor."""
    eve = END - dt.timedelta(days=1)
    yard.night(home, as_of=eve - dt.timedelta(days=1), only=("case",))
    late = on("case", "withhold", nth=1, times=None, rows=3, **{"from": "end"})
    yard.night(home, late, as_of=eve, only=("case",))
    yard.night(home, only=("case",))
    # More nights have seen more versions than one night would; what stands is the truth.
    check_invariants(home, yard.truth, ("case",))


def test_what_no_overlap_catches_the_sweep_finds_and_reads_again(yard: Yard, home: Path) -> None:
    """F21, F25: rows that a night never saw lie far behind the cursor; the weekly sweep reads them again."""
    yard.night(home, on("case", "withhold", nth=1, times=None, rows=120), only=("case",))
    with pytest.raises(AssertionError, match=r"I1|I3"):
        yard.check(home, "case")
    told = yard.night(home, only=("case", "case_key"))["case_key"]
    assert told["reread"] > 0
    assert told["unknown"] == 0
    # The list of keys goes by the day of reception: what was never received is in no figure and no sweep.
    received = [row for row in yard.truth["cases"] if row["received_at"]]
    check_invariants(home, {**yard.truth, "cases": received}, ("case",))
    # Nothing is read again when nothing is lacking.
    told = yard.night(home, as_of=END + dt.timedelta(days=8), only=("case", "case_key"))["case_key"]
    assert told["reread"] == 0


def test_a_range_of_days_moves_no_cursor_past_what_was_never_read(yard: Yard, home: Path) -> None:
    """I5: `run --from` far ahead of the cursor leaves a gap, which the next night reads."""
    days = {"from": "2023-06-20", "to": "2023-06-22"}
    yard.night(home, mode="window", only=("case",), **days)
    yard.night(home, only=("case",))
    yard.check(home, "case")


def test_a_first_range_of_days_is_not_taken_for_all(yard: Yard, tmp_path: Path) -> None:
    """I5: on an empty warehouse the night after `run --from` reads from the beginning."""
    home = tmp_path / "fresh"
    yard.night(home, mode="window", only=("case",), **{"from": "2023-06-20"})
    yard.night(home, only=("case",))
    assert yard.asked("case")[0]["query"]["updated_from"] == "2020-01-01T00:00:00+07:00"
    check_invariants(home, yard.truth, ("case",))


def test_ties_at_page_edges_lose_nothing(yard: Yard, home: Path) -> None:
    """F27: every row of the window has the same time of change."""
    same = {"updated_at": END.isoformat()}
    yard.night(home, on("case", "edit", nth=1, times=None, set=same), only=("case",))
    truth = {row["case_code"] for row in yard.server.state.world.truth(END)["cases"]}
    assert truth <= {c for (c,) in yard.select(home, "select case_code from raw.cases__case")}


# -- deletions -------------------------------------------------------------------------------------------------


def test_a_mass_deletion_stops_and_marks_nothing(yard: Yard, home: Path) -> None:
    """F31."""
    half = on("case_key", "withhold", nth=1, times=None, rows=400)
    with pytest.raises(WarehouseError, match="more than 2 %"):
        yard.night(home, half, only=("case", "case_key"))
    assert yard.select(home, "select * from meta.deletion") == []


# -- what the source takes back: figures follow ------------------------------------------------------------------

ON_TIME = "marts.kpi_on_time"
NEEDED = ("case", "agency", "procedure", "drops")


def built_night(yard: Yard, home: Path, *rules: Rule, only: tuple[str, ...] = NEEDED) -> None:
    """A night that builds the figures of cases on time."""
    settings = yard.settings(home, END)
    tables = small_catalog(yard.sources)[1].ancestors(ON_TIME)
    yard.server.state.scenario = Scenario.parse(list(rules))
    run_night(settings, only=only, builds={*tables, ON_TIME})
    yard.server.state.scenario = Scenario()


def figures(yard: Yard, home: Path) -> dict[dt.date, tuple[int, int]]:
    """Month → the Centre's cases on time and cases ended."""
    months = f"select period_start, numerator, denominator from {ON_TIME}"
    where = "where variant = 'A' and period_kind = 'month' and agency_code = 'ALL'"
    return {month: (n, d) for month, n, d in yard.select(home, f"{months} {where}")}


def verdicts(yard: Yard, home: Path) -> dict[str, tuple[dt.date, bool]]:
    """Case → the month in which it ended and whether it was on time, for those that count."""
    query = (
        "select case_code, cast(date_trunc('month', end_on) as date), is_on_time from core.fct_case"
    )
    rows = yard.select(home, f"{query} where is_centre and is_accepted and is_on_time is not null")
    return {code: (month, good) for code, month, good in rows}


def moved(
    before: dict[str, tuple[dt.date, bool]], after: dict[str, tuple[dt.date, bool]], month: dt.date
) -> tuple[int, int]:
    """By how much a month's figure must differ, counted case by case."""
    of = [[good for m, good in told.values() if m == month] for told in (before, after)]
    return sum(of[1]) - sum(of[0]), len(of[1]) - len(of[0])


def test_a_due_date_corrected_after_the_return_restates_its_month(yard: Yard, home: Path) -> None:
    """F29: the corrected version stands beside the first one, and each month moves by just these cases."""
    built_night(yard, home)
    before, cases = figures(yard, home), verdicts(yard, home)
    edit = on("case", "edit", nth=1, shift_seconds={"due_at": -4 * 86400, "updated_at": 60})
    built_night(yard, home, edit)
    after, again = figures(yard, home), verdicts(yard, home)
    spoilt = {code for code in cases if cases[code][1] and not again[code][1]}
    assert spoilt, "some case that was on time is late by its corrected due date"
    assert again.keys() == cases.keys()
    for month in before:
        difference = moved(cases, again, month)
        assert after[month] == (before[month][0] + difference[0], before[month][1])
    code = min(spoilt)
    kept = yard.select(
        home, f"select distinct due_at from staging.case_version where case_code = '{code}'"
    )
    assert len(kept) > 1, "what was promised first is still known"


def test_what_the_source_deleted_leaves_numerator_and_denominator(yard: Yard, home: Path) -> None:
    """F30: three keys gone: the sweep marks them, figures lose them, raw keeps what had been read."""
    built_night(yard, home)
    before, cases = figures(yard, home), verdicts(yard, home)
    gone = on("case_key", "withhold", nth=4, rows=3)
    built_night(yard, home, gone, only=(*NEEDED, "case_key"))
    after, again = figures(yard, home), verdicts(yard, home)
    marked = {code for (code,) in yard.select(home, "select key from meta.deletion")}
    held = {row["case_code"] for row in yard.truth["cases"]}
    assert len(marked & held) == 3, "beside those that the world itself has deleted by now"
    assert cases.keys() - again.keys() == marked & cases.keys()
    assert marked & cases.keys(), "at least one of them counted"
    for month in before:
        lost = moved(cases, again, month)
        assert after[month] == (before[month][0] + lost[0], before[month][1] + lost[1])
    listed = ", ".join(f"'{code}'" for code in marked)
    query = f"select count(distinct case_code) from raw.cases__case where case_code in ({listed})"
    assert yard.select(home, query) == [(len(marked),)]


# -- drift -----------------------------------------------------------------------------------------------------


def test_drift_is_told_and_nothing_personal_enters_by_it(yard: Yard, home: Path) -> None:
    """F33, F34: a new field is named, its content is nowhere; a field that stays out is named too."""
    changed = on("case", "edit", nth=1, times=None, set={"guardian_phone": "0912-canary"},
                 drop=["fee_total_vnd"])  # fmt: skip
    told = yard.night(home, changed, only=("case",))["case"]
    assert told["unknown_fields"] == "guardian_phone"
    assert told["missing_fields"] == "fee_total_vnd"
    drift = yard.select(home, "select distinct field, kind from meta.drift order by 1")
    assert drift == [("fee_total_vnd", "missing_field"), ("guardian_phone", "unknown_field")]
    tables = yard.select(
        home, "select distinct table_schema || '.' || table_name from information_schema.tables"
    )
    held = [table for (table,) in tables if table.startswith(("raw.", "meta."))]
    assert "raw.cases__case" in held
    for table in held:
        # The whole row as text, list and JSON columns included.
        query = f"select count(*) from {table} as r where cast(r as varchar) like '%canary%'"
        assert yard.select(home, query) == [(0,)], table


def test_what_a_row_breaks_by_goes_to_quarantine_with_its_reason(yard: Yard, home: Path) -> None:
    """F15, F35, F37, F38, F43: one row each; the night goes on, and every row is accounted for."""
    broken: dict[str, Rule] = {
        "F35 a list where a date was": on("case", "edit", nth=1, rows=1, set={"received_at": [1]}),
        "F37 no status": on("case", "edit", nth=1, rows=1, set={"status": "N/A"}),
        "F38 a note of a megabyte": on("case", "edit", nth=1, rows=1, set={"exemption_reason": "x" * 1_100_000}),
        "F15 a key twice": on("case", "duplicate_keys", nth=1, field="status"),
        "F43 SQL in a value": on("case", "edit", nth=1, rows=1, set={"exemption_reason": "'); DROP TABLE x;--"}),
    }  # fmt: skip
    # The first rule that still holds is done, so each spoils one page.
    yard.server.state.scenario = Scenario.parse(list(broken.values()))
    yard.server.state.log.clear()
    tables = ("staging.case_version", "meta.reconciliation")
    run_night(yard.settings(home, END), "full", only=("case", "drops"), builds=tables)
    yard.server.state.scenario = Scenario()
    assert len([entry for entry in yard.server.state.log if entry["fault"]]) == len(broken)
    held = yard.select(home, "select rules, reason_vi from quarantine.case_version")
    assert len(held) == len(broken) - 1, held
    assert all(rules and reason for rules, reason in held)
    sql = "select count(*) from raw.cases__case where exemption_reason like '%); DROP TABLE x;--'"
    assert yard.select(home, sql) == [(1,)]
    counts = (
        "fetched, inserted + updated + unchanged + stale + duplicate + quarantined, quarantined"
    )
    rows = yard.select(home, f"select {counts} from meta.reconciliation")
    assert all(fetched == kinds for fetched, kinds, _ in rows)
    assert sum(quarantined for _, _, quarantined in rows) == len(held)


def test_a_key_is_text_and_keeps_its_zeros(yard: Yard, home: Path) -> None:
    """F32: 12 becomes "0012" at the source: two keys for us, neither lost, and no number made of either."""
    rules = [
        on("case", "edit", nth=1, rows=1, set={"case_code": 12}),
        on("case", "edit", nth=2, rows=1, set={"case_code": "0012"}),
    ]
    yard.night(home, *rules, only=("case",))
    query = "select case_code from raw.cases__case where try_cast(case_code as int) = 12 order by 1"
    assert yard.select(home, query) == [("0012",), ("12",)]
    # The true records come back with the next night, by the overlap.
    yard.night(home, only=("case",))
    check_invariants(home, yard.truth, ("case",))


# -- windows that people ask for -----------------------------------------------------------------------------------


def test_a_full_read_and_a_range_of_days_ask_for_just_that(yard: Yard, home: Path) -> None:
    yard.night(home, mode="full", only=("case",))
    assert yard.asked("case")[0]["query"]["updated_from"] == "2020-01-01T00:00:00+07:00"
    yard.night(home, mode="window", only=("case",), **{"from": "2023-06-05", "to": "2023-06-07"})
    asked = yard.asked("case")[0]["query"]
    assert asked["updated_from"] == "2023-06-05T00:00:00+07:00"
    assert asked["updated_to"] == "2023-06-08T00:00:00+07:00"
    yard.night(home, only=("case",))
    yard.check(home, "case")
