"""Commands that run a job: demo, run, replay, ingest.

Belongs here: which job with which tags. Doesn't: running (runs.py).
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from orchestration.commands.reply import BUSY, STOPPED, USAGE, Reply, command
from orchestration.settings import Settings


@click.command("demo")
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


@click.command("run")
@click.option("--full", is_flag=True, help="Đọc lại từ đầu. Read everything again.")
@click.option("--from", "start", type=click.DateTime(["%Y-%m-%d"]), help="Từ ngày. From day.")
@click.option("--to", "end", type=click.DateTime(["%Y-%m-%d"]), help="Đến hết ngày. To day.")
@command
def run(reply: Reply, settings: Settings, full: bool, start: Any, end: Any) -> None:
    """Chạy một đêm: đọc, nạp, kiểm tra, tính, công bố. Run a night."""
    from assets.names import MODE_TAG, WINDOW_FROM_TAG, WINDOW_TO_TAG, RunMode

    if full and (start or end):
        reply.stop("Use either --full or --from/--to, not both.", USAGE)
    if end and not start:
        reply.stop("Give --from together with --to.", USAGE)
    if start and end and end < start:
        reply.stop("--to lies before --from; give the days in order.", USAGE)
    mode = RunMode.FULL if full else RunMode.WINDOW if start else RunMode.INCREMENTAL
    tags = {MODE_TAG: str(mode)}
    if start:
        tags[WINDOW_FROM_TAG] = f"{start:%Y-%m-%d}"
    if end:
        tags[WINDOW_TO_TAG] = f"{end:%Y-%m-%d}"
    _run_job(reply, settings, "nightly", tags)


@click.command("replay")
@click.option("--from", "start", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--to", "end", type=click.DateTime(["%Y-%m-%d"]))
@command
def replay(reply: Reply, settings: Settings, start: Any, end: Any) -> None:
    """Dựng lại từ landing, không gọi nguồn. Rebuild from landing without a source call.

    A warehouse that can't be read any more is moved aside, and everything that has landed is replayed.
    """
    from assets.names import MODE_TAG, WINDOW_FROM_TAG, WINDOW_TO_TAG, RunMode
    from orchestration.console.check_publish import set_damaged_aside

    tags = {MODE_TAG: str(RunMode.REPLAY), WINDOW_FROM_TAG: f"{start:%Y-%m-%d}"}
    if aside := set_damaged_aside(settings):
        click.echo(
            f"The warehouse was damaged and lies aside as {', '.join(aside)}; everything that has landed "
            "is replayed, whatever days were given.",
            err=True,
        )
        del tags[WINDOW_FROM_TAG]
    elif end:
        tags[WINDOW_TO_TAG] = f"{end:%Y-%m-%d}"
    _run_job(reply, settings, "nightly", tags)


@click.command("ingest")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--kind", help="Loại tệp khi tên không nói. Kind of file when its name doesn't say.")
@command
def ingest(reply: Reply, settings: Settings, files: tuple[Path, ...], kind: str | None) -> None:
    """Nhận tệp thả vào. Take dropped files and load them."""
    from assets.names import MODE_TAG, RunMode
    from orchestration.console.inbox import put_into_inbox, reasons_set_aside

    before = reasons_set_aside(settings)
    put_into_inbox(settings, files, kind)

    def refused() -> list[dict[str, str]]:
        """The files of this run that were set aside; told on stderr too, for publishing goes on without them."""
        after = reasons_set_aside(settings)
        fresh = {name: why for name, why in after.items() if name not in before}
        for name, why in fresh.items():
            click.echo(f"inbox/set_aside/{name}: {' '.join(why.split())}", err=True)
        return [{"file": name, "reason": why} for name, why in fresh.items()]

    _run_job(reply, settings, "files", {MODE_TAG: str(RunMode.FILES)}, also={"set_aside": refused})


def _run_job(
    reply: Reply,
    settings: Settings,
    job: str,
    tags: dict[str, str] | None = None,
    *,
    use_demo: bool | None = None,
    also: Mapping[str, Callable[[], object]] | None = None,
) -> None:
    from orchestration.console.check_publish import read_scorecard
    from orchestration.console.present import TerminalProgress, print_scorecard
    from orchestration.console.runs import execute_job
    from orchestration.definitions import wire

    with TerminalProgress(is_shown=not reply.as_json) as progress:
        wiring = wire(settings, progress=progress, use_demo=use_demo)
        outcome = execute_job(wiring, job, tags)
    if not outcome.succeeded:
        code = BUSY if outcome.is_busy else USAGE if outcome.is_usage else STOPPED
        reply.trace(outcome.frames)
        # The sentence before the mail: who told us to stop may not wait for a mail server.
        reply.tell(outcome.reason, code)
        if not outcome.is_busy:
            tell_now(settings)
        sys.exit(code)
    rows = read_scorecard(settings)
    more = {name: tell() for name, tell in (also or {}).items()}
    payload = {"run_id": outcome.run_id, **more, "scorecard": rows}
    reply.done(payload, lambda: print_scorecard(rows))


def tell_now(settings: Settings) -> None:
    """Tell of a stopped run at once: where runs are started by cron, nobody else looks."""
    from orchestration.operating.watch import look_now

    if settings.alert_webhook or settings.alert_smtp:
        for untold in look_now(settings):
            click.echo(untold, err=True)
