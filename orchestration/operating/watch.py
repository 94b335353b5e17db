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
from common.local_time import LOCAL
from common.rows import Row
from orchestration.operating.alerts import RUNS_REMEMBERED, Alerts, Cause
from orchestration.operating.causes import Stop, broken_rules, stop_of
from orchestration.operating.messengers import messengers, ping
from orchestration.operating.wrong_clock import forget_times_ahead
from orchestration.settings import Settings, use_dagster_home
from warehouse.errors import WarehouseError
from warehouse.publication.versions import FILE_NAME, current_version
from warehouse.store.connection import read_rows
from warehouse.store.sequence import TOLERANCE, is_future

NIGHT_STARTS = dt.time(1, 30)
GRACE = dt.timedelta(minutes=45)
STALE_AFTER = dt.timedelta(hours=36)
NIGHTS = ("nightly", "full_refresh")
LOOK_EVERY_SECONDS = 60
ENDED = [DagsterRunStatus.FAILURE, DagsterRunStatus.SUCCESS, DagsterRunStatus.CANCELED]

_FIRST_LOOK_BACK = dt.timedelta(days=2)
_RUNS_LISTED = 300
_NIGHTS_LISTED = 20


def look(instance: DagsterInstance, settings: Settings, now: dt.datetime) -> list[str]:
    """One look: find causes, tell them, write the heartbeat; returns what couldn't be told.

    `now` is the wall clock with offset; safe to call as often as wanted.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    alerts = Alerts(settings.home / "alerts.json")
    for record in _ended_runs(instance, alerts, now):
        _take_run(instance, record, alerts, now)
    for prefix, causes in (
        ("clock:", list(_dated_ahead(settings, now))),
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
    now = dt.datetime.now(LOCAL)
    with DagsterInstance.get() as instance:
        # The daemon's sensors can't do it for themselves: they are what stands still.
        forget_times_ahead(instance, now)
        return look(instance, settings, now)


def watch_sensor(
    settings: Settings, status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.RUNNING
) -> dg.SensorDefinition:
    """The sensor that looks once a minute while the daemon runs."""

    @dg.sensor(
        name="watch",
        minimum_interval_seconds=LOOK_EVERY_SECONDS,
        default_status=status,
        description="Báo khi hỏng: lần chạy, kiểm tra, dữ liệu cũ, đêm không chạy. One alert a cause.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        failures = look(context.instance, settings, dt.datetime.now(LOCAL))
        return dg.SkipReason("; ".join(failures) or "Đã xem. / Looked.")

    return watch


def _ended_runs(instance: DagsterInstance, alerts: Alerts, now: dt.datetime) -> list[RunRecord]:
    """The ended runs that weren't looked at yet, in the order in which they were made; `alerts` remembers them."""
    listed = instance.get_run_ids(RunsFilter(statuses=ENDED), limit=_RUNS_LISTED)
    if alerts.seen_runs is None:
        listed = instance.get_run_ids(RunsFilter(statuses=ENDED), limit=RUNS_REMEMBERED)
        fresh = _lately_ended(instance, alerts.seen_until, now)
    else:
        seen = set(alerts.seen_runs)
        new = [run_id for run_id in listed if run_id not in seen]
        fresh = list(instance.get_run_records(RunsFilter(run_ids=new))) if new else []
    alerts.saw(listed)
    return sorted(fresh, key=lambda record: record.storage_id)


def _lately_ended(
    instance: DagsterInstance, seen_until: float, now: dt.datetime
) -> list[RunRecord]:
    """At the first look: what ended after the time that an earlier release kept, or in the last two days.

    A kept time in the future says nothing. A run that ended in the future is rather told twice than never.
    """
    believed = 0 < seen_until <= (now + TOLERANCE).timestamp()
    since = seen_until if believed else (now - _FIRST_LOOK_BACK).timestamp()
    records = instance.get_run_records(
        RunsFilter(statuses=ENDED, updated_after=dt.datetime.fromtimestamp(since - 1, dt.UTC)), limit=200
    )  # fmt: skip
    return [record for record in records if (record.end_time or 0.0) > since]


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
    at, read_to = _published_times(settings)
    if at is not None and now - at > STALE_AFTER:
        yield Cause(
            "stale:published", "Motcua: số liệu cũ / the published file is old",
            f"Bản đang công bố là của {at:%Y-%m-%d %H:%M}. / The current publication. `motcua doctor`",
        )  # fmt: skip
    for system, until in read_to.items():
        if now - until > STALE_AFTER:
            yield Cause(
                f"stale:{system}", f"Motcua: nguồn {system} chưa đọc / not read",
                f"Đọc gần nhất đến {until:%Y-%m-%d %H:%M}. / Read up to. `motcua doctor`",
            )  # fmt: skip


def _dated_ahead(settings: Settings, now: dt.datetime) -> Iterator[Cause]:
    """What the published file dates in the future: a clock was wrong, and its age can't be told."""
    at, read_to = _published_times(settings)
    if is_future(at, now):
        yield Cause(
            "clock:published", "Motcua: bản công bố đề ngày tương lai / published in the future",
            f"Bản đang công bố đề {at:%Y-%m-%d %H:%M}. Chỉnh đồng hồ máy, rồi `motcua publish`. / "
            "Dated in the future: set the machine's clock, then publish.",
        )  # fmt: skip
    for system, until in read_to.items():
        if is_future(until, now):
            yield Cause(
                f"clock:{system}", f"Motcua: nguồn {system} đọc đến tương lai / read into the future",
                f"Ghi là đã đọc đến {until:%Y-%m-%d %H:%M}. Chỉnh đồng hồ máy, rồi `motcua run`, `motcua doctor`. / "
                "Read up to a time that hasn't come: set the clock, run a night, look with doctor.",
            )  # fmt: skip


def _published_times(settings: Settings) -> tuple[dt.datetime | None, dict[str, dt.datetime]]:
    """When the current file was published, and up to when each system had been read."""
    path = settings.published / FILE_NAME
    if not path.exists():
        return None, {}
    try:
        rows = read_rows(path, "select * from meta.publication")
        read_to = read_rows(
            path,
            "select system, max(read_to) as at from meta.freshness where system <> 'drops' group by all order by 1",
        )
    except WarehouseError:
        return None, {}
    row = _own_row(rows, current_version(settings.published))
    return row.get("published_at"), {row["system"]: row["at"] for row in read_to if row["at"]}


def _own_row(rows: list[Row], version: str | None) -> Row:
    """The row of the file that holds these rows: the last by number; after a rollback it isn't the newest made.

    A file of an earlier release has no numbers; there the link's name tells.
    """
    numbered = [row for row in rows if row.get("publication_no") is not None]
    if numbered:
        return max(numbered, key=lambda row: int(row["publication_no"]))
    named = [row for row in rows if row.get("version") == version]
    return named[-1] if named else max(rows, key=lambda row: row["published_at"], default={})


def _not_started(instance: DagsterInstance, now: dt.datetime) -> Iterator[Cause]:
    """Last night should have started by now; told only where nights ran before.

    A night dated in the future started under a wrong clock: it says that nights run here, not that the last
    one did.
    """
    local = now.astimezone(LOCAL)
    due = dt.datetime.combine(local.date(), NIGHT_STARTS, LOCAL)
    if local < due + GRACE:
        due -= dt.timedelta(days=1)
    newest = [
        record.create_timestamp
        for job in NIGHTS
        for record in instance.get_run_records(RunsFilter(job_name=job), limit=_NIGHTS_LISTED)
    ]
    if newest and not any(due - GRACE <= at <= now + TOLERANCE for at in newest):
        yield Cause(
            f"not_started:{due:%Y-%m-%d}", "Motcua: đêm qua không chạy / last night did not start",
            f"Đáng lẽ bắt đầu lúc {due:%Y-%m-%d %H:%M}. Xem đồng hồ máy, bộ lập lịch (khởi động lại motcua daemon). / "
            "Is the clock right, is the daemon up? Start it again.",
        )  # fmt: skip
