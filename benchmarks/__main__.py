"""Measure whole nights: a full one, an unchanged one and one a day later; medians, as processes.

Belongs here: starting nights, measuring them, writing RESULTS.md. Doesn't: judging the numbers.
Each night is its own process on its own home, so that start-up and peak memory are counted too.
"""

import argparse
import datetime as dt
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
END = dt.datetime(2026, 11, 23, 1, 30, tzinfo=dt.timezone(dt.timedelta(hours=7)))


@dataclass(frozen=True)
class Sample:
    """One process: wall and CPU seconds, peak memory in MiB."""

    wall: float
    cpu: float
    peak: float


def measure(home: Path, as_of: dt.datetime, *arguments: str) -> Sample:
    """Run one motcua command as a process and measure it and its children."""
    environment = {**os.environ, "MOTCUA_HOME": str(home), "MOTCUA_AS_OF": as_of.isoformat()}
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", *arguments, "--json"],
        cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert child.stderr is not None
    complaints = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"motcua {' '.join(arguments)} failed: {complaints.decode()[-500:]}")
    wall = time.perf_counter() - started
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def one_round(cases_per_year: int, years: int) -> dict[str, Sample]:
    """A full night, the same night again, and the night after, on a fresh home."""
    home = Path(tempfile.mkdtemp(prefix="motcua-bench-"))
    size = ("--cases-per-year", str(cases_per_year), "--years", str(years))
    try:
        return {
            "full night (simulated sources included)": measure(home, END, "demo", *size),
            "night without a change": measure(home, END, "run"),
            "night one day later": measure(home, END + dt.timedelta(days=1), "run"),
            "publication alone": measure(home, END + dt.timedelta(days=1), "publish"),
        }
    finally:
        shutil.rmtree(home, ignore_errors=True)


def report(rounds: list[dict[str, Sample]], cases_per_year: int, years: int) -> str:
    """The table of medians, with the machine it was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    lines = [
        "# Benchmark results",
        "",
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GiB, Python "
        f"{platform.python_version()}, {platform.machine()}; {years} years of {cases_per_year:,} cases, "
        f"median of {len(rounds)} rounds. The simulated systems run in the measured process.",
        "",
        "| work | wall s | CPU s | peak MiB | of the full night |",
        "|---|---:|---:|---:|---:|",
    ]
    medians = {
        name: Sample(
            *(
                statistics.median(getattr(r[name], part) for r in rounds)
                for part in ("wall", "cpu", "peak")
            )
        )
        for name in rounds[0]
    }
    full = next(iter(medians.values()))
    for name, sample in medians.items():
        lines.append(
            f"| {name} | {sample.wall:.1f} | {sample.cpu:.1f} | {sample.peak:.0f} | {sample.wall / full.wall:.2f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write benchmarks/RESULTS.md."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…")
    parser.add_argument("--cases-per-year", type=int, default=80_000)
    parser.add_argument("--years", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    rounds = []
    for number in range(given.rounds):
        print(f"round {number + 1} of {given.rounds} …", file=sys.stderr)
        rounds.append(one_round(given.cases_per_year, given.years))
    text = report(rounds, given.cases_per_year, given.years)
    (ROOT / "benchmarks" / "RESULTS.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
