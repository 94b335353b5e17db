"""A case system of another make: the same world in the words of a provincial one-stop software.

Belongs here: native names (MaHoSo, NgayHenTra …), its own paths, page numbers from nought, a record path two
levels deep, times without offset, code words for the status, and the source file that reads them.
Doesn't: anything of ours; the server is standard library alone.
"""

import base64
import datetime as dt
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from demo.world import World
from orchestration.settings import PROJECT

Row = dict[str, Any]
SECRET = "dongbo:mat-khau-canary"
STATUS = {1: "new", 2: "receiving", 3: "denied", 4: "processing", 5: "waiting", 6: "paying",
          7: "cancelled", 8: "unresolved", 9: "releasing", 10: "done"}  # fmt: skip
TIMES = {"submitted_at": "NgayNopHoSo", "received_at": "NgayTiepNhan", "due_at": "NgayHenTra",
         "finished_at": "NgayKetThucXuLy", "returned_at": "NgayTra", "rejected_at": "NgayTuChoi",
         "stopped_at": "NgayDung", "withdrawn_at": "NgayRut", "updated_at": "NgayCapNhat"}  # fmt: skip

SYSTEM = """
label: Phần mềm một cửa khác
auth: {kind: basic}
entities:
  case:
    path: /DongBoHoSoMC/danh-sach
    params: {service: DongBoHoSoMC}
    window: {from: tuNgay, to: denNgay, type: datetime, format: "%Y%m%d%H%M%S"}
    paging: {kind: page, param: trang, first_page: 0}
    page_size: {param: soDong, rows: 50}
    records: ketQua.data
    total: {body: ketQua.tongSo}
    error: error_code
    key: case_code
    version: updated_at
    mode: incremental
    start: 2020-01-01
    required: [agency_code, status]
    fields:
      case_code: MaHoSo
      procedure_code: MaTTHC
      field_code: MaLinhVuc
      agency_code: DonVi.Ma
      reception_unit_code: NoiNopHoSo
      channel: KenhThucHien
      applicant_type: LoaiDoiTuong
      status: {from: TrangThaiHoSo, map: STATUS_MAP}
      fee_total_vnd: TongLePhi
      components_digitised: HoSoCoThanhPhanSoHoa
      vneid_verified: TaiKhoanDuocXacThucVoiVNeID
      pauses:
        from: DanhSachHoSoBoSung
        type: json
        items:
          seq: HoSoBoSungId
          requested_at: {from: NgayBoSung, format: "%Y%m%d%H%M%S"}
          completed_at: {from: NgayTiepNhanBoSung, format: "%Y%m%d%H%M%S"}
          reason: NoiDungBoSung
      extensions:
        from: DanhSachGiaHan
        type: json
        items:
          kind: {from: Loai, map: {gia_han: statutory, xin_loi: apology}}
          issued_at: {from: NgayBanHanh, format: "%Y%m%d%H%M%S"}
          new_due_at: {from: NgayHenTraMoi, format: "%Y%m%d%H%M%S"}
          document_no: SoVanBan
      assigned_to: {from: NguoiXuLy, hash: true}
    refused: [ChuHoSo, SoGiayToChuHoSo, SoDienThoai, Email]
  agency:
    path: /DanhMuc/don-vi
    paging: {kind: none}
    records: ketQua.data
    error: error_code
    key: agency_code
    mode: snapshot
    fields:
      agency_code: Ma
      name: Ten
      short_name: TenTat
      kind: {from: Loai, map: {so: department, huyen: district, xa: commune, trung_tam: centre}}
      parent_code: MaCapTren
      predecessor_code: MaCu
      valid_from: TuNgay
      valid_to: DenNgay
  procedure:
    path: /DanhMuc/thu-tuc
    paging: {kind: none}
    records: ketQua.data
    error: error_code
    key: procedure_code
    mode: snapshot
    fields:
      procedure_code: MaTTHC
      name: TenTTHC
      field_code: MaLinhVuc
      field_name: TenLinhVuc
      agency_code: MaDonVi
      time_limit_value: ThoiHan
      time_limit_unit:
        from: DonViTinh
        map: {ngay_lam_viec: working_day, ngay: day, gio_lam_viec: working_hour, gio: hour, thang: month}
      has_fee: CoPhi
      requires_paper_result: CoKetQuaGiay
      valid_from: TuNgay
      valid_to: DenNgay
  staff:
    path: /DanhMuc/can-bo
    paging: {kind: none}
    records: ketQua.data
    error: error_code
    key: staff_code
    mode: snapshot
    fields:
      staff_code: Ma
      employment_type: Loai
      home_agency_code: MaDonVi
      at_centre_from: TuNgay
      at_centre_to: DenNgay
"""


def write_vendor_sources(folder: Path) -> Path:
    """The packaged source file with its case system replaced by this one."""
    text = (PROJECT / "sources" / "sources.yml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    words = json.dumps({word: code for code, word in STATUS.items()})
    fields = "".join(
        f'      {ours}: {{from: {theirs}, format: "%Y%m%d%H%M%S"}}\n'
        for ours, theirs in TIMES.items()
    )
    own = SYSTEM.replace("STATUS_MAP", words).replace(
        "      fee_total_vnd", f"{fields}      fee_total_vnd"
    )
    document["systems"]["cases"] = yaml.safe_load(own)
    path = folder / "vendor.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def native_case(row: Row) -> Row:
    """A case in the vendor's words."""
    yes = {True: "1", False: "0", None: ""}
    return {
        "MaHoSo": row["case_code"], "MaTTHC": row["procedure_code"], "MaLinhVuc": row["field_code"],
        "DonVi": {"Ma": row["agency_code"], "Ten": "…"}, "NoiNopHoSo": row["reception_unit_code"],
        "KenhThucHien": str(row["channel"] or 1), "LoaiDoiTuong": str(row["applicant_type"]),
        "TrangThaiHoSo": STATUS[row["status"]], "TongLePhi": str(row["fee_total_vnd"]),
        "HoSoCoThanhPhanSoHoa": yes.get(row["components_digitised"], row["components_digitised"]),
        "TaiKhoanDuocXacThucVoiVNeID": yes.get(row["vneid_verified"], row["vneid_verified"]),
        "ChuHoSo": row["applicant_name"], "SoDienThoai": row["applicant_phone"],
        "NguoiXuLy": row["assigned_to"], "DinhDanhCHS": {"LoaiDinhDanh": "1"},
        "DanhSachHoSoBoSung": [
            {"HoSoBoSungId": str(p["seq"]), "NgayBoSung": stamp(p["requested_at"]),
             "NgayTiepNhanBoSung": stamp(p["completed_at"]), "NoiDungBoSung": p["reason"]}
            for p in row["pauses"]
        ],
        "DanhSachGiaHan": [
            {"Loai": {"statutory": "gia_han", "apology": "xin_loi"}[e["kind"]], "NgayBanHanh": stamp(e["issued_at"]),
             "NgayHenTraMoi": stamp(e["new_due_at"]), "SoVanBan": e["document_no"]}
            for e in row["extensions"]
        ],
        **{theirs: stamp(row[ours]) for ours, theirs in TIMES.items()},
    }  # fmt: skip


def stamp(text: str | None) -> str | None:
    """Local time as fourteen digits."""
    return f"{dt.datetime.fromisoformat(text):%Y%m%d%H%M%S}" if text else None


KINDS = {"department": "so", "district": "huyen", "commune": "xa", "centre": "trung_tam"}
UNITS = {"working_day": "ngay_lam_viec", "day": "ngay", "working_hour": "gio_lam_viec", "hour": "gio",
         "month": "thang"}  # fmt: skip


def native_lists(world: World) -> dict[str, list[Row]]:
    """The registers in the vendor's words, by path."""
    register = world.registers
    return {
        "/DanhMuc/don-vi": [
            {"Ma": r["agency_code"], "Ten": r["name"], "TenTat": r["short_name"], "Loai": KINDS[r["kind"]],
             "MaCapTren": r["parent_code"], "MaCu": r["predecessor_code"], "TuNgay": r["valid_from"],
             "DenNgay": r["valid_to"]} for r in register.agencies
        ],
        "/DanhMuc/thu-tuc": [
            {"MaTTHC": r["procedure_code"], "TenTTHC": r["name"], "MaLinhVuc": r["field_code"],
             "TenLinhVuc": r["field_name"], "MaDonVi": r["agency_code"], "ThoiHan": str(r["time_limit_value"]),
             "DonViTinh": UNITS[r["time_limit_unit"]], "CoPhi": r["has_fee"],
             "CoKetQuaGiay": r["requires_paper_result"], "TuNgay": r["valid_from"], "DenNgay": r["valid_to"]}
            for r in register.procedures
        ],
        "/DanhMuc/can-bo": [
            {"Ma": r["staff_code"], "Loai": r["employment_type"], "MaDonVi": r["home_agency_code"],
             "TuNgay": r["at_centre_from"], "DenNgay": r["at_centre_to"]} for r in register.staff
        ],
    }  # fmt: skip


@contextmanager
def vendor_server(world: World, at: dt.datetime) -> Iterator[str]:
    """Serve the world as this vendor does; yields the base address."""
    cases = [native_case(row) for row in world.case_rows(at)]
    lists = native_lists(world)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            given = self.headers.get("Authorization", "")
            if given != "Basic " + base64.b64encode(SECRET.encode()).decode():
                self._send(401, {"error_code": "-1", "message": "…"})
            elif parts.path == "/DongBoHoSoMC/danh-sach" and query["service"] == "DongBoHoSoMC":
                low, high = query["tuNgay"], query["denNgay"]
                found = [row for row in cases if low <= row["NgayCapNhat"] <= high]
                start = int(query["trang"]) * int(query["soDong"])
                page = found[start : start + int(query["soDong"])]
                self._send(200, envelope(page, len(found)))
            elif parts.path in lists:
                self._send(200, envelope(lists[parts.path]))
            else:
                self._send(404, {"error_code": "-1", "message": "…"})

        def _send(self, status: int, document: Row) -> None:
            body = json.dumps(document, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def envelope(rows: list[Row], total: int | None = None) -> Row:
    """The vendor's envelope; error code nought means none."""
    return {"error_code": "0", "message": "", "ketQua": {"data": rows, "tongSo": total}}
