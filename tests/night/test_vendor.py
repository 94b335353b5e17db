"""Another vendor's case system goes in by a source file alone, over HTTP into the marts, to the last case."""

import datetime as dt
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from demo.world import World
from orchestration.settings import Settings
from tests.conftest import CENTRE, END
from tests.oracle.facts import case_facts
from tests.support.quick_night import run_night
from tests.support.vendor_system import SECRET, vendor_server, write_vendor_sources

pytestmark = pytest.mark.slow


def test_native_names_reach_the_marts(tmp_path: Path) -> None:
    world = World.build(seed=11, end=END, years=1, cases_per_year=300, procedures=150)
    with vendor_server(world, END) as url:
        settings = Settings.load(
            home=tmp_path / "home", as_of=END, sources=write_vendor_sources(tmp_path), _env_file=None,
            cases_url=url, cases_token=SECRET,
        )  # fmt: skip
        told = run_night(settings, "full")
    assert told["rating"] == {"skipped": "Chưa nối nguồn. The system has no address."}
    truth = world.truth(END)
    assert told["case"]["fetched"] == len(list(world.case_rows(END)))
    # What no list names is told by its name, and what is refused not even by that.
    assert told["case"]["unknown_fields"] == "DinhDanhCHS"

    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
        staged = connection.execute(
            "select case_code, status, channel, received_at, due_at, finished_at, len(pauses), len(extensions) "
            'from staging."case" order by 1'
        ).fetchall()
        held = connection.execute("select count(*) from quarantine.case_version").fetchone()
        people = connection.execute(
            "select count(*) from raw.cases__case where length(assigned_to) < 32 or assigned_to is null"
        ).fetchone()
    expected = sorted(
        (
            row["case_code"], row["status"], row["channel"] or 1, at(row["received_at"]), at(row["due_at"]),
            at(row["finished_at"]), len(row["pauses"]), len(row["extensions"]),
        )
        for row in truth["cases"]
    )  # fmt: skip
    assert staged == expected
    assert held == people == (0,)

    facts = [f for f in case_facts(truth, END, CENTRE).values() if f.at_centre and f.accepted]
    late = Counter(f.end_on.year for f in facts if f.end_on and f.due_on and f.end_on > f.due_on)
    closed = Counter(f.end_on.year for f in facts if f.end_on)
    with duckdb.connect(str(settings.published / "kpi.duckdb"), read_only=True) as connection:
        shown = connection.execute(
            "select year(period_start), sum(closed_count), sum(late_count) from marts.procedure_scorecard "
            "group by 1 having sum(closed_count) > 0 order by 1"
        ).fetchall()
    assert shown == [(year, closed[year], late[year]) for year in sorted(closed)]
    assert sum(closed.values()) > 50


def at(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
