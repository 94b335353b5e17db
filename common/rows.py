"""Rows of a query as dicts.

Belongs here: naming the values of any cursor. Doesn't: any query, or what its errors mean.
"""

from typing import Any

Row = dict[str, Any]


def named(result: Any) -> list[Row]:
    """All rows that wait in a cursor (`description`, `fetchall`), each a dict by column name."""
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
