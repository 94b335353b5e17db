"""The registers of the simulated province: agencies, procedures, staff, online services.

Belongs here: slowly changing lists, as the sources send them. Doesn't: cases and what follows them.
All codes but H37 itself are invented.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

CENTRE = "H37.01.TTPVHCC"
DISTRICTS_END = dt.date(2025, 6, 30)
DEPARTMENTS = (
    ("16", "Sở Nông nghiệp và Môi trường", 0.012), ("03", "Sở Tư pháp", 0.002), ("05", "Sở Nội vụ", 0.006),
    ("09", "Sở Xây dựng", 0.003), ("07", "Sở Công Thương", 0.004), ("11", "Sở Y tế", 0.003),
    ("04", "Sở Giáo dục và Đào tạo", 0.003), ("06", "Sở Tài chính", 0.002),
    ("08", "Sở Khoa học và Công nghệ", 0.001), ("10", "Sở Văn hóa, Thể thao và Du lịch", 0.001),
    ("12", "Công an tỉnh", 0.002), ("13", "Bảo hiểm xã hội tỉnh", 0.001), ("14", "Ban Quản lý Khu kinh tế", 0.002),
    ("15", "Thuế tỉnh", 0.001), ("17", "Sở Ngoại vụ", 0.0), ("18", "Sở Dân tộc và Tôn giáo", 0.0),
    ("19", "Văn phòng UBND tỉnh", 0.0), ("20", "Điện lực Lạng Sơn", 0.001), ("21", "Thanh tra tỉnh", 0.0),
)  # fmt: skip
LOCAL_UNITS = ("Cao Lộc", "Lộc Bình", "Đình Lập", "Chi Lăng", "Hữu Lũng", "Bắc Sơn")
LIMITS = ((3, "working_day"), (5, "working_day"), (7, "working_day"), (10, "working_day"),
          (15, "working_day"), (20, "working_day"), (30, "day"), (4, "working_hour"), (8, "working_hour"),
          (1, "month"), (48, "hour"), (None, None))  # fmt: skip
LIMIT_SHARES = (0.14, 0.2, 0.14, 0.14, 0.12, 0.08, 0.05, 0.04, 0.04, 0.02, 0.01, 0.02)
FIELDS = ("Đất đai", "Hộ tịch", "Xây dựng", "Đầu tư", "Lao động", "Y tế", "Giáo dục", "Giao thông",
          "Môi trường", "Văn hóa")  # fmt: skip


@dataclass(frozen=True)
class Registers:
    """The lists as dicts of the contract, and arrays for drawing cases from them."""

    agencies: list[dict[str, Any]]
    procedures: list[dict[str, Any]]
    staff: list[dict[str, Any]]
    services: list[dict[str, Any]]
    department_codes: tuple[str, ...]
    late_shares: np.ndarray
    procedure_weights: np.ndarray
    procedure_department: np.ndarray


def make_registers(
    rng: Generator, first: dt.date, last: dt.date, procedure_count: int
) -> Registers:
    """Draw the registers of a province for the days from `first` to `last`."""
    codes = tuple(f"H37.{number}" for number, _, _ in DEPARTMENTS)
    procedures, weights, owner = _procedures(rng, codes, procedure_count)
    return Registers(
        agencies=_agencies(),
        procedures=procedures,
        staff=_staff(rng, codes, first),
        services=_services(rng, procedures, first, last),
        department_codes=codes,
        late_shares=np.array([late for _, _, late in DEPARTMENTS]),
        procedure_weights=weights,
        procedure_department=owner,
    )


def _agencies() -> list[dict[str, Any]]:
    def row(code: str, name: str, kind: str, **more: Any) -> dict[str, Any]:
        return {
            "agency_code": code, "name": name, "short_name": name.removeprefix("Sở "), "kind": kind,
            "parent_code": "H37", "predecessor_code": None, "valid_from": "2020-01-01", "valid_to": None, **more,
        }  # fmt: skip

    rows = [row(CENTRE, "Trung tâm Phục vụ hành chính công", "centre")]
    # Older cases carry the code of the earlier scheme, which only predecessor_code knows.
    rows += [
        row(f"H37.{number}", name, "department", predecessor_code=f"000.00.{number}.H37")
        for number, name, _ in DEPARTMENTS
    ]
    for place, name in enumerate(LOCAL_UNITS):
        rows.append(
            row(f"H37.{40 + place}", f"UBND huyện {name}", "district", valid_to=str(DISTRICTS_END))
        )
        rows.append(
            row(f"H37.{100 + place}", f"UBND xã {name}", "commune", predecessor_code=f"H37.{40 + place}",
                valid_from=str(DISTRICTS_END + dt.timedelta(days=1)))
        )  # fmt: skip
    return rows


def _procedures(
    rng: Generator, codes: tuple[str, ...], count: int
) -> tuple[list[dict[str, Any]], np.ndarray, np.ndarray]:
    ranks = np.arange(1, count + 1)
    weights = ranks**-1.45
    weights[max(1, int(count * 0.4)) :] = 0  # most procedures see no case at all
    agency_weights = np.arange(1, len(codes) + 1) ** -1.3
    agency_weights[-1] = 0  # one agency has procedures but no case
    owner = rng.choice(len(codes), size=count, p=agency_weights / agency_weights.sum())
    owner[: len(codes) - 1] = np.arange(min(count, len(codes) - 1))
    owner[max(1, count - 3) :] = len(codes) - 1
    limits = rng.choice(len(LIMITS), size=count, p=LIMIT_SHARES)
    rows = []
    for place in range(count):
        value, unit = LIMITS[limits[place]]
        field = int(owner[place]) % len(FIELDS)
        rows.append({
            "procedure_code": f"{1 + place % 3}.{1000 + place * 7:06d}",
            "name": f"Thủ tục {FIELDS[field].lower()} số {place + 1}",
            "field_code": f"G{field + 1:02d}-LS{field + 1:02d}", "field_name": FIELDS[field],
            "agency_code": codes[int(owner[place])], "time_limit_value": value, "time_limit_unit": unit,
            "has_fee": bool(rng.random() < 0.6), "requires_paper_result": bool(rng.random() < 0.7),
            "valid_from": "2020-01-01", "valid_to": None,
        })  # fmt: skip
    return rows, weights / weights.sum(), owner


def _staff(rng: Generator, codes: tuple[str, ...], first: dt.date) -> list[dict[str, Any]]:
    kinds = ("civil_servant", "public_employee", "worker", "postal")
    return [
        {
            "staff_code": f"CB{number:03d}", "employment_type": kinds[int(rng.choice(4, p=(0.55, 0.25, 0.12, 0.08)))],
            "home_agency_code": CENTRE if number <= 15 else codes[number % len(codes)],
            "at_centre_from": str(first - dt.timedelta(days=int(rng.integers(0, 900)))),
            "at_centre_to": None, "full_name": f"Cán bộ {number}",
        }
        for number in range(1, 66)
    ]  # fmt: skip


def _services(
    rng: Generator, procedures: list[dict[str, Any]], first: dt.date, last: dt.date
) -> list[dict[str, Any]]:
    """About seven in ten procedures are offered online; popular ones nearly all."""
    span = (last - first).days
    rows: list[dict[str, Any]] = []
    for place, procedure in enumerate(procedures):
        chance = 0.97 if place < 60 else 0.8 if place < len(procedures) * 0.3 else 0.06
        if rng.random() > chance:
            continue
        begins = first - dt.timedelta(days=400)
        ends = None
        state = "public"
        if rng.random() < 0.04:
            begins = first + dt.timedelta(days=int(rng.integers(0, span)))
        if rng.random() < 0.03:
            ends = begins + dt.timedelta(days=int(rng.integers(30, span + 400)))
            state = "stopped" if ends <= last else "closing"
        elif rng.random() < 0.02:
            state = "testing"
        is_pilot = place in (3, 8, 21)
        rows.append({
            "service_id": f"DVC-{place + 1:05d}", "procedure_code": procedure["procedure_code"],
            "agency_code": procedure["agency_code"], "level": int(rng.choice((4, 3, 2), p=(0.68, 0.27, 0.05))),
            "state": state, "published_on": str(begins), "withdrawn_on": str(ends) if ends else None,
            "online_payment": bool(rng.random() < 0.5),
            "pilot_from": str(first) if is_pilot else None,
            "pilot_to": str(last) if place == 8 else None,
        })  # fmt: skip
    # the same procedure at both levels, where there are enough to have one
    twins = [dict(row, service_id="DVC-90001", level=3) for row in rows[5:6]]
    return [*rows, *twins]
