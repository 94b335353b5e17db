"""Which rules read the day: those whose verdict may change although no row of a source does.

Belongs here: telling it from a rule's own text. Doesn't: the sentence that says why such a rule can't stop a
healthy site (`any_day`, written in the suites), running rules.
"""

import re
from collections.abc import Iterator
from typing import Any

from expectations.suite import Rule

# Columns that mean today: they change from one night to the next by the date alone.
TODAY_COLUMNS = frozenset({
    "as_of_at", "as_of_on", "data_as_of", "evaluated_on", "is_awaited", "is_due", "is_latest", "is_overdue",
    "is_provisional", "is_stale", "working_days_left",
})  # fmt: skip
# The run's own clock, the database's, a day written down, and a window that ends with the newest row.
_READS_DAY = re.compile(
    r"meta\.run_context|\bnow\s*\(|\bcurrent_(?:date|timestamp)|\btoday\s*\(|\b\d{4}-\d{2}-\d{2}\b"
    r"|(?<![a-z])(?:newest|latest|last_\w+|not_in_future)\b|\b(?:max|min)\s*\(\s*(?:\w+\.)?(?:day|period_start|period_end)\s*\)"
    rf"|\b(?:{'|'.join(sorted(TODAY_COLUMNS))})\b"
)


def reads_day(rule: Rule) -> bool:
    """Whether a rule's words name the run's day, a fixed day, or a window that ends with the newest."""
    return any(_READS_DAY.search(text) for text in _texts([rule.id, rule.kwargs, rule.breaks]))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
    elif value is not None:
        yield str(value)
