"""Watching the service: failed runs, failed checks, stale data, a night that didn't start.

Belongs here: finding causes in Dagster's storage and the published file, and one look that tells them.
Doesn't: sending (messengers.py). Dagster's own failure alert doesn't see a failed check in a run that
goes on, so check results are read one by one.
"""

import datetime as dt
import json
from collections.abc import Iterator

import dagster as dg
from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus, RunRecord, RunsFilter

from assets.broken import Broken
from orchestration.alerts import Alerts, Cause
from orchestration.causes import Stop, broken_rules, stop_of
from orchestration.messengers import messengers, ping
from orchestration.settings import LOCAL, Settings, use_dagster_home
from warehouse.connection import read_rows
from warehouse.errors import WarehouseError
from warehouse.publish import FILE_NAME

NIGHT_STARTS = dt.time(1, 30)
GRACE = dt.timedelta(minutes=45)
STALE_AFTER = dt.timedelta(hours=36)
NIGHTS = ("nightly", "full_refresh")
LOOK_EVERY_SECONDS = 60
_FIRST_LOOK_BACK = dt.timedelta(days=2)


def look(instance: DagsterInstance, settings: Settings, now: dt.datetime) -> list[str]:
    """One look: find causes, tell them, write the heartbeat; returns what couldn't be told.

    `now` is the wall clock with offset; safe to call as often as wanted.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    alerts = Alerts(settings.home / "alerts.json")
    since = alerts.seen_until or (now - _FIRST_LOOK_BACK).timestamp()
    for record in _ended_runs(instance, since):
        _take_run(instance, record, alerts, now)
        alerts.seen_until = max(alerts.seen_until, record.end_time or 0.0)
    for prefix, causes in (
        ("stale:", list(_stale(settings, now))),
        ("not_started:", list(_not_started(instance, now))),
    ):
        alerts.over(prefix, still=[cause.key for cause in causes])
        alerts.found(causes, now)
    failures = alerts.deliver(messengers(settings), now)
    alerts.save()
    if not ping(settings):
        failures.append("heartbeat: the outside watcher can't be reached.")
    beat = {"at": now.isoformat(), "open_causes": len(alerts.open)}
    (settings.home / "heartbeat.json").write_text(json.dumps(beat), encoding="utf-8")
    return failures


def look_now(settings: Settings) -> list[str]:
    """One look by the wall clock at the home's own instance, for where no daemon looks; what couldn't be told."""
    use_dagster_home(settings)
    with DagsterInstance.get() as instance:
        return look(instance, settings, dt.datetime.now(LOCAL))


def watch_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor that looks once a minute while the daemon runs."""

    @dg.sensor(
        name="watch",
        minimum_interval_seconds=LOOK_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Báo khi hỏng: lần chạy, kiểm tra, dữ liệu cũ, đêm không chạy. One alert a cause.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        failures = look(context.instance, settings, dt.datetime.now(LOCAL))
        return dg.SkipReason("; ".join(failures) or "Đã xem. / Looked.")

    return watch


def _ended_runs(instance: DagsterInstance, since: float) -> list[RunRecord]:
    ended = [DagsterRunStatus.FAILURE, DagsterRunStatus.SUCCESS, DagsterRunStatus.CANCELED]
    records = instance.get_run_records(
        RunsFilter(statuses=ended, updated_after=dt.datetime.fromtimestamp(since - 1, dt.UTC)), limit=200
    )  # fmt: skip
    fresh = [record for record in records if (record.end_time or 0.0) > since]
    return sorted(fresh, key=lambda record: record.end_time or 0.0)


def _take_run(
    instance: DagsterInstance, record: RunRecord, alerts: Alerts, now: dt.datetime
) -> None:
    run = record.dagster_run
    broken = _failed_checks(instance, run.run_id)
    failed = [f"{rule.table}: {rule.rule} ({rule.state})" for rule in broken]
    if run.status == DagsterRunStatus.FAILURE:
        stop = _first_failure(instance, run.run_id)
        listed = "\n".join(f"- {name}" for name in failed[:20])
        text = f"{stop.sentence}\nBản công bố cũ vẫn đứng. / The old published version stands.\n{listed}"
        subject = f"Motcua: {run.job_name} dừng / stopped ({run.run_id[:8]})"
        # A table's checks that fail night after night are one cause, whatever step meets them first.
        alerts.found([Cause(f"run:{run.job_name}:{stop.step}", subject, text)], now)
        return
    if run.status == DagsterRunStatus.SUCCESS:
        alerts.over(f"run:{run.job_name}:")
        key = f"checks:{run.job_name}:{','.join(failed)}"
        alerts.over(f"checks:{run.job_name}:", still=[key] if failed else [])
        if failed:
            subject = (
                f"Motcua: {len(failed)} kiểm tra không đạt hoặc không chạy được / checks failed"
            )
            listed = "\n".join(f"- {rule.words()}" for rule in broken[:20])
            alerts.found([Cause(key, subject, f"{listed}\n`motcua check`")], now)


def _failed_checks(instance: DagsterInstance, run_id: str) -> list[Broken]:
    """Checks of a run that failed as critical, or that could not run; warnings are not alerts."""
    events = _events(instance, run_id, {DagsterEventType.ASSET_CHECK_EVALUATION})
    found = broken_rules(event.asset_check_evaluation_data for event in events)
    return sorted(found, key=lambda rule: (rule.table, rule.rule))


def _first_failure(instance: DagsterInstance, run_id: str) -> Stop:
    """The step that stopped the run, and why, in the sentence that the command line gives too."""
    kinds = {
        DagsterEventType.STEP_FAILURE,
        DagsterEventType.RUN_FAILURE,
        DagsterEventType.ASSET_CHECK_EVALUATION,
    }
    return stop_of(_events(instance, run_id, kinds))


def _events(
    instance: DagsterInstance, run_id: str, kinds: set[DagsterEventType]
) -> Iterator[dg.DagsterEvent]:
    for entry in instance.all_logs(run_id, of_type=kinds):
        if entry.dagster_event is not None:
            yield entry.dagster_event


def _stale(settings: Settings, now: dt.datetime) -> Iterator[Cause]:
    """Data that is older than it should be, as the published file itself says."""
    path = settings.published / FILE_NAME
    if not path.exists():
        return
    try:
        newest = read_rows(
            path, "select max(published_at) as at, max(data_as_of) as data_at from meta.publication"
        )
        read_to = read_rows(
            path, "select system, max(read_to) as at from meta.freshness group by all order by 1"
        )
    except WarehouseError:
        return
    at = newest[0]["at"]
    if at is not None and now - at > STALE_AFTER:
        yield Cause(
            "stale:published", "Motcua: số liệu cũ / the published file is old",
            f"Bản công bố gần nhất lúc {at:%Y-%m-%d %H:%M}. / Last publication. `motcua doctor`",
        )  # fmt: skip
    for row in read_to:
        if row["system"] != "drops" and row["at"] is not None and now - row["at"] > STALE_AFTER:
            yield Cause(
                f"stale:{row['system']}", f"Motcua: nguồn {row['system']} chưa đọc / not read",
                f"Đọc gần nhất đến {row['at']:%Y-%m-%d %H:%M}. / Read up to. `motcua doctor`",
            )  # fmt: skip


def _not_started(instance: DagsterInstance, now: dt.datetime) -> Iterator[Cause]:
    """Last night should have started by now; told only where nights ran before."""
    local = now.astimezone(LOCAL)
    due = dt.datetime.combine(local.date(), NIGHT_STARTS, LOCAL)
    if local < due + GRACE:
        due -= dt.timedelta(days=1)
    newest = 0.0
    for job in NIGHTS:
        records = instance.get_run_records(RunsFilter(job_name=job), limit=1)
        newest = max([newest, *(record.create_timestamp.timestamp() for record in records)])
    if newest and newest < (due - GRACE).timestamp():
        yield Cause(
            f"not_started:{due:%Y-%m-%d}", "Motcua: đêm qua không chạy / last night did not start",
            f"Đáng lẽ bắt đầu lúc {due:%Y-%m-%d %H:%M}. Xem bộ lập lịch (motcua daemon). / Is the daemon up?",
        )  # fmt: skip
