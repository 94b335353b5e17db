"""Commands that keep the service: doctor, backup, restore, watch, tidy.

Belongs here: arguments and answers. Doesn't: what is looked at (orchestration.operating.doctor) or copied
(warehouse.backup).
"""

import sys
from pathlib import Path

import click

from orchestration.commands.reply import STOPPED, Reply, command
from orchestration.settings import Settings

_MARKS = {"ok": "✓", "warn": "!", "bad": "✗"}


@click.command("doctor")
@click.option("--offline", is_flag=True, help="Không gọi nguồn. Don't call the sources.")
@command
def doctor(reply: Reply, settings: Settings, offline: bool) -> None:
    """Khám hệ thống; mỗi phát hiện kèm cách chữa. Look at everything; each finding with its remedy."""
    from orchestration.operating.doctor import examine

    findings = examine(settings, call_sources=not offline)
    worst = [finding for finding in findings if finding.state != "ok"]

    def say() -> None:
        for finding in findings:
            click.echo(f"{_MARKS[finding.state]} {finding.subject}: {finding.message}")
            if finding.remedy:
                click.echo(f"    → {finding.remedy}")

    reply.done({"findings": [vars(finding) for finding in findings], "to_do": len(worst)}, say)
    if any(finding.state == "bad" for finding in findings):
        sys.exit(STOPPED)


@click.command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--keep", default=14, show_default=True, type=click.IntRange(1), help="Số bản giữ lại. Kept."
)
@command
def backup(reply: Reply, settings: Settings, folder: Path, keep: int) -> None:
    """Sao lưu kho, landing, inbox, bản công bố. Back up what can't be made again."""
    from reports.numbers import number_text, size_text
    from warehouse.backup import find_backups, make_backup
    from warehouse.store.connection import hold_lock
    from warehouse.store.sequence import is_future

    with hold_lock(settings.lock_path, "backup"):
        made = make_backup(settings.home, folder, keep)
    odd = [b.folder.name for b in find_backups(folder) if is_future(b.made_at, made.made_at)]

    def say() -> None:
        click.echo(
            f"{made.folder}: {number_text(len(made.files))} tệp / files, {size_text(made.bytes)}. Khóa MOTCUA_PII_KEY "
            "không nằm trong bản sao: giữ riêng. / The key is not in it: keep it elsewhere."
        )
        if odd:
            click.echo(
                f"Bản sao đề ngày tương lai, không tính là mới nhất: {', '.join(odd)}. Kiểm tra đồng hồ máy. / "
                "Dated in the future, not counted as the newest. Check the clock."
            )

    reply.done(
        {
            "folder": str(made.folder), "number": made.number, "files": len(made.files),
            "bytes": made.bytes, "dated_in_the_future": odd,
        },
        say,
    )  # fmt: skip


@click.command("restore")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@command
def restore(reply: Reply, settings: Settings, folder: Path) -> None:
    """Phục hồi vào MOTCUA_HOME trống. Restore the newest backup to an empty MOTCUA_HOME."""
    from warehouse.backup import restore_backup
    from warehouse.store.connection import hold_lock

    with hold_lock(settings.lock_path, "restore"):
        made = restore_backup(folder, settings.home)
    shown = {
        "folder": made.folder.name, "number": made.number, "made_at": made.made_at.isoformat(),
        "files": len(made.files), "version": made.version,
    }  # fmt: skip
    reply.done(shown, lambda: click.echo(
        f"Đã phục hồi bản sao {made.folder.name} ({made.made_at:%Y-%m-%d %H:%M} UTC), bản công bố {made.version}. "
        "Tiếp theo: `motcua run`. / Restored this backup; next: `motcua run`."
    ))  # fmt: skip


@click.command("watch")
@command
def watch(reply: Reply, settings: Settings) -> None:
    """Xem một lượt và báo nếu hỏng, cho nơi không chạy daemon. Look once and tell, without the daemon."""
    from orchestration.operating.watch import look_now

    failures = look_now(settings)
    reply.done({"untold": failures}, lambda: click.echo("\n".join(failures) or "Đã xem. / Looked."))


@click.command("tidy")
@command
def tidy(reply: Reply, settings: Settings) -> None:
    """Xóa những gì đã quá hạn giữ. Throw away what is due: old runs, logs, landed pages."""
    import datetime as dt

    import dagster as dg

    from common.local_time import LOCAL
    from orchestration.operating import retention
    from orchestration.settings import use_dagster_home
    from reports.numbers import number_text

    use_dagster_home(settings)
    with dg.DagsterInstance.get() as instance:
        counts = retention.tidy(settings, instance, dt.datetime.now(LOCAL))
    reply.done(
        counts,
        lambda: click.echo(", ".join(f"{name}: {number_text(n)}" for name, n in counts.items())),
    )
