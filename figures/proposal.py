"""The rules as the files say now, whatever the store was built with.

Belongs here: a rule set from sql/ and the suites, with seed files that someone proposes in the place of packaged ones.
Doesn't: what these would change (plan.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb

from figures.explain import QuestionError
from figures.publication_log import RuleSet, rule_set
from warehouse.models.build import RowRule
from warehouse.models.catalog import Catalog
from warehouse.models.seeds import load_seed, load_seeds


def rules_on_disk(
    catalog: Catalog,
    rules: Mapping[str, Sequence[RowRule]],
    macros: Path,
    given: Iterable[Path] = (),
) -> RuleSet:
    """The rules that a run would use now; a seed file of `given` stands in the place of the packaged one of its name.

    Raises:
        QuestionError: a given file is no seed, can't be read, has other columns than the packaged one, or no day where
            one belongs.
    """
    with duckdb.connect() as scratch:
        scratch.execute("create schema seeds")
        load_seeds(scratch, catalog.seeds)
        scratch.execute(macros.read_text(encoding="utf-8"))
        for path in given:
            _replace(scratch, catalog, path)
        return rule_set(scratch, catalog, rules, macros)


def _replace(scratch: duckdb.DuckDBPyConnection, catalog: Catalog, path: Path) -> None:
    table = f"seeds.{path.stem}"
    if table not in catalog.seeds:
        known = ", ".join(sorted(name.removeprefix("seeds.") for name in catalog.seeds))
        raise QuestionError(f"{path.name} is no seed; name the file after one of {known}.")
    wanted = scratch.execute(f"describe {table}").fetchall()
    try:
        load_seed(scratch, table, path)
    except duckdb.Error:
        raise QuestionError(f"{path.name} can't be read; make it a CSV file in UTF-8.") from None
    if scratch.execute(f"describe {table}").fetchall() != wanted:
        listed = ",".join(str(name) for name, *_ in wanted)
        raise QuestionError(f"{path.name} has other columns; its first line must be {listed}.")
    for name, *_ in wanted:
        if name in ("day", "valid_from", "valid_to") or name.endswith("_on"):
            _refuse_no_day(scratch, table, path, name)


def _refuse_no_day(scratch: duckdb.DuckDBPyConnection, table: str, path: Path, name: str) -> None:
    """A rule whose first day can't be read would never hold, and the plan would say so as if it were meant."""
    found = scratch.execute(
        f'select min("{name}") from {table} where clean_text("{name}") is not null and to_day("{name}") is null'
    ).fetchone()
    if found and found[0] is not None:
        raise QuestionError(f"{path.name}: {name} can't be {found[0]}; write a day as 2026-08-05.")
