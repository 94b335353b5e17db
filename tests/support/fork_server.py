"""Nights in children that may be killed: imported once, then forked for each night that is asked for.

Belongs here: the nursery as a program and from a test's side, and a process that kills itself at a named
point. Only here can a point be set; the product knows none. Doesn't: what a night does (quick_night.py).
"""

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

from orchestration.settings import PROJECT
from tests.support.quick_night import STEPS, run_night, settings_of, small_catalog


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
            [sys.executable, "-W", "ignore", "-m", "tests.support.fork_server", str(sources)],
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
