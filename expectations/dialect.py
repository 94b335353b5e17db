"""SQLAlchemy's words for DuckDB: only what Great Expectations says, on one open cursor.

Belongs here: the dialect, and the cursor in the clothes of Python's database interface. Doesn't: opening a database,
reflection, writing. DuckDB's grammar is PostgreSQL's, so SQLAlchemy's compiler for that is taken as it is.

The dialects that are published for DuckDB follow its versions with caps of their own, so they would say when the
engine may change; and of their thousands of lines a run needs these.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDialect

NAME = "duckdb"


class Database:
    """The module that Python's database interface asks for; whatever DuckDB raises goes on as it is."""

    apilevel = "2.0"
    paramstyle = "qmark"
    threadsafety = 1
    Error = Exception


class Session:
    """A connection that never ends a transaction: checks only read, and a dangling one would pin its snapshot."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def cursor(self) -> "Rows":
        """A statement on the one cursor; another of DuckDB's would be a session without this one's settings."""
        return Rows(self._cursor)

    def commit(self) -> None:
        """Nothing is open."""

    def rollback(self) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Whoever gave the cursor closes it."""


class Rows:
    """A statement and its result on a session's cursor."""

    arraysize = 1
    rowcount = -1

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Run it, with its parameters where it has some."""
        self._cursor.execute(statement, list(parameters))

    @property
    def description(self) -> Any:
        """Names and types of the result's columns."""
        return self._cursor.description

    def fetchone(self) -> Any:
        """The next row."""
        return self._cursor.fetchone()

    def fetchmany(self, size: int | None = None) -> Any:
        """The next rows."""
        return self._cursor.fetchmany(size or self.arraysize)

    def fetchall(self) -> Any:
        """All rows that are left."""
        return self._cursor.fetchall()

    def close(self) -> None:
        """The cursor stays open for the next statement."""


class DuckDBDialect(PGDialect):
    """PostgreSQL's compiler, asked nothing when it connects."""

    name = NAME
    driver = NAME
    default_paramstyle = Database.paramstyle
    supports_native_decimal = True
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> Any:
        """No module is imported: the cursor is given."""
        return Database

    def initialize(self, connection: sa.Connection) -> None:  # noqa: ARG002
        """PostgreSQL's dialect would ask a server for its version and settings."""
        self.default_schema_name = "main"


def engine_on(cursor: Any) -> sa.Engine:
    """A SQLAlchemy engine that lives on one open DuckDB cursor; the file isn't opened a second time."""
    sa.dialects.registry.register(NAME, __name__, DuckDBDialect.__name__)
    return sa.create_engine(
        f"{NAME}://", creator=lambda: Session(cursor), poolclass=sa.pool.StaticPool
    )
