"""An earlier version's figures are recomputed as known then, and causes sum to the difference to today.

Histories are random: cases arrive, end, are corrected, are deleted and come back; a rule and a calendar
change in between. Real files, the real catalogue and its real row rules; only the pulling is left out.
"""

import datetime as dt
import json
import random
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from assets.checks import row_rules
from orchestration.definitions import wire
from orchestration.settings import Settings
from tests.conftest import CENTRE, END, LOCAL, Site
from warehouse.catalog import KPI_MEASURE, Model
from warehouse.connection import open_warehouse
from warehouse.ledger import RuleSet, keep_publication, rule_set
from warehouse.overlay import open_overlay
from warehouse.pages import ensure_raw_table
from warehouse.replay import staged_query
from warehouse.restate import CAUSES, restate
from warehouse.seeds import load_public_holidays, load_seed
from warehouse.state import RunContext, ensure_state, set_run_context

FIRST = dt.datetime(2023, 4, 3, 1, 30, tzinfo=LOCAL)
NIGHTS = 5
NIGHT = dt.timedelta(days=9)
FIELDS = ("received_at", "due_at", "finished_at", "returned_at", "withdrawn_at")


class Ledger:
    """A store on disk whose nights are made of random changes; `versions` are its publications."""

    def __init__(self, path: Path, seed: int) -> None:
        from assets.shapes import raw_shapes

        settings = Settings.load(home=path.parent, _env_file=None)
        wiring = wire(settings)
        self.path, self.macros = path, wiring.site.macros
        self.catalog, self.rules = wiring.catalog, row_rules(wiring.suites)
        self.connection: duckdb.DuckDBPyConnection = open_warehouse(path, self.macros)
        ensure_state(self.connection)
        for shape in raw_shapes(wiring.sources).values():
            ensure_raw_table(self.connection, shape)
        for table, seed_path in self.catalog.seeds.items():
            load_seed(self.connection, table, seed_path)
        load_public_holidays(self.connection, 2025)
        self.random, self.now = random.Random(seed), FIRST
        self.cases: dict[str, dict[str, object]] = {}
        self.versions: list[str] = []
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
            "pauses": json.dumps(case["pauses"]), "extensions": "[]", "is_deleted": "false",
            "updated_at": updated_at.isoformat(),
            **{name: case[name].isoformat() for name in FIELDS if case.get(name)},  # type: ignore[attr-defined]
        }  # fmt: skip
        names = ", ".join(row)
        marks = ", ".join("?" for _ in row)
        self.connection.execute(
            f"insert into raw.cases__case by name select {names}, [] as _defects, ? as _version_at, ? as _batch_id, "
            f"1 as _page_no, ? as _row_no, ? as _loaded_at, 'inserted' as _load_kind "
            f"from (values ({marks})) as v ({names})",
            [updated_at, f"night-{len(self.versions)}", self.random.randrange(10**9), self.now, *row.values()],
        )  # fmt: skip
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
        keep_publication(self.connection, version, self.rule_set())
        self.versions.append(version)
        self.now += NIGHT

    def rule_set(self) -> RuleSet:
        """The rules in force, a changed model among them."""
        found = rule_set(self.connection, self.catalog, self.rules, self.macros)
        kept = {model.table: model for model in self.order}
        return replace(found, models=[kept.get(m.table, m) for m in found.models])

    def mark_deleted(self, code: str, event: str) -> None:
        """What a key sweep writes when a case is gone, or is there again."""
        place = {"code": code, "at": self.now, "event": event}
        self.connection.execute(
            "insert into meta.deletion_log values ('cases', 'case', $code, $event, $at, 'sweep')",
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
            self._maybe_end(case)
            self.receive(
                f"c{len(self.versions)}-{number}", case, received + dt.timedelta(minutes=5)
            )
        for code, case in r.sample(sorted(self.cases.items()), min(8, len(self.cases))):
            mended = dict(case)
            kind = r.choice(["end", "due", "agency", "pause", "late_arrival"])
            if kind == "end":
                self._maybe_end(mended)
            elif kind == "due":
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
    assert "moved.day\n" in model.query
    query = f"with ruled as ({model.query}) select * replace (due_on - 1 as due_on) from ruled"
    return replace(model, query=query)


def override_day(ledger: Ledger, day: str) -> None:
    ledger.connection.execute(
        "insert into raw.drops__calendar_override by name select $day as day, '0' as is_working, 'ALL' as scope, "
        "'Bão' as reason, 'official' as status, [] as _defects, $now as _version_at, 'file' as _batch_id, "
        "1 as _page_no, 1 as _row_no, $now as _loaded_at, 'inserted' as _load_kind",
        {"day": day, "now": ledger.now},
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_replay_is_exact_and_causes_sum(tmp_path: Path, seed: int) -> None:
    ledger = Ledger(tmp_path / "warehouse.duckdb", seed)
    changed = None
    for number in range(NIGHTS):
        ledger.change()
        if number == 2:
            override_day(ledger, "2023-04-20")
            override_day(ledger, "2023-04-21")
        if number == 3:
            changed = late_rule(ledger)
        ledger.night(changed)
        changed = None
    today = ledger.rule_set()
    ledger.connection.close()

    figures = [
        ("on_time", "C", "ytd", "ALL"), ("on_time", "A", "2023-04", "H37.01"),
        ("on_time", "B", "2023-Q2", "ALL"), ("index_766_total", "A", "2023-04", "ALL"),
    ]  # fmt: skip
    met: set[str] = set()
    for place, version in enumerate(ledger.versions):
        with open_overlay(ledger.path, ledger.macros) as overlay:
            for kpi, variant, period, agency in (
                ("on_time", "A", "2023-04", "ALL"),
                figures[place % 4],
            ):
                found = restate(overlay, today, version, kpi, period, agency, variant)
                assert found.replayed == found.published, (version, found)
                assert found.is_exact, (version, found)
                assert set(found.causes) == set(CAUSES)
                met |= {cause for cause, part in found.causes.items() if part != (0, 0)}
                if version == ledger.versions[-1]:
                    assert found.today == found.published, "nothing came after the newest version"
    assert met == set(CAUSES), "the histories hold every cause"


EARLIER = dt.timedelta(days=20)


def show(ledger: Ledger, table: str, told_at: dt.datetime, **fields: object) -> None:
    """A record of another source reaches raw tonight."""
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


@pytest.mark.slow
def test_ratings_announcements_and_tasks_are_restated_by_cause(tmp_path: Path) -> None:
    """F28, by hand: a rating that came late, one that was corrected, a publication told late, a task undone."""
    ledger = Ledger(tmp_path / "warehouse.duckdb", 4)
    received = FIRST - dt.timedelta(days=30)
    for number in range(8):
        case = {"agency": "H37.01", "channel": 1, "status": 9, "pauses": [], "received_at": received,
                "due_at": received + NIGHT, "finished_at": received + NIGHT}  # fmt: skip
        ledger.receive(f"c{number}", case, received + NIGHT)
    early = FIRST - EARLIER
    for number in range(6):
        rate(ledger, number, "RẤT HÀI LÒNG", early, early)
    decide(ledger, None, FIRST - NIGHT / 3)
    task = {
        "plan_no": "42/KH-UBND",
        "task_id": "1",
        "task": "x",
        "lead_agency_code": "H37.01",
        "due_on": "2023-03-20",
    }
    show(
        ledger,
        "raw.drops__plan_task",
        early,
        **task,
        completed_on="2023-03-19",
        product_document_no="9/BC",
    )
    ledger.night()
    rate(ledger, 6, "KHÔNG HÀI LÒNG", early, early)  # happened and was told then, reached us late
    rate(ledger, 0, "HÀI LÒNG", early, ledger.now - dt.timedelta(hours=1))  # corrected since
    decide(ledger, "2023-04-01T09:00:00+07:00", ledger.now - dt.timedelta(hours=1))
    show(ledger, "raw.drops__plan_task", ledger.now - dt.timedelta(hours=1), **task, completed_on="2023-03-29",
         product_document_no="9/BC")  # fmt: skip
    ledger.night()
    today = ledger.rule_set()
    ledger.connection.close()
    with open_overlay(ledger.path, ledger.macros) as overlay:
        said = {
            kpi: restate(overlay, today, "v00", kpi, "2023-03")
            for kpi in ("very_satisfied", "dissatisfied", "published_5d", "plan_42")
        }
        for found in said.values():
            assert found.is_exact, repr(found)
    moved = {
        kpi: (found.published, found.today, {c: part for c, part in found.causes.items() if part != (0, 0)})
        for kpi, found in said.items()
    }  # fmt: skip
    assert moved == {
        "very_satisfied": ((6, 6), (5, 7), {"late_data": (0, 1), "correction": (-1, 0)}),
        "dissatisfied": ((0, 6), (1, 7), {"late_data": (1, 1)}),
        # not yet due then; its publication on 1 April lay before v00 and was told after it
        "published_5d": ((0, 0), (1, 1), {"correction": (1, 1)}),
        "plan_42": ((1, 1), (0, 1), {"correction": (-1, 0)}),
    }


def test_points_are_restated_cause_by_cause(tmp_path: Path) -> None:
    """Worked by hand: 20 points × share on time, from 2 of 4 over 3 of 5 and 4 of 5 to 4 of 4."""
    ledger = Ledger(tmp_path / "warehouse.duckdb", 5)
    received = FIRST - dt.timedelta(days=30)

    def tell(number: int, days_late: int, told_at: dt.datetime) -> None:
        due = received + NIGHT
        case = {"agency": "H37.01", "channel": 1, "status": 9, "pauses": [], "received_at": received,
                "due_at": due, "finished_at": due + dt.timedelta(days=days_late)}  # fmt: skip
        ledger.receive(f"c{number}", case, told_at)

    for number, days_late in enumerate((0, 0, 2, 2)):
        tell(number, days_late, received + NIGHT)
    ledger.night()
    tell(4, 0, received + NIGHT)  # the source had it then, we hadn't read it
    tell(3, 0, ledger.now - dt.timedelta(hours=1))
    ledger.mark_deleted("c2", "deleted")
    ledger.night()
    today = ledger.rule_set()
    ledger.connection.close()
    with open_overlay(ledger.path, ledger.macros) as overlay:
        found = restate(overlay, today, "v00", "index_766_progress", "2023-03")
    full = 20_000_000
    assert (found.published, found.replayed, found.today) == (
        (10_000_000, full), (10_000_000, full), (full, full)
    )  # fmt: skip
    assert found.is_exact
    assert found.causes == {
        "late_data": (2_000_000, 0), "correction": (4_000_000, 0), "deletion": (4_000_000, 0),
        "rules": (0, 0), "progress": (0, 0),
    }  # fmt: skip
    assert found.units == {"late_data": 1, "correction": 1, "deletion": 1}


def test_rule_set_survives_its_text(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "warehouse.duckdb", 3)
    for model in ledger.catalog.models.values():
        if model.table in ledger.catalog.ancestors(KPI_MEASURE) and model.schema == "staging":
            assert staged_query(model, ledger.rules.get(model.table, ()))
    found = ledger.rule_set()
    again = RuleSet.from_json(found.to_json())
    assert again.to_json() == found.to_json()
    assert again.fingerprint == found.fingerprint
    assert {"seeds.rating_level", "seeds.public_holidays"} <= again.seeds.keys()


@pytest.mark.slow
def test_a_real_night_is_replayed_to_its_own_figures(night: Site) -> None:
    """Pulled, quarantined, swept and published for real: the kept rules give the published figures again."""
    settings = night.settings(END)
    wiring = wire(settings)
    version = night.warehouse("select min(version) as version from meta.published_context")[0]
    with open_overlay(settings.warehouse_path, wiring.site.macros) as overlay:
        rules = rule_set(overlay, wiring.catalog, row_rules(wiring.suites), wiring.site.macros)
        for kpi, variant, period in (
            ("on_time", "A", "ytd"),
            ("on_time", "B", "2023-05"),
            ("online_cases", None, "ytd"),
            ("very_satisfied", None, "ytd"),
            ("services_with_cases", "B", "ytd"),
            ("announced", None, "ytd"),
            ("published_5d", "working", "ytd"),
            ("plan_42", None, "ytd"),
            ("feedback_on_time", None, "ytd"),
            ("index_766_total", None, "ytd"),
        ):
            found = restate(overlay, rules, version["version"], kpi, period, "ALL", variant)
            assert found.published[1] > (100 if kpi == "on_time" else 0)
            assert found.replayed == found.published == found.today, repr(found)
            assert found.is_exact
            assert set(found.causes.values()) == {(0, 0)}
