"""The cap on quarantine: a night stops when too many rows of a table wait there.

Belongs here: building a model under the site's cap and keeping what was found as a check result, so that
the gate, the trend and people see it like any other rule. Doesn't: splitting rows (warehouse.models.quarantine).

Why the cap stops no healthy site, whatever day it is: it counts rows that can't be used and reads no day itself;
of the row rules that feed it each says so in its suite (`any_day`). Fewer than ten rows never stop a night, so a
single bad row of a small or new site doesn't, and an empty table is within any cap.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import Decimal

from assets.broken import Broken, stop_words
from assets.night import Night
from reports.numbers import percent_text
from warehouse.errors import QuarantineError
from warehouse.models.build import BuildResult, RowRule
from warehouse.models.catalog import Catalog, Model
from warehouse.models.quarantine import CAP_RULE, Share, share_of
from warehouse.store.state import CheckRow, record_checks, table_names

OWNER = "Quản trị hệ thống một cửa"
REASON = "Tỷ lệ bản ghi nằm trong cách ly vượt trần."
REASON_EN = "The share of rows in quarantine exceeds the cap"
REMEDY = (
    "Mở bảng quarantine cùng tên trong kho, xem quy tắc bị vi phạm nhiều nhất; sửa tại nguồn hoặc sửa quy "
    "tắc rồi chạy lại (MOTCUA_QUARANTINE_CAP đặt trần). Bản ghi được sửa tự trở về."
)


def build_capped(night: Night, model: Model, rules: Sequence[RowRule]) -> BuildResult:
    """Build a model; a staging table over the cap stops the night, and either way the share is kept.

    Raises:
        QuarantineError: more rows wait in quarantine than the cap allows.
    """
    cap = night.site.quarantine_cap
    try:
        result = night.builder.build(model, rules, cap, night.query_of)
    except QuarantineError as error:
        if not isinstance(error.share, Share):
            raise
        rows = record_shares(night, [error.share])
        words = stop_words([Broken.of_row(asdict(row)) for row in rows])
        raise QuarantineError(words, error.share) from None
    if result.share is not None:
        record_shares(night, [result.share])
    return result


def standing_shares(night: Night, catalog: Catalog) -> list[Share]:
    """The share of each staging table that has a quarantine, as it stands."""
    tables = table_names(night.connection)
    return [
        share_of(night.connection, model.table, model.table)
        for model in catalog.in_schema("staging")
        if model.keep and {model.table, f"quarantine.{model.name}"} <= tables
    ]


def capped_tables(catalog: Catalog) -> list[str]:
    """The tables that the cap holds for."""
    return [model.table for model in catalog.in_schema("staging") if model.keep]


def record_shares(night: Night, shares: Iterable[Share]) -> list[CheckRow]:
    """Keep each share as the result of a critical rule; returns the rows kept."""
    rows = [_row(share, night.site.quarantine_cap) for share in shares]
    record_checks(night.connection, night.run_id, rows)
    return rows


def _row(share: Share, cap: float) -> CheckRow:
    worst = f" {share.worst_rule}: {share.worst_reason_vi}" if share.worst_rule else ""
    most = f"; most break {share.worst_rule}" if share.worst_rule else ""
    per_cent = Decimal(str(cap)) * 100
    return CheckRow(
        table_name=share.table,
        rule=CAP_RULE,
        expectation="motcua_quarantine_cap",
        severity="critical",
        owner=OWNER,
        reason_vi=f"{REASON} Trần {percent_text(per_cent)}.{worst}",
        reason_en=f"{REASON_EN} of {percent_text(per_cent, 'en')}{most}.",
        remedy_vi=REMEDY,
        evaluated=share.total,
        failed=share.waiting,
        state="failed" if share.exceeds(cap) else "passed",
    )
