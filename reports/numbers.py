"""Numbers and days as their readers write them: Vietnamese 12.345,67 and English 12,345.67.

Belongs here: presentation, rounded half up from whole numbers. Doesn't: any figure or decision.
"""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

Language = Literal["vi", "en"]
NOTHING = "–"
WHOLE = ("count", "days")  # units whose value is the numerator itself
POINT = 1_000_000
SIZES = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
SIGNS = {">": ">", ">=": "≥", "=": "="}
STATUS: dict[str, dict[Language, str]] = {
    "met": {"vi": "Đạt", "en": "Met"},
    "missed": {"vi": "Chưa đạt", "en": "Missed"},
    "no_data": {"vi": "Không phát sinh", "en": "No data"},
    "info": {"vi": "Theo dõi", "en": "For information"},
}
WEEKDAYS_VI = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật")
_TO_VIETNAMESE = str.maketrans(",.", ".,")


def number_text(value: float | None, language: Language = "vi") -> str:
    """12345 → 12.345 (vi) or 12,345 (en); nothing → –."""
    return NOTHING if value is None else _local(f"{value:,.0f}", language)


def size_text(size: int, language: Language = "vi") -> str:
    """Bytes as people say them: 1234567 → 1,2 MB (vi) or 1.2 MB (en)."""
    unit, name = next((pair for pair in SIZES if size >= pair[0]), SIZES[-1])
    tenths = (Decimal(size) / unit).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{_local(f'{tenths:,}', language)} {name}"


def change_text(value: int, unit: str, language: Language = "vi") -> str:
    """A difference with its sign: +1.234; of points all decimals there are, as -0,05 or +0,001234."""
    sign, size = "-" if value < 0 else "+", abs(value)
    if unit != "points":
        return sign + number_text(size, language)
    decimals = next(n for n in range(2, 7) if size % 10 ** (6 - n) == 0)
    return sign + exact_text(Decimal(size) / POINT, decimals, language)


def part_text(value: int, unit: str | None, language: Language = "vi") -> str:
    """A numerator or a denominator; points are published in millionths."""
    return points_text(value, language) if unit == "points" else number_text(value, language)


def whole_text(value: float, unit: str, language: Language = "vi") -> str:
    """A count as it is; working days with their name."""
    days = (
        {"vi": " ngày", "en": " day" if value == 1 else " days"}[language] if unit == "days" else ""
    )
    return number_text(value, language) + days


def points_text(millionths: int, language: Language = "vi") -> str:
    """19823211 millionths → 19,82."""
    return _two_decimals(Decimal(millionths) / POINT, language)


def value_text(row: dict[str, Any], language: Language = "vi") -> str:
    """A KPI's value from its whole numbers: a count or days, or points or per cent with two decimals, half up."""
    if row["value"] is None:
        return NOTHING
    if row.get("unit") in WHOLE:
        return whole_text(row["numerator"], str(row["unit"]), language)
    if row.get("unit") == "points":
        return points_text(row["numerator"], language) + (
            " điểm" if language == "vi" else " points"
        )
    per_cent = Decimal(row["numerator"]) * 100 / Decimal(row["denominator"])
    return percent_text(per_cent, language)


def exact_text(
    value: float | Decimal, decimals: int | None = None, language: Language = "vi"
) -> str:
    """A number with the decimals it has, or with so many: 12.5 → 12,5."""
    return _local(f"{value:,.15g}" if decimals is None else f"{value:,.{decimals}f}", language)


def percent_text(per_cent: Decimal, language: Language = "vi") -> str:
    """98.996 → 99,00 %."""
    return _two_decimals(per_cent, language) + (" %" if language == "vi" else "%")


def share_text(value: float | None, unit: str, language: Language = "vi") -> str:
    """A published value that comes without its whole numbers, such as last month's."""
    if value is None:
        return NOTHING
    if unit in WHOLE:
        return whole_text(value, unit, language)
    if unit == "points":
        return points_text(round(value * POINT), language)
    return percent_text(Decimal(str(value)) * 100, language)


def parts_text(row: dict[str, Any], language: Language = "vi") -> str:
    """Numerator / denominator, as 46.689 / 47.017 or in points 19,82 / 20,00."""
    numerator, denominator = (
        part_text(row[name], row.get("unit"), language) for name in ("numerator", "denominator")
    )
    return f"{numerator} / {denominator}"


def target_text(row: dict[str, Any], language: Language = "vi") -> str:
    """A target with its comparison, as the plan writes it."""
    if row["target"] is None:
        return NOTHING
    sign = SIGNS[row["comparison"]]
    if row["unit"] in WHOLE:
        return f"{sign} {whole_text(row['target'], row['unit'], language)}"
    per_cent = (Decimal(str(row["target"])) * 100).normalize()
    return f"{sign} " + _local(f"{per_cent:f}", language) + (" %" if language == "vi" else "%")


def status_text(row: dict[str, Any], language: Language = "vi") -> str:
    """A figure's status in words; of one without data also why, where that is a source and not the period."""
    if row["status"] != "no_data" or not row.get("lacks_source"):
        return STATUS[row["status"]][language]
    if systems := row.get("unconnected_systems"):
        return {"vi": f"Chưa nối nguồn ({systems})", "en": f"Not connected ({systems})"}[language]
    return {"vi": "Chưa có nguồn số liệu", "en": "No source yet"}[language]


def day_text(day: dt.date, language: Language = "vi") -> str:
    """Thứ Sáu, 30/06/2023 or Friday, 30 June 2023."""
    if language == "vi":
        return f"{WEEKDAYS_VI[day.weekday()]}, {day:%d/%m/%Y}"
    return f"{day:%A}, {day.day} {day:%B %Y}"


def _two_decimals(value: Decimal, language: Language) -> str:
    return _local(f"{value.quantize(Decimal('0.01'), ROUND_HALF_UP):,}", language)


def _local(text: str, language: Language) -> str:
    return text.translate(_TO_VIETNAMESE) if language == "vi" else text
