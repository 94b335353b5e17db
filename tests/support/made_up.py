"""Dense and nasty histories of cases and ratings, drawn from a seed: thousands for one build of the warehouse.

Belongs here: events in whatever order, on days where rules change sides. Doesn't: what is right (tests/oracle).
"""

import datetime as dt
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.support.warehouse_case import CENTRE

Row = dict[str, Any]
LOCAL = dt.timezone(dt.timedelta(hours=7))
DAY = dt.timedelta(days=1)
# Opening, lunch and closing, and the edges of a day.
CLOCKS = (
    "00:00",
    "06:59",
    "07:00",
    "08:30",
    "10:00",
    "11:30",
    "12:15",
    "13:30",
    "15:00",
    "16:59",
    "17:00",
    "23:59",
)
LIMITS: tuple[tuple[int | None, str | None], ...] = (
    (3, "working_day"), (4, "working_hour"), (5, "day"), (1, "month"), (None, None), (0, "working_day"),
    (20, "working_hour"), (36, "hour"), (1000, "day"), (1001, "working_day"), (-1, "day"), (6, "working_day"),
    (1000, "month"), (3, None), (1000, "working_hour"),
)  # fmt: skip
KINDS = ("finished", "returned", "stopped", "rejected", "withdrawn")
# Cases of the case system are compared by day; those of files as their mapping says.
COMPARED = (None, "time", "day", "time", None)


@dataclass(frozen=True)
class Era:
    """A stretch of six weeks that ends in the middle of a day."""

    first: dt.date
    as_of: dt.datetime


class History:
    """One seed's cases in an era."""

    def __init__(self, seed: int, era: Era) -> None:
        self.dice, self.era = Random(seed), era
        self.anchors: list[dt.date] = []

    def cases(self, count: int) -> list[Row]:
        """So many cases, some of which staging may refuse."""
        return [self._case(place) for place in range(count)]

    def _chance(self, share: float) -> bool:
        return self.dice.random() < share

    def _at(self, day: dt.date) -> str:
        clock = dt.time.fromisoformat(self.dice.choice(CLOCKS))
        return dt.datetime.combine(day, clock, LOCAL).isoformat()

    def _moment(self, earliest: int = -3, latest: int = 18) -> str:
        """Half of all moments lie on or beside a day on which something else happened."""
        if self.anchors and self._chance(0.5):
            return self._at(
                self.dice.choice(self.anchors) + self.dice.choice((0, 0, 0, 1, -1)) * DAY
            )
        return self._at(self.anchors[0] + self.dice.randint(earliest, latest) * DAY)

    def _after(self, moment: str, earliest: int, latest: int) -> str:
        day = dt.datetime.fromisoformat(moment).date()
        return self._at(day + self.dice.randint(earliest, latest) * DAY)

    def _case(self, place: int) -> Row:
        received_on = self.era.first + self.dice.randint(0, 22) * DAY
        received = self._at(received_on)
        self.anchors = [received_on]
        due = self._after(received, 0, 12) if self._chance(0.5) else None
        # Most limits end within two weeks; so do most promises.
        self.anchors.append(dt.datetime.fromisoformat(due).date() if due else received_on + 5 * DAY)
        ends = self._ends(received)
        pauses, extensions = self._pauses(), self._extensions()
        is_elsewhere = self.dice.choice((None, False, True, True))
        there = (
            self._after(received, -1, 5) if is_elsewhere is not None and self._chance(0.7) else None
        )
        row: Row = {
            "case_code": f"H37.16-{self.era.first:%y%m%d}-{place:05d}", "updated_at": self.era.as_of.isoformat(),
            "procedure_code": f"1.{self.dice.randint(1, len(LIMITS) + 1):06d}",
            "field_code": self.dice.choice((None, "G01", "G02")),
            "agency_code": self.dice.choice(("H37.16", "H37.30", "000.00.16.H37")),
            "reception_unit_code": self.dice.choice((*[CENTRE] * 7, "H37.30")),
            "channel": self.dice.choice((1, 2, 3, None)), "applicant_type": 1,
            "submitted_at": received, "received_at": received, "due_at": due, **ends,
            "status": self._status(ends), "pauses": pauses, "extensions": extensions,
            "cross_boundary": is_elsewhere, "competent_received_at": there,
            "fee_total_vnd": self.dice.choice((0, 20_000)), "paid_online": self.dice.randint(0, 3),
            "components_digitised": self._chance(0.5), "result_digitised": self._chance(0.5),
            "components_reused": self._chance(0.5), "vneid_verified": self._chance(0.5), "assisted": None,
            "exemption_reason": None, "received_by": None, "assigned_to": None, "is_deleted": False,
            "compare_by": COMPARED[place % len(COMPARED)],
        }  # fmt: skip
        if self._chance(0.04):
            never = {"received_at": None, "due_at": None, "status": self.dice.choice((1, 3))}
            row |= never | dict.fromkeys((f"{kind}_at" for kind in KINDS), None)
        return row

    def _ends(self, received: str) -> Row:
        ends: dict[str, str | None] = dict.fromkeys(f"{kind}_at" for kind in KINDS)
        for kind in self.dice.sample(KINDS, self.dice.choice((0, 0, 1, 1, 1, 2, 3))):
            ends[f"{kind}_at"] = (
                self._moment() if self._chance(0.1) else self._after(received, 0, 16)
            )
        finished, returned = ends["finished_at"], ends["returned_at"]
        if finished and returned and self._chance(0.8):
            ends["finished_at"], ends["returned_at"] = sorted((finished, returned))
        self.anchors += [dt.datetime.fromisoformat(at).date() for at in ends.values() if at]
        return ends

    def _status(self, ends: Row) -> int:
        """As the times say, mostly; 5 and 6 without an open request and 9 without an end come too."""
        if self._chance(0.05):
            return self.dice.choice((1, 3, 9))
        if not any(ends.values()):
            return self.dice.choice((2, 4, 4, 5, 6))
        said = {"returned": 10, "finished": 9, "stopped": 8, "rejected": 8, "withdrawn": 7}
        return next(code for kind, code in said.items() if ends[f"{kind}_at"])

    def _pauses(self) -> list[Row]:
        pauses: list[Row] = []
        for number in range(self.dice.choice((0, 1, 1, 1, 2, 2, 3, 4))):
            asked = (
                self.dice.choice(pauses)["requested_at"]
                if pauses and self._chance(0.25)
                else self._moment()
            )
            backwards = self._chance(0.08)
            done = self._after(asked, -4, 0) if backwards else self._after(asked, 0, 9)
            done_or_not = done if self._chance(0.75) else None
            pauses.append({"seq": number + 1, "requested_at": asked, "completed_at": done_or_not})
            self.anchors += [
                dt.datetime.fromisoformat(at).date() for at in (asked, done_or_not) if at
            ]
        return pauses

    def _extensions(self) -> list[Row]:
        found: list[Row] = []
        for _ in range(self.dice.choice((0, 0, 0, 1, 1, 2, 3))):
            issued = self._moment()
            new_due = self._after(issued, -2, 10)
            found.append({
                "kind": self.dice.choice(("statutory", "statutory", "statutory", "apology")),
                "issued_at": issued if self._chance(0.93) else None,
                "new_due_at": new_due if self._chance(0.93) else None,
                "document_no": self.dice.choice((None, "1/GH")),
            })  # fmt: skip
        return found

    def ratings(self, cases: list[Row], count: int) -> list[Row]:
        """Ratings of cases, several of one case among them, on devices with and without a highest level."""
        habits = {
            "K1": (0.8, 0.1, 0.05), "K2": (0.0, 0.9, 0.09), "K3": (0.01, 0.8, 0.15), "K4": (0.0, 0.5, 0.5),
            None: (0.3, 0.4, 0.2),
        }  # fmt: skip
        names = ("RẤT HÀI LÒNG", "hài lòng", "Bình  thường", "không hài lòng")
        found = []
        for number in range(count):
            device = self.dice.choices(tuple(habits), (8, 8, 8, 1, 8))[0]
            shares = (*habits[device], 1 - sum(habits[device]))
            case = self.dice.choice(cases)
            at = self._after(case["submitted_at"], -1, 15)
            if at <= self.era.as_of.isoformat():
                found.append({
                    "rating_id": f"R{number}", "source": self.dice.choice(("kiosk", "kiosk", "qr")),
                    "device_id": device, "case_code": case["case_code"], "staff_code": None, "rated_at": at,
                    "scale": self.dice.choices(("3", "5", "like"), (8, 1, 1))[0],
                    "level_raw": self.dice.choices(names, shares)[0], "reason": "x", "comment": "",
                    "is_test": self._chance(0.05), "submitted_at": at,
                })  # fmt: skip
        return found


def truth(seed: int, era: Era, cases: int, ratings: int) -> dict[str, list[Row]]:
    """A world's lists around the drawn cases and ratings."""
    history = History(seed, era)
    drawn = history.cases(cases)
    agency = {"name": "Sở", "short_name": "Sở", "kind": "department", "parent_code": None,
              "valid_from": "2020-01-01", "valid_to": None}  # fmt: skip
    first, later = (era.first + 3 * DAY).isoformat(), (era.first + 15 * DAY).isoformat()
    return {
        "cases": drawn,
        "ratings": history.ratings(drawn, ratings),
        "rating_devices": [
            {"source": "kiosk", "device_id": "K4", "has_top_level": "no", "valid_from": later, "document_no": "1/CV"},
            {"source": "qr", "device_id": "K2", "has_top_level": "yes", "valid_from": first, "document_no": "2/CV"},
        ],
        "agencies": [
            agency | {"agency_code": "H37.16", "predecessor_code": "000.00.16.H37"},
            agency | {"agency_code": "H37.30", "predecessor_code": None},
        ],
        "procedures": [
            {"procedure_code": f"1.{place:06d}", "name": "Thủ tục", "field_code": f"G{1 + place % 3:02d}",
             "field_name": "Đất đai", "agency_code": "H37.16", "time_limit_value": value, "time_limit_unit": unit,
             "has_fee": place % 2 == 0, "requires_paper_result": place % 2 == 1, "valid_from": "2020-01-01",
             "valid_to": None}
            for place, (value, unit) in enumerate(LIMITS, 1)
        ],
        "services": [
            {"service_id": "S1", "procedure_code": "1.000001", "agency_code": "H37.16", "level": 4, "state": "public",
             "published_on": first, "withdrawn_on": None, "online_payment": True, "pilot_from": first,
             "pilot_to": later},
            {"service_id": "S2", "procedure_code": "1.000002", "agency_code": "H37.16", "level": 3, "state": "stopped",
             "published_on": "2023-01-01", "withdrawn_on": later, "online_payment": False, "pilot_from": None,
             "pilot_to": None},
        ],
        "submissions": [], "staff": [], "decisions": [], "plan_tasks": [], "feedback": [], "nominations": [],
    }  # fmt: skip
