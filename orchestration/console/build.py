"""Building one table by hand on what stands: for who writes its query, rules or seeds.

Belongs here: which tables in which order, their checks, the rows that are shown. Doesn't: building and checking
(warehouse.models.build, assets), words for a terminal (commands/building.py).

The day is that of the last night: tables of two days beside each other would be published as one.
"""

import difflib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assets.cap import build_capped
from assets.checks import check_suites, row_rules
from assets.night import Night, open_night
from common.rows import Row
from expectations.outcome import Outcome
from orchestration.parts import Parts
from warehouse.errors import CatalogError, WarehouseError
from warehouse.load.landed_pages import ensure_raw_table
from warehouse.models.build import BuildResult
from warehouse.models.catalog import Catalog, Model
from warehouse.models.labels import BARRED
from warehouse.models.privacy import read_labels
from warehouse.models.seeds import load_seeds
from warehouse.store.rows import rows_of
from warehouse.store.state import table_names


@dataclass(frozen=True)
class Built:
    """What was built, in order, what its rules said, and rows of the table asked for.

    `hidden` names its columns that lead to a person; `rows` are without them and without technical ones.
    """

    results: Sequence[BuildResult]
    outcomes: Sequence[Outcome]
    hidden: Sequence[str]
    rows: Sequence[Row]


def build_table(parts: Parts, table: str, *, with_deps: bool, show: int) -> Built:
    """Build a table, and with `with_deps` all that it reads, each checked by its own suite like in a night.

    What is broken stops what would come after it, not the answer: its rows are shown.

    Raises:
        CatalogError: no file defines `table`.
        WarehouseError: no night has run yet, or something that it reads isn't there.
        QuarantineError: more rows wait in quarantine than the cap allows; the old table stands.
        WarehouseBusyError: a run holds the warehouse.
    """
    models = _chosen(parts.catalog, table, with_deps=with_deps)
    if not parts.settings.warehouse_path.exists():
        raise WarehouseError("There is nothing to build on yet; run `motcua run` first.")
    with open_night(parts.site, f"build-{uuid.uuid4().hex[:8]}") as night:
        _take_standing_day(night)
        _ensure_raw(night, parts, models)
        if with_deps:
            _load_seeds(night, parts.catalog, table)
        results, outcomes = _build(night, parts, models)
        is_there = table in table_names(night.connection)
        hidden, rows = _sample(night, table, show) if is_there else ([], [])
    return Built(results, outcomes, hidden, rows)


def _chosen(catalog: Catalog, table: str, *, with_deps: bool) -> list[Model]:
    if table not in catalog.models:
        near = difflib.get_close_matches(table, catalog.models, n=1)
        hint = f"did you mean {near[0]}?" if near else "write schema.table, as in core.fct_case."
        raise CatalogError(f"No file in sql/ defines {table}; {hint}")
    wanted = catalog.ancestors(table) if with_deps else {table}
    return [model for model in catalog.models.values() if model.table in wanted]


def _take_standing_day(night: Night) -> None:
    """Judge by the day of what stands: rows of today beside those of yesterday would contradict each other."""
    row = night.connection.execute("select as_of_at from meta.run_context").fetchone()
    if row is None:
        raise WarehouseError("No night has come as far as building yet; run `motcua run` first.")
    night.now = row[0]


def _ensure_raw(night: Night, parts: Parts, models: Iterable[Model]) -> None:
    """A source that was just declared has no table before its first night; until then it is empty."""
    read = {table for model in models for table in model.depends_on}
    for name, shape in parts.site.shapes().items():
        if name in read:
            ensure_raw_table(night.connection, shape)


def _load_seeds(night: Night, catalog: Catalog, table: str) -> None:
    read = catalog.ancestors(table)
    seeds = {name: path for name, path in catalog.seeds.items() if name in read}
    load_seeds(night.connection, seeds)


def _build(
    night: Night, parts: Parts, models: Iterable[Model]
) -> tuple[list[BuildResult], list[Outcome]]:
    rules = row_rules(parts.suites)
    results: list[BuildResult] = []
    outcomes: list[Outcome] = []
    for model in models:
        if missing := sorted(model.depends_on - table_names(night.connection)):
            raise WarehouseError(
                f"{model.table} reads {missing[0]}, which isn't built yet; add --with-deps."
            )
        results.append(build_capped(night, model, rules.get(model.table, ())))
        if suite := parts.suites.get(model.table):
            outcomes += check_suites(night, [suite])
            if any(outcome.blocks for outcome in outcomes):
                break
    return results, outcomes


def _sample(night: Night, table: str, show: int) -> tuple[list[str], list[Row]]:
    """The first rows by all that is shown of them, and the columns that aren't: those that publishing bars."""
    connection = night.connection
    kept = read_labels(connection).get(table)
    labels: Mapping[str, str] = kept.labels if kept else {}
    names: list[str] = [
        name
        for name, *_ in connection.execute(f"describe {table}").fetchall()
        if not name.startswith("_")
    ]
    hidden = [name for name in names if labels.get(name, "unlabelled") in BARRED]
    shown = ", ".join(f'"{name}"' for name in names if name not in hidden)
    if not shown or show <= 0:
        return hidden, []
    return hidden, rows_of(connection, f"select {shown} from {table} order by all limit {show:d}")
