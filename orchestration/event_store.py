"""Dagster's SQLite storage, with the event log's connections kept open between events.

Belongs here: how connections to the event log are opened. Doesn't: what is stored, or where; files and
tables are Dagster's own, so its stock storage reads them and this can be taken out again at any time.

A night stores some 1,600 events. Stock Dagster opens a new engine and connection for each of them and
waits for the disk each time, which made up two fifths of a small night.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, NullPool, create_engine, event

OPEN_MOST = 8
BUSY_SECONDS = 60


class KeptEventLogStorage(SqliteEventLogStorage):
    """The stock event log, whose few latest files stay open; one connection a file, used in turn."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.get(shard)
        if engine is None:
            address = self.conn_string_for_shard(shard)
            waits = {"timeout": BUSY_SECONDS, "check_same_thread": False}
            if shard not in self._initialized_dbs:
                self._initdb(create_engine(address, poolclass=NullPool, connect_args=waits))
                self._initialized_dbs.add(shard)
            engine = create_engine(address, pool_size=1, max_overflow=0, connect_args=waits)
            event.listen(engine, "connect", _relax)
            self._engines[shard] = engine
            while len(self._engines) > OPEN_MOST:
                self._engines.popitem(last=False)[1].dispose()
        self._engines.move_to_end(shard)
        return engine

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; asked a thousand times a night, and none ever goes away."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def dispose(self) -> None:
        """Close every file."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


class KeptSqliteStorage(DagsterSqliteStorage):
    """The stock storage with that event log; named in dagster.yaml."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        stock = self._event_log_storage
        stock.dispose()
        self._event_log_storage = KeptEventLogStorage(stock._base_dir)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> "KeptSqliteStorage":
        """What Dagster calls with the block of dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)


def _relax(connection: Any, _record: object) -> None:
    # With a write-ahead log this can lose the last events in a power cut, never damage the file; the
    # warehouse keeps its own record of loads, checks and publications.
    connection.execute("pragma synchronous = normal")
