"""The source file: what the packaged one says, what a wrong one is told, and another vendor's."""

import datetime as dt
import gzip
import itertools
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from sources.errors import SpecError
from sources.headings import fold
from sources.http import Access
from sources.pull import pull_entity
from sources.spec import EntitySpec
from sources.spec_file import PACKAGED, load_spec
from sources.windows import Window, next_window, split_window, window_params
from tests.scripted_server import FakeSystem, serving

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
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
        "plan_task", "feedback", "nomination", "calendar_override", "kpi_target", "case",
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


# -- another vendor, by another file alone -----------------------------------------------------------

VENDOR = """
version: 1
systems:
  cases:
    auth: {kind: basic}
    redirect_hosts: [mc.langson.example]
    entities:
      case:
        path: /list
        params: {service: DongBoHoSoMC}
        window: {from: from, to: to, format: "%Y%m%d%H%M%S"}
        paging: {kind: next_link, next: paging.tiepTheo}
        records: ketQua.data
        error: error_code
        key: case_code
        version: updated_at
        mode: incremental
        start: 2020-01-01
        fields:
          case_code: MaHoSo
          procedure_code: MaTTHC
          agency_code: {from: [don.vi, ma]}
          channel: KenhThucHien
          received_at: {from: NgayTiepNhan, format: "%Y%m%d%H%M%S"}
          due_at: {from: NgayHenTra, format: "%Y%m%d%H%M%S"}
          status: {from: TrangThaiHoSo, map: {processing: 4, waiting: 5, "releasing": 9, done: 10}}
          reception_unit_code: {constant: H37.01.TTPVHCC}
          received_by: {from: NguoiXuLy, hash: true}
          pauses:
            from: DanhSachHoSoBoSung
            type: json
            items:
              seq: HoSoBoSungId
              requested_at: {from: NgayBoSung, format: "%Y%m%d%H%M%S"}
              completed_at: {from: NgayTiepNhanBoSung, format: "%Y%m%d%H%M%S"}
              reason: NoiDungBoSung
          updated_at: {from: NgayCapNhat, format: "%Y%m%d%H%M%S"}
        refused: [ChuHoSo, SoGiayToChuHoSo, DinhDanhCHS, Email, SoDienThoai]
"""


@pytest.fixture(name="vendor")
def fixture_vendor() -> Iterator[FakeSystem]:
    record = {
        "MaHoSo": "000.00.16.H37-230427-0012", "MaTTHC": "1.004221.000.00.00.H37",
        "KenhThucHien": "2", "ChuHoSo": "Nguyễn Văn A", "NgayTiepNhan": "20230427092000",
        "TrangThaiHoSo": "waiting", "NgayCapNhat": "20230504100003", "don.vi": {"ma": "H37.16"},
    }  # fmt: skip
    system = FakeSystem(auth="basic")

    def answer(reply: Any, _system: FakeSystem) -> None:
        more = "page" not in system.log[-1]["query"]
        document = {
            "error_code": "0",
            "message": "",
            "ketQua": {"data": [record | {"MaHoSo": f"{system.asked}"}]},
            "paging": {"tiepTheo": "/list?page=2" if more else None},
        }
        reply.body = json.dumps(document).encode()

    system.always = answer
    with serving(system):
        yield system


def test_another_vendor_goes_in_by_another_file(vendor: FakeSystem, tmp_path: Path) -> None:
    path = tmp_path / "vendor.yml"
    path.write_text(VENDOR)
    spec = load_spec(path)
    system = spec.systems["cases"]
    (batch,) = pull_entity(
        "cases", system, "case", Access(vendor.address, "user-canary-4:pass-canary-5"),
        tmp_path / "landing", Window(NOW - dt.timedelta(days=3), NOW), NOW, zone=ZONE,
    )  # fmt: skip
    assert batch.rows == 2
    assert vendor.log[0]["query"] == {
        "service": "DongBoHoSoMC", "from": "20231121233005", "to": "20231124233005",
    }  # fmt: skip
    page = json.loads(gzip.decompress(batch.files[0].read_bytes()))
    assert page["ketQua"]["data"][0]["TrangThaiHoSo"] == "waiting", "landed as it came"
    fields = system.entities["case"].fields
    assert fields["case_code"].path == ("MaHoSo",)
    assert fields["agency_code"].path == ("don.vi", "ma")
    assert dict(fields["status"].map or {}) == {
        "processing": "4", "waiting": "5", "releasing": "9", "done": "10",
    }  # fmt: skip
    items = fields["pauses"].items
    assert items is not None
    assert items["requested_at"].path == ("NgayBoSung",)
    assert items["requested_at"].format == "%Y%m%d%H%M%S"
    assert fields["received_by"].hash
    assert fields["reception_unit_code"].constant == "H37.01.TTPVHCC"


def test_the_vendors_own_error_word_is_understood(vendor: FakeSystem, tmp_path: Path) -> None:
    from sources.errors import TransientError
    from sources.limits import Limits

    path = tmp_path / "vendor.yml"
    path.write_text(VENDOR)
    body = b'{"error_code":"-1","message":"x","ketQua":{"data":[]},"paging":null}'
    vendor.always = lambda reply, _system: setattr(reply, "body", body)
    with pytest.raises(TransientError, match="error in it"):
        pull_entity(
            "cases", load_spec(path).systems["cases"], "case",
            Access(vendor.address, "user-canary-4:pass-canary-5"), tmp_path / "landing",
            Window(NOW - dt.timedelta(days=3), NOW), NOW, zone=ZONE,
            limits=Limits(attempts=2, wait_first_seconds=0.01),
        )  # fmt: skip


# -- windows -------------------------------------------------------------------------------------------

CASE = load_spec().systems["cases"].entities["case"]
KEYS = load_spec().systems["cases"].entities["case_key"]


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


def test_the_next_window_begins_before_the_cursor() -> None:
    assert next_window(CASE, None, NOW, ZONE) == Window(at("2020-01-01"), NOW)
    assert next_window(CASE, at("2023-11-23"), NOW, ZONE) == Window(at("2023-11-20"), NOW)
    assert next_window(CASE, at("2023-11-23"), NOW, ZONE, full=True) == Window(
        at("2020-01-01"), NOW
    )
    assert next_window(CASE, NOW + dt.timedelta(minutes=9), NOW, ZONE) == Window(
        NOW - dt.timedelta(days=3), NOW
    )
    later = NOW + dt.timedelta(days=99)
    assert next_window(CASE, later, NOW, ZONE) == Window(NOW - dt.timedelta(days=3), NOW), (
        "an as-of"
    )
    assert next_window(CASE, at("2019-01-01"), NOW, ZONE) == Window(at("2020-01-01"), NOW)
    assert next_window(KEYS, at("2023-11-23"), NOW, ZONE) == Window(at("2020-01-01"), NOW)
    assert next_window(load_spec().systems["cases"].entities["agency"], None, NOW, ZONE) is None


def test_a_cursor_in_the_far_future_is_refused() -> None:
    """F26."""
    with pytest.raises(SpecError, match="future"):
        next_window(CASE, at("2999-01-01"), NOW, ZONE)


@pytest.mark.parametrize("start", ["2020-01-01", "2020-02-29", "2021-12-31", "2023-11-24"])
@pytest.mark.parametrize("split", ["none", "month", "year"])
@pytest.mark.parametrize("entity", [CASE, KEYS], ids=["datetime", "date"])
def test_pieces_cover_the_window_without_a_gap(entity: EntitySpec, split: str, start: str) -> None:
    entity = entity.model_copy(update={"split": split})
    window = Window(at(start), NOW)
    pieces = split_window(entity, window, ZONE)
    assert pieces[0].start == window.start
    if entity is not None and entity.window and entity.window.type == "date":
        days = [
            piece.start.date() + dt.timedelta(days=n)
            for piece in pieces
            for n in range((piece.end.date() - piece.start.date()).days + 1)
        ]
        first = window.start.date()
        assert days == [first + dt.timedelta(days=n) for n in range((NOW.date() - first).days + 1)]
    else:
        assert all(a.end == b.start for a, b in itertools.pairwise(pieces))
        assert pieces[-1].end == NOW.replace(microsecond=0)
    months = {(piece.start.year, piece.start.month) for piece in pieces}
    assert split != "month" or len(pieces) == len(months)


def test_a_window_that_ends_on_a_cut_has_no_empty_piece() -> None:
    entity = CASE.model_copy(update={"split": "year"})
    pieces = split_window(entity, Window(at("2021-01-01"), at("2023-01-01")), ZONE)
    assert [(p.start.year, p.end.year) for p in pieces] == [(2021, 2022), (2022, 2023)]
    keys = split_window(KEYS, Window(at("2021-01-01"), at("2022-01-01")), ZONE)
    assert [(f"{p.start:%m%d}", f"{p.end:%Y%m%d}") for p in keys] == [
        ("0101", "20211231"), ("0101", "20220101"),
    ]  # fmt: skip


def test_windows_are_asked_for_in_local_time_with_offset() -> None:
    window = Window(dt.datetime(2023, 11, 23, 18, 30, tzinfo=dt.UTC), NOW)
    assert window_params(CASE, window, ZONE) == {
        "updated_from": "2023-11-24T01:30:00+07:00", "updated_to": "2023-11-24T23:30:05+07:00",
    }  # fmt: skip
    assert window_params(KEYS, window, ZONE) == {
        "received_from": "2023-11-24", "received_to": "2023-11-24",
    }  # fmt: skip


@pytest.mark.parametrize("bounds", [(NOW, NOW - dt.timedelta(1)), (NOW.replace(tzinfo=None), NOW)])
def test_a_window_runs_forward_and_knows_its_zone(bounds: tuple[dt.datetime, dt.datetime]) -> None:
    with pytest.raises(SpecError):
        Window(*bounds)


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
