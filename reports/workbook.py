"""The workbook: scorecard, agencies and the report forms as XLSX, from one published file.

Belongs here: which sheets there are, in which order, and the writing of the file. Doesn't: layouts
(sheets.py, form_sheet.py, forms.py), cell safety (cells.py).
"""

from pathlib import Path

from openpyxl import Workbook
from openpyxl.workbook.properties import CalcProperties

from common.disk import whole
from common.rows import Row
from reports.data import Published, read_scorecard, rows_of
from reports.form_sheet import fill_form
from reports.forms import Form, published_forms
from reports.law import with_law, with_version
from reports.sheets import fill_agencies, fill_notes, fill_scorecard

# The kind of period a form is handed in for; the first that the mart has.
PREFERRED_KINDS = ("quarter", "month", "year", "ytd")


def write_workbook(connection: Published, path: Path) -> Path:
    """Write the workbook of an open published file; temp name, then rename. Returns its path."""
    card = with_law(connection, read_scorecard(connection))
    book = Workbook()
    book.properties.title = "Bảng chỉ tiêu"
    book.properties.creator = f"Motcua {card.publication['code_version']}"
    # Programs compute all formulas on opening; none of their results is stored beside them.
    book.calculation = CalcProperties(fullCalcOnLoad=True)
    first = book.worksheets[0]
    first.title = "Bảng chỉ tiêu"
    fill_scorecard(first, card)
    fill_agencies(book.create_sheet("Cơ quan"), card)
    for form in published_forms(connection):
        rows = _newest_period(connection, form)
        if rows:
            dated = with_version(connection, form, rows)
            fill_form(book.create_sheet(form.sheet), dated, rows, card.publication["data_as_of"])
    fill_notes(book.create_sheet("Ghi chú"), card)
    with whole(path) as waiting:
        book.save(waiting)
    return path


def _newest_period(connection: Published, form: Form) -> list[Row]:
    kinds = {
        row["period_kind"]
        for row in rows_of(connection, f"select distinct period_kind from {form.mart}")
    }
    kind = next((name for name in PREFERRED_KINDS if name in kinds), None)
    return rows_of(
        connection,
        f"select * from {form.mart} where period_kind = ? "
        f"and period_start = (select max(period_start) from {form.mart} where period_kind = ?) "
        f"order by {form.order}",
        [kind, kind],
    )
