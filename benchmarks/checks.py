"""Measure the suites over a million cases against the same rules as single SQL statements.

Belongs here: making the million out of a small night, timing both ways, the lines for RESULTS.md.
Doesn't: whole nights (__main__.py). Both ways run on the same warehouse, in the same process, on the same
number of threads; each statement counts the failing rows of one rule, as a person would write it.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import quoting
from expectations.predicates import row_condition
from expectations.runner import run_canaries, run_suites
from expectations.suite import Rule, load_suites
from expectations.vocabulary import UNEXPECTED_ROWS
from orchestration.console.runs import execute_job
from orchestration.definitions import wire
from orchestration.settings import PROJECT, Settings
from warehouse.models.build import Builder
from warehouse.models.catalog import load_catalog
from warehouse.store.connection import Limits, open_warehouse

BASE = 6_000
# Tables that hold cases, and the columns that name one in them.
NAMED = {
    "staging.case_version": ("case_code",),
    "staging.case": ("case_code",),
    "staging.rating": ("rating_id", "case_code"),
    "staging.submission": ("submission_id", "case_code"),
}


_NEW_NAME = {
    # A code ends in its number of the day: the copy's number goes before it.
    True: "regexp_replace({name}, '\\d+$', '') || "
    "lpad(cast(copy * 1000 + cast(right({name}, 5) as int) as varchar), 6, '0') as {name}",
    False: "{name} || '-' || copy as {name}",
}


@dataclass(frozen=True)
class Timing:
    """Medians of wall and CPU seconds."""

    wall: float
    cpu: float


def measure_checks(cases: int, rounds: int, threads: int = 2) -> tuple[int, int, Timing, Timing]:
    """Cases and rules measured, then the suites' time and the single statements' time."""
    suites = [s for s in load_suites().values() if not s.table.startswith("meta.")]
    with tempfile.TemporaryDirectory(prefix="motcua-bench-") as folder:
        connection = _million(Path(folder), cases, threads)
        run_canaries(
            connection
        )  # the import of Great Expectations belongs to the night, not to a rule
        statements = [statement_of(suite.table, rule) for suite in suites for rule in suite.rules]
        found = connection.execute('select count(*) from staging."case"').fetchone()

        def by_suites() -> None:
            broken = [o for o in run_suites(connection, suites) if o.state == "error"]
            assert not broken, broken

        def by_statements() -> None:
            for statement in statements:
                connection.execute(statement).fetchall()

        suites_time, statements_time = _medians([by_suites, by_statements], rounds)
        connection.close()
    return int(found[0]), len(statements), suites_time, statements_time


def lines_of(measured: tuple[int, int, Timing, Timing]) -> list[str]:
    """What RESULTS.md says of it."""
    cases, rules, suites, statements = measured
    return [
        "",
        f"## Suites over {cases:,} cases",
        "",
        f"All {rules} rules of staging, core and marts, through Great Expectations with failing keys, and the "
        "same rules as one SQL statement each; medians, one process. The target is at most 1.2 times.",
        "",
        "| way | wall s | CPU s |",
        "|---|---:|---:|",
        f"| suites | {suites.wall:.1f} | {suites.cpu:.1f} |",
        f"| single statements | {statements.wall:.1f} | {statements.cpu:.1f} |",
        f"| suites / statements | {suites.wall / statements.wall:.2f} | {suites.cpu / statements.cpu:.2f} |",
    ]


def _medians(ways: list[Callable[[], None]], rounds: int) -> list[Timing]:
    taken: list[list[tuple[float, float]]] = [[] for _ in ways]
    for _ in range(rounds):
        for way, times in zip(ways, taken, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            way()
            times.append((time.perf_counter() - wall, time.process_time() - cpu))
    return [
        Timing(statistics.median(w for w, _ in times), statistics.median(c for _, c in times))
        for times in taken
    ]


def _million(home: Path, cases: int, threads: int) -> Any:
    """A warehouse of about `cases` cases: a small night's staging, repeated under new codes, built on."""
    settings = Settings.load(home=home, as_of="2023-06-30T01:30:00+07:00", _env_file=None)
    wiring = wire(settings)
    (home / "demo.json").write_text(
        f'{{"end": "2023-06-30T01:30:00+07:00", "cases_per_year": {BASE}, "years": 1, "seed": 7, '
        '"response": "high"}',
        encoding="utf-8",
    )
    outcome = execute_job(wiring, "full_refresh", {"motcua/mode": "full"})
    if not outcome.succeeded:
        raise SystemExit(outcome.reason)
    return blow_up(settings.warehouse_path, cases, threads)


def blow_up(path: Path, cases: int, threads: int) -> Any:
    """Open a night's warehouse, repeat its cases under new codes, and build core and marts from them."""
    macros = PROJECT / "sql" / "macros.sql"
    connection = open_warehouse(path, macros, Limits("4GB", threads))
    have = connection.execute('select count(*) from staging."case"').fetchone()
    copies = -(-cases // int(have[0])) if have else 1
    for table, names in NAMED.items():
        renamed = ", ".join(_NEW_NAME[name == "case_code"].format(name=name) for name in names)
        connection.execute(
            f"create or replace table {table} as select * replace ({renamed}) "
            f"from {table}, range({copies}) as copies (copy)"
        )
    everything = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('raw', 'meta', 'seeds')"
    ).fetchall()
    catalog = load_catalog(PROJECT / "sql", [name for (name,) in everything])
    builder = Builder(connection)
    for model in catalog.models.values():
        if model.schema in ("core", "marts"):
            builder.build(model)
    return connection


def statement_of(table: str, rule: Rule) -> str:
    """One rule as one statement."""
    schema, _, name = table.partition(".")
    source = f"{quoting.name(schema)}.{quoting.name(name)}"
    kwargs = rule.kwargs
    given = kwargs.get("row_condition")
    where = f"where {row_condition(given)}" if given is not None else ""
    if rule.breaks is not None:
        return f"select count(*) from {source} where {rule.breaks}"
    if rule.type == UNEXPECTED_ROWS:
        query = str(kwargs["unexpected_rows_query"]).format(batch=source)
        return f"select count(*) from ({query.replace(f'({source})', source)})"
    if rule.type.endswith("unique"):
        names = ", ".join(map(quoting.name, kwargs.get("column_list") or [kwargs["column"]]))
        return (
            f"select coalesce(sum(n), 0) from (select count(*) as n from {source} {where} "
            f"group by {names} having count(*) > 1)"
        )
    if rule.type == "expect_table_row_count_to_be_between":
        return f"select count(*) from {source} {where}"
    return f"select count(distinct {quoting.name(kwargs['column'])}) from {source} {where}"
