"""Commands that serve until they are interrupted: serve-demo, ui, web, daemon, code.

Belongs here: hosts, ports, sizes. Doesn't: what is served.
"""

from pathlib import Path
from typing import Any

import click

from orchestration.commands.reply import STOPPED, Reply, service
from orchestration.settings import Settings


@click.command("serve-demo")
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
@service
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


@click.command("ui")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
@service
def ui(reply: Reply, settings: Settings, port: int, host: str) -> None:
    """Mở giao diện Dagster và bộ lập lịch. Open the Dagster UI and its scheduler."""
    from orchestration.console.check_publish import start_ui

    reply.done(
        {"url": f"http://{host}:{port}"},
        lambda: click.echo(f"http://{host}:{port}  (Ctrl+C để dừng)"),
    )
    code = start_ui(settings, host, port)
    if code:
        reply.stop(f"The Dagster UI ended with code {code}; is port {port} free?", STOPPED)


@click.command("web")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--read-only", is_flag=True, help="Chỉ xem. For viewers.")
@click.option(
    "--prefix", default="", help="Đường dẫn sau proxy. Path behind a proxy, such as /viewer."
)
@service
def web(
    reply: Reply, settings: Settings, port: int, host: str, read_only: bool, prefix: str
) -> None:
    """Chỉ giao diện Dagster. The Dagster UI alone, also read-only."""
    from orchestration.console.check_publish import start_web

    code = start_web(settings, host, port, read_only=read_only, prefix=prefix)
    if code:
        reply.stop(f"The webserver ended with code {code}; is port {port} free?", STOPPED)


@click.command("daemon")
@service
def daemon(reply: Reply, settings: Settings) -> None:
    """Chỉ bộ lập lịch và cảnh báo. The scheduler and its alerts alone."""
    from orchestration.console.check_publish import start_daemon

    code = start_daemon(settings)
    if code:
        reply.stop(f"The daemon ended with code {code}; see its log.", STOPPED)


@click.command("code")
@click.option("--port", default=4000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
@service
def code_server(reply: Reply, settings: Settings, port: int, host: str) -> None:
    """Chỉ máy chủ mã, nơi các lần chạy chạy. The code server alone; runs run where it is."""
    from orchestration.console.check_publish import start_code

    code = start_code(settings, host, port)
    if code:
        reply.stop(f"The code server ended with code {code}; is port {port} free?", STOPPED)
