"""The privacy gate of a build: no published table may carry a labelled column, no error a row's value.

Belongs here: labels of a model's columns, from those of what it reads; the refusal; errors told without
the values they hold. Doesn't: how labels pass through a query (labels.py).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from warehouse.catalog import Model
from warehouse.errors import ContractError, WarehouseError
from warehouse.labels import BARRED, carried_labels

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
        told = _VALUES.sub("…", lines[0])
        raise WarehouseError(
            f"{doing} stopped at a value it can't take ({told[:200]}); find the row with "
            "`motcua check` or by running the query on the restricted store."
        ) from None


def column_labels(
    connection: duckdb.DuckDBPyConnection, model: Model, known: Mapping[str, Mapping[str, str]]
) -> tuple[str, dict[str, str]]:
    """A fingerprint and the label of each column; followed again only when query or inputs changed.

    `known` maps the tables the model reads to their columns and types.

    Raises:
        ContractError: the model is published and would carry a barred label; nothing was swapped.
    """
    labels = model.labels
    if model.schema == "staging":
        found = {name: labels.of_source(model.table, name) for name in model.columns}
        return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest(), found
    sources = _source_labels(connection, model, known)
    mark = hashlib.sha256(repr((model.query, sorted(sources.items()))).encode()).hexdigest()
    stored = connection.execute(
        "select column_name, label from meta.column_label where table_name = ? and fingerprint = ?",
        [model.table, mark],
    ).fetchall()
    found = dict(stored) if {name for name, _ in stored} == set(model.columns) else {}
    if not found:
        carried = carried_labels(model.query, known, sources)
        rest = carried.get("*", "unlabelled")
        found = {
            name: labels.reviewed(model.table, name, carried.get(name, rest))
            for name in model.columns
        }
    barred = [f"{name} ({label})" for name, label in found.items() if label in BARRED]
    if model.publish and barred and labels.by_name:
        raise ContractError(
            f"{model.path}: {', '.join(barred)} would carry what points to a person into the published file; "
            "publish a count of it, leave it out, or label its source in sql/labels.yml after a review."
        )
    return mark, found


def record_labels(
    connection: duckdb.DuckDBPyConnection, table: str, labels: tuple[str, Mapping[str, str]]
) -> None:
    """Remember a built table's labels for the models that read it."""
    mark, found = labels
    connection.execute("delete from meta.column_label where table_name = ?", [table])
    if found:
        connection.executemany(
            "insert into meta.column_label values (?, ?, ?, ?)",
            [[table, name, label, mark] for name, label in found.items()],
        )


def _source_labels(
    connection: duckdb.DuckDBPyConnection, model: Model, known: Mapping[str, Mapping[str, str]]
) -> dict[tuple[str, str], str]:
    stored = {
        (table, column): label
        for table, column, label in connection.execute(
            "select table_name, column_name, label from meta.column_label "
            "where list_contains($tables, table_name)",
            {"tables": sorted(known)},
        ).fetchall()
    }
    return {
        (table, column): stored.get((table, column)) or model.labels.of_source(table, column)
        for table, columns in known.items()
        for column in columns
    }
