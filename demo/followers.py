"""What follows from cases and what stands beside them: ratings, submissions, decisions, plans, feedback, devices.

Belongs here: those lists, as the sources send them, each with the moment it becomes known.
Doesn't: cases themselves. Every function returns dicts of the contract; a key that begins with "_"
is the simulator's own and is taken off before anything is shown.
"""

import datetime as dt
import unicodedata
from typing import Any

import numpy as np
from numpy.random import Generator

from demo.cases import Cases
from demo.clockwork import DAY, NEVER, Ints, WorkingDays, as_day, day_number, iso_texts
from demo.registers import CENTRE, Registers

LEVELS = ("RẤT HÀI LÒNG", "HÀI LÒNG", "BÌNH THƯỜNG", "KHÔNG HÀI LÒNG", "RẤT KHÔNG HÀI LÒNG")
PLANS = ("42/KH-UBND", "243/KH-UBND", "05/KH-VP")
ACTIONS = ("new", "amended", "replaced", "abolished")
DEVICE_WITHOUT_TOP = "KIOSK-90"
RESPONSES = {"real": 0.036, "high": 0.45}


def _iso(second: int) -> str:
    return str(iso_texts(np.array([second]))[0])


def make_ratings(rng: Generator, cases: Cases, response: str) -> list[dict[str, Any]]:
    """Ratings at the real response of 3–4 %, with the oddities that real devices send."""
    done = np.flatnonzero((cases.finished < NEVER) & (cases.received < NEVER))
    chosen = done[rng.random(len(done)) < RESPONSES[response]]
    late = cases.finished[chosen] > cases.due[chosen]
    luck, mood = rng.random(len(chosen)), rng.random(len(chosen))
    rows: list[dict[str, Any]] = []
    for place, is_late, draw, feeling in zip(
        chosen.tolist(), late.tolist(), luck.tolist(), mood.tolist(), strict=True
    ):
        base = cases.returned[place] if cases.returned[place] < NEVER else cases.finished[place]
        rated = int(base) + int(draw * 5 * 3600)
        rows.append(
            _rating(f"DG{len(rows) + 1:07d}", str(cases.code[place]), rated, draw, feeling, is_late)
        )
        if draw < 0.02:
            rows.append(
                _rating(
                    f"DG{len(rows) + 1:07d}",
                    str(cases.code[place]),
                    rated + 900,
                    draw,
                    0.995,
                    False,
                )
            )
        if 0.02 < draw < 0.03:
            rows.append(
                _rating(
                    f"DG{len(rows) + 1:07d}",
                    f"H37.99-000000-{len(rows):05d}",
                    rated,
                    draw,
                    0.1,
                    False,
                )
            )
        if 0.03 < draw < 0.035:
            early = int(cases.received[place]) - 7200
            rows.append(
                _rating(f"DG{len(rows) + 1:07d}", str(cases.code[place]), early, draw, 0.999, False)
            )
    return sorted(rows, key=lambda row: (row["_at"], row["rating_id"]))


def _rating(
    rating_id: str, case_code: str, rated: int, luck: float, feeling: float, is_late: bool
) -> dict[str, Any]:
    unhappy = 0.008 if is_late else 0.0003
    level = (
        LEVELS[3] if feeling < unhappy else LEVELS[1] if feeling < unhappy + 0.016 else LEVELS[0]
    )
    scale, device = "3", f"KIOSK-{int(luck * 1000) % 12 + 1:02d}"
    if 0.1 < luck < 0.14:
        scale, device, level = "like", "PORTAL", "dislike" if feeling < unhappy else "like"
    elif 0.14 < luck < 0.16:
        # Some devices don't offer the highest level at all.
        scale, device = "3", DEVICE_WITHOUT_TOP
        level = LEVELS[3] if feeling < unhappy else LEVELS[2] if feeling < 0.1 else LEVELS[1]
    elif luck > 0.8:
        scale = "5"
    if 0.2 < luck < 0.25:
        level = level.lower().capitalize()
    elif 0.25 < luck < 0.3:
        level = unicodedata.normalize("NFD", level)
    elif 0.3 < luck < 0.32:
        level = f" {level.replace(' ', '  ')} "
    return {
        "rating_id": rating_id, "source": "portal" if scale == "like" else "kiosk" if luck < 0.7 else "qr",
        "device_id": device, "case_code": None if 0.4 < luck < 0.405 else case_code,
        "staff_code": f"CB{int(luck * 1e6) % 40 + 1:03d}", "rated_at": _iso(rated), "scale": scale,
        "level_raw": level, "reason": "Chờ lâu" if level == LEVELS[3] else None, "comment": "",
        "is_test": 0.5 < luck < 0.505, "submitted_at": _iso(rated + 60), "_at": rated + 60,
    }  # fmt: skip


def make_submissions(cases: Cases, registers: Registers) -> list[dict[str, Any]]:
    """One submission for each online case of a procedure with a service; the newest state of each."""
    service_of = {s["procedure_code"]: s["service_id"] for s in registers.services}
    online = np.flatnonzero(cases.channel == 2)
    submitted, received, rejected = (
        iso_texts(getattr(cases, name)[online]) for name in ("submitted", "received", "rejected")
    )
    changed = np.minimum(cases.received[online], cases.rejected[online])
    changed_texts = iso_texts(changed)
    rows = []
    for row, place in enumerate(online.tolist()):
        service = service_of.get(
            registers.procedures[int(cases.procedure[place])]["procedure_code"]
        )
        if service is None:
            continue
        was_refused = received[row] is None
        rows.append({
            "submission_id": f"NT{place + 1:08d}", "service_id": service, "case_code": str(cases.code[place]),
            "submitted_at": submitted[row], "accepted_at": received[row],
            "rejected_at": rejected[row] if was_refused else None,
            "reject_reason": "Không thuộc thẩm quyền" if was_refused else None,
            "changed_at": changed_texts[row], "_at": int(changed[row]),
        })  # fmt: skip
    return sorted(rows, key=lambda row: (row["_at"], row["submission_id"]))


def make_decisions(
    rng: Generator, calendar: WorkingDays, registers: Registers, first: dt.date, last: dt.date
) -> list[dict[str, Any]]:
    """Eight to twelve decisions a month of one to many procedures, a few late or incomplete."""
    rows: list[dict[str, Any]] = []
    days = calendar.days[(calendar.days >= day_number(first)) & (calendar.days <= day_number(last))]
    for day in np.sort(rng.choice(days, size=max(1, len(days) * 10 // 21))).tolist():
        # A decision names a procedure once, so a province of few procedures has short ones.
        count = min(int(np.clip(rng.lognormal(1.6, 1.1), 1, 120)), len(registers.procedures))
        chosen = rng.choice(len(registers.procedures), size=count, replace=False).tolist()
        waits = rng.choice(
            (1, 2, 3, 4, 5, 6, 9), size=count, p=(0.3, 0.3, 0.2, 0.12, 0.072, 0.006, 0.002)
        )
        basis = (
            None
            if rng.random() < 0.4
            else str(as_day(day + int(rng.choice((4, 7, 20), p=(0.005, 0.395, 0.6)))))
        )
        items = [
            {"procedure_code": registers.procedures[place]["procedure_code"], "action": ACTIONS[place % 4],
             "_published": (day + int(wait)) * DAY + 10 * 3600, "complete": bool(rng.random() > 0.001),
             "accurate": bool(rng.random() > 0.001), "corrected_by": None}
            for place, wait in zip(chosen, waits, strict=True)
        ]  # fmt: skip
        rows.append({
            "decision_no": f"{len(rows) + 1}/QĐ-UBND/{as_day(day).year}", "decided_on": str(as_day(day)),
            "agency_code": registers.procedures[chosen[0]]["agency_code"], "basis_effective_on": basis,
            "items": items, "_at": day * DAY + 8 * 3600,
        })  # fmt: skip
    return rows


def decision_at(row: dict[str, Any], now: int) -> dict[str, Any]:
    """A decision as the registry shows it at `now`: what is not yet published has no time."""
    items = [
        {
            "procedure_code": item["procedure_code"], "action": item["action"],
            "published_at": _iso(item["_published"]) if item["_published"] <= now else None,
            "complete": item["complete"], "accurate": item["accurate"], "corrected_by": item["corrected_by"],
        }
        for item in row["items"]
    ]  # fmt: skip
    return {**bare(row), "items": items}


def make_plan_tasks(
    rng: Generator, registers: Registers, first: dt.date, last: dt.date
) -> list[dict[str, Any]]:
    """Tasks of the three plans, due all over the years; few late."""
    rows = []
    span = (last - first).days
    for plan, count in zip(PLANS, (40, 60, 90), strict=True):
        for number in range(1, count + 1):
            due = first + dt.timedelta(days=int(rng.integers(10, span)))
            done = due - dt.timedelta(
                days=int(rng.integers(-1, 12)) if rng.random() < 0.06 else int(rng.integers(0, 12))
            )
            cancelled = rng.random() < 0.02
            task_id = f"{plan.split('/', maxsplit=1)[0]}-{number:02d}"
            rows.append({
                "plan_no": plan, "task_id": task_id, "task": f"Nhiệm vụ {number}",
                "lead_agency_code": registers.department_codes[number % len(registers.department_codes)],
                "due_on": str(due), "completed_on": str(done),
                "product_document_no": f"{number * 3}/BC" if rng.random() > 0.005 else None,
                "quality": "passed" if rng.random() > 0.01 else None,
                "cancelled_by": "QĐ 12/QĐ-UBND" if cancelled else None,
            })  # fmt: skip
    return rows


def make_feedback(
    rng: Generator, cases: Cases, calendar: WorkingDays, registers: Registers
) -> list[dict[str, Any]]:
    """One petition or complaint for about a thousand cases."""
    chosen = np.flatnonzero(rng.random(len(cases)) < 0.001)
    rows: list[dict[str, Any]] = []
    for place in chosen.tolist():
        day = int(cases.submitted[place] // DAY)
        answered: Ints = calendar.add(np.array([day]), np.array([int(rng.integers(1, 18))]))
        rows.append({
            "feedback_id": f"PA{len(rows) + 1:05d}", "kind": ("reflection", "petition", "complaint")[place % 3],
            "received_on": str(as_day(day)), "agency_code": registers.department_codes[int(cases.department[place])],
            "case_code": str(cases.code[place]), "answered_on": str(as_day(int(answered[0]))),
            "published_on": None, "outcome": "Đã trả lời",
        })  # fmt: skip
    return rows


def make_nominations(registers: Registers) -> list[dict[str, Any]]:
    """Nominations for the campaign of 2023, one of them late."""
    return [
        {"staff_code": person["staff_code"], "submitted_on": day, "criterion_1": "met", "criterion_2": mark,
         "criterion_3": "met", "evidence": "Sáng kiến cấp cơ sở"}
        for person, day, mark in zip(
            [p for p in registers.staff if p["home_agency_code"] == CENTRE],
            ("2023-06-01", "2023-06-05", "2023-06-06", "2023-06-07"), ("met", "met", "not_met", None), strict=False,
        )
    ]  # fmt: skip


def make_rating_devices(first: dt.date) -> list[dict[str, Any]]:
    """What the Centre declares of its devices: one offers three levels without the highest."""
    return [
        {"source": "kiosk", "device_id": DEVICE_WITHOUT_TOP, "has_top_level": "no", "valid_from": str(first),
         "document_no": "12/TB-TTPVHCC"}
    ]  # fmt: skip


def bare(row: dict[str, Any]) -> dict[str, Any]:
    """A row without the simulator's own keys."""
    return {name: value for name, value in row.items() if not name.startswith("_")}
