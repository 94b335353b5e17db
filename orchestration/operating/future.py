"""What lies in the future: everything that a clock which ran ahead has dated, named with its remedy.

Belongs here: comparing what is kept with now, for `motcua doctor`. Doesn't: mending (wrong_clock.py mends
Dagster's memory when the daemon starts); cursors (doctor.py). Order goes by numbers everywhere, so most of it
does no harm and is only told: whoever reads such a date should know.
"""

import datetime as dt
from collections.abc import Iterator

from orchestration.operating.alerts import Alerts
from orchestration.operating.finding import Finding
from orchestration.settings import Settings, use_dagster_home
from sources.errors import LandingError
from sources.landing.batches import complete_batches, list_entities
from warehouse.backup import last_backup
from warehouse.publication.versions import list_versions
from warehouse.store.sequence import TOLERANCE, is_future, time_in

SET_CLOCK = "Chỉnh đồng hồ máy (timedatectl)"
SET_CLOCK_EN = "Set the machine's clock"
NIGHTLY = "nightly_schedule"
_KEPT = {
    "load": "lần nạp / loads",
    "check": "kết quả kiểm tra / check results",
    "built": "bảng đã dựng / built tables",
    "publication": "dòng công bố / publication rows",
    "read_to": "mốc đã đọc / read up to",
}


def find_future(
    settings: Settings, latest: dict[str, dt.datetime], now: dt.datetime
) -> list[Finding]:
    """All findings; `latest` is the latest time of each kind that the warehouse keeps, `now` the wall clock.

    Where nothing lies in the future there is one, which says so.
    """
    found = [
        *_kept(latest, now),
        *_versions(settings, now),
        *_backup(settings, now),
        *_landed(settings, now),
        *_alerts(settings, now),
        *_dagster(settings, now),
    ]
    return found or [
        Finding("clock", "ok", "Không gì đề ngày tương lai. / Nothing is dated ahead.")
    ]


def _ahead(subject: str, what: str, at: dt.datetime, then: str, then_en: str) -> Finding:
    return Finding(
        subject, "warn", f"{what}: đề ngày tương lai / dated in the future ({at:%Y-%m-%d %H:%M} UTC).",
        f"{SET_CLOCK}; {then}. / {SET_CLOCK_EN}; {then_en}.",
    )  # fmt: skip


def _kept(latest: dict[str, dt.datetime], now: dt.datetime) -> Iterator[Finding]:
    for kind, at in latest.items():
        if is_future(at, now):
            yield _ahead(
                "clock.warehouse", _KEPT.get(kind, kind), at.astimezone(dt.UTC),
                "rồi `motcua run`; dòng cũ giữ nguyên, không cần xóa", "then `motcua run`; old rows stay as they are",
            )  # fmt: skip


def _versions(settings: Settings, now: dt.datetime) -> Iterator[Finding]:
    for name in list_versions(settings.published, now):
        at = time_in(name)
        if at is not None and is_future(at, now):
            yield _ahead(
                "clock.published", name, at,
                "rồi `motcua publish` nếu đó là bản đang công bố; thứ tự theo số, không cần xóa",
                "then `motcua publish` if it is the current one; order goes by number, nothing to delete",
            )  # fmt: skip


def _backup(settings: Settings, now: dt.datetime) -> Iterator[Finding]:
    stamp = last_backup(settings.home)
    if stamp is not None and is_future(stamp.made_at, now):
        yield _ahead(
            "clock.backup", f"Sao lưu / backup {stamp.number}", stamp.made_at,
            "rồi `motcua backup DIR`: bản mới là mới nhất dù bản này đề ngày sau",
            "then `motcua backup DIR`: the new one is the newest, whatever this one's date",
        )  # fmt: skip


def _landed(settings: Settings, now: dt.datetime) -> Iterator[Finding]:
    ahead = []
    for system, entity in list_entities(settings.landing):
        try:
            batches = complete_batches(settings.landing, system, entity, now)
        except LandingError as error:
            yield Finding(
                "landing", "bad", f"{system}.{entity}: không đọc được / can't be read: {error}",
                "Lấy lại tệp đó từ bản sao lưu. / Take that file from a backup.",
            )  # fmt: skip
            continue
        ahead += [b for b in batches if is_future(b.finished_at, now)]
    if ahead:
        lists = sorted({b.batch_id.rpartition("/")[0].replace("/", ".") for b in ahead})
        yield _ahead(
            "clock.landing", f"{len(ahead)} lô / batches ({', '.join(lists)})", max(b.finished_at for b in ahead),
            "nạp lại theo số thứ tự, không cần xóa", "a replay goes by number, nothing to delete",
        )  # fmt: skip


def _alerts(settings: Settings, now: dt.datetime) -> Iterator[Finding]:
    for key, alert in Alerts(settings.home / "alerts.json").open.items():
        at = dt.datetime.fromisoformat(alert.first_at)
        if is_future(at, now):
            yield _ahead(
                "clock.alerts", f"Cảnh báo / alert {key}", at.astimezone(dt.UTC),
                "rồi `motcua watch`: tính lại từ lúc đó", "then `motcua watch`: it counts from then",
            )  # fmt: skip


def _dagster(settings: Settings, now: dt.datetime) -> Iterator[Finding]:
    if not (settings.dagster_home / "dagster.yaml").exists():
        return
    # Only where there is a memory to look into: importing Dagster takes longer than all the rest.
    from dagster import DagsterInstance, RunsFilter

    from orchestration.operating.wrong_clock import times_ahead

    use_dagster_home(settings)
    try:
        with DagsterInstance.get() as instance:
            waiting = times_ahead(instance, now)
            runs = instance.get_runs_count(RunsFilter(created_after=now + TOLERANCE))
    except Exception as error:  # noqa: BLE001 (whatever it is, it belongs in the answer and must not end it)
        yield Finding(
            "dagster", "warn", f"Không đọc được bộ nhớ của Dagster / can't be read ({type(error).__name__}).",
            "Xem MOTCUA_DAGSTER_POSTGRES và thư mục dagster/. / Look at the address and the folder.",
        )  # fmt: skip
        return
    for name, at in waiting.items():
        yield Finding(
            "clock.schedule", "bad" if name == NIGHTLY else "warn",
            f"{name}: chờ đến / waits for {at:%Y-%m-%d %H:%M} UTC, đến đó không chạy. / It won't start before.",
            f"{SET_CLOCK}, khởi động lại `motcua daemon` (hoặc ui): lúc đó tự sửa. / {SET_CLOCK_EN} and start the "
            "daemon again: it mends this.",
        )  # fmt: skip
    if runs:
        yield Finding(
            "clock.runs", "warn", f"{runs} lần chạy đề ngày tương lai. / Runs dated in the future.",
            f"{SET_CLOCK}; không cần xóa: cảnh báo không tính theo ngày của chúng. / {SET_CLOCK_EN}; nothing to "
            "delete: alerts don't go by their dates.",
        )  # fmt: skip
