"""What an earlier version said, said again from what was known then; and why it differs from today.

Belongs here: replaying a figure as known at a version, and splitting its difference to today by cause, in
whole numbers that sum. Doesn't: any rule; the rules are those kept with the version (publication_log.py); figures
that count no units (steps.py).

Figure then → the same data and rules under today's calendar (cause: calendar) → under today's rules (cause: rule)
→ today's figure, unit by unit (late data, correction, deletion, progress). Each step is a difference, so the
causes sum by construction.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from common.rows import Row
from figures.explain import CENTRE_ROW, QuestionError, parse_period, units_query
from figures.overlay import show_store
from figures.publication_log import RuleSet
from figures.replay import apply_rules, know_as_of, known_then
from figures.steps import Figure, difference, split_by_steps
from figures.units import RECORDS
from warehouse.models.catalog import Model
from warehouse.store.rows import rows_of

CAUSES = ("late_data", "correction", "deletion", "calendar", "rule", "progress")


@dataclass(frozen=True)
class Restatement:
    """A figure of an earlier version and today's, (numerator, denominator) each.

    `replayed` is computed anew from what was known then; `causes` maps each cause to its part of the
    difference, `units` to how many units have it (records, where a figure counts no units).
    """

    version: str
    place: Row
    published: Figure
    replayed: Figure
    today: Figure
    causes: Mapping[str, Figure]
    units: Mapping[str, int]
    # What the figures count, as the registry says it: ratio, count, days, or points, which stand in millionths.
    measure: str = "ratio"

    @property
    def is_exact(self) -> bool:
        """The replay is what was published, and the causes sum to the difference."""
        moved = tuple(sum(part[i] for part in self.causes.values()) for i in (0, 1))
        return self.replayed == self.published and moved == difference(self.published, self.today)


def restate(
    connection: duckdb.DuckDBPyConnection,
    rules_today: RuleSet,
    version: str,
    kpi_id: str = "on_time",
    period: str = "ytd",
    agency: str = CENTRE_ROW,
    variant: str | None = None,
) -> Restatement:
    """Restate one figure, on an overlay of the store (see figures.overlay).

    Raises:
        QuestionError: no such version, KPI or period, or a figure withheld because it is small.
    """
    context, kept = _kept(connection, version)
    target = f"marts.kpi_{kpi_id}"
    kpis = _registered(connection)
    model = next((m for m in rules_today.models if m.table == target), None)
    if kpi_id not in kpis or model is None:
        raise QuestionError(f"There is no KPI {kpi_id}; choose one of {', '.join(sorted(kpis))}.")
    headline, measure = kpis[kpi_id]
    named = variant or headline
    place = _place(connection, context, kpi_id, named, period, agency)
    published = _published(connection, context, place)

    know_as_of(connection, context)
    apply_rules(connection, kept, target)
    replayed = _measured(connection, target, place)
    if model.unit == "rating" and published == (0, 0) != replayed:
        raise QuestionError(
            f"{agency} had too few ratings to be shown in version {version}; ask for ALL or a longer period."
        )
    shifted = replayed
    by_calendar = kept.on_calendar_of(rules_today)
    if by_calendar != kept or _calendar_moved(connection):
        connection.execute(
            "create or replace view raw.drops__calendar_override as from store.raw.drops__calendar_override"
        )
        apply_rules(connection, by_calendar, target)
        shifted = _measured(connection, target, place)
    if by_calendar.fingerprint != rules_today.fingerprint:
        apply_rules(connection, rules_today, target)
    if model.unit is None or measure == "days":  # points and quantiles are no sums of units
        moment = f"timestamptz '{context['as_of_at'].isoformat()}'"
        ruled, today, causes, units = split_by_steps(
            connection, rules_today, target, moment, lambda: _measured(connection, target, place)
        )
    else:
        _keep_units(connection, "then", model, place)
        ruled = _counted(connection, "then")
        show_store(connection)
        _keep_units(connection, "today", model, place)
        causes, units = _by_cause(connection, context, model)
        today = _counted(connection, "today")
    causes = dict.fromkeys(CAUSES, (0, 0)) | causes
    causes["calendar"] = difference(replayed, shifted)
    causes["rule"] = difference(shifted, ruled)
    return Restatement(version, place, published, replayed, today, causes, units, measure)


def _kept(connection: duckdb.DuckDBPyConnection, version: str) -> tuple[Row, RuleSet]:
    rows = rows_of(
        connection,
        "select c.version, c.as_of_at, c.as_of_on, c.centre_code, c.known_at, c.publication_no, c.arrival_no, r.body "
        "from store.meta.published_context as c "
        "join store.meta.rule_set as r using (fingerprint) where version = $version",
        {"version": version},
    )
    if not rows:
        known = rows_of(
            connection,
            "select version from store.meta.published_context order by publication_no desc limit 5",
        )
        raise QuestionError(
            f"Nothing is kept of version {version}; the newest are {', '.join(r['version'] for r in known) or 'none'}."
        )
    return rows[0], RuleSet.from_json(rows[0].pop("body"))


def _registered(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    """The headline variant of each KPI, and what its figures count."""
    rows = rows_of(connection, "select kpi_id, headline_variant, unit from store.seeds.kpi")
    return {row["kpi_id"]: (row["headline_variant"], row["unit"]) for row in rows}


def _place(
    connection: duckdb.DuckDBPyConnection,
    context: Row,
    kpi_id: str,
    variant: str,
    period: str,
    agency: str,
) -> Row:
    kind, start = parse_period(period)
    place = {
        "kpi_id": kpi_id,
        "variant": variant,
        "period_kind": kind,
        "agency_code": agency,
    }
    rows = rows_of(
        connection,
        "select max(period_start) as period_start from store.meta.published_value where kpi_id = $kpi_id "
        "and variant = $variant and period_kind = $period_kind and publication_no <= $number "
        "and ($start is null or period_start = cast($start as date))",
        {
            "kpi_id": kpi_id, "variant": variant, "period_kind": kind,
            "number": context["publication_no"], "start": start,
        },
    )  # fmt: skip
    if rows[0]["period_start"] is None:
        raise QuestionError(f"Version {context['version']} had no {kpi_id} {variant} for {period}.")
    return {**place, "period_start": rows[0]["period_start"]}


def _published(connection: duckdb.DuckDBPyConnection, context: Row, place: Row) -> Figure:
    rows = rows_of(
        connection,
        "select numerator, denominator from store.meta.published_value where kpi_id = $kpi_id and variant = $variant "
        "and period_kind = $period_kind and period_start = $period_start and agency_code = $agency_code "
        "and publication_no <= $number order by publication_no desc limit 1",
        {**place, "number": context["publication_no"]},
    )
    return (rows[0]["numerator"] or 0, rows[0]["denominator"] or 0) if rows else (0, 0)


def _calendar_moved(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the store holds days off that the overlay, which shows what was known then, doesn't."""
    every, known = "store.raw.drops__calendar_override", "raw.drops__calendar_override"
    row = connection.execute(
        f"select (select count(*) from {every}) > (select count(*) from {known})"
    ).fetchone()
    return bool(row and row[0])


def _measured(connection: duckdb.DuckDBPyConnection, table: str, place: Row) -> Figure:
    rows = rows_of(
        connection,
        f"select numerator, denominator from {table} where variant = $variant and period_kind = $period_kind "
        "and period_start = $period_start and agency_code = $agency_code",
        {name: value for name, value in place.items() if name != "kpi_id"},
    )
    return (rows[0]["numerator"], rows[0]["denominator"]) if rows else (0, 0)


def _keep_units(connection: duckdb.DuckDBPyConnection, name: str, model: Model, place: Row) -> None:
    """Keep the period's counted units as temp.units_<name>, and all records as temp.records_<name>."""
    # Figures of distinct things have units of their own for the Centre; the others are sums.
    agency = "and u.agency_code = $agency_code"
    if place["agency_code"] == CENTRE_ROW:
        agency = f"""and (u.agency_code = $agency_code
            or not exists (select 1 from listed where agency_code = '{CENTRE_ROW}'))"""
    values = {n: v for n, v in place.items() if n != "kpi_id"}
    connection.execute(
        f"""
        create or replace temp table units_{name} as
        with listed as ({units_query(model)})
        select u.unit_id, coalesce(u.is_good, false) as is_good, p.evaluated_on
        from listed as u
        join core.dim_period as p on p.period_kind = u.period_kind and p.period_start = u.period_start
        where u.exclusion is null and u.variant = $variant and u.period_kind = $period_kind
            and u.period_start = $period_start {agency}
        """,
        values,
    )
    query = RECORDS[str(model.unit)]
    asked = {n: place[n] for n in ("kpi_id", "period_kind", "period_start") if f"${n}" in query}
    connection.execute(f"create or replace temp table records_{name} as {query}", asked)


def _counted(connection: duckdb.DuckDBPyConnection, name: str) -> Figure:
    row = connection.execute(
        f"select count(*) filter (is_good), count(*) from temp.units_{name}"
    ).fetchone()
    return (row[0], row[1]) if row else (0, 0)


def _by_cause(
    connection: duckdb.DuckDBPyConnection, context: Row, model: Model
) -> tuple[dict[str, Figure], dict[str, int]]:
    """Every unit whose part of the figure moved has one cause, by what became of its records since.

    A unit whose records are as they were moved because of others: of a service, a case that came late.
    """
    was_known = known_then(context, "known_from", "batch_id") if model.unit == "case" else "false"
    rows = rows_of(
        connection,
        f"""
        with moved as (
            select
                coalesce(t.unit_id, n.unit_id) as unit_id,
                cast(coalesce(n.is_good, false) as integer) - cast(coalesce(t.is_good, false) as integer) as good,
                cast(n.unit_id is not null as integer) - cast(t.unit_id is not null as integer) as whole,
                (select max(evaluated_on) from temp.units_today) is distinct from
                    (select max(evaluated_on) from temp.units_then) as is_running
            from temp.units_then as t
            full join temp.units_today as n on n.unit_id = t.unit_id
            where t.is_good is distinct from n.is_good
        ),
        known as (select distinct case_code as unit_id from core.case_history where {was_known}),
        judged as (
            select m.*, case
                when n.unit_id is null then 'deletion'
                when n.happened_at > $as_of then 'progress'
                when t.unit_id is null and k.unit_id is not null then 'correction'
                when t.unit_id is null then 'late_data'
                when t.record = n.record and m.is_running then 'progress'
                when t.record = n.record then $unchanged
                when n.version_at <= $as_of then 'late_data'
                else 'correction'
            end as cause
            from moved as m
            left join temp.records_then as t on t.unit_id = m.unit_id
            left join temp.records_today as n on n.unit_id = m.unit_id
            left join known as k on k.unit_id = m.unit_id
        )
        select cause, cast(sum(good) as bigint) as good, cast(sum(whole) as bigint) as whole, count(*) as unit_count
        from judged group by cause
        """,
        {
            "as_of": context["as_of_at"],
            "unchanged": "late_data" if model.unit == "service" else "correction",
        },
    )
    causes = {row["cause"]: (row["good"], row["whole"]) for row in rows}
    return causes, {row["cause"]: row["unit_count"] for row in rows}
