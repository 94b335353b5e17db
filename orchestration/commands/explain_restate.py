"""Commands that say what stands behind a figure: explain, restate.

Belongs here: arguments and what is printed. Doesn't: the evidence (figures.explain,
figures.restate, figures.plan).
"""

from pathlib import Path

import click
from click.core import ParameterSource

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
    from figures.explain import QuestionError
    from orchestration.console.explanation_text import explanation_payload, explanation_text
    from orchestration.console.questions import explain_figure

    try:
        found = explain_figure(settings, kpi, period, agency, variant)
    except QuestionError as error:
        reply.stop(str(error), USAGE)
        return
    reply.done(explanation_payload(found), lambda: click.echo(explanation_text(found, limit)))


@click.command("restate")
@click.argument("version", required=False)
@click.argument("kpi", default="on_time")
@click.argument("period", default="ytd")
@click.argument("agency", default="ALL")
@click.option("--variant", help="mặc định: biến thể chính / by default the headline variant")
@click.option(
    "--plan",
    "is_plan",
    is_flag=True,
    help="Quy tắc trên đĩa sẽ đổi gì, trước khi chạy. What the rules on disk would change, before a run.",
)
@click.option(
    "--seed",
    "seeds",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Với --plan: tệp CSV thay seed cùng tên. With --plan: a CSV in the place of the seed of its name.",
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(0),
              help="Với --plan: số dòng mỗi nhóm khi in. With --plan: lines a group; JSON has all.")  # fmt: skip
@command
def restate(
    reply: Reply,
    settings: Settings,
    version: str | None,
    kpi: str,
    period: str,
    agency: str,
    variant: str | None,
    is_plan: bool,
    seeds: tuple[Path, ...],
    limit: int,
) -> None:
    """Bản trước nói gì, và vì sao nay khác. What a version said, and why today differs.

    Replays the figure from what was known then, by the rules kept with the version. With --plan: what the rules
    on disk change in that version's figures (the newest one's), by KPI, agency and month, and which cases change side.
    """
    from figures.explain import QuestionError
    from orchestration.console.explanation_text import restatement_payload, restatement_text
    from orchestration.console.plan_text import plan_payload, plan_text
    from orchestration.console.questions import plan_rules, restate_figure

    if version is None and not is_plan:
        reply.stop("Name a version, or ask with --plan what the rules on disk would change.", USAGE)
        return
    context = click.get_current_context()
    if is_plan and any(
        context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        for name in ("kpi", "period", "agency", "variant")
    ):
        reply.stop(
            "A plan is of all KPIs, agencies and months; name at most a version with --plan.", USAGE
        )
        return
    if seeds and not is_plan:
        reply.stop("--seed says what to plan with; ask with --plan, or leave it out.", USAGE)
        return
    try:
        if is_plan or version is None:
            planned = plan_rules(settings, seeds, version)
            reply.done(plan_payload(planned), lambda: click.echo(plan_text(planned, limit)))
            return
        found = restate_figure(settings, version, kpi, period, agency, variant)
    except QuestionError as error:
        reply.stop(str(error), USAGE)
        return
    reply.done(restatement_payload(found), lambda: click.echo(restatement_text(found)))
