"""Measuring: a command as a child process, its wall and CPU seconds and its peak memory.

Belongs here: samples, medians, the page server as a child. Doesn't: which commands, or what they mean.
This process imports nothing heavy: a child's peak counts from its parent's size at the fork.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# A full night, to a Saturday; the next, whose sources have nothing new; and the one to which Monday has brought
# its changes. A working day that brings nothing stops a night, as it should.
DAYS = ("2026-11-21T01:30:00+07:00", "2026-11-22T01:30:00+07:00", "2026-11-24T01:30:00+07:00")


@dataclass(frozen=True)
class Sample:
    """One process: wall and CPU seconds, peak memory in MiB, and what it said of itself."""

    wall: float
    cpu: float
    peak: float
    said: Mapping[str, Any] = field(default_factory=dict)


def run_measured(command: Sequence[str], environment: Mapping[str, str]) -> Sample:
    """Run a command to its end; its last line of output may be a JSON object.

    A child that gives "seconds" and "cpu" of its own (its work without its imports) is taken at its word.
    """
    started = time.perf_counter()
    with tempfile.TemporaryFile() as complaints:
        child = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=complaints
        )  # fmt: skip
        assert child.stdout is not None
        output = child.stdout.read().decode()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        if status:
            complaints.seek(0)
            tail = complaints.read().decode(errors="replace")[-2000:]
            raise SystemExit(f"{' '.join(command)} failed:\n{output[-1000:]}\n{tail}")
    said: dict[str, Any] = {}
    lines = output.strip().splitlines()
    if lines and lines[-1].startswith("{"):
        said = json.loads(lines[-1])
    cpu = usage.ru_utime + usage.ru_stime
    return Sample(said.get("seconds", wall), said.get("cpu", cpu), usage.ru_maxrss / 1024, said)


def median(samples: Sequence[Sample]) -> Sample:
    """The median of each measure; what the last one said is kept."""
    return Sample(
        statistics.median(s.wall for s in samples),
        statistics.median(s.cpu for s in samples),
        statistics.median(s.peak for s in samples),
        samples[-1].said,
    )


@contextmanager
def page_server(folder: Path) -> Iterator["Pages"]:
    """The rendered world, served by a process of its own."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.page_server", str(folder)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    try:
        yield Pages(f"http://127.0.0.1:{int(child.stdout.readline())}")
    finally:
        child.terminate()
        child.wait()


@dataclass(frozen=True)
class Pages:
    """Where the pages are served."""

    address: str

    def set_day(self, day: int) -> None:
        """Show the world as of one of DAYS."""
        request = urllib.request.Request(f"{self.address}/__clock?n={day}", method="POST")
        urllib.request.urlopen(request).close()

    def settings(self, home: Path, day: int) -> dict[str, str]:
        """The environment of a motcua process that reads these pages."""
        urls = {
            f"MOTCUA_{system.upper()}_URL": f"{self.address}/{system}"
            for system in ("cases", "ratings", "services", "registry")
        }
        secrets = {name.replace("_URL", "_TOKEN"): "bench:bench" for name in urls}
        return {"MOTCUA_HOME": str(home), "MOTCUA_AS_OF": DAYS[day], **urls, **secrets}
