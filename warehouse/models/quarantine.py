"""Quarantine: broken rows told apart with their reason, counted, and capped.

Belongs here: writing quarantine.<table> and its tally, the share of rows that wait there, the cap.
Doesn't: typing rows and keeping the good ones (build.py), the rules (expectations).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from common import quoting
from warehouse.errors import QuarantineError
from warehouse.models.catalog import Model

CAP_RULE = "quarantine_within_cap"
# One bad cell of a file of fifty rows is two percent and no reason to stop a night.
FEWEST_ROWS = 10
# A reason quotes the cell that couldn't be read, so that its form is seen.
LONGEST_SHOWN = 40
_TABLE = re.compile(r"\b(raw|seeds|staging|core|marts|quarantine|meta)\.(\w+)")


@dataclass(frozen=True)
class RowRule:
    """A row rule of critical severity: `breaks_sql` is true for a row that breaks it."""

    rule: str
    reason_vi: str
    breaks_sql: str

    @property
    def reads(self) -> frozenset[str]:
        """The tables that its condition names, as schema.table."""
        return frozenset(f"{schema}.{name}" for schema, name in _TABLE.findall(self.breaks_sql))


@dataclass(frozen=True)
class Share:
    """How many of a table's `total` rows wait in quarantine, and the rule that most of them break."""

    table: str
    waiting: int
    total: int
    worst_rule: str = ""
    worst_reason_vi: str = ""

    @property
    def ratio(self) -> float:
        """The waiting rows' share, 0 to 1; 0 for an empty table."""
        return self.waiting / self.total if self.total else 0.0

    def exceeds(self, cap: float | None) -> bool:
        """Whether so many rows wait that the night must stop; fewer than ten never stop one."""
        return cap is not None and self.waiting >= FEWEST_ROWS and self.ratio > cap


def refuse_too_many(share: Share, cap: float | None) -> None:
    """Stop where the share exceeds the cap.

    Raises:
        QuarantineError: one sentence with table, share and worst rule.
    """
    if cap is not None and share.exceeds(cap):
        raise QuarantineError(
            f"{share.table}: {share.ratio:.1%} of its rows ({share.waiting:,} of {share.total:,}) are in "
            f"quarantine, over the cap of {cap:.1%}; most break {share.worst_rule} "
            f"({share.worst_reason_vi.rstrip('.')}): mend them at the source or mend the rule, then run "
            "`motcua run` again (MOTCUA_QUARANTINE_CAP moves the cap).",
            share,
        )


def share_of(connection: duckdb.DuckDBPyConnection, table: str, staged: str) -> Share:
    """The share of a staging table as quarantine.<table> holds it; `staged` are its good rows."""
    held = f"quarantine.{table.partition('.')[2]}"
    row = connection.execute(
        f"select (select count(*) from {held} where resolved_by is null), "
        f"(select count(*) from {staged})"
    ).fetchone()
    waiting, good = row if row else (0, 0)
    worst = connection.execute(
        f"""
        select rule, any_value(t.reason_vi)
        from (select unnest(rules) as rule from {held} where resolved_by is null)
        left join meta.quarantine_tally as t using (rule)
        where t.table_name = ?
        group by rule order by count(*) desc, rule limit 1
        """,
        [table],
    ).fetchone()
    return Share(table, int(waiting), int(waiting + good), *(worst or ("", "")))


def write_quarantine(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    fresh: str,
    rules: Sequence[RowRule],
    parts: Mapping[str, str] | None = None,
) -> Share:
    """Rewrite quarantine.<table> from the broken rows of temp.typed, all versions ever received.

    `parts` names the tables in which the received rows are found, where that isn't raw itself.

    It is made anew from what was received at every build, so a correction, a replay after a changed rule,
    or a rule that is gone releases rows by itself.
    """
    table = f"quarantine.{model.name}"
    reasons = ", ".join(f"{quoting.text(r.rule)}: {quoting.text(r.reason_vi)}" for r in rules)
    reason_map = f"map {{{reasons}}}" if rules else "cast(map {} as map(varchar, varchar))"
    key = [name for name in model.grain if not name.startswith("_")]
    on_key = " and ".join(f"good.{name} = bad.{name}" for name in key)
    raw = next((name for name in sorted(model.depends_on) if name.startswith("raw.")), None)
    kinds = " union all ".join(
        "select _batch_id, _page_no, _row_no, _load_kind, to_json(raw) as record "
        f"from {(parts or {}).get(name, name)} as raw"
        for name in sorted(model.depends_on)
        if name.startswith("raw.") and raw
    )
    connection.execute(
        f"""
        create or replace table {table} as
        with bad as (select * from temp.typed where len(_rules) > 0),
        received as (select * from ({kinds}) semi join bad using (_batch_id, _page_no, _row_no))
        select
            received.record,
            bad._rules as rules,
            array_to_string(list_transform(bad._rules, lambda rule: ({reason_map})[rule]), '; ')
                || case when len(bad._cast_errors) > 0 then ' [' || array_to_string(list_transform(
                       bad._cast_errors, lambda name: concat_ws(' = ', name, {_shown("received.record", "name")})
                   ), ', ') || ']' else '' end as reason_vi,
            bad._loaded_at as first_seen,
            (select min(good._batch_id) from {fresh} as good
             where {on_key}
                 and (good._version_at, good._loaded_at) > (bad._version_at, bad._loaded_at)) as resolved_by,
            bad._batch_id, bad._page_no, bad._row_no, received._load_kind
        from bad
        join received using (_batch_id, _page_no, _row_no)
        {"" if _has_broken_rows(connection) else "limit 0"}
        """
    )
    connection.execute("delete from meta.quarantine_tally where table_name = ?", [model.table])
    connection.execute(
        f"""
        insert into meta.quarantine_tally by name
        select ? as table_name, _batch_id as batch_id, _load_kind as load_kind, rule,
               any_value(({reason_map})[rule]) as reason_vi, count(*) as row_count,
               count(resolved_by) as resolved_count, place = 1 as is_first_rule
        from (select *, unnest(rules) as rule, generate_subscripts(rules, 1) as place from {table})
        group by all
        """,
        [model.table],
    )
    return share_of(connection, model.table, fresh)


def _shown(record: str, name: str) -> str:
    """SQL: what came in a field, as long as it is a cell's length; a list or a long text is only named."""
    text = f"({record} ->> {name})"
    return f"case when length({text}) <= {LONGEST_SHOWN} then {text} end"


def _has_broken_rows(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether there is anything to look up in raw; on most nights there isn't, and raw is large."""
    found = connection.execute("select 1 from temp.typed where len(_rules) > 0 limit 1").fetchone()
    return found is not None
