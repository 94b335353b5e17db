"""Programs that the command line serves as children, started and stopped together.

Belongs here: their start and end, and starting them again after the clock was set back. Doesn't: which
programs (check_publish.py).

Dagster's daemon remembers when it looked last and waits until that is a minute ago. When a clock that ran a
year ahead is set right under it, it would wait for a year; so it is started again.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

LOOK_EVERY_SECONDS = 60.0
SET_BACK_SECONDS = 3600.0

Clock = Callable[[], float]


class WatchedClock:
    """The wall clock beside one that only runs on, to see when the wall's is set back."""

    def __init__(self, wall: Clock = time.time, steady: Clock = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._farthest = wall() - steady()

    def is_set_back(self) -> bool:
        """Whether the wall clock stands over an hour behind where it once stood; a clock set ahead is followed."""
        ahead = self._wall() - self._steady()
        self._farthest = max(self._farthest, ahead)
        return self._farthest - ahead > SET_BACK_SECONDS


def serve(
    modules: Sequence[Sequence[str]],
    make_ready: Callable[[], bool],
    *,
    watched: Callable[[], WatchedClock] = WatchedClock,
    every: float = LOOK_EVERY_SECONDS,
) -> int:
    """Run Python modules as children until the first ends or we are told to stop; returns its exit code.

    `make_ready` is called before each start, and again when the clock was set back: where it says no, because
    a run is under way, that run is let be and asked about again.
    """
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    make_ready()
    try:
        while True:
            code = _serve_once(modules, make_ready, watched(), every)
            if code is not None:
                return code
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGTERM, before)


def _serve_once(
    modules: Sequence[Sequence[str]],
    make_ready: Callable[[], bool],
    clock: WatchedClock,
    every: float,
) -> int | None:
    """The first child's exit code, or None when all are to be started again."""
    children = [subprocess.Popen([sys.executable, "-m", *module]) for module in modules]
    try:
        while True:
            try:
                return children[0].wait(timeout=every)
            except subprocess.TimeoutExpired:
                if clock.is_set_back() and make_ready():
                    return None
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait()
