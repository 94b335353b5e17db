"""The command for who writes queries, rules and seeds: build.

Belongs here: what is asked and how it is shown. Doesn't: building (orchestration.console.build).
"""

from typing import Any

import click

from orchestration.commands.check_publish import stop_at
from orchestration.commands.reply import Reply, command
from orchestration.settings import Settings

WAYS = {"whole": "dựng lại / built", "part": "dựng một phần / in part", "carried": "không đổi / unchanged"}  # fmt: skip


@click.command("build")
@click.argument("table")
@click.option("--with-deps", is_flag=True, help="Cả các bảng nó đọc. All that it reads, too.")
@click.option(
    "--show", default=10, show_default=True, type=click.IntRange(min=0), help="Số dòng. Rows."
)
@command
def build(reply: Reply, settings: Settings, table: str, with_deps: bool, show: int) -> None:
    """Dựng và kiểm tra một bảng trên kho đang có. Build and check one table on what stands.

    TABLE is schema.table, as core.fct_case. Columns that lead to a person aren't shown, and nothing is published.
    """
    from orchestration.console.build import build_table
    from orchestration.console.check_publish import finding_of
    from orchestration.parts import compose

    built = build_table(compose(settings), table, with_deps=with_deps, show=show)
    findings = [finding_of(outcome) for outcome in built.outcomes]
    bad = [finding for finding in findings if finding["state"] != "passed"]
    payload = {
        "table": table,
        "built": [{"table": r.table, "way": r.way, "rows": r.rows} for r in built.results],
        "checks": findings,
        "hidden": built.hidden,
        "rows": built.rows,
    }
    reply.done(payload, lambda: _say(payload, bad))
    stop_at(bad)


def _say(payload: dict[str, Any], bad: list[dict[str, Any]]) -> None:
    from orchestration.console.present import lines_of, print_rows
    from reports.numbers import number_text

    for made in payload["built"]:
        count = number_text(made["rows"])
        click.echo(f"{made['table']}: {count} dòng / rows, {WAYS[made['way']]}")
    for finding in bad:
        click.echo("\n".join(lines_of({**finding, "before": []})))
    good = number_text(len(payload["checks"]) - len(bad))
    click.echo(
        f"{good} quy tắc đạt, {len(bad)} cần xem. / {good} rules passed, {len(bad)} to look at."
    )
    print_rows(payload["rows"])
    if payload["hidden"]:
        click.echo(f"Không hiện / not shown: {', '.join(payload['hidden'])}")
