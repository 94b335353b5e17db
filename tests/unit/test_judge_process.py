"""The judge in its own process: judges as one in this process does, and where it can't, no rule passes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations import judge_process
from expectations.judge_process import GONE, JudgeProcess, RemoteJudge
from expectations.outcome import Outcome
from expectations.runner import BROKEN_MACHINE, Checker, run_suites, warm_up
from expectations.suite import Suite, load_suite
from tests.support.suite_files import ENTRY, write

ROOT = Path(__file__).parents[2]
RULES: list[tuple[str, str, dict[str, Any]]] = [
    ("present", "expect_column_values_to_not_be_null", {"column": "code"}),
    ("once", "expect_column_values_to_be_unique", {"column": "number"}),
    ("small", "expect_column_values_to_be_between", {"column": "number", "max_value": 9}),
    ("largest", "expect_column_max_to_be_between", {"column": "number", "max_value": 5}),
    ("latest", "expect_column_max_to_be_between", {"column": "at", "max_value": "2023-06-30"}),
    ("total", "expect_table_row_count_to_be_between", {"min_value": 100}),
    ("odd", "unexpected_rows_expectation", {"row_predicate": "number % 2 = 1"}),
    ("no_such_word", "unexpected_rows_expectation", {"row_predicate": "nothing > 1"}),
    ("no_number", "unexpected_rows_expectation", {"row_predicate": "cast(code as integer) > 1"}),
]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
    connection.execute(
        "create schema staging; create table staging.thing as select case when i % 10 = 9 then null else 'c' || i end "
        "as code, i as number, timestamptz '2023-06-10 00:30:00+07:00' as at from range(100) as r (i)"
    )
    yield connection
    connection.close()


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    entries = [
        ENTRY | {"id": name, "type": kind, "severity": "warning", "kwargs": kwargs}
        for name, kind, kwargs in RULES
    ]
    return load_suite(write(tmp_path, *entries, key=["number"]))


@pytest.fixture
def process() -> Iterator[JudgeProcess]:
    with closing(JudgeProcess()) as process:
        yield process


def said(outcomes: list[Outcome]) -> dict[str, tuple[Any, ...]]:
    return {o.rule: (o.state, o.evaluated, o.failed, o.failing_keys, o.detail) for o in outcomes}


def test_it_judges_as_one_in_this_process(
    connection: duckdb.DuckDBPyConnection, suite: Suite, process: JudgeProcess
) -> None:
    with closing(Checker(connection, process=process)) as checker:
        assert isinstance(checker.judge, RemoteJudge)
        found = said(checker.run([suite]))
    assert found == said(run_suites(connection, [suite]))
    assert {state for state, *_ in found.values()} == {"passed", "failed", "error"}
    assert found["no_such_word"][4] == said(run_suites(connection, [suite]))["no_such_word"][4]


def test_its_death_passes_nothing(
    connection: duckdb.DuckDBPyConnection, suite: Suite, process: JudgeProcess
) -> None:
    with closing(Checker(connection, process=process)) as checker:
        assert checker.run([suite])[-1].table == "staging.thing"
        process.process.kill()
        outcomes = checker.run([suite])
    assert [o.rule for o in outcomes] == [name for name, *_ in RULES]
    assert {(o.state, o.detail, o.blocks) for o in outcomes} == {("error", GONE, True)}


def test_its_death_before_the_first_table_breaks_the_canaries(
    connection: duckdb.DuckDBPyConnection, suite: Suite, process: JudgeProcess
) -> None:
    with closing(Checker(connection, process=process)) as checker:
        process.process.kill()
        outcomes = checker.run([suite])
    assert {o.state for o in outcomes} == {"error"}
    assert {o.detail for o in outcomes if o.table == "staging.thing"} == {BROKEN_MACHINE}


def test_its_silence_passes_nothing_and_is_no_later_answer(
    connection: duckdb.DuckDBPyConnection,
    suite: Suite,
    process: JudgeProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with closing(Checker(connection, process=process)) as checker:
        checker.run([])
        monkeypatch.setattr(judge_process, "PATIENCE", 0.3)
        process.process.send_signal(signal.SIGSTOP)
        assert {o.detail for o in checker.run([suite])} == {GONE}
        process.process.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        assert {o.state for o in checker.run([suite])} == {"error"}


def test_one_that_never_comes_up_is_replaced(
    connection: duckdb.DuckDBPyConnection, suite: Suite, process: JudgeProcess
) -> None:
    process.process.kill()
    with closing(Checker(connection, process=process)) as checker:
        assert not isinstance(checker.judge, RemoteJudge)
        assert said(checker.run([suite])) == said(run_suites(connection, [suite]))


def test_signals_for_the_night_do_not_concern_it(
    connection: duckdb.DuckDBPyConnection, suite: Suite, process: JudgeProcess
) -> None:
    """A night that is told to stop ends its step first; who is ended with it is decided by the night."""
    assert os.getsid(process.process.pid) != os.getsid(0), "Ctrl+C goes to the night alone"
    with closing(Checker(connection, process=process)) as checker:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process.process.send_signal(number)
        assert said(checker.run([suite])) == said(run_suites(connection, [suite]))


def test_it_gets_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_PII_KEY", "a-secret-of-the-site")
    with closing(JudgeProcess()) as process:
        told = Path(f"/proc/{process.process.pid}")
        environment = (told / "environ").read_bytes().split(b"\0")
        arguments = (told / "cmdline").read_bytes().split(b"\0")
    assert [entry for entry in environment if entry] == [f"PYTHONPATH={ROOT}".encode()]
    assert arguments[1:3] == [b"-m", b"expectations.judge_process"]
    assert arguments[3].isdigit()
    assert arguments[4:] == [b""]


@pytest.mark.parametrize("is_up", [True, False])
def test_it_ends_with_its_parent_also_when_that_is_killed(is_up: bool) -> None:
    code = (
        "from expectations.judge_process import JudgeProcess; import time; p = JudgeProcess(); "
        f"{'p.is_ready(); ' if is_up else ''}print(p.process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        number = int(parent.stdout.readline())
        assert Path(f"/proc/{number}").exists()
        parent.kill()
    until = time.monotonic() + 60
    while _lives(number) and time.monotonic() < until:
        time.sleep(0.1)
    assert not _lives(number)


def _lives(number: int) -> bool:
    try:
        state = (
            Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        )
    except OSError:
        return False
    # One that nobody waits for stays in the list until whoever took it over looks.
    return state != "Z"


def test_none_is_started_where_the_library_is_here_already() -> None:
    import great_expectations  # noqa: F401 the library is here

    assert warm_up() is None
