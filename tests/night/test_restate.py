"""An earlier version's figures are recomputed as known then, and causes sum to the difference to today.

Histories are random: cases arrive, end, are corrected, are deleted and come back; a rule and a calendar
change in between. Real files, the real catalogue and its real row rules; only the pulling is left out.
"""

import datetime as dt
from pathlib import Path

import pytest

from assets.checks import row_rules
from figures.explain import QuestionError
from figures.overlay import open_overlay
from figures.publication_log import RuleSet, rule_set
from figures.replay import load_kept_seed, staged_query
from figures.restate import CAUSES, restate
from orchestration.definitions import wire
from tests.conftest import END, LOCAL, Site
from tests.support.breadth import is_whole
from tests.support.restated_ledger import (
    EARLIER,
    FIRST,
    LIMIT_OF_FIVE,
    NIGHT,
    NIGHTS,
    Ledger,
    decide,
    late_rule,
    log_load,
    override_day,
    rate,
    show,
)
from warehouse.models.catalog import KPI_MEASURE
from warehouse.models.seeds import load_public_holidays


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2] if is_whole("RESTATED") else [1])
def test_replay_is_exact_and_causes_sum(tmp_path: Path, seed: int) -> None:
    ledger = Ledger(tmp_path / "warehouse.duckdb", seed)
    changed = None
    for number in range(NIGHTS):
        ledger.change()
        if number == 2:
            for day in range(3, 8):
                override_day(ledger, f"2023-04-{day:02}")
        if number == 3:
            changed = late_rule(ledger)
        ledger.night(changed)
        changed = None
    today = ledger.rule_set()
    ledger.connection.close()

    figures = [
        ("on_time", "A", "2023-04", "H37.01"), ("on_time", "C", "ytd", "ALL"),
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
        "calendar": (0, 0), "rule": (0, 0), "progress": (0, 0),
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


def test_kept_seeds_are_laid_out_as_they_stood(tmp_path: Path) -> None:
    """Their rows, columns and types; also of one that holds nothing."""
    ledger = Ledger(tmp_path / "warehouse.duckdb", 3)
    seeds = ledger.rule_set().seeds
    ledger.connection.close()
    with open_overlay(ledger.path, ledger.macros) as overlay:

        def stands(table: str) -> tuple[list[object], list[object]]:
            rows = overlay.execute(f"from {table} order by all").fetchall()
            return overlay.execute(f"describe {table}").fetchall(), rows

        for table, seed in seeds.items():
            columns, rows = stands(f"store.{table}")
            load_kept_seed(overlay, table, seed)
            assert stands(table) == (columns, rows), table
            load_kept_seed(overlay, table, {**seed, "rows": []})
            assert stands(table) == (columns, []), table


# A ratio over cases, over ratings, over services, over dropped tasks, a quantile, points; `make test-all` takes all.
FIGURES = (
    ("on_time", "B", "2023-05"),
    ("very_satisfied", None, "ytd"),
    ("nd224_online_services", None, "2023-05"),
    ("plan_42", None, "ytd"),
    ("nd224_working_days", "p90", "ytd"),
    ("index_766_total", None, "ytd"),
    ("on_time", "A", "ytd"),
    ("online_cases", None, "ytd"),
    ("services_with_cases", "B", "ytd"),
    ("nd224_online_received", "B", "ytd"),
    ("nd224_online_handled", None, "2023-Q2"),
    ("nd224_asked_again", None, "ytd"),
    ("announced", None, "ytd"),
    ("published_5d", "working", "ytd"),
    ("feedback_on_time", None, "ytd"),
)


@pytest.mark.slow
def test_a_real_night_is_replayed_to_its_own_figures(night: Site) -> None:
    """Pulled, quarantined, swept and published for real: the kept rules give the published figures again."""
    settings = night.settings(END)
    wiring = wire(settings)
    version = night.warehouse(
        "select min_by(version, publication_no) as version from meta.published_context"
    )[0]
    with open_overlay(settings.warehouse_path, wiring.site.macros) as overlay:
        rules = rule_set(overlay, wiring.catalog, row_rules(wiring.suites), wiring.site.macros)
        for kpi, variant, period in FIGURES if is_whole("RESTATED") else FIGURES[:6]:
            found = restate(overlay, rules, version["version"], kpi, period, "ALL", variant)
            assert found.published[1] > (100 if kpi == "on_time" else 0)
            assert found.replayed == found.published == found.today, repr(found)
            assert found.is_exact
            assert set(found.causes.values()) == {(0, 0)}
        for name in ("nothing", "measure", "value"):
            with pytest.raises(
                QuestionError, match=rf"no KPI {name}; choose one of announced, .*plan_42"
            ):
                restate(overlay, rules, version["version"], name, "ytd")


LATER = (NIGHT, -dt.timedelta(hours=1), dt.timedelta(0))


@pytest.mark.parametrize("later", LATER if is_whole("RESTATED") else LATER[:2])
def test_a_calendar_that_arrives_is_a_cause_of_its_own(tmp_path: Path, later: dt.timedelta) -> None:
    """By hand: five working days from 29 December 2026 end on 6 January as far as is known, and on the 7th once a
    document makes Monday the 4th a day off; of three cases that ended on the 6th, 7th and 8th one more is in time.
    It comes the night after, or under a pinned clock that says the same moment again, or an earlier one."""
    ledger = Ledger(tmp_path / "warehouse.duckdb", 6)
    ledger.now = dt.datetime(2027, 1, 20, 1, 30, tzinfo=LOCAL)
    load_public_holidays(ledger.connection)
    received = dt.datetime(2026, 12, 29, 9, 0, tzinfo=LOCAL)
    for day in (6, 7, 8):
        ended = dt.datetime(2027, 1, day, 9, 0, tzinfo=LOCAL)
        case = {"agency": "H37.01", "channel": 1, "status": 9, "pauses": [], "received_at": received,
                "finished_at": ended, "procedure": LIMIT_OF_FIVE}  # fmt: skip
        ledger.receive(f"c{day}", case, ended)
    log_load(ledger, "night-0", 1)
    ledger.night()
    ledger.now += later - NIGHT
    figure = (
        "select numerator, denominator, is_provisional, rests_on_provisional_calendar from marts.kpi_value where "
        "kpi_id = 'on_time' and variant = 'A' and period_kind = 'day' "
        "and period_start = '2027-01-07' and agency_code = 'ALL'"
    )
    before = ledger.connection.execute(figure).fetchall()
    override_day(ledger, "2027-01-04")
    log_load(ledger, "file", 2)
    ledger.night()
    after = ledger.connection.execute(figure).fetchall()
    assert (before, after) == ([(0, 1, True, True)], [(1, 1, False, False)])
    today = ledger.rule_set()
    ledger.connection.close()
    with open_overlay(ledger.path, ledger.macros) as overlay:
        for variant in ("A", "B"):
            found = restate(overlay, today, "v00", "on_time", "2027-01", "ALL", variant)
            assert found.is_exact
            assert (found.published[0], found.today[0]) == (1, 2)
            assert {cause: part for cause, part in found.causes.items() if part != (0, 0)} == {
                "calendar": (1, 0)
            }


def test_what_came_under_a_pinned_clock_after_a_version_was_not_known_to_it(tmp_path: Path) -> None:
    """A case that is late data, one that was swept away, one that came back: all at the moment of the version."""
    ledger = Ledger(tmp_path / "warehouse.duckdb", 7)
    received = FIRST - dt.timedelta(days=10)
    ended = FIRST - dt.timedelta(days=5)
    case = {"agency": "H37.01", "channel": 1, "status": 9, "pauses": [], "received_at": received,
            "due_at": FIRST, "finished_at": ended}  # fmt: skip
    for code in ("stays", "goes", "returns"):
        ledger.receive(code, case, ended)
    log_load(ledger, "night-0", 1)
    ledger.mark_deleted("returns", "deleted", "sweep-0")
    log_load(ledger, "sweep-0", 2)
    ledger.night()
    ledger.now -= NIGHT
    ledger.receive("late", case, ended)
    log_load(ledger, "night-1", 3)
    ledger.mark_deleted("goes", "deleted", "sweep-1")
    ledger.mark_deleted("returns", "restored", "sweep-1")
    log_load(ledger, "sweep-1", 4)
    ledger.night()
    today = ledger.rule_set()
    ledger.connection.close()
    with open_overlay(ledger.path, ledger.macros) as overlay:
        for version, counted in (("v00", (2, 2)), ("v01", (3, 3))):
            found = restate(overlay, today, version, "on_time", "2023-03")
            assert (found.published, found.today) == (counted, (3, 3))
            assert found.is_exact, found
            if version == "v00":
                assert found.causes["late_data"] == (1, 1)
                assert found.causes["deletion"] == (-1, -1)
