"""Text, names and paths as SQL writes them: what people call things must never become a part of a query.

Belongs here: quoting alone. Doesn't: queries.
"""

import re
from pathlib import Path

_PATTERN = re.compile(r"[*?\[]")


def text(value: str | Path) -> str:
    """A text or path as a string literal: O'Brien → 'O''Brien'."""
    return "'" + str(value).replace("'", "''") + "'"


def name(value: str) -> str:
    """A column's, table's or member's name as an identifier: a"b → "a""b"."""
    return '"' + value.replace('"', '""') + '"'


def one_path(path: str | Path) -> str:
    """A path as DuckDB's readers take it for that place alone; they read *, ? and [ as patterns."""
    return _PATTERN.sub(r"[\g<0>]", str(path))
