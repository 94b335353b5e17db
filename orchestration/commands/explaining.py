"""Commands that say what stands behind a figure: explain, restate.

Belongs here: arguments and what is printed. Doesn't: the evidence (warehouse.explain,
warehouse.restate).
"""

import click

from orchestration.commands.reply import USAGE, Reply, command
from orchestration.settings import Settings


@click.command("explain")
@click.argument("kpi")
@click.argument("period")
@click.argument("agency", default="ALL")
@click.option("--variant", help="Biến thể; mặc định là biến thể chính. Variant; the headline one.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(0),
              help="Số dòng mỗi nhóm khi in. Lines a group as text; JSON has all.")  # fmt: skip
@command
def explain(
    reply: Reply,
    settings: Settings,
    kpi: str,
    period: str,
    agency: str,
    variant: str | None,
    limit: int,
) -> None:
    """Hồ sơ nào đứng sau một chỉ tiêu. What stands behind a figure, one by one.

    PERIOD: 2026, 2026-Q2, 2026-05, 2026-W20, 2026-05-04, ytd, 2026-ytd, campaign. Reads the restricted store.
    """
    from orchestration.explaining import explanation_payload, explanation_text
    from orchestration.questions import explain_figure
    from warehouse.explain import QuestionError

    try:
        found = explain_figure(settings, kpi, period, agency, variant)
    except QuestionError as error:
        reply.stop(str(error), USAGE)
        return
    reply.done(explanation_payload(found), lambda: click.echo(explanation_text(found, limit)))


@click.command("restate")
@click.argument("version")
@click.argument("kpi", default="on_time")
@click.argument("period", default="ytd")
@click.argument("agency", default="ALL")
@click.option("--variant", help="mặc định: biến thể chính / by default the headline variant")
@command
def restate(
    reply: Reply,
    settings: Settings,
    version: str,
    kpi: str,
    period: str,
    agency: str,
    variant: str | None,
) -> None:
    """Bản trước nói gì, và vì sao nay khác. What a version said, and why today differs.

    Replays the figure from what was known then, by the rules kept with the version.
    """
    from orchestration.explaining import restatement_payload, restatement_text
    from orchestration.questions import restate_figure
    from warehouse.explain import QuestionError

    try:
        found = restate_figure(settings, version, kpi, period, agency, variant)
    except QuestionError as error:
        reply.stop(str(error), USAGE)
        return
    reply.done(restatement_payload(found), lambda: click.echo(restatement_text(found)))
