"""The workbook, opened in LibreOffice: recalculated formulas, forms as on paper, cells that can't act."""

import datetime as dt
import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from reports.cells import LONGEST_TEXT, clean_text
from reports.form_sheet import fill_form
from reports.forms import FORM_06, FORM_07A, Form
from reports.workbook import write_workbook
from tests.conftest import END, Site

SOFFICE = shutil.which("soffice")
needs_office = pytest.mark.skipif(
    SOFFICE is None, reason="LibreOffice isn't installed; apt-get install libreoffice-calc"
)
pytestmark = pytest.mark.slow
EVIL = [
    '=HYPERLINK("http://x.test";"y")',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "a\x0b\x00b",
    "x" * 40_000,
]


def convert(path: Path, kind: str, folder: Path) -> Path:
    """What LibreOffice makes of a file; it computes every formula anew."""
    assert SOFFICE is not None
    profile = (folder / "profile").as_uri()
    subprocess.run(
        [SOFFICE, f"-env:UserInstallation={profile}", "--headless", "--convert-to", kind,
         "--outdir", str(folder), str(path)],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    return folder / f"{path.stem}.{kind.split(':')[0]}"


@pytest.fixture(scope="module")
def opened(night: Site, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The night's workbook as LibreOffice computed it."""
    folder = tmp_path_factory.mktemp("office")
    return load_workbook(
        convert(night.home / "reports" / "scorecard.xlsx", "xlsx", folder), data_only=True
    )


def table(sheet: Any, first: int = 10) -> list[list[Any]]:
    """Body rows below the row of column numbers, up to the first without a number or a total."""
    rows = []
    for row in sheet.iter_rows(min_row=first, values_only=True):
        if row[0] is None:
            break
        rows.append(list(row))
        if row[0] == "Tổng số":
            break
    return rows


@needs_office
def test_biểu_06_is_the_published_form_and_its_formulas_compute(night: Site, opened: Any) -> None:
    published = night.published(
        "select agency_name, columns('^(received|carried|settled|open|no_due)_') from marts.bieu_06 "
        "where period_kind = 'quarter' and period_start = (select max(period_start) from marts.bieu_06 "
        "where period_kind = 'quarter') order by position = 0, position"
    )
    rows = table(opened["Biểu 06"])
    headings = [r[:2] for r in rows if isinstance(r[0], str) and len(r[0]) == 1]
    assert headings[0] == ["A", "Sở, ban, ngành"]
    assert all(r[2:13] == [None] * 11 for r in rows if r[:2] in headings)
    shown = [[r[1], *r[2:13]] for r in rows[:-1] if r[:2] not in headings]
    assert shown == [list(r.values())[:12] for r in published[:-1]]
    assert rows[-1][2:13] == list(published[-1].values())[1:12]
    raw = load_workbook(night.home / "reports" / "scorecard.xlsx")["Biểu 06"]
    assert raw["C11"].value == "=D11+E11+F11"
    beside = published[0]["no_due_count"]
    assert raw["G11"].value == "=H11+I11+J11" + (f"+{beside}" if beside else "")
    assert raw["K11"].value == "=L11+M11"
    last = 10 + len(headings) + len(published) - 1
    assert raw.cell(last, 4).value == f"=SUM(D10:D{last - 1})"


def test_biểu_06_is_laid_out_as_on_paper(night: Site) -> None:
    sheet = load_workbook(night.home / "reports" / "scorecard.xlsx")["Biểu 06"]
    assert sheet["A1"].value == "Biểu số 06/VPCP/KSTT"
    assert sheet["A2"].value == "Ban hành theo Thông tư 01/2020/TT-VPCP ngày 21/10/2020"
    words = [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in words
    assert {"NGƯỜI LẬP BIỂU", "THỦ TRƯỞNG ĐƠN VỊ"} <= set(words)
    assert [cell.value for cell in sheet[9]] == [f"({n})" for n in range(1, 14)]
    assert {"C7:F7", "G7:J7", "K7:M7", "A7:A8", "B7:B8"} <= {
        str(r) for r in sheet.merged_cells.ranges
    }
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert sheet.print_title_rows == "$7:$9"
    fonts = {(cell.font.name, cell.font.size) for row in sheet["B11:M13"] for cell in row}
    assert fonts == {("Times New Roman", 13.0)}
    assert sheet["C11"].number_format == "#,##0"
    old = load_workbook(night.home / "reports" / "scorecard.xlsx")["Form 07a"]
    notes = [cell.value for row in old.iter_rows() for cell in row if isinstance(cell.value, str)]
    ended = "Thông tư 02/2017/TT-VPCP đã hết hiệu lực sau ngày 20/10/2020"
    assert [note.split(";")[0] for note in notes if "hết hiệu lực" in note] == [ended]


@needs_office
def test_scorecard_and_agencies_compute_to_the_published_values(night: Site, opened: Any) -> None:
    published = night.published("select * from marts.scorecard order by position")
    rows = table(opened["Bảng chỉ tiêu"])
    assert [row[1] for row in rows] == [row["label_vi"] for row in published]
    for shown, row in zip(rows, published, strict=True):
        if row["value"] is None:
            assert shown[5] == "–"
        else:
            assert shown[5] == pytest.approx(row["value"], abs=1e-9)
    total = table(opened["Cơ quan"])[-1]
    sums = night.published(
        "select sum(received_count), sum(online_count), sum(closed_count), sum(late_count) "
        "from marts.agency_scorecard where period_kind = 'ytd' and period_start = "
        "(select max(period_start) from marts.agency_scorecard where period_kind = 'ytd')"
    )[0]
    assert [total[2], total[3], total[5], total[8]] == list(sums.values())
    errors = [
        cell.value
        for sheet in opened.worksheets for row in sheet.iter_rows() for cell in row
        if cell.data_type == "e"
    ]  # fmt: skip
    assert errors == []
    notes = [str(cell.value) for row in opened["Ghi chú"].iter_rows() for cell in row if cell.value]
    assert (
        night.published(
            "select version as v from meta.publication order by publication_no desc limit 1"
        )[0]["v"]
        in notes
    )


@needs_office
def test_no_cell_acts_whatever_a_source_calls_its_agencies(night: Site, tmp_path: Path) -> None:
    """F44."""
    copy = tmp_path / "kpi.duckdb"
    shutil.copyfile(night.home / "published" / "kpi.duckdb", copy)
    copy.chmod(0o600)
    connection = duckdb.connect(str(copy))
    codes = connection.execute(
        "select agency_code from marts.bieu_06 where period_kind = 'quarter' and agency_code <> 'ALL' "
        "group by all order by 1"
    ).fetchall()
    for (code,), name in zip(codes, EVIL, strict=False):
        connection.execute(
            "update marts.bieu_06 set agency_name = ? where agency_code = ?", [name, code]
        )
    # A form mart without a layout of its own is laid out from its comments, and those are text as well.
    connection.execute("create table marts.bieu_99 as select period_kind, period_start, agency_code, "
                       "agency_name, received_total_count from marts.bieu_06")  # fmt: skip
    connection.execute("comment on column marts.bieu_99.received_total_count is '=1+1. English.'")
    path = write_workbook(connection, tmp_path / "evil.xlsx")
    connection.close()
    for book in (
        load_workbook(path),
        load_workbook(convert(path, "xlsx", tmp_path), data_only=False),
    ):
        texts = {
            cell.value
            for row in book["Biểu 06"].iter_rows(min_row=10, max_col=2) for cell in row
            if cell.data_type == "s"
        }  # fmt: skip
        assert {clean_text(name) for name in EVIL} <= texts
        links = [c.hyperlink for row in book["Biểu 06"].iter_rows() for c in row if c.hyperlink]
        assert links == []
        own = book["Bieu 99"]["C7"]
        assert (own.value, own.data_type) == ("=1+1", "s")


@pytest.mark.skipif(
    SOFFICE is None or shutil.which("pdftotext") is None,
    reason="apt-get install libreoffice-calc poppler-utils",
)
def test_the_workbook_prints_one_sheet_a_page_on_a4(night: Site, tmp_path: Path) -> None:
    printed = convert(night.home / "reports" / "scorecard.xlsx", "pdf", tmp_path)
    text = subprocess.run(
        ["pdftotext", "-layout", printed, "-"], capture_output=True, text=True, check=True
    ).stdout
    pages = text.split("\f")
    assert "KẾT QUẢ THỰC HIỆN CÁC CHỈ TIÊU" in pages[0]
    assert any("TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH" in page for page in pages)
    assert "#" not in pages[0], "a number doesn't fit its column"


def test_text_is_cut_where_a_cell_ends() -> None:
    assert len(clean_text("x" * 40_000)) == LONGEST_TEXT
    assert clean_text("a\x0b\x00b\ud800") == "ab"
    assert len(clean_text("𝛼" * 20_000).encode("utf-16-le")) // 2 <= LONGEST_TEXT


def _drawn(form: Form, no_due: int, no_due_open: int) -> Worksheet:
    """A form of one row and the total, whose printed columns all count 5."""
    figures = {column.source: 5 for column in form.columns}
    said = {
        **figures, "no_due_count": no_due, "no_due_open_count": no_due_open, "period_kind": "month",
        "period_start": dt.date(2026, 11, 1), "period_end": dt.date(2026, 11, 30),
        form.row_code: "X", form.row_name: "Sở X",
    }  # fmt: skip
    sheet = Workbook().create_sheet()
    fill_form(sheet, form, [said, said | {form.row_code: "ALL"}], END)
    return sheet


@pytest.mark.parametrize(
    ("form", "cell", "sum_of_parts", "settled", "still_open"),
    [
        (FORM_06, "G10", "=H10+I10+J10", "(7) = (8) + (9) + (10) + 3:", "Trong (12) có 2 hồ sơ"),
        (FORM_07A, "F10", "=G10+H10", "(6) = (7) + (8) + 3:", "Trong (10) có 2 hồ sơ"),
    ],
    ids=["06", "07a"],
)
def test_cases_without_a_due_day_stand_in_the_formula_and_under_the_form(
    form: Form, cell: str, sum_of_parts: str, settled: str, still_open: str
) -> None:
    """contracts.md §5.4: 7 = 8 + 9 + 10 + no_due_count, told where it isn't 0 and nowhere else."""

    def words(sheet: Worksheet) -> str:
        return "\n".join(str(c.value) for row in sheet.iter_rows() for c in row if c.value)

    told, silent = _drawn(form, 3, 2), _drawn(form, 0, 0)
    assert told[cell].value == f"{sum_of_parts}+3"
    assert settled in words(told)
    assert still_open in words(told)
    assert silent[cell].value == sum_of_parts
    assert "không xác định được hạn" not in words(silent)
    assert "rút, dừng hoặc bị từ chối" in words(silent)


def test_the_form_of_decision_766_says_by_which_rule_it_counts(night: Site) -> None:
    sheet = load_workbook(night.home / "reports" / "scorecard.xlsx")["Form online 766"]
    notes = [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert [note for note in notes if "theo biến thể A" in note and "Biểu 06" in note]
