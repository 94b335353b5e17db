"""One report form as a sheet of the workbook.

Belongs here: its rows, live sums, total and notes. Doesn't: which forms there are (forms.py), the head and the
signatures, which all sheets share (sheets.py), queries (workbook.py), cell safety (cells.py).
"""

import datetime as dt
from collections.abc import Sequence

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from common.rows import Row
from reports.cells import COUNT, CellStyle, fit_row, merge_text, put_formula, put_number, put_text
from reports.forms import PROVISIONAL_NOTE, Column, Form
from reports.numbers import day_text
from reports.sheets import BODY, MIDDLE, NUMBER, SHARE, open_sheet, sign

PERIOD_VI = {
    "month": "Tháng {0.month}/{0.year}",
    "quarter": "Quý {1}/{0.year}",
    "year": "Năm {0.year}",
}


def fill_form(sheet: Worksheet, form: Form, rows: Sequence[Row], data_as_of: dt.datetime) -> None:
    """A form of one period: agencies, live sums, total row, signatures."""
    period = rows[0]
    heads: list[tuple[str, Sequence[str]]] = [("STT", ()), (form.row_head, ())]
    for column in form.columns:
        if not column.group:
            heads.append((column.caption, ()))
        elif heads[-1][0] == column.group:
            heads[-1] = (column.group, (*heads[-1][1], column.caption))
        else:
            heads.append((column.group, (column.caption,)))
    top = row = open_sheet(sheet, form.title, _period_words(period), heads, form)
    places = {column.source: place for place, column in enumerate(form.columns, start=3)}
    agencies = [r for r in rows if r.get(form.row_code) != "ALL"]
    groups = dict(form.groups)
    for number, agency in enumerate(agencies, start=1):
        letter = agency.get("agency_group")
        if letter in groups:
            _group_row(sheet, row, (letter, groups.pop(letter)), 2 + len(form.columns))
            row += 1
        put_number(sheet.cell(row, 1), number, MIDDLE)
        put_text(
            sheet.cell(row, 2), agency.get(form.row_name) or agency.get(form.row_code) or "", BODY
        )
        for column in form.columns:
            _put_figure(sheet, row, places, column, agency)
        fit_row(sheet, row)
        row += 1
    total = next((r for r in rows if r.get(form.row_code) == "ALL"), None)
    if total is not None:
        _total_row(sheet, form, places, (top, row), total)
        row += 1
    rests = any(r.get("rests_on_provisional_calendar") for r in rows)
    counted = [
        text.format(total[name]) for name, text in form.notes_of if total and total.get(name)
    ]
    for note in [*form.notes, *counted, *form.law, *([PROVISIONAL_NOTE] if rests else [])]:
        merge_text(sheet, row, (1, 2 + len(form.columns)), note, CellStyle(italic=True, size=11))
        row += 1
    sign(sheet, row + 1, 2 + len(form.columns), data_as_of)


def _group_row(sheet: Worksheet, row: int, named: tuple[str, str], width: int) -> None:
    """A heading among the rows; its other cells stay empty, so sums pass over them."""
    put_text(sheet.cell(row, 1), named[0], CellStyle(boxed=True, bold=True, across="center"))
    put_text(sheet.cell(row, 2), named[1], CellStyle(boxed=True, bold=True))
    for place in range(3, width + 1):
        put_text(sheet.cell(row, place), "", BODY)


def _put_figure(
    sheet: Worksheet, row: int, places: dict[str, int], column: Column, figures: Row
) -> None:
    cell, value = sheet.cell(row, places[column.source]), figures[column.source]
    if column.sums:
        parts = [f"{get_column_letter(places[name])}{row}" for name in column.sums]
        beside = figures.get(column.adds)
        put_formula(cell, "+".join([*parts, *([str(beside)] if beside else [])]), NUMBER)
    elif value is None or isinstance(value, (int, float)):
        is_share = column.source.endswith("_ratio")
        put_number(cell, value, SHARE if is_share else NUMBER)
    else:
        put_text(cell, f"{value:%d/%m/%Y}" if isinstance(value, dt.date) else value, BODY)


def _total_row(
    sheet: Worksheet, form: Form, places: dict[str, int], rows: tuple[int, int], total: Row
) -> None:
    top, row = rows
    bold = CellStyle(boxed=True, bold=True, across="right", number_format=COUNT)
    merge_text(sheet, row, (1, 2), "Tổng số", CellStyle(boxed=True, bold=True, across="center"))
    sheet.row_dimensions[row].height = 20
    for column in form.columns:
        letter = get_column_letter(places[column.source])
        cell = sheet.cell(row, places[column.source])
        if form.adds_up and row > top:
            put_formula(cell, f"SUM({letter}{top}:{letter}{row - 1})", bold)
        else:
            _put_figure(sheet, row, places, column, total)


def _period_words(row: Row) -> str:
    start = row["period_start"]
    kind = PERIOD_VI.get(row["period_kind"], "Kỳ").format(start, (start.month + 2) // 3)
    if row.get("period_end") is None:
        return f"Kỳ báo cáo: {kind} (từ {day_text(start)})"
    return f"Kỳ báo cáo: {kind} (từ ngày {start:%d/%m/%Y} đến ngày {row['period_end']:%d/%m/%Y})"
