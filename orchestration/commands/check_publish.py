"""Commands on what stands: check, publish, rollback, report.

Belongs here: acts without a source call. Doesn't: nights (run_replay_ingest.py).
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from orchestration.commands.reply import STOPPED, Reply, command
from orchestration.settings import Settings


@click.command("check")
@click.option("--table", help="Chỉ một bảng. One table only, as staging.case.")
@click.option("--rule", help="Chỉ một quy tắc của bảng. One rule of the table only.")
@click.option("--keys", is_flag=True, help="Cả khóa của dòng vi phạm. Keys of failing rows, too.")
@command
def check(
    reply: Reply, settings: Settings, table: str | None, rule: str | None, keys: bool
) -> None:
    """Kiểm tra dữ liệu đang có, việc nặng trước. Run all suites on what stands, worst first."""
    from orchestration.console.check_publish import check_everything
    from orchestration.console.present import lines_of
    from orchestration.parts import compose
    from reports.numbers import number_text

    findings = check_everything(compose(settings), table, with_keys=keys)
    findings = [f for f in findings if rule in (None, f["rule"])]
    bad = [f for f in findings if f["state"] != "passed"]

    def say() -> None:
        for finding in bad:
            for line in lines_of(finding):
                click.echo(line)
        good = number_text(len(findings) - len(bad))
        click.echo(f"{good} đạt, {len(bad)} cần xem. / {good} passed, {len(bad)} to look at.")

    reply.done({"checks": findings}, say)
    stop_at(bad)


def stop_at(bad: Sequence[Mapping[str, Any]]) -> None:
    """Exit with one line if any of these findings stops a night."""
    from assets.broken import Broken, stop_words

    stopping = [f for f in bad if f["state"] == "error" or f["severity"] == "critical"]
    if stopping:
        click.echo(
            stop_words([Broken.of_row({**f, "table_name": f["table"]}) for f in stopping]), err=True
        )
        sys.exit(STOPPED)


@click.command("publish")
@command
def publish(reply: Reply, settings: Settings) -> None:
    """Công bố lại từ kho đang có, qua cổng kiểm tra. Publish what stands, if the gate lets it."""
    from orchestration.console.check_publish import publish_again
    from orchestration.parts import compose

    shown = publish_again(compose(settings))
    reply.done(shown, lambda: click.echo(f"Đã công bố {shown['version']}. / Published."))


@click.command("rollback")
@click.argument("version", required=False)
@command
def rollback(reply: Reply, settings: Settings, version: str | None) -> None:
    """Quay về phiên bản trước. Go back to an earlier published version."""
    from warehouse.publication.versions import list_versions, roll_back
    from warehouse.store.connection import hold_lock

    with hold_lock(settings.lock_path, "rollback"):
        current = roll_back(settings.published, version)
        newest = list_versions(settings.published)[-1]

    def say() -> None:
        click.echo(f"Đang công bố {current}. / Now current.")
        if current != newest:
            click.echo(
                f"Bản mới nhất là {newest}; lần công bố sau thay bản đang công bố. / The newest is {newest}; the "
                "next publication takes over."
            )
        click.echo(
            "`motcua report` viết lại trang và sổ Excel theo bản này. / Writes page and workbook from it."
        )

    reply.done({"version": current, "newest": newest}, say)


@click.command("report")
@command
def report(reply: Reply, settings: Settings) -> None:
    """Viết lại trang, sổ Excel và tệp số đo. Write page, workbook and metrics from what is published."""
    from assets.report import write_reports

    paths = [str(path) for path in write_reports(settings.published, settings.home / "reports")]
    reply.done({"path": paths[0], "paths": paths}, lambda: click.echo("\n".join(paths)))
