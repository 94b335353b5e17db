"""An XLSX file as rows of text: what the cells say, dates as ISO, numbers as written, nothing computed.

Belongs here: choosing the one sheet, turning cells to text. Doesn't: the package (xlsx_guard), the
columns' meaning (rows.py). Times are Excel's own: local, without a zone.
"""

import datetime as dt
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zipfile import BadZipFile

import openpyxl

from sources.errors import SetAsideError
from sources.files.xlsx_guard import check_package

COLUMNS_MOST = 400
LONGEST_CELL = 32_767
_ZEROS = re.compile(r"0{2,30}")
_CLOCK = re.compile(r"[hHsS]")

CellTexts = list[str]


def xlsx_rows(data: bytes) -> Iterator[tuple[int, CellTexts]]:
    """(row number, cells) of every row that isn't blank, the heading row first.

    Raises:
        SetAsideError: the file isn't one plain table, or a cell has no certain text.
    """
    facts = check_package(data)
    try:
        values = openpyxl.load_workbook(
            io.BytesIO(data), read_only=True, data_only=True, keep_links=False
        )
        sheet = _only_sheet(values)
        formulas = _formula_cells(data, sheet.title) if facts.has_formulas else set()
        yield from _rows(sheet, formulas)
        return
    except (
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        SyntaxError,
        OSError,
        BadZipFile,
    ):
        # What openpyxl raises on a damaged part differs with the part.
        pass
    raise SetAsideError(
        "Tệp XLSX bị hỏng. Hãy mở lại bằng Excel, lưu rồi thả lại.",
        "The XLSX file is damaged. Open it in Excel, save, and drop it again.",
    )


def _only_sheet(workbook: Any) -> Any:
    hidden = [sheet.title for sheet in workbook.worksheets if sheet.sheet_state != "visible"]
    if hidden:
        raise SetAsideError(
            f"Có trang tính ẩn ({hidden[0]!r}). Hãy hiện hoặc xóa trang đó.",
            f"There is a hidden sheet ({hidden[0]!r}). Show or delete it.",
        )
    filled = [sheet for sheet in workbook.worksheets if _has_cells(sheet)]
    if len(filled) != 1:
        raise SetAsideError(
            f"Tệp có {len(filled)} trang tính có dữ liệu; cần đúng một trang.",
            f"The file has {len(filled)} sheets with data; exactly one is needed.",
        )
    return filled[0]


def _has_cells(sheet: Any) -> bool:
    # The declared size may be a lie in either direction; only the cells count.
    sheet.reset_dimensions()
    return any(cell.value is not None for row in sheet.iter_rows() for cell in row)


def _formula_cells(data: bytes, title: str) -> set[str]:
    workbook = openpyxl.load_workbook(
        io.BytesIO(data), read_only=True, data_only=False, keep_links=False
    )
    sheet = workbook[title]
    sheet.reset_dimensions()
    return {
        cell.coordinate
        for row in sheet.iter_rows()
        for cell in row
        if getattr(cell, "data_type", None) == "f"
    }


def _rows(sheet: Any, formulas: set[str]) -> Iterator[tuple[int, CellTexts]]:
    width: int | None = None
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        texts = [_cell_text(cell, formulas) for cell in cells]
        while texts and not texts[-1].strip():
            texts.pop()
        if not texts:
            continue
        if width is None:
            width = len(texts)
        if len(texts) > min(width, COLUMNS_MOST):
            raise SetAsideError(
                f"Dòng {number} có dữ liệu ở cột {len(texts)} không có tiêu đề. Tiêu đề phải ở dòng đầu tiên.",
                f"Row {number} has data in column {len(texts)}, which has no heading. Headings belong into "
                "the first row.",
            )
        yield number, texts + [""] * (width - len(texts))


def _cell_text(cell: Any, formulas: set[str]) -> str:
    value = cell.value
    kind = getattr(cell, "data_type", "n")
    if kind == "e":
        raise SetAsideError(
            f"Ô {cell.coordinate} có lỗi {value}. Hãy sửa công thức hoặc nhập giá trị.",
            f"Cell {cell.coordinate} shows the error {value}. Mend the formula or type the value.",
        )
    if value is None:
        # An empty text that a formula gave is typed as text; a formula never computed isn't.
        if formulas and kind == "n" and getattr(cell, "coordinate", None) in formulas:
            raise SetAsideError(
                f"Ô {cell.coordinate} có công thức chưa được tính. Hãy mở tệp bằng Excel và lưu lại.",
                f"Cell {cell.coordinate} holds a formula without its result. Open the file in Excel and "
                "save it.",
            )
        return ""
    return _value_text(value, cell)


def _value_text(value: object, cell: Any) -> str:
    if isinstance(value, str):
        return _checked(value, cell)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        if value.time() == dt.time() and not _CLOCK.search(cell.number_format or ""):
            return value.date().isoformat()
        return value.isoformat(timespec="seconds")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, int | float):
        return _number_text(value, cell.number_format or "")
    return str(value)


def _number_text(value: float, number_format: str) -> str:
    """A number as it was typed: fifteen digits, no exponent, the zeros that its format shows."""
    if isinstance(value, float) and not value.is_integer():
        return format(Decimal(format(value, ".15g")), "f")
    text = str(int(value))
    return text.zfill(len(number_format)) if _ZEROS.fullmatch(number_format) else text


def _checked(text: str, cell: Any) -> str:
    if len(text) >= LONGEST_CELL:
        raise SetAsideError(
            f"Ô {cell.coordinate} dài tới giới hạn của Excel nên có thể bị cắt. Hãy rút ngắn.",
            f"Cell {cell.coordinate} is as long as Excel allows and may be cut off. Shorten it.",
        )
    return text
