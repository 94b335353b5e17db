"""The command line of contracts.md §2.

Belongs here: arguments, exit codes, what is printed. Doesn't: work; each command calls one function.
Exit codes: 0 published or done; 1 stopped, the old version stands; 2 usage or configuration; 3 busy.
"""

import json
import sys
import warnings
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from orchestration.settings import Settings, SettingsError

BUSY, USAGE, STOPPED = 3, 2, 1


class Reply:
    """What a command answers: a dict for --json, text for people, and the exit code."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def done(self, payload: dict[str, Any], say: Callable[[], None] | None = None) -> None:
        """Answer and exit with 0."""
        if self.as_json:
            click.echo(json.dumps({"status": "ok", **payload}, ensure_ascii=False, default=str))
        elif say is not None:
            say()

    def stop(self, reason: str, code: int = STOPPED) -> None:
        """Answer with one line on stderr and exit with `code`."""
        if self.as_json:
            words = {BUSY: "busy", USAGE: "usage", STOPPED: "stopped"}
            click.echo(json.dumps({"status": words[code], "reason": reason}, ensure_ascii=False))
        click.echo(reason, err=True)
        sys.exit(code)


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command --json, its settings, and one place that turns errors into exit codes."""

    @click.option("--json", "as_json", is_flag=True, help="Trả lời bằng JSON. Answer as JSON.")
    @wraps(function)
    def run(as_json: bool, **arguments: Any) -> None:
        from expectations.suite import SuiteError
        from sources.errors import SourceError, SpecError
        from warehouse.errors import CatalogError, WarehouseBusyError, WarehouseError

        reply = Reply(as_json)
        try:
            settings = Settings.load()
            function(reply, settings, **arguments)
        except (SettingsError, CatalogError, SpecError, SuiteError) as error:
            reply.stop(str(error), USAGE)
        except WarehouseBusyError as error:
            reply.stop(str(error), BUSY)
        except (WarehouseError, SourceError) as error:
            reply.stop(str(error), STOPPED)

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="motcua")
def main() -> None:
    """Motcua: kho chỉ tiêu của Trung tâm Phục vụ hành chính công (the KPI warehouse)."""
    # Partitions and backfill policies are marked beta by Dagster; a person at a terminal can't act on that.
    warnings.filterwarnings("ignore", module=r"dagster\b.*")


@main.command("demo")
@click.option("--cases-per-year", default=80_000, show_default=True, help="Cỡ mô phỏng. Size.")
@click.option("--years", default=2, show_default=True)
@click.option("--seed", default=2023, show_default=True)
@click.option("--response", type=click.Choice(["real", "high"]), default="real", show_default=True)
@command
def demo(
    reply: Reply, settings: Settings, cases_per_year: int, years: int, seed: int, response: str
) -> None:
    """Hệ thống mô phỏng, hai năm dữ liệu, một đêm trọn vẹn. Simulated sources and a whole night."""
    from orchestration.demo_systems import DemoPlan, write_demo_files, write_plan

    if not settings.uses_demo_systems:
        reply.stop(
            "Sources are configured, and simulated cases must not mix with real ones; unset MOTCUA_*_URL "
            "or give another MOTCUA_HOME for the demo.",
            USAGE,
        )
    plan = DemoPlan(
        seed=seed, years=years, cases_per_year=cases_per_year, response=response, end=settings.now()
    )
    write_plan(settings, plan)
    write_demo_files(settings, plan)
    _run_job(reply, settings, "full_refresh", use_demo=True)


@main.command("run")
@click.option("--full", is_flag=True, help="Đọc lại từ đầu. Read everything again.")
@click.option("--from", "start", type=click.DateTime(["%Y-%m-%d"]), help="Từ ngày. From day.")
@click.option("--to", "end", type=click.DateTime(["%Y-%m-%d"]), help="Đến hết ngày. To day.")
@command
def run(reply: Reply, settings: Settings, full: bool, start: Any, end: Any) -> None:
    """Chạy một đêm: đọc, nạp, kiểm tra, tính, công bố. Run a night."""
    from orchestration.definitions import MODE_TAG, WINDOW_FROM_TAG, WINDOW_TO_TAG

    if full and (start or end):
        reply.stop("Use either --full or --from/--to, not both.", USAGE)
    if end and not start:
        reply.stop("Give --from together with --to.", USAGE)
    tags = {MODE_TAG: "full" if full else "window" if start else "incremental"}
    if start:
        tags[WINDOW_FROM_TAG] = f"{start:%Y-%m-%d}"
    if end:
        tags[WINDOW_TO_TAG] = f"{end:%Y-%m-%d}"
    _run_job(reply, settings, "nightly", tags)


@main.command("replay")
@click.option("--from", "start", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--to", "end", type=click.DateTime(["%Y-%m-%d"]))
@command
def replay(reply: Reply, settings: Settings, start: Any, end: Any) -> None:
    """Dựng lại từ landing, không gọi nguồn. Rebuild from landing without a source call."""
    from orchestration.definitions import MODE_TAG, WINDOW_FROM_TAG, WINDOW_TO_TAG

    tags = {MODE_TAG: "replay", WINDOW_FROM_TAG: f"{start:%Y-%m-%d}"}
    if end:
        tags[WINDOW_TO_TAG] = f"{end:%Y-%m-%d}"
    _run_job(reply, settings, "nightly", tags)


@main.command("ingest")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--kind", help="Loại tệp khi tên không nói. Kind of file when its name doesn't say.")
@command
def ingest(reply: Reply, settings: Settings, files: tuple[Path, ...], kind: str | None) -> None:
    """Nhận tệp thả vào. Take dropped files and load them."""
    from orchestration.definitions import MODE_TAG
    from orchestration.inbox import put_into_inbox

    put_into_inbox(settings, files, kind)
    _run_job(reply, settings, "files", {MODE_TAG: "files"})


@main.command("check")
@command
def check(reply: Reply, settings: Settings) -> None:
    """Kiểm tra dữ liệu đang có, việc nặng trước. Run all suites on what stands, worst first."""
    from orchestration.definitions import wire
    from orchestration.maintenance import check_everything

    findings = check_everything(wire(settings))
    bad = [f for f in findings if f["state"] != "passed"]

    def say() -> None:
        for finding in bad:
            click.echo(
                f"[{finding['severity'] if finding['state'] != 'error' else 'ERROR'}] {finding['table']} · "
                f"{finding['rule']}: {finding['failed']} / {finding['evaluated']} – {finding['reason_vi']} "
                f"({finding['owner']})"
            )
        click.echo(f"{len(findings) - len(bad)} đạt, {len(bad)} cần xem. / {len(bad)} to look at.")

    reply.done({"checks": findings}, say)
    if any(
        f["state"] == "error" or (f["state"] == "failed" and f["severity"] == "critical")
        for f in bad
    ):
        sys.exit(STOPPED)


@main.command("publish")
@command
def publish(reply: Reply, settings: Settings) -> None:
    """Công bố lại từ kho đang có, qua cổng kiểm tra. Publish what stands, if the gate lets it."""
    from orchestration.definitions import wire
    from orchestration.maintenance import publish_again

    shown = publish_again(wire(settings))
    reply.done(shown, lambda: click.echo(f"Đã công bố {shown['version']}. / Published."))


@main.command("rollback")
@click.argument("version", required=False)
@command
def rollback(reply: Reply, settings: Settings, version: str | None) -> None:
    """Quay về phiên bản trước. Go back to an earlier published version."""
    from warehouse.connection import hold_lock
    from warehouse.publish import roll_back

    with hold_lock(settings.lock_path, "rollback"):
        now_current = roll_back(settings.published, version)
    reply.done(
        {"version": now_current}, lambda: click.echo(f"Đang công bố {now_current}. / Now current.")
    )


@main.command("report")
@command
def report(reply: Reply, settings: Settings) -> None:
    """Viết lại trang bảng chỉ tiêu. Write the scorecard page from what is published."""
    from assets.report import write_report

    path = write_report(settings.published, settings.home / "reports")
    reply.done({"path": str(path)}, lambda: click.echo(str(path)))


@main.command("serve-demo")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--scenario", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--cases-per-year", default=80_000, show_default=True)
@click.option("--years", default=2, show_default=True)
@click.option("--seed", default=2023, show_default=True)
@click.option("--response", type=click.Choice(["real", "high"]), default="real", show_default=True)
@click.option(
    "--truth",
    type=click.Path(file_okay=False, path_type=Path),
    help="Ghi sự thật ra đây. Write the truth.",
)
@command
def serve_demo(
    reply: Reply,
    settings: Settings,
    port: int,
    host: str,
    scenario: Path | None,
    truth: Path | None,
    **size: Any,
) -> None:
    """Chạy bốn hệ thống nguồn mô phỏng. Serve the four simulated sources."""
    from orchestration.demo_systems import DemoPlan, serve_for_ever

    plan = DemoPlan(end=settings.now(), **size)
    serve_for_ever(plan, host, port, scenario, truth, lambda payload, say: reply.done(payload, say))


@main.command("ui")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
@command
def ui(reply: Reply, settings: Settings, port: int, host: str) -> None:
    """Mở giao diện Dagster và bộ lập lịch. Open the Dagster UI and its scheduler."""
    from orchestration.maintenance import start_ui

    reply.done(
        {"url": f"http://{host}:{port}"},
        lambda: click.echo(f"http://{host}:{port}  (Ctrl+C để dừng)"),
    )
    code = start_ui(settings, host, port)
    if code:
        reply.stop(f"The Dagster UI ended with code {code}; is port {port} free?", STOPPED)


def _run_job(
    reply: Reply,
    settings: Settings,
    job: str,
    tags: dict[str, str] | None = None,
    *,
    use_demo: bool | None = None,
) -> None:
    from orchestration.definitions import wire
    from orchestration.maintenance import read_scorecard
    from orchestration.present import TerminalProgress, print_scorecard
    from orchestration.runs import execute_job

    with TerminalProgress() as progress:
        wiring = wire(settings, progress=progress, use_demo=use_demo)
        outcome = execute_job(wiring, job, tags)
    if not outcome.succeeded:
        reply.stop(outcome.reason, BUSY if outcome.is_busy else STOPPED)
    rows = read_scorecard(settings)
    reply.done({"run_id": outcome.run_id, "scorecard": rows}, lambda: print_scorecard(rows))


if __name__ == "__main__":
    main()
