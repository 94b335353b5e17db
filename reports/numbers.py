"""Numbers and days as their readers write them: Vietnamese 12.345,67 and English 12,345.67.

Belongs here: presentation, rounded half up from whole numbers. Doesn't: any figure or decision.
"""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

Language = Literal["vi", "en"]
NOTHING = "–"
POINT = 1_000_000
SIGNS = {">": ">", ">=": "≥", "=": "="}
WEEKDAYS_VI = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật")
_TO_VIETNAMESE = str.maketrans(",.", ".,")


def number_text(value: float | None, language: Language = "vi") -> str:
    """12345 → 12.345 (vi) or 12,345 (en); nothing → –."""
    return NOTHING if value is None else _local(f"{value:,.0f}", language)


def value_text(row: dict[str, Any], language: Language = "vi") -> str:
    """A KPI's value from its whole numbers: a count, or points or per cent with two decimals, half up."""
    if row["value"] is None:
        return NOTHING
    if row.get("unit") == "count":
        return number_text(row["numerator"], language)
    if row.get("unit") == "points":
        return _points(row["numerator"], language) + (" điểm" if language == "vi" else " points")
    per_cent = Decimal(row["numerator"]) * 100 / Decimal(row["denominator"])
    return percent_text(per_cent, language)


def percent_text(per_cent: Decimal, language: Language = "vi") -> str:
    """98.996 → 99,00 %."""
    return _two_decimals(per_cent, language) + (" %" if language == "vi" else "%")


def share_text(value: float | None, unit: str, language: Language = "vi") -> str:
    """A published value that comes without its whole numbers, such as last month's."""
    if value is None:
        return NOTHING
    if unit == "count":
        return number_text(value, language)
    if unit == "points":
        return _points(round(value * POINT), language)
    return percent_text(Decimal(str(value)) * 100, language)


def parts_text(row: dict[str, Any], language: Language = "vi") -> str:
    """Numerator / denominator; points are published in millionths."""
    write = _points if row.get("unit") == "points" else number_text
    return f"{write(row['numerator'], language)} / {write(row['denominator'], language)}"


def target_text(row: dict[str, Any], language: Language = "vi") -> str:
    """A target with its comparison, as the plan writes it."""
    if row["target"] is None:
        return NOTHING
    sign = SIGNS[row["comparison"]]
    if row["unit"] == "count":
        return f"{sign} {number_text(row['target'], language)}"
    per_cent = (Decimal(str(row["target"])) * 100).normalize()
    return f"{sign} " + _local(f"{per_cent:f}", language) + (" %" if language == "vi" else "%")


def day_text(day: dt.date, language: Language = "vi") -> str:
    """Thứ Sáu, 30/06/2023 or Friday, 30 June 2023."""
    if language == "vi":
        return f"{WEEKDAYS_VI[day.weekday()]}, {day:%d/%m/%Y}"
    return f"{day:%A}, {day.day} {day:%B %Y}"


def _points(millionths: int, language: Language) -> str:
    return _two_decimals(Decimal(millionths) / POINT, language)


def _two_decimals(value: Decimal, language: Language) -> str:
    return _local(f"{value.quantize(Decimal('0.01'), ROUND_HALF_UP)}", language)


def _local(text: str, language: Language) -> str:
    return text.translate(_TO_VIETNAMESE) if language == "vi" else text
