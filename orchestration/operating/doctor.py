"""The examination: everything that would stop the next night or spoil it, each with its remedy.

Belongs here: what is looked at and what to do about it, in Vietnamese and English. Doesn't: acting.
`bad` stops a night or breaks a promise now; `warn` will, or can't be told.
"""

import datetime as dt
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from packaging.requirements import Requirement

from orchestration.demo_systems import SIMULATED
from orchestration.operating.finding import Finding, State
from orchestration.operating.future import find_future
from orchestration.settings import Settings
from reports.numbers import size_text
from sources.http.transport import Wire
from sources.pull.entity import Access, probe
from sources.spec.file import load_spec
from sources.spec.systems import SourcesSpec
from warehouse.backup import last_backup
from warehouse.publication.versions import current_version, list_versions
from warehouse.store.engine import engine_version, is_affected
from warehouse.store.inspect import Inspection, leftover_logs, look_at_warehouse
from warehouse.store.migrations import NEWEST
from warehouse.store.sequence import is_future, time_in

LEAST_FREE_BYTES = 2_000_000_000
CLOCK_TOLERANCE = dt.timedelta(hours=1)
OLDEST_BACKUP = dt.timedelta(days=8)
OLDEST_VERSION = dt.timedelta(hours=36)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def examine(
    settings: Settings, *, call_sources: bool = True, now: dt.datetime | None = None
) -> list[Finding]:
    """Look at everything; nothing is changed.

    What nights write by their own clock (cursors) is judged by the settings' clock, the rest by the wall's (`now`).
    """
    now = now or dt.datetime.now(dt.UTC)
    look = look_at_warehouse(settings.warehouse_path, settings.lock_path)
    sources = load_spec(settings.sources_file)
    settings.check_systems(sources)
    findings = [
        *_settings(settings),
        *_unconnected(settings, sources),
        *_versions(),
        _engine(),
        *_disk(settings),
        *_permissions(settings),
        *_warehouse(settings, look),
        *_published(settings, now),
        *_backup(settings, now),
        # A pinned clock may lie ahead of the wall's on purpose.
        *find_future(settings, look.latest, max(now, settings.now())),
    ]
    if call_sources:
        findings += _sources(settings, sources)
    return findings


def _settings(settings: Settings) -> Iterator[Finding]:
    if settings.uses_demo_systems:
        yield Finding(
            "settings", "warn", "Chưa cấu hình nguồn nào: đang đọc dữ liệu mô phỏng. / Simulated sources.",
            "Điền MOTCUA_*_URL và MOTCUA_*_TOKEN vào .env. / Fill in the sources.",
        )  # fmt: skip
    for system, url in settings.base_urls().items():
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            yield Finding(
                f"settings.{system}", "bad", "Mã truy cập đi qua mạng không mã hóa. / The token travels in clear.",
                f"Đổi MOTCUA_{system.upper()}_URL sang https://. / Use https.",
            )  # fmt: skip
    if settings.pii_key is None:
        yield Finding(
            "settings.pii_key", "warn", "Khóa băm nằm cạnh dữ liệu. / The hash key lies beside the data.",
            "Chuyển nội dung pii.key vào MOTCUA_PII_KEY, cất nơi khác, xóa tệp. / Move it into MOTCUA_PII_KEY.",
        )  # fmt: skip
    if settings.next_person_key() is not None:
        yield Finding(
            "settings.pii_key", "warn", "Đang đổi khóa băm dở dang. / A change of the hash key isn't finished.",
            "`motcua rotate-key`; rồi bỏ MOTCUA_PII_KEY_NEXT nếu có. / Finish it; then unset MOTCUA_PII_KEY_NEXT.",
        )  # fmt: skip
    if settings.alert_webhook is None and settings.alert_smtp is None:
        yield Finding(
            "settings.alerts", "warn", "Không ai được báo khi hỏng. / Nobody is told of a failure.",
            "Đặt MOTCUA_ALERT_WEBHOOK hoặc MOTCUA_ALERT_SMTP. / Set one of them.",
        )  # fmt: skip
    yield Finding("settings", "ok", f"MOTCUA_HOME = {settings.home}")


def _versions() -> Iterator[Finding]:
    wrong = []
    for text in requires("motcua") or []:
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(wanted.name)
        except PackageNotFoundError:
            found = "–"
        if not wanted.specifier.contains(found, prereleases=True):
            wrong.append(f"{wanted.name} {found} ({wanted.specifier})")
    python = ".".join(map(str, sys.version_info[:3]))
    if wrong:
        yield Finding(
            "versions", "bad", f"Sai phiên bản / wrong: {', '.join(wrong)}",
            "pip install --require-hashes -r requirements.lock",
        )  # fmt: skip
    else:
        yield Finding("versions", "ok", f"motcua {version('motcua')}, Python {python}")


def _engine() -> Finding:
    found = engine_version()
    if not is_affected(found):
        return Finding("engine", "ok", f"DuckDB {found}")
    return Finding(
        "engine", "bad", f"DuckDB {found}: phép nối trên LIMIT có thể sai. / A join over a LIMIT may be wrong in it.",
        "pip install --require-hashes -r requirements.lock",
    )  # fmt: skip


def _disk(settings: Settings) -> Iterator[Finding]:
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    warehouse = settings.warehouse_path
    # A night writes new tables beside the old ones and a whole new published file.
    wanted = max(LEAST_FREE_BYTES, 3 * (warehouse.stat().st_size if warehouse.exists() else 0))
    state: State = "ok" if free >= wanted else "bad" if free < wanted / 4 else "warn"
    yield Finding(
        "disk", state, f"còn {size_text(free)}, cần {size_text(wanted)} / free and wanted",
        "" if state == "ok" else "Thêm đĩa, hoặc đặt MOTCUA_LANDING_DAYS ngắn hơn. / Add disk or keep less.",
    )  # fmt: skip


def _permissions(settings: Settings) -> Iterator[Finding]:
    private = {
        settings.warehouse_path: 0o600,
        settings.landing: 0o700,
        settings.home / "pii.key": 0o600,
    }
    open_ones = [
        path
        for path, mode in private.items()
        if path.exists() and path.stat().st_mode & 0o777 & ~mode
    ]
    for path in open_ones:
        mode = private[path]
        yield Finding(
            "permissions", "bad", f"{path.name}: người khác đọc được. / Others may read it.",
            f"chmod {mode:o} {path}",
        )  # fmt: skip
    if not open_ones:
        yield Finding("permissions", "ok", "Kho hạn chế chỉ chủ sở hữu đọc được. / Owner only.")


def _warehouse(settings: Settings, look: Inspection) -> Iterator[Finding]:
    if not look.exists:
        yield Finding("warehouse", "warn", "Chưa có kho. / No warehouse yet.", "motcua run --full")
        return
    if look.held_by:
        yield Finding("lock", "warn", f"Đang bị giữ / held by {look.held_by}", "Chờ xong. / Wait.")
        return
    yield Finding("lock", "ok", "Không ai giữ kho. / Free.")
    if look.problem:
        yield Finding(
            "warehouse", "bad", f"Không mở được kho / can't be opened ({look.problem}).",
            "Chuyển warehouse.duckdb và .wal sang chỗ khác (đừng xóa), `motcua restore DIR`, rồi "
            "`motcua replay --from 2020-01-01`. / Move both aside, restore, replay.",
        )  # fmt: skip
        return
    if look.wal_bytes:
        yield Finding(
            "wal", "warn", f"Còn nhật ký ghi {size_text(look.wal_bytes)}. / A write-ahead log is left by a crash.",
            "Lần chạy sau tự nạp lại; đừng xóa. / The next run takes it in; don't delete it.",
        )  # fmt: skip
    if look.schema_version > NEWEST:
        yield Finding(
            "schema", "bad", "Kho mới hơn phần mềm. / The warehouse is newer than this release.",
            "Cài lại bản phần mềm mới. / Install the newer release again.",
        )  # fmt: skip
    limit = settings.now() + CLOCK_TOLERANCE
    absurd = [name for name, at in look.cursors.items() if at > limit]
    for name in absurd:
        system, entity = name.split(".", 1)
        yield Finding(
            "cursor", "bad", f"{name}: con trỏ ở tương lai / in the future ({look.cursors[name]:%Y-%m-%d}): "
            "không biết đã đọc đến đâu. / How far it was read can't be told.",
            f"Chỉnh đồng hồ máy nếu sai, rồi `motcua run`: đọc lại {system}.{entity} từ đầu một lần. / Set the "
            "machine's clock if it is wrong, then `motcua run`: it reads that list from the beginning once.",
        )  # fmt: skip
    if not absurd:
        yield Finding("cursor", "ok", f"{len(look.cursors)} con trỏ hợp lý. / Cursors are sane.")
    for year in look.awaited_years:
        yield Finding(
            "calendar", "warn",
            f"Chưa có lịch nghỉ chính thức {year}; hạn trả tính qua năm {year} là tạm tính. / No official days off "
            f"of {year} yet; due days counted through it are provisional.",
            "Khi có thông báo nghỉ lễ, thả tệp calendar_overrides (phạm vi ALL, có số văn bản) vào inbox. / When the "
            "notice comes, drop a calendar_overrides file (scope ALL, with its document number) into the inbox.",
        )  # fmt: skip
    if not look.awaited_years:
        yield Finding("calendar", "ok", "Không thiếu lịch nghỉ nào. / No calendar is awaited.")
    yield from _devices(look)


def _devices(look: Inspection) -> Iterator[Finding]:
    if look.undeclared_devices:
        yield Finding(
            "devices", "warn",
            "Thiết bị đánh giá được suy ra là không có mức “Rất hài lòng” (số lượt mức này + bình thường / tất cả) / "
            "rating devices taken to lack “Rất hài lòng” (its count + neutral / all): "
            f"{', '.join(look.undeclared_devices)}",
            "Xem thiết bị, rồi thả tệp rating_devices vào inbox. / Look at them and drop a rating_devices file.",
        )  # fmt: skip
    else:
        yield Finding(
            "devices", "ok", "Không thiết bị nào chờ khai báo. / No device waits to be declared."
        )


def _published(settings: Settings, now: dt.datetime) -> Iterator[Finding]:
    for path in leftover_logs(settings.published):
        yield Finding(
            "published", "bad", f"{path.name} nằm cạnh tệp công bố. / A log beside a published file.",
            f"`motcua rollback`, rồi chuyển {path} sang chỗ khác. / Roll back, move it aside.",
        )  # fmt: skip
    current = current_version(settings.published)
    if current is None:
        yield Finding("published", "warn", "Chưa công bố. / Nothing published.", "motcua run")
        return
    versions = list_versions(settings.published, now)
    made = time_in(current)
    if current not in versions:
        yield Finding(
            "published", "bad", f"Liên kết trỏ tới bản không còn / the link leads to no version: {current}",
            "`motcua publish`, hoặc `motcua rollback VERSION` / publish again, or go back to one that stands.",
        )  # fmt: skip
    elif current != (newest := versions[-1]):
        yield Finding(
            "published", "warn", f"Bản đang công bố / current: {current}; mới nhất / newest: {newest}.",
            f"Lần công bố sau thay bản này; muốn về bản mới nhất: `motcua rollback {newest}`. / The next publication "
            "takes over; the command goes back to the newest.",
        )  # fmt: skip
    elif made is None or now - made > OLDEST_VERSION:
        yield Finding(
            "published", "warn", f"Bản đang công bố / current: {current}",
            "Xem vì sao các đêm gần đây không công bố: `motcua check`. / See why nights didn't publish.",
        )  # fmt: skip
    else:
        yield Finding(
            "published", "ok", f"Bản đang công bố, mới nhất / current, the newest: {current}"
        )


def _backup(settings: Settings, now: dt.datetime) -> Iterator[Finding]:
    stamp = last_backup(settings.home)
    # One from the future may be of any age; find_future names it.
    at = None if stamp is None or is_future(stamp.made_at, now) else stamp.made_at
    is_old = at is None or now - at > OLDEST_BACKUP
    never = "Chưa sao lưu, hoặc không rõ lúc nào. / Never backed up, or it can't be told when."
    yield Finding(
        "backup", "warn" if is_old else "ok",
        never if at is None else f"Sao lưu / backed up {at:%Y-%m-%d %H:%M} UTC",
        "motcua backup DIR" if is_old else "",
    )  # fmt: skip


def _unconnected(settings: Settings, sources: SourcesSpec) -> Iterator[Finding]:
    read = SIMULATED if settings.uses_demo_systems else settings.base_urls()
    for name, system in sources.systems.items():
        if name not in read:
            yield Finding(
                f"source.{name}", "warn", f"{system.label or name}: chưa nối nguồn. / Not connected, so not read.",
                f"Điền MOTCUA_{name.upper()}_URL và _TOKEN vào .env. / Fill in its address and token.",
            )  # fmt: skip


def _sources(settings: Settings, sources: SourcesSpec) -> Iterator[Finding]:
    zone, ways = ZoneInfo(sources.time_zone), settings.ways()
    for name, url in settings.base_urls().items():
        access = Access(url, settings.credential(name), Wire(*ways[name]))
        found = probe(name, sources.systems[name], access, settings.now(), zone=zone)
        yield Finding(
            f"source.{name}", "ok" if found.is_good else "bad", found.message,
            "" if found.is_good else f"Xem MOTCUA_{name.upper()}_URL, _TOKEN và mạng. / Check address, token, net.",
        )  # fmt: skip
