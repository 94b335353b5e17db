"""When a device that nobody declared is taken to lack the highest of three levels; how files and mappings say it."""

from pathlib import Path

import pytest
import yaml

from assets.shapes import raw_shapes
from sources.spec.file import PACKAGED, load_spec
from tests.support.warehouse_case import CaseWarehouse


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


def test_a_file_is_read_as_people_write_it(warehouse: CaseWarehouse) -> None:
    given = [
        {
            "source": " Kiosk",
            "device_id": "K1",
            "has_top_level": "Không",
            "valid_from": "01/06/2023",
        },
        {"source": "qr", "device_id": " ", "has_top_level": "yes", "valid_from": None},
        {"source": "qr", "device_id": "Q1", "has_top_level": "có thể", "valid_from": "06/31/2023"},
    ]
    warehouse.fill("raw.drops__rating_device", [row | {"_defects": []} for row in given])
    query = warehouse.catalog.models["staging.rating_device"].query
    found = warehouse.rows(query)
    warehouse.fill("raw.drops__rating_device", [])
    said = [
        (row["source"], row["device_id"], row["has_top_level"], str(row["valid_from"]))
        for row in found
    ]
    assert said == [
        ("kiosk", "K1", False, "2023-06-01"),
        ("qr", None, True, "None"),
        ("qr", "Q1", None, "None"),
    ]
    assert [row["_cast_errors"] for row in found] == [[], [], ["has_top_level", "valid_from"]]


def test_a_mapping_says_it_of_all_its_ratings_or_by_a_field(
    warehouse: CaseWarehouse, tmp_path: Path
) -> None:
    """The same words as of any other field; what is neither yes nor no is left to quarantine."""
    document = yaml.safe_load(PACKAGED.read_text(encoding="utf-8"))
    fields = document["systems"]["ratings"]["entities"]["rating"]["fields"]
    texts = {}
    for name, mapping in (
        ("constant", {"constant": "no"}),
        ("field", {"from": "levelSet", "map": {"HL3": "no", "RHL3": "yes"}}),
    ):
        fields["has_top_level"] = mapping
        path = tmp_path / f"{name}.yml"
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        shape = raw_shapes(load_spec(path))["raw.ratings__rating"]
        (field,) = (field for field in shape.fields if field.name == "has_top_level")
        texts[name] = field.sql("said")
    rows = warehouse.rows(
        f"select to_yes_no({texts['constant']}) as constant, to_yes_no({texts['field']}) as by_field "
        "from (values ('HL3'), ('RHL3'), ('HL4'), (null)) as v (said)"
    )
    assert [row["constant"] for row in rows] == [False] * 4
    assert [row["by_field"] for row in rows] == [False, True, None, None]
