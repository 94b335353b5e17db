"""Cells that are safe and look as on paper.

Belongs here: writing one value into one cell, fonts, borders, page set-up. Doesn't: what stands where.
Text always goes in as text: a name that begins with = + - @ is never a formula, characters that
XML forbids are dropped, and a cell holds at most 32,767 characters.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

FONT = "Times New Roman"
SIZE = 13
LONGEST_TEXT = 32_767
RISKY = ("=", "+", "-", "@", "\t", "\r")
THIN = Side(style="thin", color="FF444444")
BOX = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
HEAD = PatternFill("solid", fgColor="FFEFEDE6")
COUNT, PERCENT, DAY = "#,##0", "0.00%", "dd/mm/yyyy"


@dataclass(frozen=True)
class CellStyle:
    """How a cell looks."""

    bold: bool = False
    italic: bool = False
    size: int = SIZE
    across: str = "left"
    boxed: bool = False
    filled: bool = False
    number_format: str = "General"


def clean_text(value: object) -> str:
    """Text that a sheet can hold: no control characters, at most 32,767 UTF-16 units."""
    text = ILLEGAL_CHARACTERS_RE.sub("", str(value)).replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(c for c in text if c not in "\ufffe\uffff" and not 0xD800 <= ord(c) <= 0xDFFF)
    if len(text.encode("utf-16-le")) // 2 > LONGEST_TEXT:
        text = (
            text.encode("utf-16-le")[: (LONGEST_TEXT - 1) * 2].decode("utf-16-le", "ignore") + "…"
        )
    return text


def put_text(cell: Cell, value: object, look: CellStyle | None = None) -> None:
    """Write text, whatever it looks like, as text."""
    text = clean_text(value)
    cell.value = text
    cell.data_type = "s"
    # Excel keeps it text also when somebody edits the cell.
    cell.quotePrefix = str(value).startswith(RISKY)
    dress(cell, look or CellStyle())


def put_number(cell: Cell, value: float | None, look: CellStyle) -> None:
    """Write a number or leave the cell empty; never text."""
    cell.value = value
    dress(cell, look)


def put_formula(cell: Cell, formula: str, look: CellStyle) -> None:
    """Write a formula of our own, made of cell addresses alone."""
    cell.value = f"={formula}"
    dress(cell, look)


def dress(cell: Cell, look: CellStyle) -> None:
    """Give a cell its look."""
    cell.font = Font(name=FONT, size=look.size, bold=look.bold, italic=look.italic)
    cell.alignment = Alignment(horizontal=look.across, vertical="center", wrap_text=True)
    cell.number_format = look.number_format
    if look.boxed:
        cell.border = BOX
    if look.filled:
        cell.fill = HEAD


def merge_text(
    sheet: Worksheet,
    row: int,
    columns: tuple[int, int],
    value: object,
    look: CellStyle,
    rows: int = 1,
) -> None:
    """Write text over several cells as one."""
    first, last = columns
    put_text(sheet.cell(row, first), value, look)
    if look.boxed:
        for r in range(row, row + rows):
            for c in range(first, last + 1):
                sheet.cell(r, c).border = BOX
    if (last, rows) != (first, 1):
        sheet.merge_cells(
            start_row=row, start_column=first, end_row=row + rows - 1, end_column=last
        )


def fit_row(sheet: Worksheet, row: int, line: float = 18.0) -> None:
    """Make a row as high as its longest text needs: programs don't do it for wrapped text by themselves."""
    lines = 1
    for cell in sheet[row]:
        if cell.data_type == "s" and cell.value:
            width = sheet.column_dimensions[get_column_letter(cell.column)].width
            lines = max(
                lines, *(ceil(len(part) * 1.12 / width) for part in str(cell.value).split("\n"))
            )
    sheet.row_dimensions[row].height = line * min(lines, 20)


def set_up_page(sheet: Worksheet, widths: list[float], head_rows: tuple[int, int]) -> None:
    """Landscape A4, as wide as the paper; the head stays on screen and on every sheet of paper."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_options.horizontalCentered = True
    margins: Any = sheet.page_margins
    margins.left = margins.right = 0.5
    margins.top = margins.bottom = 0.6
    sheet.oddFooter.right.text = "&P/&N"
    sheet.print_title_rows = f"{head_rows[0]}:{head_rows[1]}"
    sheet.freeze_panes = sheet.cell(head_rows[1] + 1, 3)
    sheet.sheet_view.showGridLines = False
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
