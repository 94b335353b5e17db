"""A CSV file as rows of text, refused where its shape leaves doubt about a single cell.

Belongs here: encoding, separator, quoting, row lengths. Doesn't: what the columns mean (rows.py).
"""

import csv
import io
import re
from collections.abc import Iterator

from sources.errors import SetAsideError

LONGEST_CELL = 1_000_000
SEPARATORS = ",;"
_TEXT_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
_SEP_LINE = re.compile(r'"?sep=([,;])"?\r?\n', re.IGNORECASE)

CellTexts = list[str]


def csv_rows(data: bytes) -> Iterator[tuple[int, CellTexts]]:
    """(line number, cells) of every row that isn't blank, the heading row first.

    Raises:
        SetAsideError: not UTF-8, not CSV, or rows of differing length.
    """
    text = _decode(data)
    csv.field_size_limit(LONGEST_CELL)
    separator = _separator(text)
    if _SEP_LINE.match(text):
        text = text.split("\n", 1)[-1]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    width: int | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if width is None:
                width = len(cells)
            if len(cells) != width:
                raise SetAsideError(
                    f"Dòng {reader.line_num} có {len(cells)} ô, dòng tiêu đề có {width} ô. Hãy kiểm tra dấu "
                    "phân cách và dấu ngoặc kép ở dòng đó.",
                    f"Line {reader.line_num} has {len(cells)} cells, the heading row {width}. Check the "
                    "separators and quotation marks of that line.",
                )
            yield reader.line_num, [_said(cell) for cell in cells]
        return
    except csv.Error:
        line = reader.line_num
    raise SetAsideError(
        f"Dòng {line} không đúng dạng CSV (thiếu dấu ngoặc kép đóng, hoặc ô quá dài). Hãy sửa dòng đó.",
        f"Line {line} isn't CSV (a quotation mark is open, or a cell is too long). Mend that line.",
    )


def _said(cell: str) -> str:
    """A cell's text. `="0012"` is how a text that looks like a number is written for Excel; nothing is computed."""
    if cell.startswith('="') and (text := _TEXT_FORMULA.fullmatch(cell)):
        return text[1].replace('""', '"')
    return cell


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:4096]:
        place = "UTF-16"
    else:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as failure:
            line = data.count(b"\n", 0, failure.start) + 1
            place = f"dòng / line {line}"
    raise SetAsideError(
        f"Tệp không phải UTF-8 ({place}). Trong Excel hãy chọn Lưu thành… “CSV UTF-8”, hoặc thả tệp XLSX.",
        f"The file isn't UTF-8 ({place}). In Excel choose Save as “CSV UTF-8”, or drop the XLSX itself.",
    )


def _separator(text: str) -> str:
    """The separator of the heading row: the one that stands there more often, outside quotes.

    Excel may say it itself, in a first line `sep=;`.
    """
    if said := _SEP_LINE.match(text):
        return said[1]
    outside = "".join(text.split("\n", 1)[0].split('"')[::2])
    return max(SEPARATORS, key=outside.count)
