"""Dagster's PostgreSQL storage with its connections kept open.

Belongs here: how connections are held. Doesn't: what is stored, or where; tables are Dagster's own.

A night tells some 1,100 events. Stock Dagster opens a connection for each statement of a run, and one that is
kept for the webserver alone; this asks for the webserver's way, which any process may use, in all of them.
"""

from collections.abc import Mapping
from typing import Any

from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import get_token_provider_from_config, pg_url_from_config

# A statement of Dagster's takes milliseconds; one that takes so long never ends.
STATEMENT_MILLISECONDS = 600_000
REOPEN_SECONDS = 3600
# Threads of webserver and daemon may need a second one for a moment.
MORE_AT_ONCE = 20


class KeptPostgresStorage(DagsterPostgresStorage):
    """The stock storage, with one connection held by each of its parts; written into dagster.yaml."""

    def __init__(self, postgres_url: str, **more: Any) -> None:
        super().__init__(postgres_url, **more)
        for part in (self.run_storage, self.event_log_storage, self.schedule_storage):
            part.optimize_for_webserver(STATEMENT_MILLISECONDS, REOPEN_SECONDS, MORE_AT_ONCE)

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
