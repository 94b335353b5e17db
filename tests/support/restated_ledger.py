"""A store on disk whose nights are made of random changes, for the tests of restatement.

Belongs here: histories of cases, ratings and decisions, a changed rule and calendar. Doesn't: recomputing
what was published (test_restate.py).
"""

import datetime as dt
import json
import random
from dataclasses import replace
from pathlib import Path

import duckdb

from assets.shapes import raw_shapes
from figures.publication_log import RuleSet, keep_publication, rule_set
from figures.replay import staged_query
from orchestration.settings import PROJECT
from tests.conftest import CENTRE, LOCAL
from tests.support.plain_night import parts_of
from warehouse.load.landed_pages import ensure_raw_table
from warehouse.models.catalog import Model
from warehouse.models.seeds import load_seeds
from warehouse.store.connection import Limits, open_warehouse
from warehouse.store.state import RunContext, ensure_state, set_run_context

FIRST = dt.datetime(2023, 4, 3, 1, 30, tzinfo=LOCAL)
NIGHTS = 5
NIGHT = dt.timedelta(days=9)
FIELDS = (
    "received_at",
    "due_at",
    "finished_at",
    "returned_at",
    "withdrawn_at",
    "competent_received_at",
)


EARLIER = dt.timedelta(days=20)
LIMIT_OF_FIVE = "1.000005"


class Ledger:
    """A store on disk whose nights are made of random changes; `versions` are its publications."""

    def __init__(self, path: Path, seed: int) -> None:
        parts = parts_of()
        self.path, self.macros = path, PROJECT / "sql" / "macros.sql"
        self.catalog, self.rules = parts.catalog, parts.rules
        self.connection: duckdb.DuckDBPyConnection = open_warehouse(
            path, self.macros, Limits(threads=1)
        )
        ensure_state(self.connection)
        for shape in raw_shapes(parts.sources).values():
            ensure_raw_table(self.connection, shape)
        load_seeds(self.connection, self.catalog.seeds)
        self.random, self.now = random.Random(seed), FIRST
        self.cases: dict[str, dict[str, object]] = {}
        self.versions: list[str] = []
        show(self, "raw.cases__procedure", FIRST - EARLIER, procedure_code=LIMIT_OF_FIVE, name="x",
             time_limit_value="5", time_limit_unit="working_day")  # fmt: skip
        self.order = [
            model
            for model in self.catalog.models.values()
            if model.table in self.catalog.ancestors("marts.kpi_value")
            or model.table == "core.case_history"
        ]

    def receive(self, code: str, case: dict[str, object], updated_at: dt.datetime) -> None:
        """A version of a case reaches raw tonight; pauses and times are text, as sources send them."""
        row = {
            "case_code": code, "agency_code": case["agency"], "reception_unit_code": CENTRE,
            "channel": str(case["channel"]), "status": str(case["status"]),
            "procedure_code": str(case.get("procedure", "")), "pauses": json.dumps(case["pauses"]),
            "extensions": "[]", "is_deleted": "false",
            "cross_boundary": str(case.get("cross_boundary", "")),
            "updated_at": updated_at.isoformat(),
            **{name: case[name].isoformat() for name in FIELDS if case.get(name)},  # type: ignore[attr-defined]
        }  # fmt: skip
        show(self, "raw.cases__case", updated_at, **row)
        self.cases[code] = case

    def night(self, changed: Model | None = None) -> None:
        """Publish what tonight's rows give; `changed` replaces a model of the rule set from now on."""
        if changed is not None:
            self.order = [changed if m.table == changed.table else m for m in self.order]
        set_run_context(self.connection, RunContext(self.now, CENTRE, "test"))
        for model in self.order:
            rules = self.rules.get(model.table, ())
            query = staged_query(model, rules) if model.keep else model.query
            self.connection.execute(f"create or replace table {model.table} as {query}")
        version = f"v{len(self.versions):02}"
        keep_publication(self.connection, version, len(self.versions) + 1, self.rule_set())
        self.versions.append(version)
        self.now += NIGHT

    def rule_set(self) -> RuleSet:
        """The rules in force, a changed model among them."""
        found = rule_set(self.connection, self.catalog, self.rules, self.macros)
        kept = {model.table: model for model in self.order}
        return replace(found, models=[kept.get(m.table, m) for m in found.models])

    def mark_deleted(self, code: str, event: str, batch_id: str = "sweep") -> None:
        """What a key sweep writes when a case is gone, or is there again."""
        place = {"code": code, "at": self.now, "event": event, "batch": batch_id}
        self.connection.execute(
            "insert into meta.deletion_log values ('cases', 'case', $code, $event, $at, $batch)",
            place,
        )
        self.connection.execute("delete from meta.deletion where key = $code", {"code": code})
        if event == "deleted":
            self.connection.execute(
                "insert into meta.deletion values ('cases', 'case', $code, $at, 'sweep')",
                {"code": code, "at": self.now},
            )

    def change(self) -> None:
        """A night's random changes."""
        r = self.random
        for number in range(12):
            at = self.now - dt.timedelta(days=r.randint(0, 30), hours=r.randint(1, 9))
            received = max(at, FIRST - dt.timedelta(days=60))
            case = {
                "agency": r.choice(["H37.01", "H37.02"]), "channel": r.choice([1, 2]), "status": 4, "pauses": [],
                "received_at": received, "due_at": received + dt.timedelta(days=r.randint(3, 12)),
            }  # fmt: skip
            if number % 3 == 0:  # a day that the calendar gives, so that a changed one moves it
                case |= {"due_at": None, "procedure": LIMIT_OF_FIVE}
            self._maybe_end(case)
            self.receive(
                f"c{len(self.versions)}-{number}", case, received + dt.timedelta(minutes=5)
            )
        for code, case in r.sample(sorted(self.cases.items()), min(8, len(self.cases))):
            mended = dict(case)
            kind = r.choice(["end", "due", "agency", "pause", "late_arrival"])
            if kind == "end":
                self._maybe_end(mended)
            elif kind == "due" and case["due_at"]:
                mended["due_at"] = case["due_at"] + dt.timedelta(days=r.randint(-6, 6))  # type: ignore[operator]
            elif kind == "agency":
                mended["agency"] = r.choice(["H37.01", "H37.02", "H37.03"])
            elif kind == "pause":
                asked = case["received_at"] + dt.timedelta(days=1)  # type: ignore[operator]
                done = asked + dt.timedelta(days=r.randint(1, 5))
                mended["pauses"] = [
                    {"seq": 1, "requested_at": asked.isoformat(), "completed_at": done.isoformat()}
                ]
            early = kind == "late_arrival"
            self._maybe_end(mended)
            self.receive(
                code, mended, self.now - (NIGHT * 2 if early else dt.timedelta(hours=r.randint(1, 20)))
            )  # fmt: skip
        gone = {
            row[0] for row in self.connection.execute("select key from meta.deletion").fetchall()
        }
        for code in r.sample(sorted(self.cases), min(2, len(self.cases))):
            self.mark_deleted(code, "restored" if code in gone else "deleted")

    def _maybe_end(self, case: dict[str, object]) -> None:
        ended = case["received_at"] + dt.timedelta(days=self.random.randint(1, 15))  # type: ignore[operator]
        if ended < self.now and self.random.random() < 0.8:
            name = self.random.choice(["finished_at", "finished_at", "withdrawn_at"])
            case[name] = ended
            case["status"] = 9 if name == "finished_at" else 7


def late_rule(ledger: Ledger) -> Model:
    """A changed rule: the due day is a day earlier."""
    model = ledger.catalog.models["core.fct_case_due"]
    assert "by_days.day\n" in model.query
    query = f"with ruled as ({model.query}) select * replace (due_on - 1 as due_on) from ruled"
    return replace(model, query=query)


def log_load(ledger: Ledger, batch_id: str, number: int) -> None:
    """The line of a load in its log."""
    ledger.connection.execute(
        "insert into meta.batch by name select ? as batch_id, ? as loaded_at, ? as arrival_no",
        [batch_id, ledger.now, number],
    )


def override_day(ledger: Ledger, day: str) -> None:
    ledger.connection.execute(
        "insert into raw.drops__calendar_override by name select $day as day, '0' as is_working, 'ALL' as scope, "
        "'Bão' as reason, '1/TB' as document_no, 'official' as status, [] as _defects, $now as _version_at, "
        "'file' as _batch_id, 1 as _page_no, 1 as _row_no, $now as _loaded_at, 'inserted' as _load_kind",
        {"day": day, "now": ledger.now},
    )


def show(ledger: Ledger, table: str, told_at: dt.datetime, **fields: object) -> None:
    """A record of any source reaches raw tonight."""
    names = ", ".join(fields)
    marks = ", ".join("?" for _ in fields)
    ledger.connection.execute(
        f"insert into {table} by name select {names}, [] as _defects, ? as _version_at, ? as _batch_id, "
        f"1 as _page_no, ? as _row_no, ? as _loaded_at, 'inserted' as _load_kind "
        f"from (values ({marks})) as v ({names})",
        [told_at, f"night-{len(ledger.versions)}", ledger.random.randrange(10**9), ledger.now,
         *map(str, fields.values())],
    )  # fmt: skip


def rate(ledger: Ledger, number: int, level: str, at: dt.datetime, told_at: dt.datetime) -> None:
    show(ledger, "raw.ratings__rating", told_at, rating_id=f"r{number}", source="kiosk", device_id="K1", scale="3",
         case_code=f"c{number}", level_raw=level, is_test="false", rated_at=at, submitted_at=told_at)  # fmt: skip


def decide(ledger: Ledger, published_at: str | None, told_at: dt.datetime) -> None:
    items = [{"procedure_code": "1.000001", "action": "new", "complete": True, "accurate": True,
              "published_at": published_at, "corrected_by": None}]  # fmt: skip
    show(ledger, "raw.registry__decision", told_at, decision_no="1/QĐ", decided_on="2023-03-30",
         agency_code="H37.01", items=json.dumps(items))  # fmt: skip
