"""What changed rules would do to today's figures, asked before anything is built or published: a plan.

Belongs here: today's data under the rules of a version and under others, and what differs by figure and by unit.
Doesn't: what an earlier version said (restate.py), which rules are proposed (proposal.py), words (orchestration).

Both sides see the same records at the same as-of, so that every difference is the rules' alone. Only what the change
reaches is built anew, on an overlay; the store isn't written, and needn't have been built by this release.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from common.rows import Row
from figures.explain import QuestionError, units_query
from figures.overlay import replace_table, show_store
from figures.publication_log import RuleSet
from figures.replay import load_kept_seed, staged_query
from warehouse.models.catalog import KPI_MEASURE
from warehouse.store.rows import rows_of

# What the rules make of a case, as far as a verdict hangs on it.
_MADE_OF_A_CASE = (
    "is_accepted", "clock_start_on", "end_on", "end_kind", "handover_on", "due_original_on", "due_source", "due_on",
    "due_until_at", "pause_days", "pause_count", "second_pause_on", "open_pause_on", "waiting_since_on",
    "duration_days",
)  # fmt: skip
Columns = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Plan:
    """What would change, by month.

    `figures`: kpi_id, variant, agency_code, period_start, and numerator and denominator before and after. `units`:
    kpi_id, variant, agency_code, period_start, unit_id, its side before and after (good, bad, or null where it isn't
    counted), and for cases `why`: what the rules make of the case otherwise, as {column: [before, after]}. `changed`
    names the seeds, models and row rules that differ from the version's. `new` are the KPIs, with their variants, that
    the version didn't have; their figures and units aren't listed.
    """

    version: str
    changed: list[str]
    new: list[tuple[str, str]]
    figures: list[Row]
    units: list[Row]


def plan(
    connection: duckdb.DuckDBPyConnection,
    proposed: RuleSet,
    columns: Columns,
    version: str | None = None,
) -> Plan:
    """What `proposed` changes in today's figures by a version's rules (the newest one's), on an overlay.

    `columns` maps the tables that no model makes to the columns and types that `proposed` may read of them; what the
    store lacks of these is null.

    Raises:
        QuestionError: nothing is published yet, or nothing is kept of that version.
    """
    named, current = _kept(connection, version)
    changed = _differing(current, proposed)
    for side, rules in (("before", current), ("after", proposed)):
        show_store(connection)
        if side == "after":
            _complete(connection, columns)
        _build_reached(connection, rules, changed)
        _keep_side(connection, side, rules)
    new = connection.execute(
        "select distinct kpi_id, variant from temp.figures_after "
        "anti join temp.figures_before using (kpi_id, variant) order by all"
    ).fetchall()
    return Plan(named, changed, new, _figures(connection), _units(connection))


def _kept(connection: duckdb.DuckDBPyConnection, version: str | None) -> tuple[str, RuleSet]:
    rows = rows_of(
        connection,
        "select c.version, r.body from store.meta.published_context as c "
        "join store.meta.rule_set as r using (fingerprint) "
        "where $version is null or c.version = $version order by publication_no desc limit 1",
        {"version": version},
    )
    if not rows and version:
        raise QuestionError(f"Nothing is kept of version {version}; `meta.publication` lists them.")
    if not rows:
        raise QuestionError("Nothing is published yet; run `motcua run`, then ask for a plan.")
    return rows[0]["version"], RuleSet.from_json(rows[0]["body"])


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


def _complete(connection: duckdb.DuckDBPyConnection, columns: Columns) -> None:
    """Show tables and columns that came after the store was built, empty."""
    for table, wanted in columns.items():
        schema, name = table.split(".")
        present = {
            row["column_name"]
            for row in rows_of(
                connection,
                "select column_name from duckdb_columns() where database_name = 'store' "
                "and schema_name = $schema and table_name = $name",
                {"schema": schema, "name": name},
            )
        }
        lacking = {column: kind for column, kind in wanted.items() if column not in present}
        nulls = ", ".join(f'cast(null as {kind}) as "{column}"' for column, kind in lacking.items())
        if not present:
            replace_table(connection, table, f"select {nulls} limit 0")
        elif lacking:
            replace_table(connection, table, f"select *, {nulls} from store.{table}")


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
    """Keep one side's figures and units of months, and what it makes of cases, as temp tables."""
    connection.execute(
        f"create or replace temp table figures_{side} as select kpi_id, variant, agency_code, period_start, "
        f"numerator, denominator from {KPI_MEASURE} where period_kind = 'month'"
    )
    for table in ("core.dim_period", "core.period_day"):
        connection.execute(
            f"create or replace temp table months as from {table} where period_kind = 'month'"
        )
        replace_table(connection, table, "from temp.months")
    made = {name for name, *_ in connection.execute("describe core.fct_case").fetchall()}
    listed = ", ".join(name for name in _MADE_OF_A_CASE if name in made)
    connection.execute(
        f"create or replace temp table cases_{side} as select case_code, {listed} from core.fct_case"
    )
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


def _figures(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    return rows_of(
        connection,
        """
        select kpi_id, variant, agency_code, period_start,
            coalesce(b.numerator, 0) as numerator_before, coalesce(b.denominator, 0) as denominator_before,
            coalesce(a.numerator, 0) as numerator_after, coalesce(a.denominator, 0) as denominator_after
        from temp.figures_before as b
        full join temp.figures_after as a using (kpi_id, variant, agency_code, period_start)
        where (coalesce(b.numerator, 0), coalesce(b.denominator, 0))
            is distinct from (coalesce(a.numerator, 0), coalesce(a.denominator, 0))
            and (kpi_id, variant) in (select (kpi_id, variant) from temp.figures_before)
        order by all
        """,
    )


def _units(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    connection.execute(
        """
        create or replace temp table moved as
        select kpi_id, variant, agency_code, period_start, unit_id, b.side as before, a.side as after
        from temp.units_before as b
        full join temp.units_after as a using (kpi_id, variant, agency_code, period_start, unit_id)
        where b.side is distinct from a.side
            and (kpi_id, variant) in (select (kpi_id, variant) from temp.figures_before)
        """
    )
    before, after = (
        {
            row["case_code"]: row
            for row in rows_of(
                connection,
                f"select * from temp.cases_{side} where case_code in (select unit_id from temp.moved)",
            )
        }
        for side in ("before", "after")
    )
    units = rows_of(connection, "select * from temp.moved order by all")
    for unit in units:
        then, now = before.get(unit["unit_id"], {}), after.get(unit["unit_id"], {})
        unit["why"] = {
            name: [then[name], now[name]]
            for name in _MADE_OF_A_CASE
            if name in then and name in now and then[name] != now[name]
        }
    return units
