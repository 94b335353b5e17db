"""A night's real steps without Dagster's bookkeeping and the checks' judgement, for tests of survival.

Belongs here: a small province and its systems; pull, load, build, publish by the very functions that
the assets call; what of it must come out equal. Doesn't: faults (the tests).
As a program it is a nursery: it imports once, then forks a child for each night that it is asked for, and
lets a child kill itself at a named point. Only there can a point be set; the product knows none.
"""

import dataclasses
import datetime as dt
import functools
import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from assets.cap import build_capped
from assets.checks import row_rules as _row_rules
from assets.drops import load_inbox
from assets.night import open_night
from assets.publish import publish_night
from assets.pull import EntityPull
from assets.shapes import entity_shape, raw_shapes
from demo.server import DEMO_CREDENTIALS
from expectations.suite import load_suites
from orchestration.definitions import _columns, make_site
from orchestration.settings import PROJECT, Settings
from sources.limits import Limits
from sources.spec import SourcesSpec
from sources.spec_file import load_spec
from warehouse.catalog import Catalog, _kpi_measure, load_catalog
from warehouse.connection import Limits as DuckLimits
from warehouse.seeds import load_public_holidays, load_seed
from warehouse.state import STATE_TABLES, set_run_context

# What is built and published in these tests: lists of every kind, dropped files, and the figures of one KPI
# (publication keeps what they were).
MARTS = ("marts.kpi_value", "marts.procedure_scorecard", "meta.reconciliation")
GATES = ("core.daily_volume",)
STAGED = ("case", "rating", "submission", "service", "plan_task")
KPIS = ("marts.kpi_on_time",)
# Small pages, so that a few hundred rows make many.
SMALL_PAGES = {"rows: 1000": "rows: 60", "rows: 500": "rows: 40"}
# The patience of a test: a second at most for an answer, three attempts.
QUICK = Limits(
    read_seconds=0.6,
    response_seconds=1.2,
    attempts=3,
    wait_first_seconds=0.02,
    wait_most_seconds=2.5,
)
STEPS = ("pull", "build", "publish")
KINDS = ("inserted", "updated", "unchanged", "stale", "duplicate")


def write_sources(folder: Path) -> Path:
    """The packaged source file, asking for small pages."""
    text = (PROJECT / "sources" / "sources.yml").read_text(encoding="utf-8")
    for large, small in SMALL_PAGES.items():
        assert large in text
        text = text.replace(large, small)
    path = folder / "sources.yml"
    path.write_text(text, encoding="utf-8")
    return path


def settings_of(home: Path, as_of: dt.datetime, urls: Mapping[str, str], sources: Path) -> Settings:
    """Settings of a home whose systems are those of a demo server."""
    given = {f"{system}_url": url for system, url in urls.items()}
    given |= {f"{system}_token": DEMO_CREDENTIALS[system] for system in urls}
    return Settings.load(home=home, as_of=as_of, sources=sources, _env_file=None, **given)


@functools.cache
def small_catalog(sources_file: Path) -> tuple[SourcesSpec, Catalog, Mapping[str, Any]]:
    """Sources, the models that these tests build, and the row rules of staging."""
    sources = load_spec(sources_file)
    external = [*raw_shapes(sources), *STATE_TABLES, "seeds.public_holidays"]
    root = PROJECT / "sql"
    whole = load_catalog(root, external)
    # The union of all KPIs, over these alone: what feeds the others needn't be built then.
    measure = _kpi_measure(root, {name: whole.models[name] for name in KPIS})
    assert measure
    measure = dataclasses.replace(measure, labels=whole.models[measure.table].labels)
    whole = dataclasses.replace(whole, models={**whole.models, measure.table: measure})
    rules = _row_rules(load_suites(PROJECT / "expectations" / "suites", _columns(whole)))
    shown = {*MARTS, *(f"staging.{name}" for name in STAGED)}
    wanted = {name for table in {*shown, *GATES} for name in whole.ancestors(table)}
    models = {
        name: dataclasses.replace(model, publish=name in shown)
        for name, model in whole.models.items()
        if name in wanted
    }
    return sources, dataclasses.replace(whole, models=models), rules


def run_night(
    settings: Settings,
    mode: str = "incremental",
    *,
    only: Collection[str] = (),
    builds: bool | Collection[str] = True,
    steps: Collection[str] = STEPS,
    **tags: str,
) -> dict[str, Any]:
    """Pull and load everything (or `only` some), then build and publish; what each pull told.

    `builds` may be False, or some tables, which are then not published. `steps` leaves out what an
    earlier night has done.
    """
    sources, catalog, rules = small_catalog(settings.sources_file)
    # A world this small pays more for a second thread than it gains by it.
    site = dataclasses.replace(
        make_site(settings, lambda *_: None), patience=QUICK, limits=DuckLimits(threads=1)
    )
    told: dict[str, Any] = {}
    given = {"motcua/mode": mode, **{f"motcua/{name}": value for name, value in tags.items()}}
    with open_night(site, "quick-night") as night:
        for system, spec in sources.systems.items():
            for name, entity in spec.entities.items():
                if "pull" in steps and (not only or name in only):
                    shape = entity_shape(system, name, entity)
                    told[name] = EntityPull(night, sources, shape, entity, given, None).run()
        if "pull" in steps and (not only or "drops" in only):
            told["drops"] = load_inbox(night, sources)
        if builds and "build" in steps:
            for table, path in catalog.seeds.items():
                load_seed(night.connection, table, path)
            load_public_holidays(night.connection, night.now.year + 2)
            set_run_context(night.connection, night.context)
            for model in catalog.models.values():
                if builds is True or model.table in builds:
                    build_capped(night, model, rules.get(model.table, ()))
        if builds is True and "publish" in steps:
            told["version"] = publish_night(night, catalog, {})["version"]
    return told


# -- what must come out equal --------------------------------------------------------------------------

VOLATILE_TABLES = {"meta.publication", "meta.reconciliation"}


def published_content(home: Path) -> dict[str, str]:
    """A hash of every published table, without what tells of loads and versions."""
    with duckdb.connect(str(home / "published" / "kpi.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
        tables = connection.execute(
            "select schema_name || '.\"' || table_name || '\"' from duckdb_tables()"
        ).fetchall()
        return {
            table: _digest(connection, table)
            for (table,) in tables
            if table.replace('"', "") not in VOLATILE_TABLES
        }


def raw_content(home: Path, entities: Collection[str] = ()) -> dict[str, str]:
    """A hash of the raw tables' versions (of all entities, or these) and of the deletions: all that figures hang on."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
        tables = connection.execute(
            "select 'raw.' || table_name from duckdb_tables() where schema_name = 'raw'"
        ).fetchall()
        found = {
            table: _digest(connection, table)
            for (table,) in tables
            if not entities or table.split("__")[1] in entities
        }
        keys = connection.execute("select entity, key from meta.deletion order by all").fetchall()
        return {**found, "meta.deletion": repr(keys)}


def _digest(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    columns = [row[0] for row in connection.execute(f"describe {table}").fetchall()]
    # A case number is random in each version, so that it leads to nobody.
    kept = [c for c in columns if c != "case_no" and (not c.startswith("_") or c == "_version_at")]
    # A list without a change time takes the time of reading, which differs from run to run.
    if table.startswith("raw.") and not {"updated_at", "submitted_at", "changed_at"} & set(columns):
        kept.remove("_version_at")
    listed = ", ".join(f'"{name}"' for name in kept)
    # In the database: as Python objects the figures of a night would take longer than the night.
    rows = connection.execute(
        "select count(*), sum(md5_number_lower(cast(one as varchar))), "
        "sum(md5_number_upper(cast(one as varchar))) "
        f"from (select distinct {listed} from {table}) as one"
    ).fetchall()
    return repr(rows)


def check_invariants(
    home: Path, truth: Mapping[str, list[dict[str, Any]]], entities: Collection[str] = ()
) -> None:
    """I1–I5 on the restricted store, against what the systems hold for true."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        ask = connection.execute
        listed = {"cases": ("cases__case", "case_code", "updated_at"),
                  "ratings": ("ratings__rating", "rating_id", "submitted_at"),
                  "submissions": ("services__submission", "submission_id", "changed_at")}  # fmt: skip
        listed = {
            n: t for n, t in listed.items() if not entities or t[0].split("__")[1] in entities
        }
        for name, (table, key, version) in listed.items():
            newest = dict(
                ask(
                    f"select {key}, max(_version_at) from raw.{table} where {key} not in "
                    "(select key from meta.deletion) group by all"
                ).fetchall()
            )
            lost = {row[key] for row in truth[name]} - newest.keys()
            assert not lost, f"I1: {name} lost {sorted(lost)[:5]}"
            for row in truth[name]:
                assert newest[row[key]] == dt.datetime.fromisoformat(row[version]), (
                    f"I3: {row[key]}"
                )
            twice = ask(
                f"select {key} from raw.{table} group by {key}, _version_at, _content_hash "
                "having count(*) > 1"
            ).fetchall()
            assert not twice, f"I2: {name} doubled {twice[:5]}"
        for row in ask(
            f"select batch_id, fetched, {' + '.join(KINDS)} as kinds from meta.batch"
        ).fetchall():
            assert row[1] == row[2], f"I4: {row}"
        for table, *_ in listed.values():
            cursor_at, newest_at = ask(
                "select (select cursor_at from meta.cursor where system || '__' || entity = ?), "
                f"(select max(_version_at) from raw.{table})",
                [table],
            ).fetchall()[0]
            assert cursor_at <= newest_at, f"I5: {table}"


def check_published(home: Path, versions: set[str]) -> dict[str, str]:
    """I6: the link leads to one whole version of these, or nothing has been published yet; its content."""
    link = home / "published" / "current"
    if not link.is_symlink():
        assert not versions
        return {}
    assert link.readlink().name in versions
    assert not list((home / "published").glob("versions/2*/*.wal"))
    content = published_content(home)
    assert content
    return content


# -- the nursery ---------------------------------------------------------------------------------------


def kill_at(point: str) -> None:
    """Kill this process at `module:function:before|after:n`, the n-th time that it comes by."""
    module_name, qualified, when, number = point.split(":")
    holder: Any = importlib.import_module(module_name)
    *path, name = qualified.split(".")
    for part in path:
        holder = getattr(holder, part)
    original: Callable[..., Any] = getattr(holder, name)
    passes = iter(range(1, 10_000))

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(original)
    def hooked(*given: Any, **named: Any) -> Any:
        due = next(passes) == int(number)
        if due and when == "before":
            die()
        result = original(*given, **named)
        if due and when == "after":
            die()
        return result

    setattr(holder, name, hooked)


def reason_file(home: Path) -> Path:
    """Where a night in the nursery leaves what stopped it, beside its home."""
    return home.with_name(f"{home.name}.reason")


def nurse() -> None:
    """Read one night's order a line from stdin, run it in a fork, tell its pid and how it ended."""

    def tell(answer: dict[str, int]) -> None:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                if order.get("point"):
                    kill_at(order["point"])
                as_of = dt.datetime.fromisoformat(order["as_of"])
                settings = settings_of(
                    Path(order["home"]), as_of, order["urls"], Path(order["sources"])
                )
                run_night(settings, order["mode"], steps=order["steps"])
                code = 0
            except BaseException as failure:  # noqa: BLE001 (the fork ends here)
                # What stopped a night belongs in the output of the test that looks at it.
                traceback.print_exc()
                reason_file(Path(order["home"])).write_text(
                    f"{type(failure).__name__}: {failure}", encoding="utf-8"
                )
            finally:
                sys.stderr.flush()
                os._exit(code)
        tell({"pid": child})
        _, status = os.waitpid(child, 0)
        tell({"code": os.waitstatus_to_exitcode(status)})


class Nursery:
    """The nursery's process, from a test's side."""

    def __init__(self, urls: Mapping[str, str], sources: Path) -> None:
        self.urls, self.sources = dict(urls), sources
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.quick_night", str(sources)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT,
        )  # fmt: skip

    def _read(self) -> dict[str, int]:
        assert self.process.stdout is not None
        answer: dict[str, int] = json.loads(self.process.stdout.readline())
        return answer

    def night(
        self, home: Path, as_of: dt.datetime, *, mode: str = "incremental", point: str = "",
        watch: Callable[[int], None] = lambda _pid: None, steps: Collection[str] = STEPS,
    ) -> int:  # fmt: skip
        """Run a night in a child; `watch` is given its pid. Returns its exit code, -9 if killed."""
        assert self.process.stdin is not None
        order = {"home": str(home), "as_of": as_of.isoformat(), "mode": mode, "point": point,
                 "steps": list(steps),
                 "urls": self.urls, "sources": str(self.sources)}  # fmt: skip
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        watch(self._read()["pid"])
        return self._read()["code"]

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            # It still waits for a night that nobody will look at any more.
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@contextmanager
def nursery(urls: Mapping[str, str], sources: Path) -> Iterator[Nursery]:
    """A nursery that ends with its test."""
    made = Nursery(urls, sources)
    try:
        yield made
    finally:
        made.close()


if __name__ == "__main__":
    small_catalog(Path(sys.argv[1]))
    nurse()
