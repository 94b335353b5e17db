"""DuckDB itself: every connection to it, its version, and what is known against versions of it.

Belongs here: the one call of duckdb.connect, which versions answer wrongly, what is switched off in them. Doesn't:
the warehouse's lock, pragmas and macros (connection.py), or the versions that other people read with (docs/bi.md).

Known: a join over `order by … limit` with two threads or more. The join's filter is pushed below the limit, so the
limit counts other rows; the answer changes from run to run. Seen in 1.1.0, 1.1.3, 1.2.2, 1.3.2, 1.4.0, 1.4.4, 1.4.5,
1.5.0 and 1.5.6, right in 1.0.0, 2.0.0 and 2.0.1, and right everywhere without that one optimizer.
"""

from collections.abc import Mapping
from pathlib import Path

import duckdb
from packaging.specifiers import SpecifierSet

AFFECTED = SpecifierSet(">=1.1,<2")
MENDED = "set disabled_optimizers = 'join_filter_pushdown'"
Setting = str | bool | int | float | list[str]


def is_affected(version: str) -> bool:
    """Whether this version of DuckDB may answer a join over a LIMIT wrongly."""
    return AFFECTED.contains(version, prereleases=True)


def engine_version() -> str:
    """The version of the installed DuckDB."""
    return duckdb.__version__


def connect(
    path: Path | str = ":memory:",
    *,
    read_only: bool = False,
    config: Mapping[str, Setting] | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open a database, without the optimizer that this version has wrong.

    Raises:
        duckdb.Error: the file can't be opened.
    """
    connection = duckdb.connect(str(path), read_only=read_only, config=dict(config or {}))
    if is_affected(engine_version()):
        connection.execute(MENDED)
    return connection
