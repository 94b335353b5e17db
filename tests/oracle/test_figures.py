"""The figures against an oracle in plain Python: many worlds, and thousands of nasty histories in one build.

Belongs here: the warehouse beside the oracle. Doesn't: the oracle's own examples (test_requests.py,
test_rules.py).
"""

import datetime as dt
import json
from collections import Counter
from random import Random
from typing import Any

import pytest

from demo.world import World
from tests.conftest import CENTRE, END
from tests.oracle.compare import all_differences, campaign_differences
from tests.oracle.difference import identity_breaks, on_time_difference
from tests.oracle.kpi import Oracle, differences
from tests.oracle.situations import NAMES, situations
from tests.oracle.snapshots import Known
from tests.support.breadth import is_whole
from tests.support.made_up import Era, truth
from tests.support.truth_warehouse import TruthWarehouse

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
# Every end and both kinds of response are among these four; `make seeds` takes all twenty.
SEEDS = range(1, 21) if is_whole("SEEDS") else range(2, 6)
# Before both snapshots, between them, after both; `make seeds` takes the day after the first, too.
BEGINNINGS = (2, 7, 8, 12) if is_whole("SEEDS") else (2, 8, 12)
LOCAL = END.tzinfo
CAMPAIGN = ((dt.date(2023, 3, 27), dt.date(2023, 6, 10)),)
TABLES = (
    "marts.kpi_value", "marts.bieu_06", "marts.form_07a", "marts.agency_scorecard", "marts.at_risk",
    "marts.on_time_difference", "marts.campaign",
)  # fmt: skip
COUNTS = "select kpi_id, variant, period_kind, period_start, agency_code, numerator, denominator from marts.kpi_value"
# The campaign and the holidays of spring 2023; Tết and a new year; the reform of 1 July 2025; the swaps of 2026.
ENDS = [
    END,
    dt.datetime(2024, 2, 25, 16, 45, tzinfo=LOCAL),
    dt.datetime(2025, 9, 10, 1, 30, tzinfo=LOCAL),
    dt.datetime(2026, 3, 15, 12, 0, tzinfo=LOCAL),
]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> TruthWarehouse:
    return TruthWarehouse(tmp_path_factory.mktemp("truth"), TABLES)


@pytest.mark.parametrize("seed", SEEDS)
def test_five_thousand_cases_agree_to_the_last(seed: int, warehouse: TruthWarehouse) -> None:
    """Half a year that holds something awkward; every seed with another register."""
    end = ENDS[seed % len(ENDS)]
    world = World.build(
        seed=seed, end=end, years=0.5, cases_per_year=10_000, procedures=150 + 10 * seed,
        response="high" if seed % 5 == 0 else "real",
    )  # fmt: skip
    told = world.truth(end)
    warehouse.show(told, end)
    oracle = Oracle(told, end, CENTRE, CAMPAIGN)
    expected = oracle.counts
    found = _differences(warehouse, oracle)
    assert found == [], "\n".join(found[:20])
    assert campaign_differences(warehouse.rows, _known(told, end), CAMPAIGN[0][0], CENTRE) == []
    assert len(told["cases"]) > 4500
    assert sum(key[0] == "on_time" for key in expected) > 1000
    points = [d for (kpi, *_), (_, d) in expected.items() if kpi == "index_766_total"]
    assert len(points) > 50
    assert max(points) <= 80_000_000


def _differences(warehouse: TruthWarehouse, oracle: Oracle) -> list[str]:
    return [
        *all_differences(warehouse.rows, oracle.facts, oracle.today),
        *differences(warehouse.rows(COUNTS), oracle.counts),
    ]


def _known(told: dict[str, list[dict[str, Any]]], load: dt.datetime) -> Known:
    """One load has brought everything."""
    versions = [row | {"known_from": load} for row in told["cases"]]
    return Known(versions, [load], [], told["agencies"], told["procedures"])


def _split(cases: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """What the case system sends, and what files bring: lists are text there."""
    lists = ("pauses", "extensions")
    return {
        "cases": [row for row in cases if row["compare_by"] is None],
        "dropped_cases": [
            row | {name: json.dumps(row[name]) for name in lists}
            for row in cases
            if row["compare_by"] is not None
        ],
    }


# Seed → a fortnight before the break of 29 April to 3 May; the days around the law of 5 August 2026, a Saturday
# that is worked and the break of 2 September; the turn of an official year and a holiday on 24 November.
ERAS = {
    1: Era(dt.date(2023, 4, 17), dt.datetime(2023, 5, 24, 10, 30, tzinfo=LOCAL)),
    2: Era(dt.date(2026, 7, 27), dt.datetime(2026, 9, 10, 10, 30, tzinfo=LOCAL)),
    3: Era(dt.date(2026, 11, 16), dt.datetime(2027, 1, 8, 10, 30, tzinfo=LOCAL)),
}
ENOUGH = 15


@pytest.mark.parametrize("seed", ERAS)
def test_made_up_histories_agree_to_the_last(seed: int, warehouse: TruthWarehouse) -> None:
    """Orders of events that no simulator draws, on the days on which rules change sides."""
    era = ERAS[seed]
    told = truth(seed, era, cases=5000, ratings=800)
    warehouse.show({**told, **_split(told["cases"])}, era.as_of)
    staged = {row["case_code"] for row in warehouse.rows("select case_code from staging.case")}
    # What staging sets aside isn't counted by anyone; nearly all must be left.
    told["cases"] = [row for row in told["cases"] if row["case_code"] in staged]
    assert len(told["cases"]) > 4900
    oracle = Oracle(told, era.as_of, CENTRE, CAMPAIGN)
    found = _differences(warehouse, oracle)
    assert found == [], f"{len(found)} differ:\n" + "\n".join(found[:20])
    seen: Counter[str] = Counter()
    for row in told["cases"]:
        fact = oracle.facts[row["case_code"]]
        seen.update(situations(row, fact) if fact.accepted else ())
    before_the_law = {"starts elsewhere"} if seed == 1 else set()
    assert {name for name in NAMES if seen[name] < ENOUGH} == before_the_law
    judged = on_time_difference(oracle.facts.values(), oracle.today)
    assert identity_breaks(judged, oracle.counts) == []


CAMPAIGN_ERA = Era(dt.date(2023, 5, 8), dt.datetime(2023, 6, 14, 1, 30, tzinfo=LOCAL))


@pytest.mark.parametrize("first", BEGINNINGS)
def test_snapshots_agree_whatever_night_the_warehouse_began(
    first: int, warehouse: TruthWarehouse
) -> None:
    """Each night rewrites half of the cases at will, and some keys are gone; snapshots lie on 6 and 10 June."""
    dice = Random(first)
    days = (first, *(day for day in (7, 9, 11, 14) if day > first))
    nights, versions = [], []
    for day in days:
        night = dt.datetime(2023, 6, day, 1, 30, tzinfo=LOCAL)
        told = truth(day, CAMPAIGN_ERA, cases=800, ratings=0)
        told["cases"] = [
            row | {"updated_at": (night - dt.timedelta(seconds=dice.randint(1, 10**6))).isoformat()}
            for row in told["cases"] if dice.random() < 0.5
        ]  # fmt: skip
        nights.append((night, {**told, **_split(told["cases"])}))
        versions += [row | {"known_from": night} for row in told["cases"]]
    last_told = {row["case_code"]: row["known_from"] for row in versions}
    gone = [
        (code, night)
        for code, told_on in last_told.items()
        for night, _ in nights
        if night > told_on and dice.random() < 0.1
    ]
    warehouse.show_nights(nights, gone=gone)
    kept = {
        (row["case_code"], row["night"])
        for row in warehouse.rows("select case_code, _loaded_at as night from staging.case_version")
    }
    versions = [row for row in versions if (row["case_code"], row["known_from"]) in kept]
    assert len(versions) > 400
    known = Known(
        versions, [night for night, _ in nights], gone, told["agencies"], told["procedures"]
    )
    assert campaign_differences(warehouse.rows, known, CAMPAIGN[0][0], CENTRE) == []
    assert (
        sum(
            row["closed_count"] for row in warehouse.rows("select closed_count from marts.campaign")
        )
        > 100
    )
