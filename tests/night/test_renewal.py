"""What hasn't changed stands, what changed is renewed in part, and the warehouse is as if built whole.

Random streams over nasty cases, night after night, beside a twin that builds every table whole each time.
"""

import datetime as dt
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from assets.night import open_night
from orchestration.parts import make_site
from orchestration.settings import Settings
from tests.support.breadth import is_whole
from tests.support.made_up import DAY, LOCAL, Era, History, Row, truth
from tests.support.truth_warehouse import TruthWarehouse
from tests.support.warehouse_case import CENTRE
from warehouse.models.build import Builder, BuildResult
from warehouse.models.table_content import forget_contents, made_of
from warehouse.store.state import RunContext, set_run_context

SHOWN = (
    "marts.case_fact",
    "core.overdue_case",
    "core.campaign_case",
    "staging.rating",
    "core.case_register",
)
FIRST = dt.date(2026, 3, 2)
CASES, RATINGS, NIGHTS = 200, 60, 4
SEEDS = range(20 if is_whole("SEEDS") else 1)


class Twins:
    """Two warehouses that load the same: one carries and renews, one builds whole."""

    def __init__(self, folder: Path) -> None:
        self.lean, self.whole = (TruthWarehouse(folder / name, SHOWN) for name in ("lean", "whole"))
        self.number = 0
        self.ways: Counter[tuple[str, str]] = Counter()

    def night(self, brought: dict[str, list[Row]], as_of: dt.datetime) -> dict[str, BuildResult]:
        """Load, build both ways and compare every table."""
        results: dict[str, BuildResult] = {}
        self.number += 1
        for twin in (self.lean, self.whole):
            twin.load(brought, as_of, self.number)
            # As in a run, where tables without a day are built before the day is written down.
            builder = Builder(twin.connection, twin.models if twin is self.lean else None, as_of)
            set_run_context(twin.connection, RunContext(as_of, CENTRE, "renewal"))
            for model in twin.models:
                result = builder.build(model, twin.rules.get(model.table, ()))
                if twin is self.lean:
                    results[model.table] = result
                    self.ways[model.table, result.way] += 1
        tables = [model.table for model in self.lean.models]
        held = [f"quarantine.{model.name}" for model in self.lean.models if model.keep]
        differ = [
            table
            for table in (*tables, *held, "meta.quarantine_tally")
            if made_of(self.lean.connection, table) != made_of(self.whole.connection, table)
        ]
        assert differ == [], f"as of {as_of}: not as if built whole"
        for table, result in results.items():
            rows = self.lean.connection.execute(f"select count(*) from {table}").fetchone()
            assert rows == (result.rows,), table
        return results

    def sweep(self, codes: list[str], at: dt.datetime, event: str) -> None:
        """Mark the keys of these cases as gone, or take that back."""
        for twin in (self.lean, self.whole):
            for code in codes:
                named = {"code": code, "at": at, "event": event}
                twin.connection.execute(
                    "insert into meta.deletion_log by name select 'cases' as system, 'case' as entity, "
                    "$code as key, $event as event, $at as noted_at, 'sweep' as batch_id",
                    named,
                )
                if event == "deleted":
                    twin.connection.execute(
                        "insert into meta.deletion values ('cases', 'case', ?, ?, 'sweep')",
                        [code, at],
                    )
                else:
                    twin.connection.execute("delete from meta.deletion where key = ?", [code])


class Stream:
    """What the systems send, night after night, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.era = Era(FIRST, dt.datetime.combine(FIRST + 45 * DAY, dt.time(1, 30), LOCAL))
        self.world = truth(seed, self.era, CASES, RATINGS)
        self.as_of = dt.datetime.combine(FIRST + 12 * DAY, dt.time(1, 30), LOCAL)
        self.gone: list[str] = []

    def first(self) -> dict[str, list[Row]]:
        """Everything, with what lies in the future too."""
        return self._sent(self.world)

    def brings(self) -> dict[str, list[Row]]:
        """A night's changes."""
        dice = self.dice
        fresh = History(dice.randrange(10**6), self.era).cases(CASES)
        changed = [dict(case) for case in dice.sample(fresh, dice.choice((0, 3, 12)))]
        for case in dice.sample(changed, len(changed) // 4):
            case["is_deleted"] = True
        for case in dice.sample(changed, len(changed) // 3):
            # What staging refuses, and often takes back the night after.
            case[dice.choice(("received_at", "due_at", "channel"))] = "32/13/2026"
        again = [dict(case) for case in dice.sample(self.world["cases"], dice.choice((0, 4)))]
        brought = {"cases": self._stamped(changed) + again}
        if dice.random() < 0.4:
            brought["ratings"] = dice.sample(self.world["ratings"], 5)
            brought["ratings"] = [row | {"level_raw": "hài lòng"} for row in brought["ratings"]]
        if dice.random() < 0.2:
            brought["procedures"] = [
                row | {"time_limit_value": dice.choice((2, 7)), "time_limit_unit": "working_day"}
                for row in dice.sample(self.world["procedures"], 2)
            ]
        if dice.random() < 0.2:
            day = FIRST + dice.randint(0, 30) * DAY
            brought["calendar_overrides"] = [
                {"day": f"{day:%d/%m/%Y}", "is_working": dice.choice(("0", "1")), "scope": "ALL", "reason": "x",
                 "document_no": "1/QĐ", "status": "official"}
            ]  # fmt: skip
        if dice.random() < 0.2:
            brought["agencies"] = [self.world["agencies"][1] | {"predecessor_code": "H37.99"}]
        return brought

    def passes(self) -> dt.datetime:
        """The next night's as-of: mostly a day on, at times the same moment, or a fortnight."""
        self.as_of += self.dice.choice(
            (dt.timedelta(0), dt.timedelta(hours=7), DAY, DAY, DAY, 2 * DAY, 9 * DAY)
        )
        return self.as_of

    def _stamped(self, rows: list[Row]) -> list[Row]:
        return [row | {"updated_at": self.as_of.isoformat()} for row in rows]

    def _sent(self, world: dict[str, Any]) -> dict[str, list[Row]]:
        early = (self.as_of - 20 * DAY).isoformat()
        return world | {"cases": [row | {"updated_at": early} for row in world["cases"]]}


@pytest.mark.parametrize("seed", SEEDS)
def test_it_is_as_if_built_whole(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changed and new cases, refused rows and their correction, sweeps, limits, aliases, calendars, days."""
    # In six dense weeks every night is one of many cases.
    monkeypatch.setattr("warehouse.models.renewal.MOST", 1.0)
    twins, stream = Twins(tmp_path), Stream(seed)
    twins.night(stream.first(), stream.as_of)
    for _ in range(NIGHTS):
        brought, as_of = stream.brings(), stream.passes()
        if stream.dice.random() < 0.4:
            codes = [case["case_code"] for case in stream.dice.sample(stream.world["cases"], 3)]
            twins.sweep(codes, as_of, "deleted")
            stream.gone += codes
        elif stream.gone and stream.dice.random() < 0.5:
            twins.sweep([stream.gone.pop()], as_of, "restored")
        twins.night(brought, as_of)
    # It isn't equal because everything was built anyway.
    assert twins.ways["staging.case_version", "part"] > 0
    assert twins.ways["core.fct_case", "part"] > 0
    assert sum(n for (_, way), n in twins.ways.items() if way == "carried") > 0


def test_nothing_new_carries_all_but_what_is_written_each_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same moment and the same data: no table of cases or figures is built again."""
    monkeypatch.setattr("warehouse.models.renewal.MOST", 1.0)
    twins, stream = Twins(tmp_path), Stream(7)
    twins.night(stream.first(), stream.as_of)
    again = twins.night({}, stream.as_of)
    built = {table for table, result in again.items() if result.way != "carried"}
    # The log of loads, which says when a campaign's days were first seen, has grown.
    assert {table for table in built if not table.startswith("meta.")} == {"core.viewpoint"}
    later = twins.night({}, stream.as_of + DAY)
    assert later["core.fct_case"].way == "part"
    assert later["core.dim_procedure"].way == "carried"


def test_what_is_unknown_is_built_whole(tmp_path: Path) -> None:
    """An earlier as-of, another Centre, contents forgotten: nothing is carried that reads them."""
    twins, stream = Twins(tmp_path), Stream(8)
    twins.night(stream.first(), stream.as_of)
    assert twins.night({}, stream.as_of - DAY)["core.fct_case"].way == "whole"
    forget_contents(twins.lean.connection)
    assert {result.way for result in twins.night({}, stream.as_of).values()} == {"whole"}


def test_a_night_builds_as_of_its_own_clock(tmp_path: Path) -> None:
    """Known before meta.run_context is written: tables that read no day are built earlier."""
    settings = Settings.load(home=tmp_path, as_of="2026-03-02T01:30:00+07:00", _env_file=None)
    with open_night(make_site(settings, lambda *_: None), "a night") as night:
        assert night.builder.renewal.as_of == night.now == settings.now()
