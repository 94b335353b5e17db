"""Alerts over a real Dagster instance, a real HTTP receiver and a real SMTP server, all on loopback."""

import datetime as dt
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from aiosmtpd.controller import Controller

from assets.verdicts import verdict
from common.local_time import LOCAL
from expectations.outcome import Outcome, State
from expectations.suite import Suite
from orchestration.commands.run_replay_ingest import tell_now
from orchestration.operating.watch import look
from orchestration.settings import Settings, use_dagster_home

pytestmark = [pytest.mark.slow, pytest.mark.time]


@dataclass
class Receiver:
    """What came over HTTP and SMTP; `refuses` makes both turn everything away."""

    url: str = ""
    smtp: str = ""
    posts: list[dict[str, Any]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    refuses: bool = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refuses:
            return "451 later"
        self.mails.append(envelope.content.decode())
        return "250 OK"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    got = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not got.refuses:
                got.posts.append(json.loads(body))
            self.send_response(503 if got.refuses else 200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    mail = Controller(got, hostname="127.0.0.1", port=_free_port())
    mail.start()
    got.url = f"http://127.0.0.1:{web.server_port}/hook/canary-secret"
    got.smtp = (
        f"smtp://127.0.0.1:{mail.port}/?from=motcua@example.vn&to=it@example.vn,lead@example.vn"
    )
    yield got
    mail.stop()
    web.shutdown()
    web.server_close()


def _free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dg.op(config_schema={"fails": bool})
def work(context: dg.OpExecutionContext) -> None:
    if context.op_config["fails"]:
        raise RuntimeError("The cases source refused the credentials; see MOTCUA_CASES_TOKEN.")


@dg.job(name="nightly")
def night() -> None:
    work()


@dg.asset
def table() -> None:
    """A table whose checks fail without stopping the run."""


WORDS = "Lịch chưa phủ ngày chạy. / The calendar doesn't cover the day."


def _check(
    name: str, state: State, severity: str = "critical", *, blocking: bool = True
) -> dg.AssetChecksDefinition:
    """A check of one rule that says what ours say (assets/verdicts.py)."""
    reason_vi, reason_en = WORDS.split(" / ")
    outcome = Outcome(
        "table", name, "unexpected_rows_expectation", severity, reason_vi, reason_en, "Motcua", False, 6575, 1,
        state, ("a key",), detail="Binder Error" if state == "error" else None, remedy="Sửa lịch.",
    )  # fmt: skip
    suite = Suite("table", ("id",), (), Path())
    said = verdict(suite, "critical" if outcome.blocks else severity, [outcome], {})

    @dg.asset_check(asset=table, name=name, blocking=blocking)
    def check() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(
            passed=said.passed,
            severity=said.severity,
            metadata=said.metadata,
            description=said.description,
        )

    return check


@dataclass
class Place:
    settings: Settings
    instance: dg.DagsterInstance

    def run(self, *, fails: bool) -> None:
        config = {
            "ops": {"work": {"config": {"fails": fails}}},
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        }
        night.execute_in_process(config, instance=self.instance, raise_on_error=False)

    def look(self, days: float = 0) -> list[str]:
        return look(self.instance, self.settings, dt.datetime.now(LOCAL) + dt.timedelta(days=days))


@pytest.fixture
def place(tmp_path: Path, receiver: Receiver) -> Iterator[Place]:
    settings = Settings.load(
        home=tmp_path / "home", _env_file=None, alert_webhook=receiver.url, alert_smtp=receiver.smtp
    )
    use_dagster_home(settings)
    with dg.DagsterInstance.get() as instance:
        yield Place(settings, instance)


def test_a_failed_run_is_told_once_a_cause_until_a_run_succeeds(
    place: Place, receiver: Receiver
) -> None:
    place.run(fails=True)
    assert place.look() == []
    assert len(receiver.posts) == len(receiver.mails) == 1
    assert "refused the credentials" in receiver.posts[0]["text"]
    assert "it@example.vn" in receiver.mails[0]
    assert "lead@example.vn" in receiver.mails[0]
    place.run(fails=True)
    place.look()
    place.look()
    assert len(receiver.posts) == len(receiver.mails) == 1, "the same cause is not told again"
    place.run(fails=False)
    place.look()
    place.run(fails=True)
    place.look()
    assert len(receiver.posts) == 2, "after a good run it is a new cause"


def test_a_stopped_run_is_told_by_its_command(place: Place, receiver: Receiver) -> None:
    """Where cron starts the nights, no daemon looks."""
    place.run(fails=True)
    tell_now(place.settings)
    tell_now(place.settings)
    assert len(receiver.posts) == len(receiver.mails) == 1


def test_failed_and_errored_checks_of_a_run_that_succeeds_are_told(
    place: Place, receiver: Receiver
) -> None:
    """Dagster's own failure alert stays silent here, because the run is a success."""
    checks = [
        _check("gate", "failed", blocking=False),
        _check("broken", "error", "warning", blocking=False),
        _check("mild", "failed", "warning", blocking=False),
    ]
    result = dg.materialize([table, *checks], instance=place.instance, raise_on_error=False)
    assert result.success
    place.look()
    assert len(receiver.posts) == 1
    text = receiver.posts[0]["text"]
    assert f"- table · gate: {WORDS} – 1 / 6.575 dòng / rows – Cần làm / to do: Sửa lịch." in text
    assert "- table · broken: " in text
    assert "KHÔNG CHẠY ĐƯỢC / could not run: Binder Error – Cần làm" in text
    assert "mild" not in text
    assert "a key" not in text


def test_a_run_stopped_by_checks_is_told_by_their_rules(place: Place, receiver: Receiver) -> None:
    """The rule's own words, never Dagster's sentence; warnings and what didn't stop it aren't named."""
    checks = [_check("gate", "failed"), _check("mild", "failed", "warning")]
    result = dg.materialize([table, *checks], instance=place.instance, raise_on_error=False)
    assert not result.success
    place.look()
    assert len(receiver.posts) == len(receiver.mails) == 1
    _, first, *others = receiver.posts[0]["text"].splitlines()
    assert first == (
        f"Dừng / Stopped: quy tắc bị vi phạm / broken rule: table · gate: {WORDS} – 1 / 6.575 dòng / rows – "
        "Cần làm / to do: Sửa lịch."
    )
    assert "- table: gate (failed)" in others
    assert "blocking asset check" not in json.dumps(receiver.posts)
    assert "mild" not in json.dumps(receiver.posts)


def test_an_alert_that_fails_fails_nothing_and_is_tried_again(
    place: Place, receiver: Receiver
) -> None:
    place.run(fails=True)
    receiver.refuses = True
    failures = place.look()
    assert sorted(line.split(":")[0] for line in failures) == ["smtp", "webhook"]
    assert "canary-secret" not in " ".join(failures)
    receiver.refuses = False
    assert place.look() == []
    assert len(receiver.posts) == len(receiver.mails) == 1
    kept = (place.settings.home / "alerts.json").read_text(encoding="utf-8")
    assert "canary-secret" not in kept


def test_a_night_that_does_not_start_is_told(place: Place, receiver: Receiver) -> None:
    place.run(fails=False)
    place.look()
    assert receiver.posts == []
    place.look(days=2)
    assert [post["cause"].split(":")[0] for post in receiver.posts] == ["not_started"]
    beat = json.loads((place.settings.home / "heartbeat.json").read_text(encoding="utf-8"))
    assert beat["open_causes"] == 1


def test_old_data_is_told_by_what_the_published_file_says(place: Place, receiver: Receiver) -> None:
    """Published an hour ago, but one system was last read two days ago; then the file itself grows old."""
    now = dt.datetime.now(LOCAL)
    place.settings.published.mkdir(parents=True)
    with duckdb.connect(str(place.settings.published / "kpi.duckdb")) as connection:
        connection.execute("create schema meta")
        connection.execute(
            "create table meta.publication as select $1::timestamptz as published_at, $1::timestamptz as data_as_of",
            [now - dt.timedelta(hours=1)],
        )
        connection.execute("create table meta.freshness (system varchar, read_to timestamptz)")
        connection.executemany(
            "insert into meta.freshness values (?, ?)",
            [["cases", now], ["ratings", now - dt.timedelta(hours=48)], ["drops", now - dt.timedelta(days=90)]],
        )  # fmt: skip
    place.look()
    assert [post["cause"] for post in receiver.posts] == ["stale:ratings"]
    place.look()
    assert len(receiver.posts) == 1, "one alert a cause"
    place.look(days=2)
    assert {post["cause"] for post in receiver.posts} == {
        "stale:ratings", "stale:published", "stale:cases",
    }  # fmt: skip


def test_the_sensor_looks_and_starts_nothing(place: Place, receiver: Receiver) -> None:
    from orchestration.operating.watch import watch_sensor

    place.run(fails=True)
    sensor = watch_sensor(place.settings)
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    result = sensor.evaluate_tick(dg.build_sensor_context(instance=place.instance))
    assert result.run_requests == []
    assert len(receiver.posts) == 1


def test_old_runs_are_thrown_away(place: Place) -> None:
    from orchestration.operating.retention import tidy

    place.run(fails=False)
    later = dt.datetime.now(LOCAL) + dt.timedelta(days=place.settings.run_days + 1)
    assert tidy(place.settings, place.instance, dt.datetime.now(LOCAL))["runs"] == 0
    assert tidy(place.settings, place.instance, later)["runs"] == 1
    assert place.instance.get_runs() == []
