"""Dagster's SQLite storage, with the event log's connections kept open and one transaction a step.

Belongs here: how connections to the event log are opened, and when what was told is committed. Doesn't: what
is stored, or where; files and tables are Dagster's own, so its stock storage reads them and this can be taken
out again at any time.

A night tells some 1,100 events. Stock Dagster opens new engines and connections for each of them and
waits for the disk each time, which made up two fifths of a small night.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from threading import RLock
from typing import Any

from dagster import AssetKey, DagsterEventType, EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.base import AssetRecord
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.event import listen

OPEN_MOST = 8
BUSY_SECONDS = 60
# What is told together: it stands in the file with the next event of another kind, which follows at once, for a
# step that ends is followed by one that starts or by the end of the run; or as soon as anybody reads. A table
# that was built is told at once, for its checks may take long.
WAITS = frozenset(
    {
        DagsterEventType.ASSET_CHECK_EVALUATION,
        DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
        DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        DagsterEventType.STEP_OUTPUT,
        DagsterEventType.STEP_SUCCESS,
    }
)


class KeptEventLogStorage(SqliteEventLogStorage):
    """The stock event log, whose few latest files stay open; one connection a file, used in turn.

    Events that belong together are stored in one transaction, by the stock storage's own statements.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._tables: set[str] = set()
        self._waiting: list[EventLogEntry] = []
        # The connections of the transaction that is under way.
        self._joined: dict[str, Connection] | None = None
        self._ends = ExitStack()
        # What is known of assets, as long as nobody else has changed the index.
        self._records: dict[AssetKey, AssetRecord] = {}
        self._seen = (0, 0)
        # In the place of the stock lock, for one thread's transaction is made of many calls.
        self._turn = RLock()
        super().__init__(base_dir, inst_data)

    def store_event(self, event: EventLogEntry) -> None:
        """Store the event with those that wait, or let it wait."""
        with self._turn:
            self._waiting.append(event)
            if not event.is_dagster_event or event.dagster_event_type not in WAITS:
                self.store_waiting()

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store these with those that wait."""
        with self._turn:
            self._waiting.extend(events)
            self.store_waiting()

    def store_waiting(self) -> None:
        """Store what waits, in one transaction a file."""
        with self._turn:
            events, self._waiting = self._waiting, []
            if not events:
                return
            self._forget_if_changed()
            try:
                with self._one_transaction():
                    for event in events:
                        super().store_event(event)
            except Exception:  # noqa: BLE001 (one that can't be stored must not take the others with it)
                for event in events:
                    super().store_event(event)
            except BaseException:
                # Told to stop: they are stored with the event that says so.
                self._waiting = events + self._waiting
                raise
            self._learn(events)

    def get_asset_records(
        self, asset_keys: Sequence[AssetKey] | None = None
    ) -> Sequence[AssetRecord]:
        """What is known of these assets; each step asks for all that it comes after, for their versions."""
        if asset_keys is None:
            return super().get_asset_records()
        with self._turn:
            self.store_waiting()
            self._forget_if_changed()
            lacking = [key for key in asset_keys if key not in self._records]
            if lacking:
                for record in super().get_asset_records(lacking):
                    self._records[record.asset_entry.asset_key] = record
            return [self._records[key] for key in asset_keys if key in self._records]

    def _forget_if_changed(self) -> None:
        """Forget all if another connection has changed the index since, or this one past `store_event`."""
        seen = self._changes()
        if seen != self._seen:
            self._records.clear()
            self._seen = seen

    def _learn(self, events: Sequence[EventLogEntry]) -> None:
        """These were stored: what they say of an asset replaces what was known of it, and of no other."""
        for event in events:
            told = event.dagster_event
            # A check's event names its asset elsewhere; it changes nothing that is asked for here.
            if told is not None and told.asset_key is not None:
                self._records.pop(told.asset_key, None)
        # Not the version: another's change in between must still be noticed.
        self._seen = (self._seen[0], self._changes()[1])

    def _changes(self) -> tuple[int, int]:
        """The index's version as others have made it, and how many rows this connection has changed."""
        with self._engine(INDEX_SHARD_NAME).connect() as connection:
            version = connection.execute(text("pragma data_version")).scalar_one()
            return version, connection.execute(text("select total_changes()")).scalar_one()

    @contextmanager
    def _one_transaction(self) -> Iterator[None]:
        with ExitStack() as self._ends:
            self._joined = {}
            try:
                yield
            finally:
                self._joined = None

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._turn:
            if self._joined is None:
                # Whoever reads finds everything.
                self.store_waiting()
                with self._engine(shard).begin() as connection:
                    yield connection
            else:
                if shard not in self._joined:
                    begun = self._engine(shard).begin()
                    self._joined[shard] = self._ends.enter_context(begun)
                yield self._joined[shard]

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.get(shard)
        if engine is None:
            address = self.conn_string_for_shard(shard)
            waits = {"timeout": BUSY_SECONDS, "check_same_thread": False}
            if shard not in self._initialized_dbs:
                self._initdb(create_engine(address, poolclass=NullPool, connect_args=waits))
                self._initialized_dbs.add(shard)
            engine = create_engine(address, pool_size=1, max_overflow=0, connect_args=waits)
            listen(engine, "connect", _relax)
            self._engines[shard] = engine
            while len(self._engines) > OPEN_MOST:
                self._records.clear()
                self._engines.popitem(last=False)[1].dispose()
        self._engines.move_to_end(shard)
        return engine

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; asked a thousand times a night, and none ever goes away."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def dispose(self) -> None:
        """Store what waits and close every file."""
        self.store_waiting()
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
