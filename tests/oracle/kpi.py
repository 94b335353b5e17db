"""Every KPI of contracts.md §4.1, from truth, as {(kpi, variant, kind, start, agency): (n, d)}.

Belongs here: counting cases, ratings and services by period and agency. Doesn't: how a variant judges a case
(verdicts.py), registers (registers.py).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from tests.oracle.devices import LEVELS, UNHAPPY, Devices
from tests.oracle.facts import (
    CaseFact,
    Row,
    base_code,
    case_facts,
    day,
    instant,
    level,
    yes,
)
from tests.oracle.index_766 import Index
from tests.oracle.limits import days_between
from tests.oracle.online_224 import count_online_224
from tests.oracle.registers import Registers
from tests.oracle.small import RATED, shown_as
from tests.oracle.tally import ONE_DAY, Count, Key, Span
from tests.oracle.verdicts import verdict


class Oracle(Registers):
    """Counts one world; `counts` holds every key with something counted."""

    def __init__(
        self,
        truth: dict[str, list[Row]],
        as_of: dt.datetime,
        centre: str,
        campaigns: tuple[tuple[dt.date, dt.date], ...] = (),
    ) -> None:
        super().__init__(truth, as_of, centre, campaigns)
        self.facts = case_facts(truth, as_of, centre)
        self.accepted = [f for f in self.facts.values() if f.accepted and f.at_centre]
        self.first_ratings: list[tuple[CaseFact, dt.date, str]] = []
        for count in (
            self._on_time, self._ratings, self._services,
            self._online, self._announced, self._published, self._plans, self._feedback,
        ):  # fmt: skip
            count()
        count_online_224(self)
        index = Index(
            truth, self.facts, self._all_spans(), self._spans, self.counts, self.first_ratings,
            self.aliases, as_of,
        )  # fmt: skip
        codes = self._shown_codes()
        hidden = {
            key[2:] for key, code in codes.items() if key[0] == "dissatisfied" and code != key[4]
        }
        self._counts.update({key: list(pair) for key, pair in index.points(hidden).items()})
        self._merge_small(codes)

    def _shown_codes(self) -> dict[Key, str | None]:
        """Every key of ratings → the agency code under which it is published."""
        sizes: dict[tuple[str, str, dt.date], dict[str, int]] = defaultdict(dict)
        for (kpi, _, kind, start, agency), (_, whole) in self._counts.items():
            if kpi in RATED and agency != "ALL":
                sizes[kpi, kind, start][agency] = whole
        return {
            (kpi, "A", kind, start, agency): code
            for (kpi, kind, start, agency), code in shown_as(sizes).items()
        }

    def _merge_small(self, codes: dict[Key, str | None]) -> None:
        for key, code in codes.items():
            if code != key[4]:
                good, whole = self._counts.pop(key)
                if code:
                    merged = self._counts[(*key[:4], code)]
                    merged[0] += good
                    merged[1] += whole

    def _on_time(self) -> None:
        """Each case in every period in which a variant could count it."""
        horizon = min((f.received_on for f in self.accepted if f.received_on), default=self.today)
        last_days: dict[dt.date, set[Span]] = defaultdict(set)
        for at in (horizon, *days_between(horizon, self.today)):
            for span in self._spans(at):
                last_days[min(span[2], self.today)].add(span)
        for f in self.accepted:
            for span in self._spans_of(f):
                for variant in ("A", "A_prime", "B", "D"):
                    self._judge(variant, f, span)
            for span in self._spans(f.end_on) if f.end_on else ():
                self._judge("C", f, span)
            self._open_in_c(f, last_days)

    def _spans_of(self, f: CaseFact) -> set[Span]:
        days = {at for at in (f.received_on, f.end_on, f.handover_on) if at}
        return {span for at in days for span in self._spans(at)}

    def _judge(self, variant: str, f: CaseFact, span: Span) -> None:
        good = verdict(variant, f, span[1], min(span[2], self.today))
        if good is not None:
            self._add("on_time", variant, span, f.agency, good)

    def _open_in_c(self, f: CaseFact, last_days: dict[dt.date, set[Span]]) -> None:
        """Walk the days on which a case was open, for periods that it neither began nor ended in."""
        if f.due_on is None or f.received_on is None:
            return
        at = max(f.received_on, f.due_on)
        while at <= self.today and f.is_open_at_end_of(at):
            if f.is_overdue_at_end_of(at):
                for span in last_days.get(at, ()):
                    self._add("on_time", "C", span, f.agency, good=False)
            at += ONE_DAY

    def _ratings(self) -> None:
        devices = Devices(self.truth, self.as_of)
        rated: set[str] = set()
        ordered = sorted(
            self.truth["ratings"], key=lambda r: (instant(r["rated_at"]), r["rating_id"])
        )
        for r in ordered:
            fact, at, said = (
                self.facts.get(r["case_code"]),
                instant(r["rated_at"]),
                level(r["level_raw"]),
            )
            if not fact or not fact.accepted or at is None or at > self.as_of or said not in LEVELS:
                continue
            if yes(r["is_test"]) or at < fact.received:  # type: ignore[operator]
                continue
            if fact.code in rated:
                continue
            rated.add(fact.code)
            if not fact.at_centre:
                continue
            self.first_ratings.append((fact, at.date(), said))
            self._count("dissatisfied", "A", at.date(), fact.agency, said in UNHAPPY)
            if devices.has_top_level(r):
                self._count("very_satisfied", "A", at.date(), fact.agency, said == "RẤT HÀI LÒNG")

    def _live_spans(self) -> list[tuple[str, str, dt.date, dt.date]]:
        """(procedure, agency, first, last live day) of every online service of level 3 or 4."""
        found = []
        for s in self.truth["services"]:
            begins, gone = day(s["published_on"]), day(s["withdrawn_on"])
            is_known = s["state"] in ("public", "closing", "testing") or (
                s["state"] == "stopped" and gone
            )
            last = gone - ONE_DAY if gone else dt.date.max
            if int(s["level"]) in (3, 4) and begins and is_known and begins <= last:
                agency = self.aliases.get(s["agency_code"], s["agency_code"])
                found.append((base_code(s["procedure_code"]), agency, begins, last))
        return found

    def _all_spans(self) -> set[Span]:
        """Every period from the first day on which anything counted happened."""
        firsts = [at for f in self.accepted for at in (f.received_on, f.end_on) if at]
        firsts += [decided for _, _, decided, _ in self._items()]
        firsts += [at for t in self.truth["plan_tasks"] if (at := day(t["due_on"])) and at < self.today
                   and not t["cancelled_by"]]  # fmt: skip
        firsts += [at for f in self.truth["feedback"] if (at := day(f["received_on"]))]
        at, found = min([*firsts, self.today]), set()
        while at <= self.today:
            found |= set(self._spans(at))
            at += ONE_DAY
        return found

    def _services(self) -> None:
        live = self._live_spans()
        demand: dict[Span, dict[str, bool]] = defaultdict(dict)
        for f in self.accepted:
            for span in self._spans(f.received_on):  # type: ignore[arg-type]
                demand[span][f.procedure] = demand[span].get(f.procedure, False) or f.online
        for span in self._all_spans():
            end = min(span[2], self.today)
            offered: dict[str, set[str]] = defaultdict(set)
            for procedure, agency, first, last in live:
                if first <= end and last >= span[1]:
                    offered[agency].add(procedure)
                    offered["ALL"].add(procedure)
            for agency, procedures in offered.items():
                self._distinct("services_with_cases", "A", span, agency,
                               [demand[span].get(p, False) for p in procedures])  # fmt: skip
                self._distinct("services_with_cases", "B", span, agency,
                               [demand[span][p] for p in procedures if p in demand[span]])  # fmt: skip

    def _online(self) -> None:
        live: dict[str, list[tuple[dt.date, dt.date]]] = defaultdict(list)
        for procedure, _, first, last in self._live_spans():
            live[procedure].append((first, last))
        pilots: dict[str, list[tuple[dt.date, dt.date]]] = defaultdict(list)
        for s in self.truth["services"]:
            if s["pilot_from"]:
                window = day(s["pilot_from"]), day(s["pilot_to"]) or dt.date.max
                pilots[base_code(s["procedure_code"])].append(window)  # type: ignore[arg-type]
        for f in self.accepted:
            at = f.received_on
            assert at is not None
            self._count("online_cases", "A", at, f.agency, f.online)
            if any(first <= at <= last for first, last in live[f.procedure]):
                self._count("online_cases", "B", at, f.agency, f.online)
            if any(first <= at <= last for first, last in pilots[f.procedure]):
                self._count("pilot_compliance", "A", at, f.agency, f.online)


def differences(published: Iterable[Row], expected: dict[Key, Count]) -> list[str]:
    """Where published rows and the oracle differ; nothing counted and no row at all are the same."""
    got: dict[Key, Count] = {}
    for row in published:
        key = (
            row["kpi_id"],
            row["variant"],
            row["period_kind"],
            row["period_start"],
            row["agency_code"],
        )
        got[key] = (int(row["numerator"]), int(row["denominator"]))
    return [
        f"{key}: published {got.get(key, (0, 0))}, true {expected.get(key, (0, 0))}"
        for key in sorted(got.keys() | expected.keys(), key=str)
        if got.get(key, (0, 0)) != expected.get(key, (0, 0))
    ]
