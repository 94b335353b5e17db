"""The words of RESULTS.md: the machine, the medians, what they are of each other, and what was to be reached.

Belongs here: names of the work, tables, targets. Doesn't: measuring anything.
"""

import datetime as dt
import os
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version

from benchmarks.measure import Sample, median

MILLION = 1_000_000
LOOP, READERS, IMPORTS = "loop", "readers", "imports"
SMALL = 20_000
STAGES = ("pull", "load", "staging", "marts", "validation", "publication")
NIGHTS = ("full", "again", "day")
PEERS = ("bare", "naive", "dlt_dbt")
WORK = {
    IMPORTS: "imports: dagster, duckdb, great_expectations",
    LOOP: "pull: a bare requests loop",
    **{stage: f"stage: {stage}" for stage in STAGES},
    "full": "whole night: full",
    "again": "whole night: nothing changed",
    "day": "whole night: a day later",
    READERS: "eight readers beside publications",
    "bare": "peer: bare DuckDB script",
    "naive": "peer: requests, pandas, DuckDB",
    "dlt_dbt": "peer: dlt and dbt-duckdb",
}

_SHORT = {
    "full": "full night", "again": "nothing changed", "day": "a day later", "bare": "bare script",
    IMPORTS: "imports alone",
}  # fmt: skip


def report(rounds: list[dict[str, Sample]], cases: int) -> str:
    """The section of one size: medians of each work, laps of the peers, targets."""
    medians = {
        name: median([found[name] for found in rounds if name in found]) for name in rounds[0]
    }
    once = [WORK[name] for name in rounds[0] if any(name not in found for found in rounds)]
    base = "full" if "full" in medians else LOOP if LOOP in medians else next(iter(medians))
    lines = [
        f"## {cases:,} cases",
        "",
        _machine(cases, len(rounds)) + (f" Measured once: {', '.join(once)}." if once else ""),
        "",
        "Stages are timed without their start-up; nights and peers are whole processes. Every peer's "
        "`marts.kpi_value` equals ours, row by row, or the round ends with an error.",
        "",
        f"| work | wall s | CPU s | peak MiB | wall, of “{WORK[base]}” | CPU, of it |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, sample in medians.items():
        lines.append(
            f"| {WORK[name]} | {sample.wall:.1f} | {sample.cpu:.1f} | {sample.peak:.0f} "
            f"| {sample.wall / medians[base].wall:.2f} | {sample.cpu / medians[base].cpu:.2f} |"
        )
    lines += ["", *_targets(medians, cases), "", *_night_by_part(medians)]
    for name in (READERS, *PEERS):
        if name in medians:
            said = ", ".join(f"{what} {value}" for what, value in medians[name].said.items())
            lines.append(f"- {WORK[name]}: {said}.")
    return "\n".join(lines) + "\n"


def with_section(text: str, section: str) -> str:
    """RESULTS.md with a section in the place of the one of the same heading, or added at its end."""
    head, *others = text.strip().split("\n## ") if text.strip() else ["# Benchmark results"]
    named = {other.split("\n", 1)[0].split(" over ")[0]: other for other in others}
    title = section.strip().removeprefix("## ")
    named[title.split("\n", 1)[0].split(" over ")[0]] = title
    return "\n\n## ".join(part.strip() for part in (head, *named.values())) + "\n"


def _night_by_part(of: Mapping[str, Sample]) -> Iterator[str]:
    """Where a full night's time goes: the stages, and what is left for start-up and Dagster's records."""
    if not {"full", *STAGES} <= of.keys():
        return
    yield "| of a full night | wall s | share |"
    yield "|---|---:|---:|"
    parts = {stage: of[stage].wall for stage in STAGES} | {"start-up and records": _overhead(of)}
    for part, seconds in parts.items():
        yield f"| {part} | {seconds:.1f} | {100 * seconds / of['full'].wall:.0f} % |"
    yield ""


def _overhead(of: Mapping[str, Sample]) -> float:
    """Seconds of a full night that no stage explains: imports, Dagster's event store, the report."""
    return max(0.0, of["full"].wall - sum(of[stage].wall for stage in STAGES))


def _machine(cases: int, rounds: int) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[2]
    shared = " (shared: judge by CPU seconds)" if load > (os.cpu_count() or 1) + 1 else ""
    return (
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, "
        f"Python {platform.python_version()}, DuckDB {version('duckdb')}, Dagster {version('dagster')}, "
        f"Great Expectations {version('great-expectations')}; {cases:,} cases of five years, pages rendered "
        f"beforehand and served on loopback by another process, median of {rounds} round"
        f"{'s' if rounds > 1 else ''}. Load of the machine over the last fifteen minutes: {load:.1f}{shared}."
    )


def _targets(of: Mapping[str, Sample], cases: int) -> Iterator[str]:
    """What was to be reached, and what came out; only for what was measured."""
    yield "| target | reached | |"
    yield "|---|---:|---|"
    for words, reached, holds in _judged(of, cases):
        yield f"| {words} | {reached} | {'yes' if holds else 'no'} |"


def _ratio(
    of: Mapping[str, Sample], work: str, base: str, most: float
) -> Iterator[tuple[str, str, bool]]:
    if {work, base} <= of.keys():
        ratio = of[work].wall / of[base].wall
        yield f"{_SHORT[work]} ÷ {_SHORT[base]} ≤ {most:g}", f"{ratio:.2f}", ratio <= most


def _judged(of: Mapping[str, Sample], cases: int) -> Iterator[tuple[str, str, bool]]:
    is_large = cases >= MILLION
    # Of a small home's night most is start-up, and nothing but that is asked of it.
    if cases > SMALL:
        yield from _ratio(of, "full", "bare", 1.25 if is_large else 1.8)
    if {"full", "dlt_dbt"} <= of.keys():
        times = of["dlt_dbt"].wall / of["full"].wall
        yield "dlt + dbt-duckdb ÷ full night ≥ 5", f"{times:.2f}", times >= 5
    if {"full", "bare", *STAGES} <= of.keys() and not is_large:
        share = _overhead(of) / of["bare"].wall
        yield "start-up and records ÷ bare script ≤ 0.25", f"{share:.2f}", share <= 0.25
    if is_large:
        yield from _ratio(of, "day", "full", 0.3)
    elif cases > SMALL:
        yield from _ratio(of, "again", "bare", 0.6)
        yield from _ratio(of, "day", "bare", 0.9)
    if cases <= SMALL:
        yield from _ratio(of, "again", IMPORTS, 2)
    if {"pull", LOOP} <= of.keys():
        share = of[LOOP].wall / of["pull"].wall
        yield "pull ≥ 70 % of a bare loop's pace", f"{100 * share:.0f} %", share >= 0.7
    if "full" in of:
        allowed, peak = (2 if cases <= MILLION else 4), of["full"].peak * 2**20 / 1e9
        yield f"peak < {allowed} GB", f"{peak:.2f} GB", peak < allowed
    if READERS in of:
        slow = of[READERS].said["p95_ms"]
        yield "readers' queries < 50 ms at the 95th percentile", f"{slow} ms", slow < 50
