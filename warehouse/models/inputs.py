"""What a build rests on: its query and all that the query may call on, and the content of every table it reads.

Belongs here: naming a build's inputs so that two builds can be compared. Doesn't: what follows from that
(build.py leaves a table as it is, renewal.py renews it in part).
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from warehouse.models.catalog import Model
from warehouse.models.quarantine import RowRule
from warehouse.models.table_content import contents, digest, made_of
from warehouse.store.engine import engine_version

CONTEXT, VIEWPOINT = "meta.run_context", "core.viewpoint"
CONTEXT_COLUMNS = ("as_of_at", "as_of_on", "centre_code", "run_id", "data_as_of")
# Of what changes every night by itself, the part that doesn't: a part of a table may be renewed while it stands.
BUT_THE_DAY = {CONTEXT: f"{CONTEXT} but its day", VIEWPOINT: f"{VIEWPOINT} but now"}
# A query that asks the session has inputs that no table holds.
_ASKS_SESSION = ("getvariable", "person_hash", "current_date", "now(")


@dataclass(frozen=True)
class Inputs:
    """`text` stands for query, rules, macros and code; `tables` gives the content of each table read."""

    text: str
    tables: Mapping[str, str]

    def written(self) -> str:
        """As it is kept."""
        return json.dumps([self.text, dict(sorted(self.tables.items()))])


@dataclass(frozen=True)
class Kept:
    """What is kept of a standing table's build: its content, its inputs, and the as-of it is right for."""

    content: str
    inputs: Inputs
    as_of: dt.datetime | None


class InputReader:
    """Names the inputs of one run's builds; what it has read of a table it remembers."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._given: dict[str, str] = {}

    def built(self, table: str, content: str) -> None:
        """A table has been built: from now on this is what it holds."""
        self._given[table] = content

    def of(self, model: Model, rules: Sequence[RowRule]) -> Inputs | None:
        """A model's inputs; None where something of them can't be known."""
        texts = (model.query, *(rule.breaks_sql for rule in rules))
        if any(word in text for text in texts for word in _ASKS_SESSION):
            return None
        read = {*model.depends_on, *(table for rule in rules for table in rule.reads)}
        # State is written while a night runs; what was loaded or built before this model isn't.
        asked = {table for table in read if table not in self._given or table.startswith("meta.")}
        self._given |= contents(self.connection, asked - {CONTEXT})
        given = {table: self._given[table] for table in read if table in self._given}
        if CONTEXT in read:
            given |= self._context(texts)
        if not read <= given.keys():
            return None
        if VIEWPOINT in read and model.keyed:
            fixed = f"(from {VIEWPOINT} where viewpoint <> 'now')"
            given[BUT_THE_DAY[VIEWPOINT]] = made_of(self.connection, fixed)
        said = (
            _own_code(), engine_version(), model.macros, model.query, model.description, model.grain,
            tuple(model.columns.items()), model.keep, model.publish, sorted(model.labels.by_name.items()),
            [(rule.rule, rule.reason_vi, rule.breaks_sql) for rule in rules],
        )  # fmt: skip
        return Inputs(digest(repr(said)), given)

    def _context(self, texts: Sequence[str]) -> dict[str, str]:
        """Of the run's one row, which is another every night, the columns that the texts name."""
        named = [c for c in CONTEXT_COLUMNS if any(c in text for text in texts)] or CONTEXT_COLUMNS
        fixed = [column for column in named if not column.startswith("as_of")]
        return {
            CONTEXT: made_of(self.connection, CONTEXT, named),
            BUT_THE_DAY[CONTEXT]: made_of(self.connection, CONTEXT, fixed) if fixed else "",
        }

    def kept(self, table: str) -> Kept | None:
        """What is kept of a table's last build; None where that isn't known."""
        row = self.connection.execute(
            "select c.content, c.built_from, c.as_of_at from meta.table_content as c "
            "join meta.table_doc as d using (table_name) where c.table_name = ?",
            [table],
        ).fetchone()
        if row is None or not row[1]:
            return None
        try:
            text, tables = json.loads(row[1])
        except ValueError:
            # Written by another release in another form.
            return None
        return Kept(row[0], Inputs(text, tables), row[2])


@cache
def _own_code() -> str:
    """The text of what builds, so that another release builds anew."""
    code = sorted(Path(__file__).parent.parent.rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in code)).hexdigest()
