"""The workbook's own sheets, laid out as on paper: scorecard, agencies, notes.

Belongs here: heads, rows, totals, signatures and their formulas. Doesn't: report forms (form_sheet.py), queries
(data.py, workbook.py), cell safety (cells.py).
"""

import datetime as dt
from collections.abc import Sequence

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from reports.cells import (
    COUNT,
    PERCENT,
    CellStyle,
    fit_row,
    merge_text,
    put_formula,
    put_number,
    put_text,
    set_up_page,
)
from reports.data import Scorecard
from reports.forms import Form
from reports.numbers import status_text, target_text

CENTRE = "TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG"
COUNTRY = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")
HEADING = CellStyle(bold=True, across="center")
HEAD = CellStyle(bold=True, across="center", boxed=True, filled=True, size=12)
BODY = CellStyle(boxed=True)
MIDDLE = CellStyle(boxed=True, across="center")
NUMBER = CellStyle(boxed=True, across="right", number_format=COUNT)
SHARE = CellStyle(boxed=True, across="right", number_format=PERCENT)
POINTS = CellStyle(boxed=True, across="right", number_format="0.00")
MILLION = 1_000_000
Heads = Sequence[tuple[str, Sequence[str]]]


def fill_scorecard(sheet: Worksheet, card: Scorecard) -> None:
    """One row a target: aim, whole numbers, result by formula, the months before, room for people's words."""
    heads: Heads = [
        ("STT", ()), ("Chỉ tiêu", ()), ("Mục tiêu", ()), ("Tử số", ()), ("Mẫu số", ()), ("Kết quả", ()),
        ("Đánh giá", ()), ("Còn chịu được", ()), ("Theo tháng", ("Tháng này", "Tháng trước", "Cùng kỳ")),
        ("Nguyên nhân, giải pháp", ()),
    ]  # fmt: skip
    first = card.kpis[0]
    period = f"Lũy kế từ {first['period_start']:%d/%m/%Y} đến {first['period_end']:%d/%m/%Y}"
    row = open_sheet(sheet, "KẾT QUẢ THỰC HIỆN CÁC CHỈ TIÊU", period, heads)
    sheet.column_dimensions["L"].width = 26
    for number, kpi in enumerate(card.kpis, start=1):
        unit = kpi["unit"]
        look = {"count": NUMBER, "days": NUMBER, "points": POINTS}.get(unit, SHARE)
        put_number(sheet.cell(row, 1), number, MIDDLE)
        put_text(sheet.cell(row, 2), kpi["label_vi"], BODY)
        put_text(sheet.cell(row, 3), target_text(kpi), MIDDLE)
        scale, parts = (MILLION, POINTS) if unit == "points" else (1, NUMBER)
        put_number(
            sheet.cell(row, 4), kpi["numerator"] / scale if scale > 1 else kpi["numerator"], parts
        )
        put_number(
            sheet.cell(row, 5),
            kpi["denominator"] / scale if scale > 1 else kpi["denominator"],
            parts,
        )
        put_formula(
            sheet.cell(row, 6),
            f'IF(E{row}=0,"–",D{row}/E{row})' if unit == "ratio" else f'IF(E{row}=0,"–",D{row})',
            look,
        )
        put_text(sheet.cell(row, 7), status_text(kpi), MIDDLE)
        put_number(sheet.cell(row, 8), kpi["lateness_budget"], NUMBER)
        trend = card.trends[kpi["kpi_id"]]
        month = trend[-1] if trend else {}
        for place, name in enumerate(("value", "previous_value", "year_ago_value"), start=9):
            put_number(sheet.cell(row, place), month.get(name), look)
        put_text(sheet.cell(row, 12), "", BODY)
        fit_row(sheet, row)
        row += 1
    sign(sheet, row + 1, 12, first["data_as_of"])


def fill_agencies(sheet: Worksheet, card: Scorecard) -> None:
    """One row an agency; totals and shares are live formulas."""
    heads: Heads = [
        ("STT", ()), ("Cơ quan", ()), ("Tiếp nhận", ("Tổng số", "Trực tuyến", "Tỷ lệ trực tuyến")),
        ("Giải quyết", ("Tổng số", "Trước hạn", "Đúng hạn", "Quá hạn", "Tỷ lệ đúng và trước hạn")),
        ("Đang giải quyết", ("Tổng số", "Quá hạn")), ("Đánh giá", ("Số lượt", "Rất hài lòng")),
    ]  # fmt: skip
    first = card.kpis[0]
    period = f"Lũy kế từ {first['period_start']:%d/%m/%Y} đến {first['period_end']:%d/%m/%Y}"
    top = row = open_sheet(sheet, "KẾT QUẢ THEO CƠ QUAN", period, heads)
    names = {
        3: "received_count", 4: "online_count", 6: "closed_count", 7: "early_count", 8: "on_the_day_count",
        9: "late_count", 11: "open_count", 12: "overdue_count", 13: "rating_count",
    }  # fmt: skip
    for number, agency in enumerate(card.agencies, start=1):
        put_number(sheet.cell(row, 1), number, MIDDLE)
        put_text(sheet.cell(row, 2), agency["agency_name"], BODY)
        for place, name in names.items():
            put_number(sheet.cell(row, place), agency[name], NUMBER)
        put_number(sheet.cell(row, 14), agency["very_satisfied_ratio"], SHARE)
        _agency_shares(sheet, row)
        fit_row(sheet, row)
        row += 1
    bold = CellStyle(boxed=True, bold=True, across="right", number_format=COUNT)
    merge_text(sheet, row, (1, 2), "Tổng số", CellStyle(boxed=True, bold=True, across="center"))
    sheet.row_dimensions[row].height = 20
    for place in (name for name in names if name != 13):
        letter = get_column_letter(place)
        put_formula(sheet.cell(row, place), f"SUM({letter}{top}:{letter}{row - 1})", bold)
    _agency_shares(sheet, row)
    for place in (13, 14):  # ratings of small agencies are withheld, so a sum would be wrong
        put_text(sheet.cell(row, place), "", BODY)
    undated = sum(agency.get("no_due_count") or 0 for agency in card.agencies)
    if undated:
        note = f"Trong tổng số đã giải quyết có {undated} hồ sơ không xác định được hạn trả."
        merge_text(sheet, row + 1, (1, 14), note, CellStyle(italic=True, size=11))
    sign(sheet, row + 2, 14, first["data_as_of"])


def fill_notes(sheet: Worksheet, card: Scorecard) -> None:
    """Which version this is, how each figure is defined, and how sure the data is."""
    counts, publication = card.check_counts, card.publication
    facts = [
        ("Phiên bản công bố", publication["version"]),
        ("Công bố lúc", f"{publication['published_at']:%H:%M %d/%m/%Y}"),
        ("Dữ liệu đến", f"{publication['data_as_of']:%H:%M %d/%m/%Y}"),
        ("Phiên bản phần mềm", publication["code_version"]),
        (
            "Kiểm tra dữ liệu",
            f"{counts['passed']} đạt, {counts['failed']} cần xem, {counts['error']} không chạy được",
        ),
        ("Dữ liệu cá nhân", "Không có; nhóm dưới 5 lượt đánh giá không hiển thị."),
    ]
    merge_text(sheet, 1, (1, 4), "GHI CHÚ", HEADING)
    row = 2
    for name, value in facts:
        put_text(sheet.cell(row, 1), name, CellStyle(bold=True))
        merge_text(sheet, row, (2, 4), value, CellStyle())
        row += 1
    row += 1
    for place, head in enumerate(("Chỉ tiêu", "Định nghĩa", "Biến thể", "Căn cứ"), start=1):
        put_text(sheet.cell(row, place), head, HEAD)
    set_up_page(sheet, [34, 80, 14, 40], (row, row))
    for kpi in card.kpis:
        row += 1
        for place, name in enumerate(
            ("label_vi", "definition_vi", "variant", "legal_basis"), start=1
        ):
            put_text(sheet.cell(row, place), kpi[name] or "", BODY)
        fit_row(sheet, row)


def _agency_shares(sheet: Worksheet, row: int) -> None:
    put_formula(sheet.cell(row, 5), f'IF(C{row}=0,"–",D{row}/C{row})', SHARE)
    judged = f"G{row}+H{row}+I{row}"
    put_formula(sheet.cell(row, 10), f'IF({judged}=0,"–",(G{row}+H{row})/({judged}))', SHARE)


def open_sheet(
    sheet: Worksheet, title: str, period: str, heads: Heads, form: Form | None = None
) -> int:
    """Write the top of a form and its head of two rows and numbers; returns the first row below."""
    width = sum(max(len(inner), 1) for _, inner in heads)
    half = max(width // 2, 2)
    small = CellStyle(size=11, across="left", italic=True)
    left = (form.number, form.authority) if form else (CENTRE, "")
    merge_text(
        sheet, 1, (1, half), left[0], CellStyle(bold=True, across="left" if form else "center")
    )
    merge_text(sheet, 2, (1, half), left[1], small)
    merge_text(sheet, 1, (half + 1, width), COUNTRY[0], HEADING)
    merge_text(sheet, 2, (half + 1, width), COUNTRY[1], HEADING)
    merge_text(sheet, 4, (1, width), title, CellStyle(bold=True, across="center", size=15))
    merge_text(sheet, 5, (1, width), period, CellStyle(italic=True, across="center"))
    if form:
        merge_text(sheet, 6, (1, half), f"Đơn vị báo cáo: {CENTRE.capitalize()}", small)
        merge_text(
            sheet, 6, (half + 1, width), form.unit, CellStyle(size=11, italic=True, across="right")
        )
    place = 1
    for head, inner in heads:
        if inner:
            merge_text(sheet, 7, (place, place + len(inner) - 1), head, HEAD)
            for offset, caption in enumerate(inner):
                put_text(sheet.cell(8, place + offset), caption, HEAD)
        else:
            merge_text(sheet, 7, (place, place), head, HEAD, rows=2)
        place += max(len(inner), 1)
    for number in range(1, width + 1):
        put_text(
            sheet.cell(9, number),
            f"({number})",
            CellStyle(boxed=True, italic=True, across="center", size=11),
        )
    sheet.row_dimensions[8].height = 52
    set_up_page(sheet, [6.0, 40.0, *[13.5] * (width - 2)], (7, 9))
    return 10


def sign(sheet: Worksheet, row: int, width: int, day: dt.datetime) -> None:
    """The place, the day and the two signatures under a form."""
    half = max(width // 2, 2)
    place_day = f"…………, ngày {day.day} tháng {day.month} năm {day.year}"
    merge_text(sheet, row, (half + 1, width), place_day, CellStyle(italic=True, across="center"))
    for columns, who, how in (
        ((1, half), "NGƯỜI LẬP BIỂU", "(Ký, ghi rõ họ tên)"),
        ((half + 1, width), "THỦ TRƯỞNG ĐƠN VỊ", "(Ký, đóng dấu, ghi rõ họ tên)"),
    ):
        merge_text(sheet, row + 1, columns, who, HEADING)
        merge_text(sheet, row + 2, columns, how, CellStyle(italic=True, across="center"))
