"""The page of all rules: what holds, what doesn't, since when, and what a person does about it.

Belongs here: reading results as counts and rendering reports/quality.html. Doesn't: judging; keys and
rows, which stay in the restricted store. The page is one file and asks nothing of any network.
"""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from common.disk import write_whole
from common.rows import Row, named
from reports.data import Published
from reports.numbers import number_text

RUNS_SHOWN = 12
_LATEST = """
    with said as (
        select *,
            row_number() over (partition by table_name, rule order by event_no desc, checked_at desc) as place,
            first_value(run_id) over (partition by table_name order by event_no desc, checked_at desc) as latest_run_id
        from meta.check_run
    ),
    trends as (
        select table_name, rule,
            list(case when state <> 'error' then failed end order by event_no, checked_at) as trend,
            max(case when state <> 'passed' then checked_at end) as last_bad_at
        from said where place <= $runs
        group by table_name, rule
    )
    select s.table_name, s.rule, s.severity, s.owner, s.reason_vi, s.reason_en, s.evaluated, s.failed,
        s.state, s.checked_at, s.remedy_vi, s.detail, t.trend, t.last_bad_at
    from said as s
    join trends as t using (table_name, rule)
    where s.place = 1 and s.run_id = s.latest_run_id
    order by s.table_name, s.rule
"""
_WORST = {"error": 0, "critical": 1, "warning": 2, "info": 3}


def read_rules(connection: Published) -> list[Row]:
    """The latest result of every rule, one dict a rule by table and rule; `trend` is oldest first."""
    return named(connection.execute(_LATEST, {"runs": RUNS_SHOWN}))


def write_quality(connection: Published, path: Path) -> Path:
    """Write the page from an open warehouse; temp name, then rename. Returns its path."""
    rules = read_rules(connection)
    environment = Environment(
        loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(number=number_text)
    environment.globals["spark"] = _spark
    text = environment.get_template("quality.html.j2").render(
        tables=_by_table(rules),
        bad=sorted((r for r in rules if r["state"] != "passed"), key=_urgency),
        passed=sum(r["state"] == "passed" for r in rules),
        checked_at=max((r["checked_at"] for r in rules), default=None),
    )
    return write_whole(path, text)


def _urgency(rule: Row) -> tuple[int, int]:
    return _WORST["error" if rule["state"] == "error" else rule["severity"]], -rule["failed"]


def _by_table(rules: list[Row]) -> dict[str, list[Row]]:
    tables: dict[str, list[Row]] = {}
    for rule in rules:
        tables.setdefault(rule["table_name"], []).append(rule)
    return tables


def _spark(trend: list[int | None]) -> Markup:
    """The last runs' counts as bars, the newest at the right; a run that could not check leaves a gap."""
    highest = max((value for value in trend if value), default=0)
    if not highest:
        return Markup("")
    bars = "".join(
        f'<rect x="{place * 12}" y="{round(30 - height, 1)}" width="9" height="{round(height, 1)}"/>'
        for place, value in enumerate(trend, start=RUNS_SHOWN - len(trend))
        if value is not None and (height := max(28 * value / highest, 1))
    )
    drawing = (
        f'<svg class="trend" viewBox="0 0 {RUNS_SHOWN * 12} 30" aria-hidden="true">{bars}</svg>'
    )
    return Markup(drawing)  # noqa: S704 (made of numbers alone)
