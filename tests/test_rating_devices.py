"""When a device that nobody declared is taken to lack the highest of three levels: the edges, by numbers."""

import pytest

from tests.warehouse_case import CaseWarehouse


@pytest.fixture(scope="module")
def warehouse() -> CaseWarehouse:
    return CaseWarehouse()


@pytest.mark.parametrize(
    ("ratings", "top", "neutral", "has_top_level", "basis"),
    [
        (40, 1, 3, False, "inferred"),
        (29, 0, 3, True, "few"),
        (30, 0, 2, False, "inferred"),
        (30, 0, 1, True, "inferred"),
        (30, 1, 2, False, "inferred"),
        (30, 2, 9, True, "inferred"),
        (199, 2, 9, True, "inferred"),
        (200, 2, 9, False, "inferred"),
        (200, 2, 3, False, "inferred"),
        (200, 2, 2, True, "inferred"),
        (299, 3, 9, True, "inferred"),
        (300, 3, 4, False, "inferred"),
        (300, 3, 3, True, "inferred"),
    ],
)
def test_the_top_level_is_missed_by_whole_numbers(
    warehouse: CaseWarehouse, ratings: int, top: int, neutral: int, has_top_level: bool, basis: str
) -> None:
    levels = ["very_satisfied"] * top + ["neutral"] * neutral
    levels += ["satisfied"] * (ratings - len(levels))
    given = [
        {
            "rating_id": f"r{number}", "source": "kiosk", "device_id": "K1", "level_code": level, "scale": "3",
            "is_test": False, "rated_at": "2023-06-05T10:00:00+07:00",
        }
        for number, level in enumerate(levels)
    ]  # fmt: skip
    (device,) = warehouse.run("core.dim_rating_device", {"given": {"staging.rating": given}})
    found = (device["rating_count"], device["has_top_level"], device["basis"])
    assert found == (ratings, has_top_level, basis)
