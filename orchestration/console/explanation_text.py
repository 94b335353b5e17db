"""An explanation or a restatement as people and programs read it.

Belongs here: words and layout, Vietnamese with English beside. Doesn't: the evidence
(figures.explain, figures.restate).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from figures.explain import Explanation
from figures.restate import Restatement
from figures.units import figure_of
from reports.law import citation_text
from reports.numbers import (
    change_text,
    exact_text,
    number_text,
    part_text,
    parts_text,
    status_text,
    target_text,
    value_text,
)

VERDICTS = {
    "bad": "Tính vào mẫu, không vào tử / counted in the denominator only",
    "not_counted": "Không tính / not counted",
    "good": "Tính vào tử và mẫu / counted in both",
}
# Of a quantile every case counts; the question is on which side of it one lies.
QUANTILE_VERDICTS = VERDICTS | {
    "bad": "Lâu hơn / longer than the figure",
    "good": "Không lâu hơn / no longer than the figure",
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
        "basis": found.basis,
        "clock": found.clock,
    }


def explanation_text(found: Explanation, limit: int) -> str:
    """The explanation for a terminal; at most `limit` lines of each verdict, the failing ones first."""
    kpi, variant, figure = found.kpi, found.variant, found.figure
    measured = {**figure, "unit": kpi["unit"]}
    lines = [
        f"{kpi['label_vi']} / {kpi['label_en']} ({kpi['kpi_id']})",
        f"Biến thể / variant: {variant['variant']} – {variant['label_vi']} / {variant['label_en']}",
        f"Kỳ / period: {figure['period_kind']} {figure['period_start']} – {figure['period_end']}"
        f" · {figure['agency_name']} ({figure['agency_code']})",
        *_merged_lines(found),
        f"Định nghĩa: {kpi['definition_vi']}",
        f"Definition: {kpi['definition_en']}",
        f"Căn cứ trong kỳ / legal basis in the period: {_basis_text(found)} · SQL: {kpi['sql_file']}",
        f"Tử số / numerator {part_text(figure['numerator'], kpi['unit'])} · "
        f"mẫu số / denominator {part_text(figure['denominator'], kpi['unit'])} · {value_text(measured)} · "
        f"mục tiêu / target {target_text(measured)} · "
        f"{status_text(figure).lower()} / {status_text(figure, 'en').lower()}",
        _sum_line(found),
    ]
    verdicts = QUANTILE_VERDICTS if kpi["unit"] == "days" else VERDICTS
    for verdict, words in verdicts.items():
        units = [unit for unit in found.units if unit["verdict"] == verdict]
        if units:
            lines += ["", f"{words}: {number_text(len(units))}", *_unit_lines(units, limit)]
    if found.clock:
        lines += ["", "Thời hạn tính từ lúc nào (clock_law) / when the clock starts:"]
        lines += [_clock_line(rule) for rule in found.clock]
    if found.metrics:
        lines += ["", "Từng chỉ số / metric by metric:", *map(_metric_line, found.metrics)]
    return "\n".join(lines)


def _basis_text(found: Explanation) -> str:
    first, last = found.figure["period_start"], found.figure["evaluated_on"]
    return citation_text(found.basis, first, last) or "chưa có / none yet"


def _clock_line(rule: Mapping[str, Any]) -> str:
    until = f"{rule['valid_to']:%d/%m/%Y}" if rule["valid_to"] else "…"
    return (
        f"  {rule['law_id']} · {rule['citation']}, tiếp nhận / received {rule['valid_from']:%d/%m/%Y} – {until}: "
        f"{rule['sentence_vi']} / {rule['sentence_en']}"
    )


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
            f"{number_text(earned)} / {number_text(covered)}, {words}"
        )
    told, whole = figure_of(found.units, found.kpi["unit"])
    how = (
        "Lâu nhất trong các hồ sơ không lâu hơn số này / longest of the cases no longer than the figure"
        if found.kpi["unit"] == "days"
        else "Cộng từng dòng / sum of the lines"
    )
    return f"{how}: {number_text(told)} / {number_text(whole)}, {words}"


def _metric_line(metric: Mapping[str, Any]) -> str:
    name = f"  {metric['metric_code']} · {metric['label_vi']} / {metric['label_en']}"
    counts = (
        f" · tử số / numerator {number_text(metric['numerator'])}"
        f" · mẫu số / denominator {number_text(metric['denominator'])}"
        if metric["denominator"] is not None
        else ""
    )
    given = (
        f" · điểm / points {exact_text(metric['points'], 6)} / {exact_text(metric['max_points'])}"
        if metric["points"] is not None
        else f" · không tính / not counted (tối đa / at most {exact_text(metric['max_points'])}): "
        f"{metric['reason_vi'] or metric['reason']} / {metric['reason_en'] or ''} · {metric['source_vi']}"
    )
    sure = " · giả thuyết / hypothesis" if metric["rule_state"] == "hypothesis" else ""
    return f"{name}{counts} · {metric['state']}{sure}{given}"


def _unit_lines(units: Sequence[Mapping[str, Any]], limit: int) -> list[str]:
    return [*map(_unit_line, units[:limit]), *rest_lines(len(units) - limit)]


def rest_lines(count: int) -> list[str]:
    """The line that says how many are left out of a list; none where all are there."""
    if count <= 0:
        return []
    return [
        f"  … còn {number_text(count)} dòng, xem --json / {number_text(count, 'en')} more with --json"
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
    "rule": "Đổi quy tắc / a rule changed",
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
        f"Bản / version {found.version}: {_figure(found.published, found.measure)}",
        f"Tính lại như đã biết khi đó / replayed as known then: {_figure(found.replayed, found.measure)}",
        f"Hôm nay / today: {_figure(found.today, found.measure)}",
        "Chênh lệch theo nguyên nhân, tử số và mẫu số / difference by cause, numerator and denominator:",
    ]
    for cause, (numerator, denominator) in found.causes.items():
        items = found.units.get(cause)
        count = f" ({number_text(items)} mục / items)" if items else ""
        moved = " / ".join(change_text(part, found.measure) for part in (numerator, denominator))
        lines.append(f"  {CAUSES[cause]}: {moved}{count}")
    lines.append(
        "Cộng khớp đúng. / The causes sum to the difference."
        if found.is_exact
        else "KHÔNG KHỚP. / NOT EXACT: tell the keeper of the warehouse."
    )
    return "\n".join(lines)


def _figure(figure: tuple[int, int], measure: str) -> str:
    numerator, denominator = figure
    return parts_text({"numerator": numerator, "denominator": denominator, "unit": measure})
