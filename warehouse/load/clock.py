"""Stamps that a wrong clock left in the future: pulled back to the present, in the order they were made.

Belongs here: the times that we ourselves give to loads, readings, cursors and deletions. Doesn't: what sources
say of their own records (the rules judge that), publications and checks (they are ordered by number).

One run under a clock that is a year ahead stamps what it loads with next year. Later readings of a register
would then be older than it, a key sweep not due, a deletion newer than the case that came back, for a year. All
we know of such a stamp is that it was made before now, and in which order; so that is what is kept of it.

Is the clock wrong now, or was it wrong then? Where sources date their own rows later too, most loads decide:
if most lie in the future, the clock is behind, and the stamps are right.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from warehouse.errors import WarehouseError
from warehouse.load.landed_pages import RawShape
from warehouse.store.connection import transaction
from warehouse.store.state import table_names

# So many rows that sources themselves date so much later than our clock: then it is the clock that is behind.
ROWS_OF_PROOF = 10
LEAD_OF_PROOF = dt.timedelta(days=1)
_OURS = (
    ("meta.batch", "loaded_at"),
    ("meta.drift", "seen_at"),
    ("meta.deletion", "deleted_at"),
    ("meta.deletion_log", "noted_at"),
    ("meta.cursor", "updated_at"),
    ("meta.published_context", "known_at"),
)
_READ = (("meta.cursor", "cursor_at"), ("meta.cursor", "read_to"))


def pull_back(
    connection: duckdb.DuckDBPyConnection,
    now: dt.datetime,
    shapes: Mapping[str, RawShape],
    machine: dt.datetime | None = None,
) -> dt.datetime | None:
    """Pull stamps that lie after every clock's present back to just before `now`; the latest that was found.

    `now` is the run's clock, and `machine` that of the machine (by default its own): a pinned one in the past
    isn't taken for the present. Cursors in the future are forgotten whichever clock is wrong, since a source
    can be read once more and a gap can't be seen.

    Raises:
        WarehouseError: the clock lies before everything that the sources ever told.
    """
    latest = max(now, machine or dt.datetime.now(dt.UTC))
    store = _Store(connection, now, latest, shapes)
    claimed = store.newest_claim()
    if claimed is None:
        return None
    if store.is_before_everything():
        raise WarehouseError(
            f"The clock says {latest:%Y-%m-%d %H:%M}, which is before anything that was ever loaded; set the machine's "
            "clock, then run again: the old published version stands."
        )
    with transaction(connection):
        if not store.is_clock_behind():
            store.mend_stamps()
        store.mend_cursors()
    return claimed


class _Store:
    """The stamps of one store, and what lies later than `latest`; stamps are pulled back to before `now`."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        now: dt.datetime,
        latest: dt.datetime,
        shapes: Mapping[str, RawShape],
    ) -> None:
        self.connection, self.now, self.latest = connection, now, latest
        present = table_names(connection)
        self.shapes = {table: shape for table, shape in shapes.items() if table in present}
        self.dated = [t for t, s in self.shapes.items() if s.version_field and not s.is_file]

    def newest_claim(self) -> dt.datetime | None:
        """The latest time to come that any stamp of ours bears."""
        every = [*self._stamps(), *((table, column, "true") for table, column in _READ)]
        newest: dt.datetime | None = self._one(
            f"select max(claimed) from ({self._later(every, '>')})", self.latest
        )
        return newest

    def is_before_everything(self) -> bool:
        """Whether even the oldest row that a system dated is of the future."""
        count = self._sourced("count(*)")
        return bool(count >= ROWS_OF_PROOF and self._sourced("min(_version_at)") > self._beyond)

    def is_clock_behind(self) -> bool:
        """Whether systems date their rows later too, and most loads were."""
        if (
            self._sourced(
                f"count(*) filter (_version_at > timestamptz '{self._beyond.isoformat()}')"
            )
            < ROWS_OF_PROOF
        ):
            return False
        later = "select 2 * count(distinct loaded_at) filter (loaded_at > $latest) > count(distinct loaded_at)"
        return bool(self._one(f"{later} from meta.batch", self.latest))

    def mend_stamps(self) -> None:
        """Map the stamps to the microseconds before `now`, each moment to one, in their order."""
        stamps = self._stamps()
        self.connection.execute(
            f"""
            create or replace temp table believed as
            select claimed, $now::timestamptz - to_microseconds(row_number() over (order by claimed desc)) as believed
            from ({self._later(stamps, ">=")})
            """,
            # What an earlier correction put just before this very moment moves along.
            {"latest": self.latest - dt.timedelta(seconds=1), "now": self.now},
        )
        for table, shape in self.shapes.items():
            if shape.is_file and shape.version_field:
                # A file's time, which its rows carry as their version, goes with the time of loading.
                self.connection.execute(
                    f"""
                    update {table} set _version_at = b.believed, "{shape.version_field}" = cast(b.believed as varchar)
                    from temp.believed as b
                    where {table}._loaded_at = b.claimed and {table}._version_at > $latest
                    """,
                    {"latest": self.latest},
                )
        for table, column, where in stamps:
            self.connection.execute(
                f'update {table} set "{column}" = b.believed '
                f'from temp.believed as b where {table}."{column}" = b.claimed and {where}'
            )
        self.connection.execute("drop table temp.believed")

    def mend_cursors(self) -> None:
        """How far a source was really read nobody knows: to its newest row; nowhere, where that is no time either."""
        self.connection.execute(
            "update meta.cursor set cursor_at = null where cursor_at > $beyond",
            {"beyond": self._beyond},
        )
        self.connection.execute(
            "update meta.cursor set read_to = least(coalesce(cursor_at, $now), $now) where read_to > $latest",
            {"latest": self.latest, "now": self.now},
        )

    @property
    def _beyond(self) -> dt.datetime:
        return self.latest + LEAD_OF_PROOF

    def _stamps(self) -> list[tuple[str, str, str]]:
        """Tables and columns whose times are ours, and which of their rows: a system's own change time is its affair.

        A row that a system itself dates later than we would then say it was loaded keeps its time of loading:
        both clocks were wrong, or ours is pinned to a day before; the rules take it for what the system says.
        """
        ours = [(table, column, "true") for table, column in _OURS]
        sane = f"_version_at <= timestamptz '{(self.now + LEAD_OF_PROOF).isoformat()}'"
        raw = [
            (table, "_loaded_at", sane if table in self.dated else "true") for table in self.shapes
        ]
        read = [(t, "_version_at", "true") for t, s in self.shapes.items() if not s.version_field]
        return [*ours, *raw, *read]

    def _later(self, stamps: Sequence[tuple[str, str, str]], than: str) -> str:
        return " union ".join(
            f'select "{column}" as claimed from {table} where "{column}" {than} $latest and {where}'
            for table, column, where in stamps
        )

    def _sourced(self, measure: str) -> Any:
        rows = " union all ".join(f"select _version_at from {table}" for table in self.dated)
        if not rows:
            return 0
        row = self.connection.execute(f"select {measure} from ({rows})").fetchone()
        return row[0] if row else 0

    def _one(self, query: str, latest: dt.datetime) -> Any:
        row = self.connection.execute(query, {"latest": latest}).fetchone()
        return row[0] if row else None
