"""KPIs of registers, from truth: decisions and their items, tasks of plans, feedback.

Belongs here: announced, published_5d, plan_*, feedback_on_time. Doesn't: KPIs of cases (kpi.py).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

from tests.oracle.facts import (
    Row,
    base_code,
    day,
    instant,
)
from tests.oracle.tally import Span, Tally
from tests.oracle.workdays import add_working, roll

PLANS = {"42/KH-UBND": "plan_42", "243/KH-UBND": "plan_243", "05/KH-VP": "plan_05"}


class Registers(Tally):
    """Counts what the registers hold."""

    def _items(self) -> Iterator[tuple[Row, str, dt.date, Row]]:
        for d in self.truth["decisions"]:
            decided = day(d["decided_on"])
            if decided and decided <= self.today:
                for item in d["items"]:
                    yield d, self.aliases.get(d["agency_code"], d["agency_code"]), decided, item

    def _announced(self) -> None:
        passes: dict[tuple[Span, str, str], bool] = {}
        for d, agency, decided, item in self._items():
            basis = day(d["basis_effective_on"])
            good = (
                bool(item["complete"]) and bool(item["accurate"]) and item["corrected_by"] is None
            )
            good = good and (basis is None or (basis - decided).days >= 5)
            for span in self._spans(decided):
                for code in (agency, "ALL"):
                    key = span, code, base_code(item["procedure_code"])
                    passes[key] = passes.get(key, True) and good
        groups: dict[tuple[Span, str], list[bool]] = defaultdict(list)
        for (span, code, _), good in passes.items():
            groups[span, code].append(good)
        for (span, code), marks in groups.items():
            self._distinct("announced", "A", span, code, marks)

    def _published(self) -> None:
        for _, agency, decided, item in self._items():
            at = instant(item["published_at"])
            done = at.date() if at and at <= self.as_of else None
            deadlines = {
                "literal": decided + dt.timedelta(days=5),
                "rolled": roll(decided + dt.timedelta(days=5)),
                "working": add_working(decided, 5),
            }
            for variant, deadline in deadlines.items():
                if done or deadline < self.today:
                    self._count(
                        "published_5d", variant, decided, agency, bool(done and done <= deadline)
                    )

    def _plans(self) -> None:
        for t in self.truth["plan_tasks"]:
            due, done = day(t["due_on"]), day(t["completed_on"])
            done = done if done and done <= self.today else None
            if (
                due is None
                or t["cancelled_by"]
                or due > self.today
                or (due == self.today and not done)
            ):
                continue
            kpi = PLANS[t["plan_no"]]
            good = bool(done and done <= due and t["product_document_no"])
            if kpi == "plan_05":
                good = good and t["quality"] == "passed"
            self._count(
                kpi, "A", due, self.aliases.get(t["lead_agency_code"], t["lead_agency_code"]), good
            )

    def _feedback(self) -> None:
        for f in self.truth["feedback"]:
            received, answered = day(f["received_on"]), day(f["answered_on"])
            if received is None or received > self.today:
                continue
            answered = answered if answered and answered <= self.today else None
            deadline = add_working(received, 15)
            if answered or deadline < self.today:
                agency = self.aliases.get(f["agency_code"], f["agency_code"])
                self._count(
                    "feedback_on_time",
                    "A",
                    received,
                    agency,
                    bool(answered and answered <= deadline),
                )
