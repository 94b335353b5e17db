"""Every KPI of contracts.md §4.1, from truth, as {(kpi, variant, kind, start, agency): (n, d)}."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from tests.oracle.facts import (
    CaseFact,
    Row,
    base_code,
    case_facts,
    day,
    instant,
    level,
)
from tests.oracle.index_766 import Index
from tests.oracle.online_224 import count_online_224
from tests.oracle.registers import Registers
from tests.oracle.small import RATED, shown_as
from tests.oracle.tally import ONE_DAY, Count, Key, Span

UNHAPPY = {"KHÔNG HÀI LÒNG", "RẤT KHÔNG HÀI LÒNG", "DISLIKE", "KHÔNG THÍCH", "KHÔNG HỮU ÍCH"}
LEVELS = UNHAPPY | {"RẤT HÀI LÒNG", "HÀI LÒNG", "BÌNH THƯỜNG", "LIKE", "THÍCH", "HỮU ÍCH"}


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
            self._on_time_closed, self._on_time_b, self._on_time_c, self._ratings, self._services,
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

    def _on_time_closed(self) -> None:
        for f in self.accepted:
            if f.due_on is None:
                continue
            if f.end_on and f.ended:
                good = f.in_time(f.ended)
                self._count("on_time", "A", f.end_on, f.agency, good)
                self._count("on_time", "C", f.end_on, f.agency, good)
                if f.end_kind in ("finished", "returned"):
                    self._count("on_time", "A_prime", f.end_on, f.agency, good)
            if f.handover_on and f.handed_over:
                self._count("on_time", "D", f.handover_on, f.agency, f.in_time(f.handed_over))

    def _on_time_b(self) -> None:
        for f in self.accepted:
            if f.due_on is None or f.received_on is None:
                continue
            spans = set(self._spans(f.received_on)) | (
                set(self._spans(f.end_on)) if f.end_on else set()
            )
            for span in spans:
                self._add(
                    "on_time", "B", span, f.agency, self._good_in_b(f, min(span[2], self.today))
                )

    def _good_in_b(self, f: CaseFact, e: dt.date) -> bool:
        if sum(asked <= e for asked, _ in f.pauses) > 1:
            return False
        if f.end_on and f.ended and f.end_on <= e:
            return f.in_time(f.ended)
        requests = self._open_requests(f, e)
        return f.in_time(min(requests)) if requests else e < self._overdue_from(f)

    def _open_requests(self, f: CaseFact, e: dt.date) -> list[dt.datetime]:
        return [
            asked for asked, (day_asked, done) in zip(f.asked, f.pauses, strict=True)
            if day_asked <= e and (done is None or done > e)
        ]  # fmt: skip

    def _overdue_from(self, f: CaseFact) -> dt.date:
        """The first day at whose end a case that is still open is overdue."""
        assert f.due_on is not None
        passed = f.due_moment is not None and f.due_moment <= self.as_of
        return f.due_on if passed else f.due_on + ONE_DAY

    def _on_time_c(self) -> None:
        """Add to A's denominator what is open and overdue on each period's day of judgement."""
        last_days: dict[dt.date, set[Span]] = defaultdict(set)
        at = min((f.received_on for f in self.accepted if f.received_on), default=self.today)
        while at <= self.today:
            for span in self._spans(at):
                last_days[min(span[2], self.today)].add(span)
            at += ONE_DAY
        for f in self.accepted:
            if f.due_on is None or f.received_on is None:
                continue
            at = max(self._overdue_from(f), f.received_on)
            stop = f.end_on - ONE_DAY if f.end_on else self.today
            while at <= stop:
                if not self._open_requests(f, at):
                    for span in last_days.get(at, ()):
                        self._add("on_time", "C", span, f.agency, good=False)
                at += ONE_DAY

    def _ratings(self) -> None:
        shown: dict[tuple[str, str], set[str]] = defaultdict(set)
        for r in self.truth["ratings"]:
            if str(r["scale"]) == "3":
                shown[r["source"], r["device_id"]].add(level(r["level_raw"]))
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
            if str(r["is_test"]).lower() in ("true", "1") or at < fact.received:  # type: ignore[operator]
                continue
            if fact.code in rated:
                continue
            rated.add(fact.code)
            if not fact.at_centre:
                continue
            self.first_ratings.append((fact, at.date(), said))
            self._count("dissatisfied", "A", at.date(), fact.agency, said in UNHAPPY)
            levels = shown[r["source"], r["device_id"]]
            lacks_top = (
                str(r["scale"]) == "3" and "BÌNH THƯỜNG" in levels and "RẤT HÀI LÒNG" not in levels
            )
            if r["scale"] != "like" and not lacks_top:
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
        firsts = [f.received_on for f in self.accepted if f.received_on]
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
