"""`motcua build`: one table built and checked by hand on what stands, nobody's data shown; --debug on commands."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration.cli import main
from orchestration.commands.reply import _frames
from tests.conftest import END, Site
from warehouse.store.connection import hold_lock, read_rows

pytestmark = pytest.mark.slow
LATER = END.replace(year=END.year + 1)
FEEDBACK = "marts.kpi_feedback_on_time"


@pytest.fixture
def home(night: Site, tmp_path: Path) -> Path:
    """A copy of the shared home, because these commands change it."""
    return Path(shutil.copytree(night.home, tmp_path / "home", symlinks=True))


def motcua(home: Path, *arguments: str, **more: str) -> Result:
    environment = {"MOTCUA_HOME": str(home), "MOTCUA_AS_OF": END.isoformat(), **more}
    return CliRunner().invoke(main, arguments, env=environment)


def stands(home: Path, query: str) -> list[dict[str, object]]:
    return read_rows(home / "warehouse.duckdb", query)


def test_a_table_is_built_checked_and_shown_without_persons(home: Path) -> None:
    done = motcua(home, "build", "core.fct_feedback", "--json", "--show", "3")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert [made["table"] for made in told["built"]] == ["core.fct_feedback"]
    # The canaries tell whether the judge can judge at all.
    assert {check["table"] for check in told["checks"]} == {"core.fct_feedback", "meta.canary"}
    assert {check["state"] for check in told["checks"]} == {"passed"}
    assert len(told["rows"]) == 3
    assert {"feedback_id", "case_code"} <= set(told["hidden"])
    assert not set(told["rows"][0]) & set(told["hidden"])
    assert "keys" not in told["checks"][0]

    shown = motcua(home, "build", "staging.case", "--show", "5")
    assert shown.exit_code == 0, shown.stderr
    codes = [row["case_code"] for row in stands(home, 'select case_code from staging."case"')]
    assert len(codes) > 100
    for answer in (shown.output, done.output):
        assert not [code for code in codes if str(code) in answer]
    assert "case_code" in shown.stdout.splitlines()[-1]
    assert "_batch_id" not in shown.stdout


def test_it_goes_by_the_day_of_what_stands(home: Path) -> None:
    """A year later no table may be of another day than its neighbours, and the next night finds all that passed."""
    days = (
        "select as_of_at from meta.run_context union "
        "select as_of_at from meta.table_content where as_of_at is not null"
    )
    before = stands(home, days)
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("delete from meta.table_content where table_name = 'core.fct_case'")
    done = motcua(home, "build", "core.fct_case", "--json", MOTCUA_AS_OF=LATER.isoformat())
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["built"][0]["way"] == "whole"
    assert stands(home, days) == before
    again = motcua(home, "build", "core.fct_case", "--json", MOTCUA_AS_OF=LATER.isoformat())
    assert json.loads(again.stdout)["built"][0]["way"] == "carried"


def test_what_it_reads_is_built_where_asked(home: Path) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("drop table core.fct_feedback")
    alone = motcua(home, "build", FEEDBACK)
    assert alone.exit_code == 1
    assert alone.stderr.strip() == (
        f"{FEEDBACK} reads core.fct_feedback, which isn't built yet; add --with-deps."
    )
    done = motcua(home, "build", FEEDBACK, "--with-deps", "--json")
    assert done.exit_code == 0, done.stderr
    tables = [made["table"] for made in json.loads(done.stdout)["built"]]
    assert tables[-1] == FEEDBACK
    assert {"staging.feedback", "core.dim_date", "core.fct_feedback"} < set(tables)


def test_a_broken_rule_stops_it_and_the_rows_are_shown(home: Path) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("update core.dim_working_day set day = '1990-01-01'")
        connection.execute("delete from meta.table_content")
    done = motcua(home, "build", "core.fct_feedback", "--json")
    assert done.exit_code == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "core.fct_feedback · " in done.stderr
    told = json.loads(done.stdout)
    assert "failed" in {check["state"] for check in told["checks"]}
    assert told["rows"]


def test_what_cannot_be_built_is_told_in_one_line(home: Path, tmp_path: Path) -> None:
    wrong = motcua(home, "build", "core.fct_feedbak")
    assert (wrong.exit_code, wrong.stderr.strip()) == (
        2, "No file in sql/ defines core.fct_feedbak; did you mean core.fct_feedback?",
    )  # fmt: skip
    fresh = motcua(tmp_path / "fresh", "build", FEEDBACK)
    assert fresh.exit_code == 1
    assert "run `motcua run` first" in fresh.stderr
    assert not (tmp_path / "fresh" / "warehouse.duckdb").exists()
    with hold_lock(home / "warehouse.lock", "a test"):
        assert motcua(home, "build", FEEDBACK).exit_code == 3


def test_debug_tells_where_and_the_sentence_stays_last(home: Path, tmp_path: Path) -> None:
    for line in (["build", "core.nothing"], ["publish"], ["run"]):
        place = home if line[0] == "build" else tmp_path / "fresh"
        # No such file, so that composing stops whichever command it is.
        more = {"MOTCUA_SOURCES": str(tmp_path / "none.yml")}
        short = motcua(place, *line, **more)
        long = motcua(place, *line, "--debug", **more)
        assert short.exit_code == long.exit_code == 2
        (sentence,) = short.stderr.strip().splitlines()
        *frames, last = long.stderr.strip().splitlines()
        assert last == sentence
        assert any(frame.lstrip().startswith('File "') for frame in frames)


def test_every_command_has_it() -> None:
    for name, command in main.commands.items():
        assert {"debug", "as_json"} <= {option.name for option in command.params}, name


def test_debug_tells_of_a_step_of_a_run(home: Path) -> None:
    with hold_lock(home / "warehouse.lock", "a test"):
        done = motcua(home, "run", "--debug")
    assert done.exit_code == 3
    *frames, last = done.stderr.strip().splitlines()
    assert "a test" in last
    assert any("in hold_lock" in frame for frame in frames)


def test_debug_names_no_person() -> None:
    def fail() -> None:
        try:
            {}["Nguyễn Văn A"]
        except KeyError as error:
            raise ValueError("0912345678 can't be read") from error

    with pytest.raises(ValueError, match="can't") as caught:
        fail()
    told = _frames(caught.value)
    assert "KeyError" in told.split("ValueError")[0]
    assert "in fail" in told
    assert "Nguyễn Văn A'" not in told.replace('{}["Nguyễn Văn A"]', "")
    assert "0912345678 can't" not in told.splitlines()[-1]
