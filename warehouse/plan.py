"""What changed rules would do to today's figures, asked before anything is built or published: a plan.

Belongs here: yesterday's data under the rules of the newest version and under others, and what differs by figure and
by unit. Doesn't: what an earlier version said (restate.py), any rule, words for people (orchestration).

Both sides see the same records at the same as-of, so that every difference is the rules' alone. Only what the change
reaches is built anew, on an overlay; the store isn't written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.build import RowRule
from warehouse.catalog import KPI_MEASURE, Catalog
from warehouse.explain import QuestionError, units_query
from warehouse.ledger import RuleSet, rule_set
from warehouse.overlay import replace_table, show_store
from warehouse.replay import load_kept_seed, staged_query
from warehouse.rows import Row, rows_of
from warehouse.seeds import load_public_holidays, load_seed


@dataclass(frozen=True)
class Plan:
    """What would change, by month.

    `figures`: kpi_id, variant, agency_code, period_start, and numerator and denominator before and after. `units`:
    kpi_id, variant, agency_code, period_start, unit_id, and its side before and after: good, bad, or null where it
    isn't counted. `changed` names the seeds, models and row rules that differ from the version's.
    """

    version: str
    changed: list[str]
    figures: list[Row]
    units: list[Row]


def rules_on_disk(
    catalog: Catalog,
    rules: Mapping[str, Iterable[RowRule]],
    macros: Path,
    given: Iterable[Path] = (),
) -> RuleSet:
    """The rules as the files say now; a seed file of `given` stands in the place of the packaged one of its name.

    Raises:
        QuestionError: a given file is no seed, or has other columns than the packaged one.
    """
    with duckdb.connect() as scratch:
        scratch.execute("create schema seeds")
        for table, path in catalog.seeds.items():
            load_seed(scratch, table, path)
        load_public_holidays(scratch)
        for path in given:
            _replace_seed(scratch, catalog, path)
        return rule_set(scratch, catalog, {t: list(found) for t, found in rules.items()}, macros)


def plan(connection: duckdb.DuckDBPyConnection, proposed: RuleSet) -> Plan:
    """What `proposed` would change in the figures of the newest version, on an overlay of the store.

    Raises:
        QuestionError: nothing is published yet.
    """
    kept = rows_of(
        connection,
        "select c.version, r.body from store.meta.published_context as c "
        "join store.meta.rule_set as r using (fingerprint) order by publication_no desc limit 1",
    )
    if not kept:
        raise QuestionError(
            "Nothing is published yet; run `motcua run` first, then ask for a plan."
        )
    current = RuleSet.from_json(kept[0]["body"])
    changed = _differing(current, proposed)
    for side, rules in (("before", current), ("after", proposed)):
        show_store(connection)
        _build_reached(connection, rules, changed)
        _keep_side(connection, side, rules)
    figures = rows_of(
        connection,
        """
        select kpi_id, variant, agency_code, period_start,
            coalesce(b.numerator, 0) as numerator_before, coalesce(b.denominator, 0) as denominator_before,
            coalesce(a.numerator, 0) as numerator_after, coalesce(a.denominator, 0) as denominator_after
        from temp.figures_before as b
        full join temp.figures_after as a using (kpi_id, variant, agency_code, period_start)
        where (coalesce(b.numerator, 0), coalesce(b.denominator, 0))
            is distinct from (coalesce(a.numerator, 0), coalesce(a.denominator, 0))
        order by all
        """,
    )
    units = rows_of(
        connection,
        """
        select kpi_id, variant, agency_code, period_start, unit_id, b.side as before, a.side as after
        from temp.units_before as b
        full join temp.units_after as a using (kpi_id, variant, agency_code, period_start, unit_id)
        where b.side is distinct from a.side
        order by all
        """,
    )
    return Plan(kept[0]["version"], changed, figures, units)


def _replace_seed(scratch: duckdb.DuckDBPyConnection, catalog: Catalog, path: Path) -> None:
    table = f"seeds.{path.stem}"
    if table not in catalog.seeds:
        known = ", ".join(sorted(name.removeprefix("seeds.") for name in catalog.seeds))
        raise QuestionError(f"{path.name} is no seed; name the file after one of {known}.")
    wanted = scratch.execute(f"describe {table}").fetchall()
    try:
        load_seed(scratch, table, path)
    except duckdb.Error:
        raise QuestionError(f"{path.name} can't be read; it must be a CSV file in UTF-8.") from None
    if scratch.execute(f"describe {table}").fetchall() != wanted:
        listed = ", ".join(str(name) for name, *_ in wanted)
        raise QuestionError(f"{path.name} has other columns; they must be {listed}.")


def _differing(current: RuleSet, proposed: RuleSet) -> list[str]:
    """Seeds, models and row rules that differ, and `macros` where those do."""
    changed = ["macros"] if current.macros != proposed.macros else []
    before, after = ({m.table: m for m in side.models} for side in (current, proposed))
    changed += [
        table
        for table in sorted({*current.seeds, *proposed.seeds})
        if current.seeds.get(table) != proposed.seeds.get(table)
    ]
    for table in sorted({*before, *after}):
        texts = [side[table].query if table in side else None for side in (before, after)]
        rules = [list(side.rules.get(table, ())) for side in (current, proposed)]
        if texts[0] != texts[1] or rules[0] != rules[1]:
            changed.append(table)
    return changed


def _build_reached(
    connection: duckdb.DuckDBPyConnection, rules: RuleSet, changed: list[str]
) -> None:
    """Build by these rules what differs and whatever reads it; all the rest stands as in the store."""
    connection.execute(rules.macros)
    for table in changed:
        if table in rules.seeds:
            load_kept_seed(connection, table, rules.seeds[table])
    reached = set(changed)
    for model in rules.models:
        if "macros" in reached or model.table in reached or model.depends_on & reached:
            reached.add(model.table)
            found = rules.rules.get(model.table, ())
            query = staged_query(model, found) if model.keep else model.query
            replace_table(connection, model.table, query)


def _keep_side(connection: duckdb.DuckDBPyConnection, side: str, rules: RuleSet) -> None:
    """Keep the months' figures and units of one side as temp tables."""
    connection.execute(
        f"create or replace temp table figures_{side} as select kpi_id, variant, agency_code, period_start, "
        f"numerator, denominator from {KPI_MEASURE} where period_kind = 'month'"
    )
    for table in ("core.dim_period", "core.period_day"):
        connection.execute(
            f"create or replace temp table months as from {table} where period_kind = 'month'"
        )
        replace_table(connection, table, "from temp.months")
    connection.execute(
        f"create or replace temp table units_{side} (kpi_id varchar, variant varchar, agency_code varchar, "
        "period_start date, unit_id varchar, side varchar)"
    )
    for model in rules.models:
        if model.unit:
            connection.execute(
                f"""
                insert into temp.units_{side}
                select '{model.name.removeprefix("kpi_")}', variant, agency_code, period_start, unit_id,
                    case when bool_or(coalesce(is_good, false)) then 'good' else 'bad' end
                from ({units_query(model)})
                where exclusion is null
                group by variant, agency_code, period_start, unit_id
                """
            )
