"""Cases as the case system shows them at a moment: what has happened by then, and nothing later.

Belongs here: from event times to the contract's records. Doesn't: drawing events (cases.py).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from demo.cases import DISTRICT_DAYS_END, Cases
from demo.clockwork import DAY, NEVER, Ints, iso_texts
from demo.crossings import SINCE
from demo.registers import CENTRE, LOCAL_UNITS, Registers

FAMILY = ("Nguyễn", "Trần", "Lê", "Hoàng", "Nông", "Vi", "Lương", "Hà", "Đặng", "Triệu")
MIDDLE = ("Văn", "Thị", "Minh", "Thu", "Đức", "Hồng")
GIVEN = (
    "An",
    "Bình",
    "Cường",
    "Dung",
    "Hạnh",
    "Khánh",
    "Lan",
    "Nam",
    "Phương",
    "Sơn",
    "Tuấn",
    "Yến",
)
TRUTH_WORDS = (True, False, "1", "0", "True", "False", None)
TRUTH_SHARES = np.cumsum((0.55, 0.3, 0.04, 0.04, 0.03, 0.03, 0.01))


def visible(cases: Cases, now: int) -> Ints:
    """The places of the cases that the system shows at `now`, in the order of (updated_at, code)."""
    shown = np.flatnonzero((cases.submitted <= now) & (cases.hard_deleted > now))
    updated = updated_at(cases, now)[shown]
    return shown[np.lexsort((cases.code[shown], updated))]


def updated_at(cases: Cases, now: int) -> Ints:
    """When each record last changed by `now`: its latest event."""
    latest = np.zeros(len(cases), dtype=np.int64)
    for event in cases.events():
        latest = np.maximum(latest, np.where(event <= now, event, 0))
    return latest


def case_records(
    cases: Cases, registers: Registers, places: Ints, now: int
) -> Iterator[dict[str, Any]]:
    """The records of these cases at `now`, in the given order, as the contract spells them."""
    until = {name: np.where(getattr(cases, name)[places] <= now, getattr(cases, name)[places], NEVER)
             for name in ("submitted", "received", "rejected", "pause1", "pause1_end", "pause2", "pause2_end",
                          "apology", "statutory", "finished", "returned", "withdrawn", "stopped",
                          "competent", "corrected", "soft_deleted")}  # fmt: skip
    text = {name: iso_texts(values) for name, values in until.items()}
    due = np.where(until["corrected"] < NEVER, cases.corrected_due[places], cases.due[places])
    # The receipt names a due date only once there is a reception.
    due_texts = iso_texts(
        np.where(cases.due_known[places] & (until["received"] < NEVER), due, NEVER)
    )
    extension_texts = {
        "apology": iso_texts(cases.apology_due[places]), "statutory": iso_texts(cases.statutory_due[places])
    }  # fmt: skip
    updated = iso_texts(updated_at(cases, now)[places])
    status = _status(until).tolist()
    fee = [bool(p["has_fee"]) for p in registers.procedures]
    for row, place in enumerate(places.tolist()):
        happened = {name: values[row] for name, values in text.items()}
        yield {
            "case_code": str(cases.code[place]),
            **_where(cases, registers, place),
            "submitted_at": happened["submitted"], "received_at": happened["received"],
            "due_at": due_texts[row], "finished_at": happened["finished"],
            "returned_at": happened["returned"], "rejected_at": happened["rejected"],
            "stopped_at": happened["stopped"], "withdrawn_at": happened["withdrawn"],
            "status": status[row], "pauses": _pauses(happened),
            "extensions": _extensions(happened, {k: v[row] for k, v in extension_texts.items()}, place),
            "cross_boundary": _crosses(cases, place), "competent_received_at": happened["competent"],
            **_small(cases, place, fee[int(cases.procedure[place])]),
            "updated_at": updated[row], "is_deleted": happened["soft_deleted"] is not None,
        }  # fmt: skip


def _status(until: dict[str, Ints]) -> Ints:
    there = {name: values < NEVER for name, values in until.items()}
    waiting = (there["pause1"] & ~there["pause1_end"]) | (there["pause2"] & ~there["pause2_end"])
    refused = there["rejected"] & ~there["received"]
    return np.select(
        [refused, there["returned"], there["finished"], there["stopped"] | there["rejected"],
         there["withdrawn"], waiting, there["received"]],
        [3, 10, 9, 8, 7, 5, 4], default=1,
    )  # fmt: skip


def _where(cases: Cases, registers: Registers, place: int) -> dict[str, Any]:
    procedure = registers.procedures[int(cases.procedure[place])]
    unit = int(cases.unit[place])
    if unit < 0:
        code = registers.department_codes[int(cases.department[place])]
        agency = code.replace("H37.", "000.00.") + ".H37" if cases.old_code[place] else code
        reception = CENTRE
    else:
        era = 40 if cases.submitted[place] // DAY < DISTRICT_DAYS_END else 100
        agency = reception = f"H37.{era + unit % len(LOCAL_UNITS)}"
    channel = int(cases.channel[place])
    return {
        "procedure_code": procedure["procedure_code"], "field_code": procedure["field_code"],
        "agency_code": agency, "reception_unit_code": reception,
        # Some systems leave the channel of a counter case empty.
        "channel": None if channel == 1 and cases.luck[place] < 0.05 else channel,
        "applicant_type": 2 if cases.luck[place] > 0.85 else 1,
    }  # fmt: skip


def _crosses(cases: Cases, place: int) -> bool | None:
    """Whether the case is handled elsewhere; systems have a field for it only since the law asks for one."""
    return bool(cases.competent[place] < NEVER) if cases.submitted[place] >= SINCE else None


def _pauses(happened: dict[str, str | None]) -> list[dict[str, Any]]:
    return [
        {"seq": number, "requested_at": happened[f"pause{number}"],
         "completed_at": happened[f"pause{number}_end"], "reason": "Thiếu thành phần hồ sơ"}
        for number in (1, 2) if happened[f"pause{number}"]
    ]  # fmt: skip


def _extensions(
    happened: dict[str, str | None], new_due: dict[str, str | None], place: int
) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "issued_at": happened[kind], "new_due_at": new_due[kind],
         "document_no": f"{place % 997 + 1}/{'GH' if kind == 'statutory' else 'XL'}"}
        for kind in ("statutory", "apology") if happened[kind]
    ]  # fmt: skip


def _small(cases: Cases, place: int, has_fee: bool) -> dict[str, Any]:
    """The fields that no clock hangs on, and a person who must never leave the restricted store."""
    luck = float(cases.luck[place])
    digits = int(luck * 1e12)

    def flag(salt: int) -> Any:
        draw = (digits // salt) % 1000 / 1000
        return TRUTH_WORDS[int(np.searchsorted(TRUTH_SHARES, draw))]

    online = int(cases.channel[place]) == 2
    return {
        "fee_total_vnd": (20_000 + digits % 40 * 10_000) if has_fee else 0,
        "paid_online": (digits // 7 % 3) if has_fee and online else 0,
        "components_digitised": flag(11), "result_digitised": flag(13), "components_reused": flag(17),
        "vneid_verified": flag(19), "assisted": digits % 5 == 0 if online else None,
        "exemption_reason": None if online or digits % 3 else "Người cao tuổi",
        "received_by": f"CB{digits % 40 + 1:03d}", "assigned_to": f"CB{digits // 3 % 65 + 1:03d}",
        "applicant_name": f"{FAMILY[digits % 10]} {MIDDLE[digits // 10 % 6]} {GIVEN[digits // 60 % 12]}",
        "applicant_id_no": f"020{digits % 1_000_000_000:09d}", "applicant_phone": f"09{digits % 100_000_000:08d}",
        "applicant_address": f"Số {digits % 300 + 1}, thành phố Lạng Sơn",
    }  # fmt: skip
