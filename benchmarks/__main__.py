"""Measure the stages, the whole nights and their peers over one rendered world; `make bench ARGS="--cases 100000"`.

Belongs here: which work is measured in which order. Doesn't: measuring (measure.py), the work of a stage
(stages/), the peers' (peers/) or the words of RESULTS.md (report.py). Every piece of work is a process of its own.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import ROOT, Pages, Sample, page_server, run_measured
from benchmarks.report import (
    IMPORTS,
    LOOP,
    NIGHTS,
    PEERS,
    READERS,
    STAGES,
    WORK,
    report,
    with_section,
)

RESULTS = ROOT / "benchmarks" / "RESULTS.md"
DLT_DBT = ("dlt[duckdb]==1.19.0", "dbt-core==1.11.16", "dbt-duckdb==1.11.1", "duckdb==2.0.1")
SAME = (
    "select count(*), coalesce(sum(hash(kpi_id, variant, period_kind, period_start, agency_code, "
    "numerator, denominator)), 0) from marts.kpi_value"
)


def one_round(pages: Pages, world: Path, wanted: list[str]) -> dict[str, Sample]:
    """The wanted work on fresh homes: the stages on one, the nights on another, each peer on its own."""
    found: dict[str, Sample] = {}
    with tempfile.TemporaryDirectory(prefix="motcua-bench-") as place:
        homes = {name: Path(place) / name for name in ("staged", "nightly")}
        for home in homes.values():
            shutil.copytree(world / "inbox", home / "inbox")
        for name in wanted:
            print(f"  {name} …", file=sys.stderr, flush=True)
            pages.set_day(int(name == "day"))
            found[name] = _measured(name, pages, world, Path(place))
            told = {
                key: value for key, value in found[name].said.items() if not isinstance(value, list)
            }
            print(
                f"    {found[name].wall:.1f} s {told}",
                file=sys.stderr,
                flush=True,
            )
        _same_figures(Path(place), [name for name in wanted if name in PEERS])
    return found


def _measured(name: str, pages: Pages, world: Path, place: Path) -> Sample:
    staged, nightly = place / "staged", place / "nightly"
    if name == LOOP:
        return run_measured(
            [sys.executable, "benchmarks/peers/loop.py", pages.address, f"{place}/loop"], {}
        )
    if name == IMPORTS:
        return run_measured(
            [sys.executable, "-c", "import dagster, duckdb, great_expectations"], {}
        )
    if name in STAGES:
        return run_measured(
            [sys.executable, "-m", "benchmarks.stage", name], pages.settings(staged, 0)
        )
    if name == READERS:
        return run_measured(
            [sys.executable, "-m", "benchmarks.readers"], pages.settings(nightly, 2)
        )
    if name in PEERS:
        python = sys.executable
        if name == "dlt_dbt":
            from tests.bi.environment import environment

            python = str(environment("dlt-dbt", *DLT_DBT))
        script = [python, f"benchmarks/peers/{name}.py", str(world / "plan" / "plan.json")]
        sample = run_measured([*script, pages.address, f"{place}/{name}", "0"], {})
        for spent in ("pages", "dlt"):
            shutil.rmtree(place / name / spent, ignore_errors=True)
        return sample
    options = ["--full"] if name == "full" else []
    night = [sys.executable, "-m", "orchestration.cli", "run", *options, "--json"]
    sample = run_measured(night, pages.settings(nightly, NIGHTS.index(name)))
    if name == "full":
        shutil.copy(nightly / "published" / "kpi.duckdb", place / "full.duckdb")
    return sample


def _same_figures(place: Path, peers: list[str]) -> None:
    """A peer that gives other figures has done other work, and its time says nothing."""
    if not (place / "full.duckdb").exists():
        return
    import duckdb

    files = {"full": place / "full.duckdb"} | {name: place / name / "kpi.duckdb" for name in peers}
    figures = {}
    for name, path in files.items():
        with duckdb.connect(str(path), read_only=True) as connection:
            figures[name] = connection.execute(SAME).fetchone()
    others = {name: of for name, of in figures.items() if of != figures["full"]}
    if others:
        raise SystemExit(f"The figures differ from ours ({figures['full']}): {others}")


def _prepare(world: Path, cases: int) -> None:
    """Render the world and the peers' plan, in children: a child's peak counts from its parent's size."""
    if not (world / "index.json").exists():
        render = [sys.executable, "-m", "benchmarks.rendering", str(world), "--cases", str(cases)]
        subprocess.run(render, cwd=ROOT, check=True)
    shutil.rmtree(world / "plan", ignore_errors=True)
    plan = [
        sys.executable,
        "-m",
        "benchmarks.peers.plan",
        str(world / "plan"),
        str(world / "inbox"),
    ]
    subprocess.run(plan, cwd=ROOT, check=True)


def main() -> None:
    """Render the world where it isn't yet, measure, and write benchmarks/RESULTS.md (or `--results`)."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", default=",".join(WORK), help="comma list of: " + ", ".join(WORK))
    parser.add_argument("--suites-cases", type=int, default=0, help="also measure the suites")
    parser.add_argument("--suites-only", action="store_true", help="measure nothing but the suites")
    parser.add_argument(
        "--once", default="", help="of the work, what is measured in the first round only"
    )
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help="where to write what was found"
    )
    given = parser.parse_args()
    chosen = given.work.split(",")
    once = set(filter(None, given.once.split(",")))
    if unknown := {*chosen, *once} - WORK.keys():
        parser.error(f"unknown work: {', '.join(sorted(unknown))}")
    if READERS in chosen and not set(chosen) & set(NIGHTS):
        parser.error("readers need a night before them: add full to --work")
    results: Path = given.results
    text = results.read_text(encoding="utf-8") if results.exists() else ""
    if not given.suites_only:
        world = ROOT / ".bench" / "worlds" / str(given.cases)
        _prepare(world, given.cases)
        rounds = []
        with page_server(world) as pages:
            for number in range(given.rounds):
                print(f"round {number + 1} of {given.rounds}", file=sys.stderr)
                skipped = once if number else set()
                wanted = [name for name in WORK if name in chosen and name not in skipped]
                rounds.append(one_round(pages, world, wanted))
        text = with_section(text, report(rounds, given.cases))
    if given.suites_cases:
        from benchmarks.checks import lines_of, measure_checks

        measured = measure_checks(given.suites_cases, given.rounds)
        text = with_section(text, "\n".join(lines_of(measured)))
    results.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
