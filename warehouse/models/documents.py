"""What is written down of a built table: its columns, lineage, privacy labels, comments and size.

Belongs here: reading all of that once a run, and writing it again where it has changed. Doesn't: building
(build.py), following columns through a query (lineage.py, labels.py), the privacy gate (privacy.py).
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb

from common import quoting
from warehouse.models.catalog import Model
from warehouse.models.lineage import column_lineage
from warehouse.models.privacy import Labelled, column_labels, read_labels
from warehouse.models.table_content import keep_content
from warehouse.store.state import next_event

Columns = Mapping[str, str]
Lineage = Mapping[str, list[tuple[str, str]]]
STAGING_COLUMNS: Mapping[str, str] = {
    "_cast_errors": "Trường không đọc được. Fields whose text could not be cast.",
    "_version_at": "Thời điểm của phiên bản. Source time of this version.",
    "_batch_id": "Lô nguồn. Source batch.",
    "_page_no": "Trang trong lô. Page in the batch.",
    "_row_no": "Dòng trong trang. Row in the page.",
    "_loaded_at": "Thời điểm nạp. When it was loaded.",
}


@dataclass(frozen=True)
class Built:
    """What is to be written of a build: rows, columns with their types, content and what it came from."""

    rows: int
    columns: Columns
    content: str
    built_from: str
    as_of: dt.datetime | None


class Documents:
    """The papers of all tables, for one run; every query for them is asked once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._columns: dict[str, Columns] = {}

    @cached_property
    def _sizes(self) -> dict[str, tuple[int, str]]:
        """Rows and fingerprint of the papers, by table."""
        rows = self._all("select table_name, row_count, fingerprint from meta.table_doc")
        return {table: (count, fingerprint) for table, count, fingerprint in rows}

    @cached_property
    def _lineages(self) -> dict[str, dict[str, list[tuple[str, str]]]]:
        found: dict[str, dict[str, list[tuple[str, str]]]] = {}
        edges = self._all(
            "select table_name, column_name, source_table, source_column from meta.lineage order by all"
        )
        for table, column, source_table, source_column in edges:
            sources = found.setdefault(table, {}).setdefault(column, [])
            sources.append((source_table, source_column))
        return found

    @cached_property
    def _labels(self) -> dict[str, Labelled]:
        return read_labels(self.connection)

    @cached_property
    def _documented(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for table, column, kind in self._all(
            "select table_name, column_name, data_type from meta.column_doc order by rowid"
        ):
            found.setdefault(table, {})[column] = kind
        return found

    def _all(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def rows(self, table: str) -> int:
        """How many rows the last build made."""
        return self._sizes[table][0]

    def lineage(self, table: str) -> Lineage:
        """The kept lineage of a table."""
        return self._lineages.get(table, {})

    def columns(self, table: str) -> Columns:
        """A table's columns and types, in its order."""
        # Asked table by table: the list of all columns is made anew for each question, which takes longer.
        if table not in self._columns:
            described = self.connection.execute(f"describe {table}").fetchall()
            self._columns[table] = {name: kind for name, kind, *_ in described}
        return self._columns[table]

    def columns_of(self, tables: Iterable[str]) -> dict[str, Columns]:
        """The columns of several tables."""
        return {table: self.columns(table) for table in sorted(tables)}

    def stands_as(self, table: str) -> Columns:
        """A built table's columns as they were written down; for one that wasn't built again."""
        return self._documented.get(table) or self.columns(table)

    def forget_columns(self, table: str) -> None:
        """A table is being built: its columns must be looked at again."""
        self._columns.pop(table, None)

    def write(self, model: Model, built: Built) -> None:
        """Write the papers of a build in the caller's transaction.

        Raises:
            ContractError: the model is published and would carry a barred label.
        """
        known = self.columns_of(model.depends_on)
        labelled = column_labels(model, known, self._labels)
        said = (model.query, model.description, model.grain, model.columns, built.columns, known)
        fingerprint = hashlib.sha256(repr(said).encode()).hexdigest()
        table = model.table
        # The table is a new one each time, and its comments went with the old one.
        self.connection.execute("; ".join(_comments(model, built.columns)))
        if self._sizes.get(table, (0, ""))[1] != fingerprint:
            self._describe(model, built.columns, column_lineage(model, known))
        self._size(model, built.rows, fingerprint)
        if self._labels.get(table) != labelled:
            self._label(table, labelled)
        keep_content(self.connection, table, built.content, built.built_from, built.as_of)
        self._columns[table] = built.columns

    def resize(self, model: Model, built: Built) -> None:
        """Write of a table that was renewed in part how large it is now, in the caller's transaction."""
        self._size(model, built.rows, self._sizes[model.table][1])
        keep_content(self.connection, model.table, built.content, built.built_from, built.as_of)

    def _describe(self, model: Model, columns: Columns, lineage: Lineage) -> None:
        labels = {**STAGING_COLUMNS, **model.columns}
        for table in ("column_doc", "lineage"):
            self.connection.execute(f"delete from meta.{table} where table_name = ?", [model.table])
        self.connection.execute(
            "insert into meta.column_doc by name select $table as table_name, unnest($names) as column_name, "
            "unnest($kinds) as data_type, unnest($labels) as label",
            {
                "table": model.table, "names": list(columns), "kinds": list(columns.values()),
                "labels": [labels[name] for name in columns],
            },
        )  # fmt: skip
        edges = [(name, *source) for name, found in lineage.items() for source in found]
        if edges:
            names, tables, sources = map(list, zip(*edges, strict=True))
            self.connection.execute(
                "insert into meta.lineage by name select $table as table_name, unnest($names) as column_name, "
                "unnest($tables) as source_table, unnest($sources) as source_column",
                {"table": model.table, "names": names, "tables": tables, "sources": sources},
            )
        self._lineages[model.table] = {name: list(found) for name, found in lineage.items()}
        self._documented[model.table] = dict(columns)

    def _size(self, model: Model, rows: int, fingerprint: str) -> None:
        self.connection.execute("delete from meta.table_doc where table_name = ?", [model.table])
        self.connection.execute(
            "insert into meta.table_doc by name select ? as table_name, ? as description, ? as grain, "
            "? as row_count, now() as built_at, ? as fingerprint, ? as event_no",
            [
                model.table, model.description, ", ".join(model.grain), rows, fingerprint,
                next_event(self.connection),
            ],
        )  # fmt: skip
        self._sizes[model.table] = (rows, fingerprint)

    def _label(self, table: str, labelled: Labelled) -> None:
        self.connection.execute("delete from meta.column_label where table_name = ?", [table])
        if labelled.labels:
            self.connection.execute(
                "insert into meta.column_label by name select $table as table_name, unnest($names) as column_name, "
                "unnest($labels) as label, $mark as fingerprint",
                {
                    "table": table, "names": list(labelled.labels),
                    "labels": list(labelled.labels.values()), "mark": labelled.fingerprint,
                },
            )  # fmt: skip
        self._labels[table] = labelled


def _comments(model: Model, columns: Columns) -> Iterator[str]:
    labels = {**STAGING_COLUMNS, **model.columns}
    yield f"comment on table {model.table} is {quoting.text(model.description)}"
    for name in columns:
        yield f"comment on column {model.table}.{quoting.name(name)} is {quoting.text(labels[name])}"
