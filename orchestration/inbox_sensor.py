"""The inbox's sensor: a run of the files job as soon as a dropped file lies still.

Belongs here: noticing. Doesn't: taking files (the drops asset, under the warehouse's lock).
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from sources.files.drops import SETTLE_SECONDS
from sources.files.inbox import look_at, settled_files

INTERVAL_SECONDS = 60


def build_inbox_sensor(
    inbox: Path, status: dg.DefaultSensorStatus = dg.DefaultSensorStatus.RUNNING
) -> dg.SensorDefinition:
    """A sensor that asks for one run for the files that nobody is writing any more."""

    @dg.sensor(
        name="inbox_sensor",
        job_name="files",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=status,
        description="Có tệp mới trong inbox thì nạp. Loads files as soon as they lie still in the inbox.",
    )
    def look() -> dg.RunRequest | dg.SkipReason:
        files = settled_files(inbox, SETTLE_SECONDS)
        if not files:
            return dg.SkipReason("Không có tệp chờ trong inbox. No file waits in the inbox.")
        return dg.RunRequest(run_key=_key(files))

    return look


def _key(files: Sequence[Path]) -> str:
    """The same files are asked for once an hour: a run that found the warehouse busy is tried again."""
    seen = repr([(path.name, look_at(path)) for path in files])
    hour = f"{dt.datetime.now(dt.UTC):%Y%m%d%H}"
    return f"{hour}-{hashlib.sha256(seen.encode()).hexdigest()[:16]}"
