"""A carried outcome is what asking anew would say, whatever has changed; and nothing else is carried."""

import datetime as dt
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.checks import check_suites
from assets.night import Connections, Night, Site
from expectations import fingerprint as carrying
from expectations.outcome import Outcome
from expectations.runner import run_suites
from expectations.suite import Suite, load_suite
from orchestration.settings import PROJECT
from tests.support.suite_files import ENTRY, write
from warehouse.store.connection import open_warehouse
from warehouse.store.state import ensure_state

NOW = dt.datetime(2023, 6, 10, 1, 30, tzinfo=dt.UTC)
ROWS = "unexpected_rows_expectation"
MACROS = (
    "create or replace macro is_odd(n) as n % 2 = 1;",
    "create or replace macro is_odd(n) as n % 3 = 1;",
)
RULES: list[tuple[str, str, dict[str, Any]]] = [
    ("present", "expect_column_values_to_not_be_null", {"column": "code"}),
    ("once", "expect_column_values_to_be_unique", {"column": "code"}),
    ("small", "expect_column_values_to_be_between", {"column": "number", "max_value": 12}),
    ("largest", "expect_column_max_to_be_between", {"column": "number", "max_value": 12}),
    ("even", ROWS, {"row_predicate": "is_odd(number)"}),
    ("known", ROWS, {"row_predicate": "code not in (select code from seeds.known)"}),
    ("in_core", ROWS, {"unexpected_rows_query": "select code from {batch} where code not in (from core.other)"}),
    ("of_the_day", ROWS, {"row_predicate": "number > (select day(as_of_on) from meta.run_context)"}),
    ("not_ahead", ROWS, {"row_predicate": "at > now()"}),
    ("castable", ROWS, {"row_predicate": "cast(code as integer) > 30"}),
]  # fmt: skip
NEVER = {"of_the_day", "not_ahead"}


@dataclass
class World:
    """A warehouse with three tables, one suite on it, and what surrounds them."""

    folder: Path
    connection: duckdb.DuckDBPyConnection
    site: Site
    draw: random.Random
    patch: pytest.MonkeyPatch
    rules: dict[str, tuple[str, dict[str, Any]]] = field(
        default_factory=lambda: {name: (kind, kwargs) for name, kind, kwargs in RULES}
    )
    nights: int = 0
    has_asked: bool = False

    def suite(self) -> Suite:
        entries = [
            ENTRY | {"id": name, "type": kind, "severity": "warning", "kwargs": kwargs}
            for name, (kind, kwargs) in self.rules.items()
        ]
        return load_suite(write(self.folder, *entries))

    def night(self, *, carries: bool = True) -> list[Outcome]:
        """A night's checks; what stood before is told by meta.check_run alone."""
        self.nights += 1
        with ExitStack() as stack:
            night = Night(
                self.site,
                f"run {self.nights}",
                NOW,
                self.connection,
                Connections({}, {}),
                stack,
                carries,
            )
            outcomes = check_suites(night, [self.suite()])
            self.has_asked = "checker" in vars(night)
            return outcomes

    def change(self) -> str:
        """Something that may change a verdict, or nothing."""
        changes: list[Callable[[], object]] = [
            self.row, self.other_row, self.seed, self.text, self.day, self.library, self.release, self.macro,
            self.nothing,
        ]  # fmt: skip
        change = self.draw.choice(changes)
        change()
        return change.__name__

    def row(self) -> None:
        code = self.draw.choice(["null", "'x'", "'7'", "'31'"])
        where = f"number = {self.draw.randrange(14)}"
        self.connection.execute(f"update staging.thing set code = {code} where {where}")
        more = self.draw.choice([f"delete from staging.thing where {where}", "insert into staging.thing "
            f"values ('{self.draw.randrange(14)}', {self.draw.randrange(14)}, now())"])  # fmt: skip
        self.connection.execute(more)

    def other_row(self) -> None:
        code = self.draw.randrange(14)
        self.connection.execute(self.draw.choice([f"insert into core.other values ('{code}')",
            f"delete from core.other where code = '{code}'"]))  # fmt: skip

    def seed(self) -> None:
        code = self.draw.randrange(14)
        self.connection.execute(self.draw.choice([f"insert into seeds.known values ('{code}')",
            f"delete from seeds.known where code = '{code}'"]))  # fmt: skip

    def text(self) -> None:
        most = self.draw.randrange(14)
        self.rules["small"] = (
            "expect_column_values_to_be_between",
            {"column": "number", "max_value": most},
        )
        self.rules["castable"] = (ROWS, {"row_predicate": f"try_cast(code as integer) > {most}"})

    def day(self) -> None:
        self.connection.execute(
            "update meta.run_context set as_of_on = ?",
            [dt.date(2023, 6, self.draw.randrange(1, 15))],
        )

    def library(self) -> None:
        """Another Great Expectations, or other code that counts: told by one text."""
        number = str(self.draw.randrange(3))
        self.patch.setattr("expectations.fingerprint.version", lambda _: number)
        carrying.own_version.cache_clear()

    def release(self) -> None:
        self.site = replace(self.site, code_version=str(self.draw.randrange(3)))

    def macro(self) -> None:
        text = self.draw.choice(MACROS)
        self.site.macros.write_text(text, encoding="utf-8")
        self.connection.execute(text)

    def nothing(self) -> None:
        return


@pytest.fixture(params=[1, 2])
def world(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    macros = tmp_path / "macros.sql"
    macros.write_text(MACROS[0], encoding="utf-8")
    connection = open_warehouse(":memory:", macros)
    ensure_state(connection)
    connection.execute(
        "create table staging.thing as select i::varchar as code, i as number, timestamptz '2023-06-01' as at "
        "from range(13) as r (i); create table seeds.known as select code from staging.thing; "
        "create table core.other as select code from staging.thing"
    )
    connection.execute(
        "insert into meta.run_context values (?, ?, 'H37.1', 'run', ?)", [NOW, NOW.date(), NOW]
    )
    site = Site(
        home=tmp_path, warehouse=tmp_path, lock=tmp_path, landing=tmp_path, inbox=tmp_path, published=tmp_path,
        macros=macros, centre_code="H37.1", code_version="0", clock=lambda: NOW, connect=lambda: iter(()),
        person_keys=lambda: (), shapes=dict,
    )  # fmt: skip
    carrying.own_version.cache_clear()
    yield World(tmp_path, connection, site, random.Random(request.param), monkeypatch)
    carrying.own_version.cache_clear()
    connection.close()


def said(outcomes: list[Outcome]) -> dict[str, tuple[Any, ...]]:
    return {
        o.rule: (o.state, o.evaluated, o.failed, o.failing_keys, o.detail, o.severity, o.reason)
        for o in outcomes
        if o.table != "meta.canary"
    }


def carried(outcomes: list[Outcome]) -> dict[str, str]:
    return {o.rule: o.carried_from for o in outcomes if o.carried_from}


def test_what_is_carried_is_what_asking_would_say(world: World) -> None:
    world.night()
    seen: dict[str, int] = {}
    for _ in range(40):
        change = world.change()
        outcomes = world.night()
        assert said(outcomes) == said(run_suites(world.connection, [world.suite()])), change
        assert not NEVER & carried(outcomes).keys()
        seen[change] = seen.get(change, 0) + len(carried(outcomes))
        if change in ("nothing", "day"):
            errors = {o.rule for o in outcomes if o.state == "error"}
            assert carried(outcomes).keys() == world.rules.keys() - NEVER - errors
    assert len(seen) >= 8, "most kinds of change came"
    assert seen["nothing"] > 0


def test_a_carried_outcome_says_which_run_asked(world: World) -> None:
    world.night()
    world.night()
    third = world.night()
    assert set(carried(third).values()) == {"run 1"}
    world.connection.execute("update core.other set code = 'y' where code = '3'")
    fourth = world.night()
    assert "in_core" not in carried(fourth)
    assert carried(fourth)["known"] == "run 1"
    assert carried(world.night())["in_core"] == "run 4"
    kept = world.connection.execute(
        "select count(*) filter (where rule <> 'canary_passes' and rule <> 'canary_fails'), count(carried_from) "
        "from meta.check_run where run_id = 'run 5'"
    ).fetchone()
    assert kept == (len(RULES), len(RULES) - len(NEVER)), "each run has a row of each rule"


def test_what_could_not_run_is_tried_again(world: World) -> None:
    world.connection.execute("update staging.thing set code = 'x' where number = 3")
    world.rules = {"castable": world.rules["castable"]}
    for _ in range(2):
        (castable,) = (o for o in world.night() if o.rule == "castable")
        assert (castable.state, castable.carried_from) == ("error", None)


def test_where_all_is_carried_nothing_is_asked(world: World) -> None:
    world.rules = {name: rule for name, rule in world.rules.items() if name not in NEVER}
    assert {o.rule for o in world.night()} > {"canary_passes", "canary_fails"}
    outcomes = world.night()
    assert carried(outcomes).keys() == world.rules.keys()
    assert {o.table for o in outcomes} == {"staging.thing"}, "no canary either"
    assert not world.has_asked


def test_a_look_by_hand_asks_and_is_carried_by_no_night(world: World) -> None:
    """Who looks may have changed tables by hand, which no kept content tells."""
    world.night()
    assert not carried(world.night(carries=False))
    assert not carried(world.night())


def test_the_published_result_says_since_when(world: World) -> None:
    world.night()
    world.night()
    query = (PROJECT / "sql" / "meta" / "check_result.sql").read_text(encoding="utf-8")
    rows = world.connection.execute(
        f"select rule, carried_since from ({query}) where rule in ('once', 'not_ahead')"
    )
    assert dict(rows.fetchall()) == {"once": "run 1", "not_ahead": None}
