"""The simulated world: everything the four systems know, at any moment.

Belongs here: building it from a seed, showing it at a clock, writing its truth and its file drops.
Doesn't: HTTP (server.py).
"""

import csv
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from openpyxl import Workbook

from demo.cases import Cases, draw_cases
from demo.clockwork import LOCAL, WorkingDays, local_seconds
from demo.crossings import cross_boundaries
from demo.followers import (
    bare,
    decision_at,
    make_decisions,
    make_feedback,
    make_nominations,
    make_plan_tasks,
    make_ratings,
    make_submissions,
)
from demo.registers import Registers, make_registers
from demo.snapshots import case_records, visible

FUTURE_DAYS = 30
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class World:
    """One province. `end` is the default clock; the world goes on for a month after it."""

    seed: int
    end: dt.datetime
    cases: Cases
    registers: Registers
    ratings: Rows
    submissions: Rows
    decisions: Rows
    plan_tasks: Rows
    feedback: Rows
    nominations: Rows

    @classmethod
    def build(
        cls,
        seed: int = 2023,
        end: dt.datetime | None = None,
        years: float = 2,
        cases_per_year: int = 80_000,
        response: str = "real",
        procedures: int = 1400,
    ) -> "World":
        """Draw a world; the same arguments always give the same one."""
        end = (end or dt.datetime.now(LOCAL)).astimezone(LOCAL)
        last = end.date() + dt.timedelta(days=FUTURE_DAYS)
        first = end.date() - dt.timedelta(days=round(365 * years))
        count = round(cases_per_year * (years + FUTURE_DAYS / 365))
        calendar = WorkingDays.between(first.year - 2, last.year + 3)
        # Streams of their own, so that more cases don't change the registers.
        streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(6)]
        registers = make_registers(streams[0], first, last, procedures)
        cases = draw_cases(streams[1], calendar, registers, first, last, count)
        cross_boundaries(cases, calendar)
        return cls(
            seed=seed,
            end=end,
            cases=cases,
            registers=registers,
            ratings=make_ratings(streams[2], cases, response),
            submissions=make_submissions(cases, registers),
            decisions=make_decisions(streams[3], calendar, registers, first, last),
            plan_tasks=make_plan_tasks(streams[4], registers, first, last),
            feedback=make_feedback(streams[5], cases, calendar, registers),
            nominations=make_nominations(registers),
        )

    @classmethod
    def empty(cls, end: dt.datetime) -> "World":
        """Four systems that have just been set up: no register, no case, nothing that follows one."""
        made = cls.build(end=end, years=0, cases_per_year=0, procedures=1)
        registers = replace(made.registers, agencies=[], procedures=[], staff=[], services=[])
        return replace(
            made, registers=registers, ratings=[], submissions=[], decisions=[], plan_tasks=[], feedback=[],
            nominations=[],
        )  # fmt: skip

    def case_rows(self, clock: dt.datetime) -> Iterator[dict[str, Any]]:
        """Cases as they stand at `clock`, ordered by (updated_at, case_code)."""
        now = local_seconds(clock)
        return case_records(self.cases, self.registers, visible(self.cases, now), now)

    def rating_rows(self, clock: dt.datetime) -> Rows:
        """Ratings sent by `clock`, ordered by (submitted_at, rating_id)."""
        return [bare(row) for row in self.ratings if row["_at"] <= local_seconds(clock)]

    def submission_rows(self, clock: dt.datetime) -> Rows:
        """Submissions decided by `clock`, ordered by (changed_at, submission_id)."""
        return [bare(row) for row in self.submissions if row["_at"] <= local_seconds(clock)]

    def decision_rows(self, clock: dt.datetime) -> Rows:
        """Decisions signed by `clock`, with what is published by then."""
        now = local_seconds(clock)
        return [decision_at(row, now) for row in self.decisions if row["_at"] <= now]

    def dropped_rows(self, clock: dt.datetime) -> dict[str, Rows]:
        """What people would have written into files by `clock`, by file name prefix."""
        today = str(clock.astimezone(LOCAL).date())

        def known(row: dict[str, Any], *names: str) -> dict[str, Any]:
            hidden = {name: None for name in names if row[name] and row[name] > today}
            if hidden.get("completed_on", "") is None:
                hidden |= {"product_document_no": None, "quality": None}
            return {**row, **hidden}

        return {
            "plan_tasks": [known(row, "completed_on") for row in self.plan_tasks],
            "feedback": [
                known(row, "answered_on") for row in self.feedback if row["received_on"] <= today
            ],
            "nominations": [row for row in self.nominations if row["submitted_on"] <= today],
        }

    def truth(self, clock: dt.datetime | None = None) -> dict[str, Rows]:
        """Everything that is true at `clock`, in the contract's words; deleted cases are not in it."""
        clock = clock or self.end
        dropped = self.dropped_rows(clock)
        return {
            "cases": [row for row in self.case_rows(clock) if not row["is_deleted"]],
            "ratings": self.rating_rows(clock),
            "services": self.registers.services,
            "submissions": self.submission_rows(clock),
            "agencies": self.registers.agencies,
            "procedures": self.registers.procedures,
            "staff": self.registers.staff,
            "decisions": self.decision_rows(clock),
            "plan_tasks": dropped["plan_tasks"],
            "feedback": dropped["feedback"],
            "nominations": dropped["nominations"],
        }

    def write_truth(self, folder: Path, clock: dt.datetime | None = None) -> list[Path]:
        """Write the truth as one NDJSON file a list."""
        folder.mkdir(parents=True, exist_ok=True)
        encoder = msgspec.json.Encoder()
        written = []
        for name, rows in self.truth(clock).items():
            path = folder / f"{name}.ndjson"
            path.write_bytes(encoder.encode_lines(rows))
            written.append(path)
        return written

    def write_drops(self, inbox: Path, clock: dt.datetime | None = None) -> list[Path]:
        """Write the files that people drop: plans as a workbook, the rest as CSV."""
        clock = clock or self.end
        inbox.mkdir(parents=True, exist_ok=True)
        stamp = f"{clock.astimezone(LOCAL):%Y%m%d}"
        written = []
        for name, rows in self.dropped_rows(clock).items():
            if not rows:
                continue
            if name == "plan_tasks":
                written.append(_write_workbook(inbox / f"{name}_{stamp}.xlsx", rows))
            else:
                written.append(_write_csv(inbox / f"{name}_{stamp}.csv", rows))
        return written


def _write_csv(path: Path, rows: Rows) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        for row in rows:
            writer.writerow({name: _vietnamese(name, value) for name, value in row.items()})
    return path


def _vietnamese(name: str, value: Any) -> Any:
    """Half of the date columns are written as people here write dates: dd/mm/yyyy."""
    if name == "received_on" and value:
        return f"{dt.date.fromisoformat(value):%d/%m/%Y}"
    return value


def _write_workbook(path: Path, rows: Rows) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 (a new workbook has one)
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append([
            dt.date.fromisoformat(value) if name in ("due_on", "completed_on") and value else value
            for name, value in row.items()
        ])  # fmt: skip
    book.save(path)
    return path
