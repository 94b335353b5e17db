"""Reading the store for people's questions.

Belongs here: a query's rows as dicts, and what to say where the store is of another release. Doesn't: any query
(explain.py, restate.py, plan.py, points_766.py, law.py).
"""

import duckdb

from common.rows import Row, named
from warehouse.errors import WarehouseError


def rows_of(
    connection: duckdb.DuckDBPyConnection, query: str, values: Row | None = None
) -> list[Row]:
    """The rows of a query as dicts.

    Raises:
        WarehouseError: a table or column isn't there, because another release built the store.
    """
    try:
        result = connection.execute(query, values or {})
    except (duckdb.CatalogException, duckdb.BinderException):
        raise WarehouseError(
            "The warehouse was built by another version of Motcua; run `motcua run` once, then ask again."
        ) from None
    return named(result)
