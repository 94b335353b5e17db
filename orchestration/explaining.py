"""An explanation or a restatement as people and programs read it.

Belongs here: words and layout, Vietnamese with English beside. Doesn't: the evidence
(warehouse.explain, warehouse.restate).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.present import format_value
from warehouse.explain import Explanation
from warehouse.restate import Restatement

STATUS = {
    "met": "đạt / met", "missed": "không đạt / missed",
    "no_data": "không phát sinh / nothing counted", "info": "theo dõi / for information",
}  # fmt: skip
VERDICTS = {
    "bad": "Tính vào mẫu, không vào tử / counted in the denominator only",
    "not_counted": "Không tính / not counted",
    "good": "Tính vào tử và mẫu / counted in both",
}
_SHOWN_ABOVE = {"unit_id", "agency_code", "verdict", "reason", "reason_vi", "reason_en", "batch_id"}


def explanation_payload(found: Explanation) -> dict[str, Any]:
    """The explanation for --json: every unit, and the sums that prove it whole."""
    reasons = Counter(unit["reason"] for unit in found.units if unit["reason"])
    return {
        "kpi": found.kpi,
        "variant": found.variant,
        "figure": found.figure,
        "has_units": found.has_units,
        "merged": found.merged,
        "is_exact": found.is_exact,
        "verdicts": dict(found.verdicts),
        "not_counted": dict(reasons),
        "units": found.units,
        "metrics": found.metrics,
    }


def explanation_text(found: Explanation, limit: int) -> str:
    """The explanation for a terminal; at most `limit` lines of each verdict, the failing ones first."""
    kpi, variant, figure = found.kpi, found.variant, found.figure
    target = (
        f"{figure['comparison']} {format_value(figure['target'], kpi['unit'])}"
        if figure["target"] is not None
        else "–"
    )
    lines = [
        f"{kpi['label_vi']} / {kpi['label_en']} ({kpi['kpi_id']})",
        f"Biến thể / variant: {variant['variant']} – {variant['label_vi']} / {variant['label_en']}",
        f"Kỳ / period: {figure['period_kind']} {figure['period_start']} – {figure['period_end']}"
        f" · {figure['agency_name']} ({figure['agency_code']})",
        *_merged_lines(found),
        f"Định nghĩa: {kpi['definition_vi']}",
        f"Definition: {kpi['definition_en']}",
        f"Căn cứ / legal basis: {kpi['legal_basis']} · SQL: {kpi['sql_file']}",
        f"Tử số / numerator {figure['numerator']} · mẫu số / denominator {figure['denominator']} · "
        f"{format_value(figure['value'], kpi['unit'])} · mục tiêu / target {target} · {STATUS[figure['status']]}",
        _sum_line(found),
    ]
    for verdict, words in VERDICTS.items():
        units = [unit for unit in found.units if unit["verdict"] == verdict]
        if units:
            lines += ["", f"{words}: {len(units)}", *_unit_lines(units, limit)]
    if found.metrics:
        lines += ["", "Từng chỉ số / metric by metric:", *map(_metric_line, found.metrics)]
    return "\n".join(lines)


def _merged_lines(found: Explanation) -> list[str]:
    if found.merged is None:
        return []
    return [
        f"{found.merged} ít lượt đánh giá, không công bố riêng; dưới đây là nhóm gộp có cơ quan này. / "
        f"{found.merged} has too few ratings for a row of its own; below are the agencies merged with it."
    ]


def _sum_line(found: Explanation) -> str:
    if found.is_exact is None:
        return "Chỉ tiêu này không liệt kê được từng đơn vị. / This figure has no list of units."
    words = (
        "khớp đúng / equal to the figure"
        if found.is_exact
        else "KHÔNG KHỚP / NOT EQUAL to the figure"
    )
    if found.metrics:
        counted = [row for row in found.metrics if row["points_millionths"] is not None]
        earned = sum(row["points_millionths"] for row in counted)
        covered = sum(row["max_millionths"] for row in counted)
        return (
            f"Cộng từng chỉ số, phần triệu điểm / sum of the metrics in millionths of a point: "
            f"{earned} / {covered}, {words}"
        )
    good, bad = found.verdicts["good"], found.verdicts["bad"]
    return f"Cộng từng dòng / sum of the lines: {good} / {good + bad}, {words}"


def _metric_line(metric: Mapping[str, Any]) -> str:
    name = f"  {metric['metric_code']} · {metric['label_vi']} / {metric['label_en']}"
    counts = (
        f" · tử số / numerator {metric['numerator']} · mẫu số / denominator {metric['denominator']}"
        if metric["denominator"] is not None
        else ""
    )
    given = (
        f" · điểm / points {metric['points']:.6f} / {metric['max_points']:g}"
        if metric["points"] is not None
        else f" · không tính / not counted (tối đa / at most {metric['max_points']:g}): "
        f"{metric['reason_vi'] or metric['reason']} / {metric['reason_en'] or ''} · {metric['source_vi']}"
    )
    return f"{name}{counts} · {metric['state']}{given}"


def _unit_lines(units: Sequence[Mapping[str, Any]], limit: int) -> list[str]:
    shown = [_unit_line(unit) for unit in units[:limit]]
    rest = len(units) - len(shown)
    return [
        *shown,
        *([f"  … còn {rest} dòng, xem --json / {rest} more with --json"] if rest else []),
    ]


def _unit_line(unit: Mapping[str, Any]) -> str:
    facts = " ".join(
        f"{name}={value}"
        for name, value in unit.items()
        if name not in _SHOWN_ABOVE and value is not None
    )
    reason = (
        f" · {unit['reason_vi'] or unit['reason']} / {unit['reason_en'] or ''}"
        if unit["reason"]
        else ""
    )
    batch = unit.get("batch_id") or "–"
    return f"  {unit['unit_id']} · {unit['agency_code']}{reason} · {facts} · lô / batch {batch}"


CAUSES = {
    "late_data": "Dữ liệu đến muộn / late data",
    "correction": "Sửa ở nguồn / corrected at the source",
    "deletion": "Xóa ở nguồn / deleted at the source",
    "calendar": "Lịch nghỉ có hoặc đổi / days off came or changed",
    "rules": "Đổi quy tắc / rules changed",
    "progress": "Diễn ra sau bản đó / happened after that version",
}


def restatement_payload(found: Restatement) -> dict[str, Any]:
    """The restatement for --json; figures are [numerator, denominator]."""
    return {
        "version": found.version,
        **found.place,
        "published": found.published,
        "replayed": found.replayed,
        "today": found.today,
        "causes": dict(found.causes),
        "units": dict(found.units),
        "is_exact": found.is_exact,
    }


def restatement_text(found: Restatement) -> str:
    """The restatement for a terminal."""
    place = found.place
    lines = [
        f"{place['kpi_id']} {place['variant']} · {place['period_kind']} {place['period_start']}"
        f" · {place['agency_code']}",
        f"Bản / version {found.version}: {found.published[0]} / {found.published[1]}",
        f"Tính lại như đã biết khi đó / replayed as known then: {found.replayed[0]} / {found.replayed[1]}",
        f"Hôm nay / today: {found.today[0]} / {found.today[1]}",
        "Chênh lệch theo nguyên nhân, tử số và mẫu số / difference by cause, numerator and denominator:",
    ]
    for cause, (numerator, denominator) in found.causes.items():
        count = f" ({found.units[cause]} mục / items)" if found.units.get(cause) else ""
        lines.append(f"  {CAUSES[cause]}: {numerator:+d} / {denominator:+d}{count}")
    lines.append(
        "Cộng khớp đúng. / The causes sum to the difference."
        if found.is_exact
        else "KHÔNG KHỚP. / NOT EXACT: tell the keeper of the warehouse."
    )
    return "\n".join(lines)
