"""How many rows each rule of a table finds: two scans for all that judge single rows, a statement for each other.

Belongs here: SQL that counts, run on a cursor, and its counts by rule. Doesn't: judging (Great Expectations
does, by these counts), rules whose measure is no count of rows (Great Expectations asks for those itself).
A rule whose statement fails is left out, so that Great Expectations runs it and says what is wrong with it.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from common import quoting
from expectations.keys import UNIQUE, count_sql
from expectations.predicates import left_out, looked_at
from expectations.suite import Rule, Suite
from expectations.vocabulary import UNEXPECTED_ROWS

# Such a condition reads more than its row: among others it would be planned badly.
_READS_MORE = re.compile(r"\b(?:select|over)\b", re.IGNORECASE)
# Above so many rows a statement of its own is cheaper: it skips blocks by their statistics.
_MANY = 200_000
_ALL, _NONE = "true", "false"


class Cursor(Protocol):
    """An open DuckDB cursor."""

    def execute(self, query: str, parameters: Any = ...) -> Any:
        """Run a statement."""


@dataclass(frozen=True)
class Count:
    """Of `rows` that a rule looks at, `left_out` have no values to judge and `unexpected` break it."""

    rows: int
    left_out: int
    unexpected: int

    @property
    def judged(self) -> int:
        """The rows that could be judged."""
        return self.rows - self.left_out


@dataclass
class Counts:
    """What was counted of a table: its rows, and by rule id the counts and the keys found on the way."""

    rows: int
    by_rule: dict[str, Count] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)


def count_rules(cursor: Cursor, suite: Suite, rules: Sequence[Rule], limit: int) -> Counts:
    """Count what these rules find; `limit` keys at most are kept where the count's statement can give them.

    Raises:
        Exception: the table can't be read at all, as DuckDB says it.
    """
    schema, _, name = suite.table.partition(".")
    counts = count_source(cursor, f"{quoting.name(schema)}.{quoting.name(name)}", rules)
    for rule in rules:
        query = (
            None
            if rule.id in counts.by_rule or _is_scanned(rule)
            else count_sql(suite, rule, limit)
        )
        if query is not None:
            with suppress(Exception):
                unexpected, keys = cursor.execute(query).fetchone()
                counts.by_rule[rule.id] = Count(counts.rows, 0, int(unexpected))
                counts.keys[rule.id] = tuple(keys or ())
    return counts


def count_source(cursor: Cursor, source: str, rules: Iterable[Rule]) -> Counts:
    """What those rules find that judge single rows or look for repeated ones, in a table or a query in brackets.

    Raises:
        Exception: the source can't be read at all, as DuckDB says it.
    """
    asked = {rule.id: _asked(rule) for rule in rules if _is_scanned(rule)}
    sizes = {part for looked, without, _ in asked.values() for part in (looked, without)}
    found = _rows_by(cursor, source, sizes | {_ALL}, apart=False)
    if _ALL not in found:
        found[_ALL] = int(cursor.execute(f"select count(*) from {source}").fetchone()[0])
    breaks = {b for *_, b in asked.values() if isinstance(b, str)}
    found |= _rows_by(cursor, source, breaks, apart=found[_ALL] > _MANY)
    counts = Counts(found[_ALL])
    for id_, (looked, without, broken) in asked.items():
        if looked not in found or without not in found:
            continue
        rows, missing = found[looked], found[without]
        if isinstance(broken, list):
            with suppress(Exception):
                kept = f"({looked}) and not ({without})"
                repeated = _repeated(cursor, f"{source} where {kept}", broken, rows - missing)
                counts.by_rule[id_] = Count(rows, missing, repeated)
        elif broken in found:
            counts.by_rule[id_] = Count(rows, missing, found[broken])
    return counts


def _is_scanned(rule: Rule) -> bool:
    if rule.breaks is None:
        return rule.type in UNIQUE
    return not _READS_MORE.search(rule.breaks)


def _asked(rule: Rule) -> tuple[str, str, str | list[str]]:
    """Conditions of rows looked at, of these left out, of these broken; or the columns that must not repeat."""
    if rule.type == UNEXPECTED_ROWS:
        return _ALL, _NONE, rule.breaks or _NONE
    looked, missing = looked_at(rule.kwargs) or _ALL, left_out(rule.type, rule.kwargs) or _NONE
    without = missing if looked == _ALL or missing == _NONE else f"({looked}) and ({missing})"
    if rule.breaks is None:
        return looked, without, list(rule.kwargs.get("column_list") or [rule.kwargs["column"]])
    return looked, without, rule.breaks


def _rows_by(
    cursor: Cursor, source: str, wanted: Collection[str], *, apart: bool
) -> dict[str, int]:
    """Rows by condition, from one statement; one by one where that fails, without those that fail alone."""
    conditions = sorted(set(wanted) - {_NONE})
    found = {_NONE: 0}
    try:
        if conditions:
            row = cursor.execute(_together(source, conditions, apart=apart)).fetchone()
            found |= zip(conditions, map(int, row), strict=True)
    except Exception:  # noqa: BLE001 one bad rule must not spoil the others
        for condition in conditions:
            with suppress(Exception):
                row = cursor.execute(f"select count(*) from {source} where {condition}").fetchone()
                found[condition] = int(row[0])
    return found


def _together(source: str, conditions: Sequence[str], *, apart: bool) -> str:
    if apart:
        return (
            f"select {', '.join(f'(select count(*) from {source} where {c})' for c in conditions)}"
        )
    counts = ", ".join(f"count(*) filter (where {c})" for c in conditions)
    # As a rule no row breaks any: then none is looked at again by each.
    return f"select {counts} from {source} where {' or '.join(f'({c})' for c in conditions)}"


def _repeated(cursor: Cursor, rows: str, columns: Sequence[str], size: int) -> int:
    """How many rows share their values of these columns with another.

    Different hashes prove different values, at two thirds of the price of comparing these.
    """
    by = ", ".join(map(quoting.name, columns))
    row = cursor.execute(f"select count(distinct hash({by})) from {rows}").fetchone()
    if int(row[0]) == size:
        return 0
    groups = f"select count(*) as n from (select * from {rows}) group by {by} having count(*) > 1"
    return int(cursor.execute(f"select coalesce(sum(n), 0) from ({groups})").fetchone()[0])
