"""The source file: what the packaged one says, and what a wrong one is told."""

import datetime as dt
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.local_time import LOCAL as ZONE
from sources.errors import SpecError
from sources.spec.file import PACKAGED, load_spec
from sources.spec.headings import fold

NOW = dt.datetime(2023, 11, 24, 23, 30, 5, 999, tzinfo=ZONE)
CONTRACT = {
    "cases": {"case", "case_key", "agency", "procedure", "staff"},
    "ratings": {"rating"},
    "services": {"service", "submission"},
    "registry": {"decision"},
}
PERSONAL = {
    "applicant_name", "applicant_id_no", "applicant_phone", "applicant_email", "applicant_address",
    "applicant_ethnicity",
}  # fmt: skip


def test_the_packaged_file_covers_the_contract() -> None:
    spec = load_spec()
    assert {name: set(system.entities) for name, system in spec.systems.items()} == CONTRACT
    assert spec.systems["cases"].entities["case"].refused == PERSONAL
    assert spec.systems["cases"].entities["staff"].refused == {"full_name"}
    assert spec.systems["ratings"].entities["rating"].refused == {"comment"}
    assert spec.systems["cases"].entities["case_key"].of == "case"
    assert set(spec.drops) == {
        "plan_task", "feedback", "nomination", "calendar_override", "kpi_target", "rating_device", "case",
    }  # fmt: skip
    case = spec.systems["cases"].entities["case"]
    dropped = set(spec.drops["case"].columns) - {"compare_by"}
    assert set(case.fields) == dropped, "a case is a case, dropped or read"
    assert case.required_fields >= {"case_code", "updated_at"}


def test_the_spec_is_frozen() -> None:
    case = load_spec().systems["cases"].entities["case"]
    with pytest.raises(ValueError, match="frozen"):
        case.path = "/other"  # type: ignore[misc]


WRONG: list[tuple[tuple[str, ...], Any, str]] = [
    (("version",), 2, "at version"),
    (("systms",), {}, "at systms: no such word is known"),
    (("time_zone",), "Hanoi", "isn't a time zone"),
    (("systems", "drops"), {"auth": {"kind": "none"}, "entities": {}}, "can't be called drops"),
    (("systems", "Bad Name"), {"auth": {"kind": "none"}, "entities": {}}, "isn't a name"),
    (("systems", "ratings", "auth", "kind"), "magic", "at systems.ratings.auth.kind"),
    (("systems", "cases", "entities", "case", "paging"), {"kind": "cursor"}, "needs `param`"),
    (("systems", "cases", "entities", "case", "paging"), {"kind": "next_link"}, "needs `next`"),
    (("systems", "cases", "entities", "case", "key"), "nothing", "'nothing'"),
    (("systems", "cases", "entities", "case", "window"), None, "needs `window`"),
    (("systems", "cases", "entities", "case", "refused"), ["status"], "both kept"),
    (("systems", "cases", "entities", "case", "path"), "api", "begins with /"),
    (("systems", "cases", "entities", "case", "page_size", "rows"), 0, "greater than 0"),
    (("systems", "cases", "entities", "case", "total"), {}, "exactly one of"),
    (("systems", "cases", "entities", "case_key", "of"), "cas", "sweeps 'cas'"),
    (("systems", "cases", "entities", "case_key", "of"), None, "belongs to mode key_sweep"),
    (("systems", "cases", "entities", "agency", "split"), "year", "needs a `window`"),
    (("systems", "cases", "entities", "case", "fields", "status"), {"items": {}}, "type: json"),
    (
        ("systems", "cases", "entities", "case", "fields", "status"),
        {"from": "a", "constant": "1"},
        "not both",
    ),
    (("systems", "cases", "entities", "case", "fields", "a; drop table"), None, "isn't a name"),
    (("drops", "plan_task", "required"), ["nope"], "nope"),
    (("drops", "plan_task", "columns", "task"), ["plan-no"], "accepted by both"),
    (("drops", "case", "layouts", "x"), {"columns": {"nope": "a"}}, "nope"),
    (("drops", "case", "layouts", "x"), {"columns": {"case_code": "a"}}, "unfilled"),
    (
        ("drops", "case", "layouts", "receipt_wabo", "time_zone"),
        "Mars",
        "isn't a time zone",
    ),
    (
        ("drops", "case", "layouts", "boston311", "constants"),
        {"compare_by": "hour"},
        "layout boston311 sets compare_by to 'hour'; it may be day or time",
    ),
    (
        ("drops", "case", "layouts", "boston311", "maps", "compare_by"),
        {"strict": "minute"},
        "it may be day or time",
    ),
    (("drops", "case", "words"), {"nope": ["a"]}, "nope"),
]


@pytest.mark.parametrize(("place", "value", "sentence"), WRONG)
def test_a_wrong_file_is_told_in_one_sentence(
    place: tuple[str, ...], value: Any, sentence: str, tmp_path: Path
) -> None:
    document = yaml.safe_load(PACKAGED.read_text())
    branch = document
    for name in place[:-1]:
        branch = branch[name]
    branch[place[-1]] = value
    path = tmp_path / "sources.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True))
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: at ")
    assert sentence in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"version: 1\nversion: 1\n", "given twice; keep one (line 2)"),
        (b"version: [1\n", "line 2"),
        (b"version: '\xff'\n", "isn't UTF-8"),
        (b"!!python/object/apply:os.system [ls]", "line 1"),
        (b"- a\n", "at the top level"),
        (b"", "at the top level"),
        (b"#" * 2_000_001, "larger than"),
    ],
)
def test_what_is_not_a_source_file_at_all(text: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "sources.yml"
    path.write_bytes(text)
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert sentence in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="point MOTCUA_SOURCES"):
        load_spec(tmp_path / "none.yml")


@pytest.mark.parametrize(
    "text",
    [
        "Số kế hoạch",
        "SO  KE HOACH",
        "so_ke_hoach",
        unicodedata.normalize("NFD", "Số kế hoạch"),
        " số-kế-hoạch\u200b",
    ],
)
def test_headings_fold_to_one_name(text: str) -> None:
    assert fold(text) == "so_ke_hoach"
    assert fold("Đơn vị") == fold("Ðơn vị") == "don_vi"
