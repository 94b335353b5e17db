"""Dagster's PostgreSQL storage with the event log's connection kept open.

Belongs here: how the connection is held. Doesn't: what is stored, or where; tables are Dagster's own.

A night tells some 1,100 events. Stock Dagster opens a connection for each statement, and keeps one for the
webserver alone; this asks for the webserver's way, which any process may use.
"""

from collections.abc import Mapping
from typing import Any

from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage
from dagster_postgres.utils import get_token_provider_from_config, pg_url_from_config

# A statement of Dagster's takes milliseconds; one that takes so long never ends.
STATEMENT_MILLISECONDS = 600_000
REOPEN_SECONDS = 3600
# Threads of webserver and daemon may need another one for a moment.
MORE_AT_ONCE = 20


class KeptPostgresEvents(PostgresEventLogStorage):
    """The stock event log, which holds one connection until it is disposed of."""

    def __init__(self, postgres_url: str, **more: Any) -> None:
        super().__init__(postgres_url, **more)
        self.optimize_for_webserver(STATEMENT_MILLISECONDS, REOPEN_SECONDS, MORE_AT_ONCE)

    def dispose(self) -> None:
        """Close the connection: a server that is told to stop waits for it."""
        super().dispose()
        self._engine.dispose()


class KeptPostgresStorage(DagsterPostgresStorage):
    """The stock storage with that event log; written into dagster.yaml."""

    def __init__(self, postgres_url: str, **more: Any) -> None:
        super().__init__(postgres_url, **more)
        self._event_log_storage.dispose()
        self._event_log_storage = KeptPostgresEvents(
            postgres_url, token_provider=more.get("token_provider")
        )

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "KeptPostgresStorage":
        """What Dagster calls with the block of dagster.yaml."""
        return cls(
            pg_url_from_config(config_value),
            inst_data=inst_data,
            token_provider=get_token_provider_from_config(config_value),
        )
