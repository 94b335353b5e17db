"""The privacy gate of a build: no published table may carry a labelled column, no error a row's value.

Belongs here: labels of a model's columns, from those of what it reads; the refusal; errors told without
the values they hold. Doesn't: how labels pass through a query (labels.py).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from warehouse.errors import ContractError, WarehouseError
from warehouse.models.catalog import Model
from warehouse.models.labels import BARRED, carried_labels

# DuckDB puts the value into the message of these; all others speak of names in the query.
_TELLS_VALUES = (
    duckdb.ConversionException,
    duckdb.DataError,
    duckdb.ConstraintException,
    duckdb.InvalidInputException,
)
_VALUES = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|\d{4,}")


@contextmanager
def without_values(doing: str) -> Iterator[None]:
    """Tell a database error about data without the data: it ends in logs and in Dagster's storage.

    Raises:
        WarehouseError: what was being done and the kind of error; `from None`, so no cause tells more.
    """
    try:
        yield
    except _TELLS_VALUES as error:
        lines = str(error).splitlines() or [type(error).__name__]
        told = masked(lines[0])
        raise WarehouseError(
            f"{doing} stopped at a value it can't take ({told[:200]}); find the row with "
            "`motcua check` or by running the query on the restricted store."
        ) from None


def masked(text: str) -> str:
    """An error's text without what stands in quotes and without long numbers: there values of rows are told."""
    return _VALUES.sub("…", text)


@dataclass(frozen=True)
class Labelled:
    """The labels of a table's columns, and the fingerprint of what they were followed through."""

    fingerprint: str
    labels: Mapping[str, str]


def read_labels(connection: duckdb.DuckDBPyConnection) -> dict[str, Labelled]:
    """The kept labels of every built table."""
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for table, column, label, mark in connection.execute(
        "select table_name, column_name, label, fingerprint from meta.column_label"
    ).fetchall():
        found.setdefault(table, (mark, {}))[1][column] = label
    return {table: Labelled(*of) for table, of in found.items()}


def column_labels(
    model: Model, known: Mapping[str, Mapping[str, str]], kept: Mapping[str, Labelled]
) -> Labelled:
    """The label of each column; followed again only when query or inputs changed.

    `known` maps the tables the model reads to their columns and types, `kept` every built table to its labels.

    Raises:
        ContractError: the model is published and would carry a barred label; nothing was swapped.
    """
    labels = model.labels
    if model.schema == "staging":
        found = {name: labels.of_source(model.table, name) for name in model.columns}
        mark = hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()
        return Labelled(mark, found)
    sources = _source_labels(model, known, kept)
    said = (model.query, sorted(sources.items()), sorted(labels.by_name.items()))
    mark = hashlib.sha256(repr(said).encode()).hexdigest()
    before = kept.get(model.table)
    found = dict(before.labels) if before and before.fingerprint == mark else {}
    if found.keys() != model.columns.keys():
        carried = carried_labels(model.query, known, sources)
        rest = carried.get("*", "unlabelled")
        found = {
            name: labels.reviewed(model.table, name, carried.get(name, rest))
            for name in model.columns
        }
    barred = [f"{name} ({label})" for name, label in found.items() if label in BARRED]
    if model.publish and barred and labels.by_name:
        bare = sorted(f"{t}.{c}" for (t, c), label in sources.items() if label == "unlabelled")
        raise ContractError(
            f"{model.path}: {', '.join(barred)} would carry what points to a person into the published file; "
            "publish a count of it, leave it out, or label its source in sql/labels.yml after a review"
            + (f" ({', '.join(bare)} stand in none of its lists)." if bare else ".")
        )
    return Labelled(mark, found)


def _source_labels(
    model: Model, known: Mapping[str, Mapping[str, str]], kept: Mapping[str, Labelled]
) -> dict[tuple[str, str], str]:
    return {
        (table, column): (
            (kept[table].labels.get(column) if table in kept else None)
            or model.labels.of_source(table, column)
        )
        for table, columns in known.items()
        for column in columns
    }
