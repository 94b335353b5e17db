"""Decision 766 from truth: the metrics that our sources know, and their points in millionths."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Set
from fractions import Fraction

from tests.oracle.facts import CaseFact, Row, base_code, day, instant
from tests.oracle.workdays import add_working

KINDS = ("month", "quarter", "year", "ytd", "campaign")
BEGINS = dt.date(2022, 8, 1)
# metric → group, the most it gives, the ratio at which it is full, what an empty period gives.
METRICS: dict[str, tuple[str, int, Fraction, int | None]] = {
    "announced": ("transparency", 6, Fraction(1), None),
    "updated": ("transparency", 4, Fraction(1), None),
    "content": ("transparency", 2, Fraction(1), None),
    "on_time": ("progress", 20, Fraction(1), None),
    "offered": ("online", 2, Fraction(8, 10), None),
    "used": ("online", 4, Fraction(1), None),
    "online": ("online", 6, Fraction(1, 2), None),
    "paid": ("payment", 6, Fraction(1), None),
    "payable": ("payment", 2, Fraction(8, 10), None),
    "paid_procedures": ("payment", 2, Fraction(8, 10), None),
    "result": ("digitisation", 6, Fraction(1), None),
    "digitised": ("digitisation", 4, Fraction(1), None),
    "reused": ("digitisation", 2, Fraction(8, 10), None),
    "vneid": ("digitisation", 2, Fraction(1), None),
    "petitions": ("satisfaction", 6, Fraction(1), 6),
    "satisfied": ("satisfaction", 6, Fraction(9, 10), 0),
}
Span = tuple[str, dt.date, dt.date]
Key = tuple[str, str, str, dt.date, str]
UNHAPPY = {"KHÔNG HÀI LÒNG", "RẤT KHÔNG HÀI LÒNG", "DISLIKE", "KHÔNG THÍCH", "KHÔNG HỮU ÍCH"}


class Index:
    """Counts of every metric by (metric, span, agency), then points by KPI key."""

    def __init__(
        self,
        truth: dict[str, list[Row]],
        facts: dict[str, CaseFact],
        spans: Iterable[Span],
        spans_at: Callable[[dt.date], Iterable[Span]],
        counts: dict[Key, tuple[int, int]],
        first_ratings: Iterable[tuple[CaseFact, dt.date, str]],
        aliases: dict[str, str],
        as_of: dt.datetime,
    ) -> None:
        self.truth, self.facts, self.aliases, self.as_of = truth, facts, aliases, as_of
        self.today = as_of.date()
        self.spans = [s for s in spans if s[0] in KINDS]
        self.spans_at, self.kpis, self.first_ratings = spans_at, counts, list(first_ratings)
        self.counts: dict[tuple[str, Span, str], list[int]] = defaultdict(lambda: [0, 0])
        self.procedures = {base_code(p["procedure_code"]): p for p in truth["procedures"]}
        self._from_kpis()
        self._announcements()
        self._contents()
        self._procedures()
        self._cases()
        self._petitions()
        self._satisfied()

    def _add(self, metric: str, span: Span, agency: str, good: int, whole: int = 1) -> None:
        for code in {agency, "ALL"}:
            entry = self.counts[metric, span, code]
            entry[0] += int(good)
            entry[1] += whole

    def _during(self, at: dt.date) -> list[Span]:
        return [span for span in self.spans_at(at) if span[0] in KINDS]

    def _from_kpis(self) -> None:
        ends = {(kind, start): end for kind, start, end in self.spans}
        names = {("on_time", "B"): "on_time", ("online_cases", "A"): "online"}
        for (kpi, variant, kind, start, agency), (good, whole) in self.kpis.items():
            if kind not in KINDS:
                continue
            span = kind, start, ends[kind, start]
            if (kpi, variant) in names:
                self.counts[names[kpi, variant], span, agency] = [good, whole]
            elif (kpi, variant) == ("services_with_cases", "A") and agency != "ALL":
                self._add("used", span, agency, good, whole)

    def _announcements(self) -> None:
        verdicts: dict[tuple[str, Span, str, str], bool] = {}
        for decision, decided, agency, item in self._items():
            for metric, good in self._judge(decision, decided, item).items():
                for span in self._during(decided):
                    for unit in (agency, "ALL"):
                        key = metric, span, unit, base_code(item["procedure_code"])
                        verdicts[key] = verdicts.get(key, True) and good
        for (metric, span, unit, _), good in verdicts.items():
            entry = self.counts[metric, span, unit]
            entry[0] += good
            entry[1] += 1

    def _items(self) -> Iterable[tuple[Row, dt.date, str, Row]]:
        for d in self.truth["decisions"]:
            decided = day(d["decided_on"])
            if decided and decided <= self.today:
                agency = self.aliases.get(d["agency_code"], d["agency_code"])
                for item in d["items"]:
                    yield d, decided, agency, item

    def _judge(self, decision: Row, decided: dt.date, item: Row) -> dict[str, bool]:
        basis, at = day(decision["basis_effective_on"]), instant(item["published_at"])
        done, due = at.date() if at and at <= self.as_of else None, add_working(decided, 5)
        found = {"announced": due <= basis} if basis else {}
        if done or due < self.today:
            found["updated"] = bool(done and done <= due)
        return found

    def _contents(self) -> None:
        entries: dict[str, list[tuple[dt.date, str, str, Row]]] = defaultdict(list)
        for decision, decided, agency, item in self._items():
            code = base_code(item["procedure_code"])
            entries[code].append((decided, decision["decision_no"], agency, item))
        for span in self.spans:
            for found in entries.values():
                past = [e for e in found if e[0] <= min(span[2], self.today)]
                if past:
                    *_, agency, item = max(past, key=lambda e: (e[0], e[1]))
                    if item["action"] != "abolished":
                        self._add("content", span, agency, bool(item["complete"]))

    def _live_services(self) -> dict[str, list[tuple[dt.date, dt.date, Row]]]:
        found = defaultdict(list)
        for s in self.truth["services"]:
            begins, gone = day(s["published_on"]), day(s["withdrawn_on"])
            is_known = s["state"] != "stopped" or gone
            if int(s["level"]) in (3, 4) and begins and is_known:
                found[base_code(s["procedure_code"])].append((begins, gone or dt.date.max, s))
        return found

    def _procedures(self) -> None:
        services = self._live_services()
        # Whether anything was paid online is known only where some case says so.
        has_paid = any(row["paid_online"] is not None for row, _ in self._accepted())
        paid: dict[Span, set[str]] = defaultdict(set)
        for row, fact in self._accepted():
            if self._is_paid(row) and fact.received_on:
                for span in self._during(fact.received_on):
                    paid[span].add(fact.procedure)
        for span in self.spans:
            at = min(span[2], self.today)
            for code, row in self.procedures.items():
                begins, ends = day(row["valid_from"]), day(row["valid_to"])
                if (begins and begins > at) or (ends and ends < at):
                    continue
                agency = self.aliases.get(row["agency_code"], row["agency_code"])
                live = [s for first, gone, s in services[code] if first <= at < gone]
                self._add("offered", span, agency, bool(live))
                if row["has_fee"]:
                    self._add("payable", span, agency, any(s["online_payment"] for s in live))
                    if has_paid:
                        self._add("paid_procedures", span, agency, code in paid[span])

    def _accepted(self) -> Iterable[tuple[Row, CaseFact]]:
        for row in self.truth["cases"]:
            fact = self.facts[row["case_code"]]
            if fact.accepted and fact.at_centre:
                yield row, fact

    def _is_paid(self, row: Row) -> bool:
        return int(row["fee_total_vnd"] or 0) > 0 and str(row["paid_online"]) in ("1", "2")

    def _cases(self) -> None:
        def yes(row: Row, name: str) -> bool:
            return str(row[name]).lower() in ("true", "1")

        for row, fact in self._accepted():
            assert fact.received_on
            for span in self._during(fact.received_on):
                if int(row["fee_total_vnd"] or 0) > 0:
                    self._add("paid", span, fact.agency, self._is_paid(row))
                self._add("reused", span, fact.agency, yes(row, "components_reused"))
                self._add("vneid", span, fact.agency, yes(row, "vneid_verified"))
            if fact.end_kind not in ("finished", "returned") or not fact.end_on:
                continue
            for span in self._during(fact.end_on):
                has_result = yes(row, "result_digitised")
                if self.procedures.get(fact.procedure, {}).get("requires_paper_result"):
                    self._add("result", span, fact.agency, has_result)
                both = has_result and yes(row, "components_digitised")
                self._add("digitised", span, fact.agency, both)

    def _petitions(self) -> None:
        for f in self.truth["feedback"]:
            received, answered = day(f["received_on"]), day(f["answered_on"])
            if not received or received > self.today or f["kind"] not in ("petition", "reflection"):
                continue
            answered = answered if answered and answered <= self.today else None
            due = add_working(received, 15)
            if answered or due < self.today:
                agency = self.aliases.get(f["agency_code"], f["agency_code"])
                for span in self._during(received):
                    self._add("petitions", span, agency, bool(answered and answered <= due))

    def _satisfied(self) -> None:
        unhappy: dict[tuple[Span, str], set[str]] = defaultdict(set)

        def mark(fact: CaseFact | None, at: dt.date) -> None:
            if fact and fact.accepted and fact.at_centre:
                for span in self._during(at):
                    unhappy[span, fact.agency].add(fact.code)
                    unhappy[span, "ALL"].add(fact.code)

        for fact, at, said in self.first_ratings:
            if said in UNHAPPY:
                mark(fact, at)
        for f in self.truth["feedback"]:
            received = day(f["received_on"])
            if received and received <= self.today and f["kind"] in ("petition", "reflection"):
                mark(self.facts.get(f["case_code"]), received)
        for (metric, span, agency), (good, whole) in list(self.counts.items()):
            if metric == "on_time":
                left = max(0, good - len(unhappy[span, agency]))
                self.counts["satisfied", span, agency] = [left, whole]

    def points(self, hidden: Set[tuple[str, dt.date, str]]) -> dict[Key, tuple[int, int]]:
        """(millionths earned, millionths covered by data) by KPI key; nothing where nothing is covered.

        `hidden` are the (kind, start, agency) whose ratings aren't published by themselves.
        """
        known: dict[tuple[str, str], dt.date] = {}
        places = set()
        for metric, span, agency in self.counts:
            places.add((span, agency))
            before = known.get((metric, span[0]), dt.date.max)
            known[metric, span[0]] = min(before, span[1])
        found: dict[Key, tuple[int, int]] = {}
        for span, agency in places:
            if span[1] < BEGINS:
                continue
            for metric, (group, most, full, when_none) in METRICS.items():
                if known.get((metric, span[0]), dt.date.max) > span[1]:
                    continue
                if metric == "satisfied" and (*span[:2], agency) in hidden:
                    continue
                good, whole = self.counts.get((metric, span, agency), (0, 0))
                if whole:
                    share = min(Fraction(1), Fraction(good, whole) / full)
                    earned = int(share * most * 1_000_000 + Fraction(1, 2))
                elif when_none is None:
                    continue
                else:
                    earned = when_none * 1_000_000
                for name in (f"index_766_{group}", "index_766_total"):
                    key = name, "A", span[0], span[1], agency
                    before_sum = found.get(key, (0, 0))
                    found[key] = before_sum[0] + earned, before_sum[1] + most * 1_000_000
        return found
