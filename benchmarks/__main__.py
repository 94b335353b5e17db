"""Measure the stages and the whole nights over one rendered world; `make bench ARGS="--cases 100000"`.

Belongs here: which work is measured in which order, and RESULTS.md. Doesn't: measuring (measure.py), the
work of a stage (stages/) or judging the numbers. Every piece of work is a process of its own.
"""

import argparse
import datetime as dt
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from benchmarks.measure import ROOT, Pages, Sample, median, page_server, run_measured

STAGES = ("pull", "load", "staging", "marts", "validation", "publication")
NIGHTS = ("full", "again", "day")
LOOP = "loop"
WORK = {
    LOOP: "pull: a bare requests loop",
    **{stage: f"stage: {stage}" for stage in STAGES},
    "full": "whole night: full",
    "again": "whole night: nothing changed",
    "day": "whole night: a day later",
}
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
MARK = "\n## Suites"


def one_round(pages: Pages, world: Path, wanted: list[str]) -> dict[str, Sample]:
    """The wanted work on fresh homes: the stages on one, the nights on another."""
    found: dict[str, Sample] = {}
    with tempfile.TemporaryDirectory(prefix="motcua-bench-") as place:
        staged, nightly = Path(place) / "staged", Path(place) / "nightly"
        for home in (staged, nightly):
            shutil.copytree(world / "inbox", home / "inbox")
        pages.set_day(0)
        for name in wanted:
            print(f"  {name} …", file=sys.stderr, flush=True)
            if name == LOOP:
                script = [
                    sys.executable,
                    "benchmarks/peers/loop.py",
                    pages.address,
                    f"{place}/loop",
                ]
                found[name] = run_measured(script, {})
            elif name in STAGES:
                stage = [sys.executable, "-m", "benchmarks.stage", name]
                found[name] = run_measured(stage, pages.settings(staged, 0))
            else:
                day = int(name == "day")
                pages.set_day(day)
                options = ["--full"] if name == "full" else []
                night = [sys.executable, "-m", "orchestration.cli", "run", *options, "--json"]
                found[name] = run_measured(night, pages.settings(nightly, day))
    return found


def report(rounds: list[dict[str, Sample]], cases: int) -> str:
    """The table of medians, with the machine it was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    medians = {name: median([found[name] for found in rounds]) for name in rounds[0]}
    base = "full" if "full" in medians else LOOP if LOOP in medians else next(iter(medians))
    load = os.getloadavg()[2]
    lines = [
        "# Benchmark results",
        "",
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, "
        f"Python {platform.python_version()}, DuckDB {version('duckdb')}, Dagster {version('dagster')}, "
        f"Great Expectations {version('great-expectations')}; {cases:,} cases of five years, pages rendered "
        f"beforehand and served on loopback by another process, median of {len(rounds)} rounds. Load of the "
        f"machine over the last fifteen minutes: {load:.1f}"
        + (" (shared: judge by CPU seconds)." if load > (os.cpu_count() or 1) + 1 else "."),
        "",
        "Stages are timed without their start-up; nights are whole processes.",
        "",
        f"| work | wall s | CPU s | peak MiB | wall, of “{WORK[base]}” | CPU, of it |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, sample in medians.items():
        lines.append(
            f"| {WORK[name]} | {sample.wall:.1f} | {sample.cpu:.1f} | {sample.peak:.0f} "
            f"| {sample.wall / medians[base].wall:.2f} | {sample.cpu / medians[base].cpu:.2f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Render the world where it isn't yet, measure, and write benchmarks/RESULTS.md."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", default=",".join(WORK), help="comma list of: " + ", ".join(WORK))
    parser.add_argument("--suites-cases", type=int, default=0, help="also measure the suites")
    given = parser.parse_args()
    chosen = given.work.split(",")
    if unknown := set(chosen) - WORK.keys():
        parser.error(f"unknown work: {', '.join(sorted(unknown))}")
    world = ROOT / ".bench" / "worlds" / str(given.cases)
    if not (world / "index.json").exists():
        # Drawing a world takes memory, and a child's peak counts from its parent's size.
        render = [
            sys.executable,
            "-m",
            "benchmarks.rendering",
            str(world),
            "--cases",
            str(given.cases),
        ]
        subprocess.run(render, cwd=ROOT, check=True)
    rounds = []
    with page_server(world) as pages:
        for number in range(given.rounds):
            print(f"round {number + 1} of {given.rounds}", file=sys.stderr)
            rounds.append(one_round(pages, world, [name for name in WORK if name in chosen]))
    text = report(rounds, given.cases)
    before = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    # What the measurement of the suites wrote stays until it is measured again.
    text += MARK + before.split(MARK, 1)[1] if MARK in before else ""
    if given.suites_cases:
        from benchmarks.checks import lines_of, measure_checks

        text = text.split(MARK, 1)[0]
        text += "\n".join(lines_of(measure_checks(given.suites_cases, given.rounds))) + "\n"
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
