"""Citations: which law held in a period, as one line.

Belongs here: choosing and wording dated citations out of published tables. Doesn't: which law holds when (the
seeds), cells (sheets.py), templates.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from common.rows import Row
from reports.data import Published, Scorecard, has_table, rows_of
from reports.forms import Form

NO_VERSION = "Chưa xác định văn bản ban hành biểu cho kỳ này."


def citation_text(
    rows: Sequence[Row], first: dt.date, last: dt.date, name: str = "citation"
) -> str:
    """The citations; those that held for a part of the time alone say which part."""
    return "; ".join(row[name] + _part(row, first, last) for row in rows)


def with_law(connection: Published, card: Scorecard) -> Scorecard:
    """The card with what each figure's own period rested on, and where the clocks of its cases start.

    A file of an earlier release has no such tables; its own text stays.
    """
    if not has_table(connection, "meta.kpi_basis") or not card.kpis:
        return card
    kpis = [kpi | {"legal_basis": _basis(connection, kpi)} for kpi in card.kpis]
    received = [row["received_month_on"] for row in card.late_cases if row["received_month_on"]]
    rules = rows_of(
        connection,
        "select * from meta.clock_start where valid_from <= ? and (valid_to is null or valid_to >= ?) "
        "qualify row_number() over (partition by law_id order by rule_id) = 1 order by valid_from, rule_id",
        [kpis[0]["data_as_of"].date(), min([kpis[0]["period_start"], *received])],
    )
    return replace(card, kpis=kpis, clock_rules=rules)


def with_version(connection: Published, form: Form, rows: Sequence[Row]) -> Form:
    """The form with the document that held in its period, and what is to be said of that under it."""
    if not has_table(connection, "meta.form_version"):
        return form
    first = rows[0]["period_start"]
    last = rows[0].get("period_end") or first
    found = rows_of(
        connection,
        "select * from meta.form_version where form_id = ? and valid_from <= ? "
        "and (valid_to is null or valid_to >= ?) order by valid_from",
        [form.mart.split(".")[1], last, first],
    )
    if not found:
        return replace(form, law=(NO_VERSION,))
    notes = dict.fromkeys(row["note_vi"] for row in found if row["note_vi"])
    ended = {
        row["document"]: row["law_ended_on"]
        for row in found
        if row["law_ended_on"] and row["law_ended_on"] < min(row["valid_to"] or last, last)
    }
    return replace(
        form,
        authority="Ban hành theo " + citation_text(_together(found), first, last, "document"),
        law=(
            *(f"{name} đã hết hiệu lực sau ngày {day:%d/%m/%Y}; biểu vẫn được lập để đối chiếu."
              for name, day in ended.items()),
            *notes,
        ),
    )  # fmt: skip


def _basis(connection: Published, kpi: Row) -> str:
    first, last = kpi["period_start"], min(kpi["period_end"], kpi["data_as_of"].date())
    rows = rows_of(
        connection,
        "select citation, valid_from, valid_to from meta.kpi_basis "
        "where kpi_id = ? and valid_from <= ? and (valid_to is null or valid_to >= ?) "
        "order by basis desc, valid_from",
        [kpi["kpi_id"], last, first],
    )
    return citation_text(rows, first, last) or kpi["legal_basis"]


def _together(rows: Sequence[Row]) -> list[Row]:
    """Versions in a row that one document issued, as one."""
    found: list[Row] = []
    for row in rows:
        if found and found[-1]["document"] == row["document"]:
            found[-1] = found[-1] | {"valid_to": row["valid_to"]}
        else:
            found.append(row)
    return found


def _part(row: Row, first: dt.date, last: dt.date) -> str:
    begins = f"{row['valid_from']:%d/%m/%Y}" if row["valid_from"] > first else ""
    ends = f"{row['valid_to']:%d/%m/%Y}" if row["valid_to"] and row["valid_to"] < last else ""
    return f" ({begins or '…'} – {ends or '…'})" if begins or ends else ""
