"""Which DuckDB this is, and what is known against versions of it.

Belongs here: the installed version, the versions with a known wrong answer. Doesn't: opening files (connection.py).

Known: a join over `order by … limit` with two threads or more. The join's filter is pushed below the limit, so the
limit counts other rows, and the answer changes from run to run. Seen in 1.1.0, 1.1.3, 1.2.2, 1.3.2, 1.4.0, 1.4.4,
1.4.5, 1.5.0 and 1.5.6; right in 1.0.0, 2.0.0 and 2.0.1, and everywhere with `set disabled_optimizers =
'join_filter_pushdown'`, which costs this project's queries nothing that could be measured. The night has a version
that is right; readers may have others (docs/bi.md).
"""

import duckdb
from packaging.specifiers import SpecifierSet

AFFECTED = SpecifierSet(">=1.1,<2")


def is_affected(version: str) -> bool:
    """Whether this version of DuckDB may answer a join over a LIMIT wrongly."""
    return AFFECTED.contains(version, prereleases=True)


def engine_version() -> str:
    """The version of the installed DuckDB."""
    return duckdb.__version__
