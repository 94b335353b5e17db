"""The key sweep: once a week, which records a system still has; what it lacks is marked, what we lack is read.

Belongs here: when it is due, and reading again the days with gaps. Doesn't: comparing keys (warehouse.load.deletions).
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence

from assets.batches import newest_sweep
from assets.entity_run import Asked, EntityRun
from assets.names import RunMode
from sources.landing.batches import LandedBatch
from sources.pull.windows import Window, day_windows
from warehouse.load.deletions import apply_sweep, find_gaps, read_keys

SWEEP_EVERY = dt.timedelta(days=7)
RECEIVED_FIELD = "received_at"
Read = Callable[[EntityRun, Window], Sequence[LandedBatch]]


def is_due(run: EntityRun) -> bool:
    """Whether a week is over since the last sweep; a run that reads everything always sweeps."""
    if run.asked.mode in (RunMode.FULL, RunMode.REPLAY):
        return True
    row = run.night.connection.execute(
        "select max(loaded_at) from meta.batch where system = ? and entity = ?",
        [run.system, run.name],
    ).fetchone()
    return row is None or row[0] is None or run.night.now - row[0] >= SWEEP_EVERY


def sweep(run: EntityRun, landed: Sequence[LandedBatch], read: Read) -> dict[str, str | int]:
    """Apply the keys that were landed last; `read` asks the system for days in which we lack records."""
    batches = run.batches(newest_sweep(landed))
    if not batches:
        return {"swept": 0}
    night, target = run.night, str(run.entity.of)
    read_keys(night.connection, run.shape, batches, night.now)
    # Before the sweep is marked as done: a night that dies here sweeps again tomorrow.
    reread = _fill_gaps(run, target, read)
    result = apply_sweep(
        night.connection, run.shape, batches, target, RECEIVED_FIELD, night.run_id, night.now
    )
    return {
        "swept": result.swept,
        "deleted": result.deleted,
        "restored": result.restored,
        "unknown": result.unknown,
        "reread": reread,
    }


def _fill_gaps(run: EntityRun, target: str, read: Read) -> int:
    """Read again the days on which records changed that the source lists and we lack; returns the rows read."""
    days = find_gaps(run.night.connection, run.shape, target)
    if not days or run.asked.mode == RunMode.REPLAY:
        return 0
    swept = dataclasses.replace(run, name=target, asked=Asked(RunMode.WINDOW))
    return sum(
        swept.load(read(swept, window))[-1].fetched
        for window in day_windows(days, run.zone, run.night.now)
    )
