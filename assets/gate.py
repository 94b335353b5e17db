"""The publication: the gate, then the switch.

Belongs here: deciding from check results whether this night may be published. Doesn't: writing the
file (warehouse.publication.publish), the asset (endings.py).
"""

from collections.abc import Mapping, Sequence

import duckdb

from assets.broken import Broken, stop_words
from assets.cap import capped_tables
from assets.checks import row_rules
from assets.night import Night
from common.rows import named
from expectations.suite import Suite
from figures.publication_log import keep_publication, rule_set
from warehouse.errors import PublicationError
from warehouse.models.catalog import Catalog
from warehouse.models.quarantine import CAP_RULE
from warehouse.publication.publish import publish
from warehouse.store.state import PUBLISHED_STATE, table_names


def published_tables(catalog: Catalog) -> list[str]:
    """The tables of the published file."""
    return [model.table for model in catalog.published()] + list(PUBLISHED_STATE)


def gates_of(catalog: Catalog, suites: Mapping[str, Suite]) -> list[tuple[str, str, str]]:
    """Table, rule and severity of all that the published tables, the gates and their ancestors must pass."""
    awaited = [*published_tables(catalog), *(model.table for model in catalog.awaited())]
    ancestors = {name for table in awaited for name in catalog.ancestors(table)}
    caps = set(capped_tables(catalog))
    rules: list[tuple[str, str, str]] = [
        (table, rule.id, rule.severity)
        for table in sorted(ancestors & set(suites))
        for rule in suites[table].rules
    ]
    return rules + [(table, CAP_RULE, "critical") for table in sorted(ancestors & caps)]


def failing_gates(
    connection: duckdb.DuckDBPyConnection, gates: Sequence[tuple[str, str, str]]
) -> list[Broken]:
    """Rules that forbid publishing, by their latest result, which may be of an earlier run.

    Three kinds do: critical ones that failed, any that could not run, and critical ones that haven't
    looked at their table since it was built. Dagster's own blocking acts inside one run only, and a part
    of the graph may be run without its checks. Rules that are gone from the suites forbid nothing.
    """
    tables, rules, severities = map(list, zip(*gates, strict=True)) if gates else ([], [], [])
    result = connection.execute(
        """
        with gate as (
            select unnest($tables) as table_name, unnest($rules) as rule, unnest($severities) as severity
        ),
        latest as (
            select * from meta.check_run
            qualify row_number() over (
                partition by table_name, rule order by event_no desc, checked_at desc) = 1
        ),
        judged as (
            select g.table_name, g.rule, r.failed, r.evaluated, r.reason_vi, r.reason_en, r.remedy_vi, r.detail,
                case
                    when r.state = 'error' then 'error'
                    when r.state = 'failed' and g.severity = 'critical' then 'failed'
                    when g.severity = 'critical'
                        and (r.state is null or coalesce(r.event_no < d.event_no, r.checked_at < d.built_at))
                    then 'unchecked'
                end as state
            from gate as g
            join meta.table_doc as d on d.table_name = g.table_name
            left join latest as r on r.table_name = g.table_name and r.rule = g.rule
        )
        from judged where state is not null
        order by state = 'unchecked', state = 'failed', table_name, rule
        """,
        {"tables": tables, "rules": rules, "severities": severities},
    )
    return [Broken.of_row(row) for row in named(result)]


def publish_night(
    night: Night, catalog: Catalog, suites: Mapping[str, Suite]
) -> dict[str, str | int]:
    """Pass the gate, publish, and keep what was said by which rules; returns what the UI shows.

    Raises:
        PublicationError: a gate failed, or a table isn't there; the old version stands.
    """
    tables = published_tables(catalog)
    failing = failing_gates(night.connection, gates_of(catalog, suites))
    # Those of a warehouse of an earlier release, before its next night.
    missing = sorted(set(tables) - table_names(night.connection))
    # Rules that wait for a look would be named in vain where the next night has to build their tables first.
    if missing and all(broken.state == "unchecked" for broken in failing):
        raise PublicationError(
            f"Not published, the old version stands: no night of this release has built {missing[0]} yet; run "
            "`motcua run`, which publishes too."
        )
    if failing:
        raise PublicationError(
            stop_words(
                failing, "Không công bố, bản cũ vẫn đứng / Not published, the old version stands"
            )
        )
    result = publish(
        night.connection,
        night.site.published,
        tables,
        run_id=night.run_id,
        code_version=night.site.code_version,
    )
    kept = rule_set(night.connection, catalog, row_rules(suites), night.site.macros)
    changed = keep_publication(night.connection, result.version, result.number, kept)
    return {
        "version": result.version,
        "changed_figures": changed,
        "tables": len(result.rows),
        "rows": sum(result.rows.values()),
    }
