"""Another vendor's API goes in by another source file alone."""

import datetime as dt
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.local_time import LOCAL as ZONE
from sources.http.client import Access
from sources.pull.entity import pull_entity
from sources.pull.windows import Window
from sources.spec.file import load_spec
from tests.support.scripted_server import FakeSystem, serving

NOW = dt.datetime(2023, 11, 24, 23, 30, 5, 999, tzinfo=ZONE)


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
    from sources.http.limits import ReadLimits

    path = tmp_path / "vendor.yml"
    path.write_text(VENDOR)
    body = b'{"error_code":"-1","message":"x","ketQua":{"data":[]},"paging":null}'
    vendor.always = lambda reply, _system: setattr(reply, "body", body)
    with pytest.raises(TransientError, match="error in it"):
        pull_entity(
            "cases", load_spec(path).systems["cases"], "case",
            Access(vendor.address, "user-canary-4:pass-canary-5"), tmp_path / "landing",
            Window(NOW - dt.timedelta(days=3), NOW), NOW, zone=ZONE,
            limits=ReadLimits(attempts=2, wait_first_seconds=0.01),
        )  # fmt: skip
