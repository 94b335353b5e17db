"""Report forms as data: captions, groups of columns and formulas, in the order they have on paper.

Belongs here: what stands where on a form. Doesn't: cells and styles (cells.py, sheets.py) or any figure.
A form with its own layout is one more entry in FORMS; a mart named bieu_… or form_… without one is laid
out from its column comments, so a new form mart needs nothing here.
"""

from dataclasses import dataclass

from reports.data import Published, rows_of

KEYS = (
    "period_kind", "period_start", "period_end", "agency_code", "agency_name", "agency_group", "position",
    "is_provisional", "rests_on_provisional_calendar",
)  # fmt: skip
PROVISIONAL_NOTE = "Tạm tính: có hạn trả tính qua năm chưa có lịch nghỉ chính thức; số liệu có thể đổi khi có lịch."


@dataclass(frozen=True)
class Column:
    """One column: caption, the mart's column, and the group heading above it.

    `sums` names columns of the same row that a live formula adds up; `adds` a count of the mart that has no column on
    paper and stands in the formula as a number.
    """

    caption: str
    source: str
    group: str = ""
    sums: tuple[str, ...] = ()
    adds: str = ""


@dataclass(frozen=True)
class Form:
    """A form on paper; `mart` has one row per period and `row_code`, of which ALL is the total.

    `groups` are headings over its rows, by the mart's agency_group; `order` is theirs. `adds_up`: its total row is
    the sum of the rows. `notes_of` are notes that stand under it where the total's count of that name isn't 0.
    `authority` is the document that issued it and `law` what is to be said of that; both depend on the period (law.py).
    """

    sheet: str
    number: str
    title: str
    mart: str
    columns: tuple[Column, ...]
    unit: str = ""
    notes: tuple[str, ...] = ()
    groups: tuple[tuple[str, str], ...] = ()
    authority: str = ""
    law: tuple[str, ...] = ()
    row_head: str = "Đơn vị"
    row_code: str = "agency_code"
    row_name: str = "agency_name"
    order: str = "all"
    adds_up: bool = False
    notes_of: tuple[tuple[str, str], ...] = ()


RECEIVED = "Số hồ sơ nhận giải quyết"
SETTLED = "Số lượng hồ sơ đã giải quyết"
OPEN = "Số lượng hồ sơ đang giải quyết"
FORM_06 = Form(
    sheet="Biểu 06",
    number="Biểu số 06/VPCP/KSTT",
    title="TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH",
    mart="marts.bieu_06",
    columns=(
        Column(
            "Tổng số",
            "received_total_count",
            RECEIVED,
            ("received_online_count", "received_direct_count", "carried_over_count"),
        ),
        Column("Trong kỳ, trực tuyến", "received_online_count", RECEIVED),
        Column("Trong kỳ, trực tiếp và bưu chính", "received_direct_count", RECEIVED),
        Column("Từ kỳ trước", "carried_over_count", RECEIVED),
        Column(
            "Tổng số",
            "settled_total_count",
            SETTLED,
            ("settled_early_count", "settled_on_time_count", "settled_late_count"),
            adds="no_due_count",
        ),
        Column("Trước hạn", "settled_early_count", SETTLED),
        Column("Đúng hạn", "settled_on_time_count", SETTLED),
        Column("Quá hạn", "settled_late_count", SETTLED),
        Column("Tổng số", "open_total_count", OPEN, ("open_in_time_count", "open_late_count")),
        Column("Trong hạn", "open_in_time_count", OPEN),
        Column("Quá hạn", "open_late_count", OPEN),
    ),
    unit="Đơn vị tính: Số hồ sơ TTHC",
    notes=(
        "(3) = (4) + (5) + (6); (7) = (8) + (9) + (10); (11) = (12) + (13); (3) = (7) + (11).",
        "Hồ sơ rút, dừng hoặc bị từ chối sau tiếp nhận tính ở cột (9), cả khi sau hạn trả; cột (10) chỉ có hồ sơ có "
        "kết quả sau hạn trả. Biểu theo dõi theo Quyết định 766 tính mọi hồ sơ kết thúc sau hạn trả là quá hạn.",
    ),
    groups=(("A", "Sở, ban, ngành"), ("B", "Cấp huyện"), ("C", "Cấp xã")),
    order="position",
    adds_up=True,
    notes_of=(
        (
            "no_due_count",
            "(7) = (8) + (9) + (10) + {}: số hồ sơ có kết quả mà không xác định được hạn trả.",
        ),
        ("no_due_open_count", "Trong (12) có {} hồ sơ không xác định được hạn trả."),
    ),
)
FORM_07A = Form(
    sheet="Form 07a",
    number="Biểu số 07a/VPCP/KSTT",
    title="TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH (MẪU CŨ)",
    mart="marts.form_07a",
    columns=(
        Column(
            "Tổng số",
            "received_total_count",
            RECEIVED,
            ("carried_over_count", "received_new_count"),
        ),
        Column("Kỳ trước chuyển qua", "carried_over_count", RECEIVED),
        Column("Mới tiếp nhận", "received_new_count", RECEIVED),
        Column(
            "Tổng số",
            "settled_total_count",
            SETTLED,
            ("settled_on_time_count", "settled_late_count"),
            adds="no_due_count",
        ),
        Column("Đúng hạn", "settled_on_time_count", SETTLED),
        Column("Quá hạn", "settled_late_count", SETTLED),
        Column("Tổng số", "open_total_count", OPEN, ("open_in_time_count", "open_late_count")),
        Column("Chưa đến hạn", "open_in_time_count", OPEN),
        Column("Quá hạn", "open_late_count", OPEN),
        Column("Hồ sơ bị yêu cầu bổ sung", "supplemented_count"),
        Column("Hồ sơ trả lại, từ chối", "sent_back_count"),
    ),
    unit="Đơn vị tính: Số hồ sơ TTHC",
    notes=(
        "(3) = (4) + (5); (6) = (7) + (8); (9) = (10) + (11); (3) = (6) + (9). Cột (7) gồm cả trước hạn.",
        "Hồ sơ rút, dừng hoặc bị từ chối sau tiếp nhận tính ở cột (7), cả khi sau hạn trả.",
    ),
    row_head="Lĩnh vực",
    row_code="field_code",
    row_name="field_name",
    order="position",
    adds_up=True,
    notes_of=(
        (
            "no_due_count",
            "(6) = (7) + (8) + {}: số hồ sơ có kết quả mà không xác định được hạn trả.",
        ),
        ("no_due_open_count", "Trong (10) có {} hồ sơ không xác định được hạn trả."),
    ),
)
FORMS = (FORM_06, FORM_07A)
# What is said under a form that is laid out from its comments.
NOTES: dict[str, tuple[str, ...]] = {
    "marts.form_online_766": (
        "Đúng hạn, quá hạn theo biến thể A của chỉ tiêu đúng hạn: mọi cách kết thúc, cả rút, dừng và từ chối, so ngày "
        "kết thúc với hạn trả; hồ sơ không xác định được hạn trả để ngoài. Biểu 06 tính hồ sơ rút, dừng, từ chối là "
        "đúng hạn.",
    ),
}


def published_forms(connection: Published) -> list[Form]:
    """The forms whose marts are published: those laid out here, then the others."""
    found = rows_of(
        connection,
        "select schema_name || '.' || table_name as mart, comment from duckdb_tables() "
        "where schema_name = 'marts' and (table_name like 'bieu\\_%' escape '\\' "
        "or table_name like 'form\\_%' escape '\\') order by 1",
    )
    comments = {row["mart"]: row["comment"] or "" for row in found}
    known = [form for form in FORMS if form.mart in comments]
    others = sorted(set(comments) - {form.mart for form in known})
    laid_out = [_from_comments(connection, mart, comments[mart]) for mart in others]
    return known + [form for form in laid_out if form is not None]


def _from_comments(connection: Published, mart: str, comment: str) -> Form | None:
    """A plain layout, each caption being the Vietnamese half of the column's comment."""
    schema, name = mart.split(".")
    columns = rows_of(
        connection,
        "select column_name, coalesce(comment, column_name) as comment from duckdb_columns() "
        "where schema_name = ? and table_name = ? order by column_index",
        [schema, name],
    )
    if not {"period_kind", "period_start"} <= {row["column_name"] for row in columns}:
        return None
    title = comment.split(":")[0].split(".")[0].strip() or name
    return Form(
        sheet=name.replace("_", " ").capitalize()[:31],
        number=title,
        title=title.upper(),
        mart=mart,
        notes=NOTES.get(mart, ()),
        columns=tuple(
            Column(_caption(row["comment"]), row["column_name"])
            for row in columns
            if row["column_name"] not in KEYS
        ),
    )


def _caption(comment: str) -> str:
    """The comment's first sentence without its own column number: it gets one by its place."""
    text = comment.split(". ")[0].strip().rstrip(".")
    return text.split(") ", 1)[1] if text.startswith("(") and ") " in text else text
