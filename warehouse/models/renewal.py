"""Renewing a part of a table: the rows that new raw rows bring, or those of the cases that changed.

Belongs here: which rows those are, and whether renewing them is enough. Doesn't: putting them into the table
(build.py), naming inputs (inputs.py).

A part is enough where all else that a table rests on is what it was when it was built last: every other input, the
query, the rules. Two promises in a model's header make it right (catalog.py): it grows by raw rows, or it is keyed
by case. The cases of a night are those of new versions, those that a sweep of keys marked or took back, and those
that have a time between the last as-of and this one. Whatever it can't be sure of is built whole.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence

import duckdb

from warehouse.models.catalog import Model
from warehouse.models.inputs import BUT_THE_DAY, Inputs, Kept
from warehouse.models.table_content import raw_content, raw_end

VERSIONS, CASES, DUES = "staging.case_version", "staging.case", "core.fct_case_due"
# These change by keys that the log of sweeps names.
_SWEPT = ("meta.deletion", "meta.deletion_log")
NIGHT_CASE = "temp.night_case"
# Beyond this share of all cases it is quicker to build a table whole.
MOST = 0.2
_TIME = "TIMESTAMP WITH TIME ZONE"


class Renewal:
    """What one run knows of the parts that changed; `keyed` are the tables that are renewed by case.

    `as_of` is the run's, which it has before meta.run_context holds it; without one no table is renewed in part.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, as_of: dt.datetime | None = None
    ) -> None:
        self.connection = connection
        self.as_of = as_of
        self.keyed: frozenset[str] = frozenset()
        # Table → content before this run; what it holds besides lies within the night's cases.
        self._before: dict[str, str] = {}
        self._has_new_versions = False
        self._has_cases: bool | None = None

    def know(self, models: Iterable[Model]) -> None:
        """Which tables there are that are renewed by case; without this none is."""
        self.keyed = frozenset({VERSIONS, *(model.table for model in models if model.keyed)})

    def was(self, table: str, content: str) -> None:
        """A table held `content` before this run, and was left as it is or renewed in part."""
        self._before[table] = content

    def is_enough(self, model: Model, now: Inputs, before: Kept) -> bool:
        """Whether renewing a part of the standing table makes it what building it whole would."""
        if not (model.grows or model.keyed) or now.text != before.inputs.text:
            return False
        if now.tables.keys() != before.inputs.tables.keys():
            return False
        if self.as_of is None or before.as_of is None or before.as_of > self.as_of:
            return False
        if not all(self._is_settled(model, table, now, before) for table in now.tables):
            return False
        return model.grows or self._find_cases()

    def _is_settled(self, model: Model, table: str, now: Inputs, before: Kept) -> bool:
        then = before.inputs.tables[table]
        # What changes by the day alone is told apart under a name of its own.
        if now.tables[table] == then or BUT_THE_DAY.get(table) in now.tables:
            return True
        if model.grows:
            is_raw = table.startswith("raw.")
            return is_raw and raw_content(self.connection, table, raw_end(then)) == then
        return table in _SWEPT or (table in self.keyed and self._before.get(table) == then)

    def of_new_rows(self, model: Model, before: Kept) -> tuple[str, dict[str, str]]:
        """A growing table's query over the raw rows that came and those that waited in quarantine; the tables read."""
        query, parts = model.query, {}
        for table in sorted(model.depends_on):
            if table.startswith("raw."):
                end = raw_end(before.inputs.tables[table])
                parts[table] = part = _part_of(table)
                self.connection.execute(
                    f"create or replace temp table {part} as "
                    f"select * from {table} where rowid >= {end} union all by name "
                    f"select * from {table} semi join quarantine.{model.name} using (_batch_id, _page_no, _row_no) "
                    f"where rowid < {end}"
                )
                query = _over(query, table, part)
        return query, parts

    def take_versions(self, rows: str) -> None:
        """Remember the cases of new versions, which are the rows of `rows`."""
        self.connection.execute(
            f"create or replace temp table new_version as select distinct case_code from {rows}"
        )
        self._has_new_versions = True

    def of_cases(self, model: Model) -> str:
        """A keyed table's query over the night's cases alone."""
        query = model.query
        for table in sorted(model.depends_on & self.keyed):
            part = _part_of(table)
            self.connection.execute(
                f"create or replace temp table {part} as from {table} semi join {NIGHT_CASE} using (case_code)"
            )
            query = _over(query, table, part)
        return query

    def _find_cases(self) -> bool:
        """Whether the night's cases are known and few; they are looked for once."""
        if self._has_cases is None:
            self._has_cases = VERSIONS in self._before and self._look_for_cases()
        return self._has_cases

    def _look_for_cases(self) -> bool:
        since = self._since()
        if since is None:
            return False
        new = "select case_code from temp.new_version union" if self._has_new_versions else ""
        described = self.connection.execute(f"describe {CASES}").fetchall()
        self.connection.execute(
            f"""
            create or replace temp table night_case as
            {new}
            select key as case_code from meta.deletion_log
            where system = 'cases' and entity = 'case' and noted_at >= $since
            union
            select case_code from {CASES} where {_passed([(name, kind) for name, kind, *_ in described])}
            union
            select case_code from {DUES} where due_until_at > $since and due_until_at <= $as_of
            """,
            {"since": since, "as_of": self.as_of},
        )
        row = self.connection.execute(
            f"select (select count(*) from {NIGHT_CASE}), (select count(*) from {CASES})"
        ).fetchone()
        return row is not None and row[0] <= MOST * row[1]

    def _since(self) -> dt.datetime | None:
        """The oldest as-of that a keyed table is right for; None where one of them isn't known."""
        row = self.connection.execute(
            "select min(as_of_at), count(as_of_at) from meta.table_content where list_contains($tables, table_name)",
            {"tables": sorted(self.keyed)},
        ).fetchone()
        return row[0] if row and row[1] == len(self.keyed) else None


def _part_of(table: str) -> str:
    return f"temp.part_of_{table.replace('.', '__')}"


def _over(query: str, table: str, part: str) -> str:
    """A query that reads a part in a table's place; tables are always written with their schema."""
    return re.sub(rf"(?<![\w.]){re.escape(table)}(?!\w)", part, query)


def _passed(columns: Sequence[tuple[str, str]]) -> str:
    """SQL: a case has a time after the last as-of and not after this one, in a column or in a list of its events."""
    between = "({0} > $since and {0} <= $as_of)"
    found = [between.format(f'"{name}"') for name, kind in columns if kind == _TIME]
    for name, kind in columns:
        times = re.findall(rf'"?(\w+)"? {_TIME}', kind) if kind.endswith("[]") else []
        if times:
            any_of = " or ".join(between.format(f'e."{time}"') for time in times)
            found.append(f'len(list_filter("{name}", lambda e: {any_of})) > 0')
    return " or ".join(found) or "false"
