"""What must be true of an XLSX package before its cells are read.

Belongs here: the zip and the XML around the cells: bombs, entities, macros, merged cells. Doesn't: the
cells (xlsx_table). Everything is judged on the bytes, before any spreadsheet library sees them.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from sources.errors import SetAsideError

PARTS_MOST = 5_000
UNPACKED_MOST = 256 * 1024 * 1024
RATIO_MOST = 300
CHUNK = 1 << 20
OVERLAP = 256
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]{0,80}?ref="([A-Z0-9:$]{1,30})"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_ENTITY = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


@dataclass(frozen=True)
class PackageFacts:
    """What the cells' reader has to know beforehand."""

    has_formulas: bool


def check_package(data: bytes) -> PackageFacts:
    """Judge an XLSX file by its package.

    Raises:
        SetAsideError: not a plain, whole, macro-free XLSX file, or one with merged cells.
    """
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise SetAsideError(
            "Tệp là Excel cũ (.xls) hoặc có mật khẩu. Hãy bỏ mật khẩu và lưu thành .xlsx.",
            "The file is old Excel (.xls) or has a password. Remove it and save as .xlsx.",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            _check_parts(package.infolist())
            return _check_contents(package)
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, OSError, RuntimeError):
        pass
    raise SetAsideError(
        "Tệp XLSX bị hỏng hoặc chép chưa xong. Hãy mở lại bằng Excel, lưu rồi thả lại.",
        "The XLSX file is damaged or was not copied whole. Open it in Excel, save, and drop it again.",
    )


def _check_parts(parts: list[zipfile.ZipInfo]) -> None:
    names = [part.filename for part in parts]
    packed = sum(part.compress_size for part in parts)
    unpacked = sum(part.file_size for part in parts)
    is_bomb = unpacked > UNPACKED_MOST or (unpacked > CHUNK * 16 and unpacked > RATIO_MOST * packed)
    if len(parts) > PARTS_MOST or is_bomb:
        raise SetAsideError(
            "Tệp giải nén ra quá lớn nên không được mở (có thể là bom nén). Hãy tách nhỏ bảng dữ liệu.",
            "The file unpacks to far too much and isn't opened (a zip bomb?). Split the table.",
        )
    unsafe = any(".." in name.split("/") or name.startswith("/") or "\\" in name for name in names)
    if unsafe or len(set(names)) != len(names) or any(part.flag_bits & 1 for part in parts):
        raise SetAsideError(
            "Cấu trúc bên trong tệp XLSX bất thường. Hãy lưu lại bằng Excel rồi thả lại.",
            "The inside of the XLSX file is unusual. Save it anew with Excel, and drop it again.",
        )
    if any("vbaproject" in name.lower() for name in names):
        raise SetAsideError(
            "Tệp có macro. Hãy lưu thành .xlsx không có macro.",
            "The file holds macros. Save it as .xlsx without macros.",
        )


def _check_contents(package: zipfile.ZipFile) -> PackageFacts:
    has_formulas = False
    for name in package.namelist():
        if not name.lower().endswith((".xml", ".rels")):
            continue
        is_sheet = name.startswith("xl/worksheets/")
        for piece in _pieces(package, name):
            if _ENTITY.search(piece) or _ENTITY.search(piece.replace(b"\x00", b"")):
                raise SetAsideError(
                    "Tệp có khai báo DOCTYPE/ENTITY, không phải do Excel tạo ra. Tệp không được mở.",
                    "The file declares a DOCTYPE or ENTITY, which Excel never writes. It isn't opened.",
                )
            if is_sheet:
                has_formulas = has_formulas or _FORMULA.search(piece) is not None
                _check_merged(piece)
    return PackageFacts(has_formulas)


def _check_merged(piece: bytes) -> None:
    merged = _MERGED.search(piece)
    if merged is not None:
        place = merged[1].decode("ascii")
        raise SetAsideError(
            f"Có ô gộp ({place}). Hãy bỏ gộp ô, để mỗi cột một tiêu đề ở dòng đầu tiên.",
            f"There are merged cells ({place}). Unmerge them; each column has one heading in the first row.",
        )


def _pieces(package: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """A part in pieces that overlap, so that nothing is missed at an edge."""
    tail = b""
    with package.open(name) as part:
        while chunk := part.read(CHUNK):
            yield tail + chunk
            tail = chunk[-OVERLAP:]
