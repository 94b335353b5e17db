"""Holding the staging files against the source file and their own headers, before anything is read.

Belongs here: binding each staging query to empty raw tables, and saying which file, which column and what to add
where. Doesn't: references and layers (catalog.py), what a build makes of real rows (build.py).

It takes a second, so what was found sound is remembered by its content: in the process, and in a file that may be
deleted at any time.
"""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

import duckdb

from common.disk import write_whole
from warehouse.errors import CatalogError
from warehouse.load.landed_pages import TECHNICAL_COLUMNS, RawShape, ensure_raw_table
from warehouse.models.catalog import Catalog, Model
from warehouse.models.documents import STAGING_COLUMNS
from warehouse.models.headers import differences
from warehouse.models.labels import LABELS
from warehouse.models.seeds import load_public_holidays
from warehouse.store.connection import open_warehouse
from warehouse.store.engine import engine_version
from warehouse.store.state import ensure_state

MEMORY = "staging.sound"
_NOT_FOUND = re.compile(r'(?:column (?:named )?|key )"([^"]+)"', re.IGNORECASE)
_PATTERN = "sql/staging/agency.sql shows the whole pattern"
_sound: set[str] = set()


def check_staging(
    catalog: Catalog, shapes: Mapping[str, RawShape], macros: Path, folder: Path
) -> None:
    """Check every staging file; `shapes` are the raw tables by name, `folder` is where to remember.

    Raises:
        CatalogError: one sentence a fault, each with the file, the column and what to add where.
    """
    told = _digest(catalog, shapes, macros)
    memory = folder / MEMORY
    with suppress(OSError):
        if memory.read_text(encoding="ascii") == told:
            _sound.add(told)
    if told in _sound:
        return
    with closing(open_warehouse(":memory:", macros)) as connection:
        if faults := list(_faults(connection, catalog, shapes)):
            raise CatalogError(" ".join(faults))
    _sound.add(told)
    # A home that isn't there yet isn't made.
    if folder.parent.is_dir():
        with suppress(OSError):
            write_whole(memory, told)


def _bound(catalog: Catalog) -> list[Model]:
    """The staging models and what they read, in build order."""
    wanted = {
        name for model in catalog.in_schema("staging") for name in catalog.ancestors(model.table)
    }
    return [model for model in catalog.models.values() if model.table in wanted]


def _digest(catalog: Catalog, shapes: Mapping[str, RawShape], macros: Path) -> str:
    models = _bound(catalog)
    said = (
        engine_version(), Path(__file__).read_text(encoding="utf-8"), macros.read_text(encoding="utf-8"),
        [(str(m.path), m.query, sorted(m.columns), sorted(m.labels.by_name.items())) for m in models],
        [(table, [field.name for field in shape.fields]) for table, shape in shapes.items()],
        [_columns_of_seed(path) for path in catalog.seeds.values()],
    )  # fmt: skip
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _faults(
    connection: duckdb.DuckDBPyConnection, catalog: Catalog, shapes: Mapping[str, RawShape]
) -> Iterator[str]:
    ensure_state(connection)
    for shape in shapes.values():
        ensure_raw_table(connection, shape)
    for table, path in catalog.seeds.items():
        listed = ", ".join(f'"{name}" varchar' for name in _columns_of_seed(path))
        connection.execute(f"create table {table} ({listed})")
    load_public_holidays(connection)
    for model in _bound(catalog):
        yield from _lacks(connection, model, shapes)
        if model.schema == "staging":
            yield from _unlabelled(model, model.columns)


def _lacks(
    connection: duckdb.DuckDBPyConnection, model: Model, shapes: Mapping[str, RawShape]
) -> Iterator[str]:
    """What the query reads and isn't there, then how its columns differ from the header."""
    told: dict[str, list[str]] = {}
    while True:
        try:
            connection.execute(f"create table {model.table} as {model.query}\nwith no data")
            break
        except duckdb.Error as error:
            match = _NOT_FOUND.search(str(error).splitlines()[0])
            name = match[1] if match else ""
            lacking = [
                shape
                for table, shape in shapes.items()
                if table in model.depends_on and name not in {f.name for f in shape.fields}
            ]
            if name in {*TECHNICAL_COLUMNS, "r"}:
                yield f"{model.path}: `typed` doesn't hand on {name}; add it to its select ({_PATTERN})."
                return
            if not name or not lacking or name in told:
                told[name] = [f"{model.path}: {str(error).splitlines()[0]}; mend the query."]
                break
            # With that column there, the next one shows; where it doesn't help, it wasn't the source's.
            told[name] = [_no_field(model, shape, name) for shape in lacking]
            for shape in lacking:
                connection.execute(f'alter table {shape.table} add column "{name}" varchar')
    for sentences in told.values():
        yield from sentences
    if model.schema == "staging" and not told:
        found = [row[0] for row in connection.execute(f"describe {model.table}").fetchall()]
        yield from _differs(model, found)


def _no_field(model: Model, shape: RawShape, name: str) -> str:
    place = f"drops: {shape.entity}: columns" if shape.is_file else (
        f"systems: {shape.system}: entities: {shape.entity}: fields"
    )  # fmt: skip
    mend = (
        f"add `{name}:` there" if shape.is_file
        else f"add there where it stands in the record, or `{name}: {{optional: true}}` if the system has no such field"
    )  # fmt: skip
    return f"{model.path} reads {name} of {shape.table}, and the source file has no {name} under `{place}`; {mend}."


def _differs(model: Model, found: list[str]) -> Iterator[str]:
    for name in STAGING_COLUMNS:
        if name not in found:
            mend = (
                "end the query with `list_concat(_defects, …) as _cast_errors`" if name == "_cast_errors"
                else f"add `r.{name}` to the select of `typed`, and keep it in the last one"
            )  # fmt: skip
            yield f"{model.path} doesn't hand on {name}; {mend} ({_PATTERN})."
    listed = [*model.columns, *STAGING_COLUMNS]
    yield from differences(model.path, listed, [*STAGING_COLUMNS, *found])
    yield from _unlabelled(model, [name for name in found if name not in listed])


def _unlabelled(model: Model, columns: Iterable[str]) -> Iterator[str]:
    """Without a privacy label a column, and all made of it, could never be published, and nobody would know why."""
    for name in columns:
        if model.labels.by_name and model.labels.of_source(model.table, name) == "unlabelled":
            yield (
                f"{model.path}: {name} has no privacy label; put `{model.name}.{name}` into one of the lists of "
                f"sql/labels.yml ({', '.join(LABELS[:-1])})."
            )


def _columns_of_seed(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file), [])
