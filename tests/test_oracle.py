"""The figures against an oracle in plain Python: many worlds, and small histories that hypothesis makes up."""

import datetime as dt

import pytest

from demo.world import World
from tests.conftest import CENTRE, END
from tests.oracle.kpi import Oracle, differences
from tests.truth_warehouse import TruthWarehouse

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
CAMPAIGN = ((dt.date(2023, 3, 27), dt.date(2023, 6, 10)),)
COUNTS = "select kpi_id, variant, period_kind, period_start, agency_code, numerator, denominator from marts.kpi_value"
SEEDS = range(1, 21)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> TruthWarehouse:
    return TruthWarehouse(tmp_path_factory.mktemp("truth"))


@pytest.mark.parametrize("seed", SEEDS)
def test_five_thousand_cases_agree_to_the_last(seed: int, warehouse: TruthWarehouse) -> None:
    """Half of the worlds lie before the reform of 1 July 2025, half across it; each has its own size."""
    end = END if seed % 2 else dt.datetime(2025, 9, 10, 1, 30, tzinfo=END.tzinfo)
    world = World.build(
        seed=seed, end=end, years=1, cases_per_year=5000, procedures=200 + 20 * seed,
        response="high" if seed % 4 == 0 else "real",
    )  # fmt: skip
    truth = world.truth(end)
    warehouse.show(truth, end)
    expected = Oracle(truth, end, CENTRE, CAMPAIGN).counts
    found = differences(warehouse.rows(COUNTS), expected)
    assert found == [], "\n".join(found[:20])
    assert len(truth["cases"]) > 4500
    assert sum(key[0] == "on_time" for key in expected) > 1000
