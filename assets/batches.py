"""Landed batches as the warehouse reads them, and which of them count.

Belongs here: from a manifest's facts to a warehouse Batch. Doesn't: landing (sources), loading (warehouse).
"""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sources.landing.batches import LandedBatch
from sources.spec.systems import EntitySpec
from warehouse.load.landed_pages import Batch


def as_batch(
    landed: LandedBatch,
    now: dt.datetime,
    entity: EntitySpec | None = None,
    zone: ZoneInfo | None = None,
    before: dt.datetime | None = None,
) -> Batch:
    """A landed batch as the warehouse reads it; a dropped file has no entity.

    It was read `before` that moment, whatever its own clock said (see `read_before`); by default, before now.
    """
    said = _read_at(landed)
    read_at = min(said or now, before or now, now)
    is_by_day = bool(entity and entity.window and entity.window.type == "date")
    return Batch(
        batch_id=landed.batch_id,
        files=landed.files,
        window_start=landed.window_start,
        window_end=landed.window_end,
        source_total=landed.source_total,
        largest_page_bytes=landed.largest_page_bytes,
        # A window of days is read to this moment, although its bound is a midnight.
        read_to=now if is_by_day else min(landed.window_end or now, now),
        read_at=read_at,
        is_misdated=said is not None and said > read_at,
        begins_late=_begins_late(landed, entity, zone),
    )


def read_before(landed: Sequence[LandedBatch], now: dt.datetime) -> list[dt.datetime]:
    """For batches in the order of landing: a moment before which each was read, since those after it were later."""
    found: list[dt.datetime] = []
    latest = now
    for batch in reversed(landed):
        said = _read_at(batch) or latest
        latest = said if said <= latest else latest - dt.timedelta(microseconds=1)
        found.append(latest)
    return found[::-1]


def _begins_late(landed: LandedBatch, entity: EntitySpec | None, zone: ZoneInfo | None) -> bool:
    """Whether the window begins after the entity's first day; lists without increments are always whole."""
    first = landed.window_start
    if entity is None or entity.mode != "incremental" or entity.start is None or first is None:
        return False
    return first.astimezone(zone).date() > entity.start


def verified(landed: LandedBatch) -> LandedBatch:
    """The batch, if the disk still holds every byte that was landed.

    Raises:
        LandingError: a page is missing or damaged.
    """
    landed.verify()
    return landed


def newest_sweep(batches: Sequence[LandedBatch]) -> list[LandedBatch]:
    """The batches of the last sweep (`batches` in the order of loading); a key that only an earlier one found is gone.

    They are the last in the order that were read at one moment, each window once: a sweep under a pinned clock
    has the moment of the one before, and a wrong clock's moment may be the latest for years.
    """
    found: list[LandedBatch] = []
    windows: set[tuple[dt.datetime | None, dt.datetime | None]] = set()
    for batch in reversed(batches):
        window = (batch.window_start, batch.window_end)
        if window in windows or (found and _read_at(batch) != _read_at(found[-1])):
            break
        found.append(batch)
        windows.add(window)
    return found[::-1]


def _read_at(landed: LandedBatch) -> dt.datetime | None:
    """The run's clock at reading, which every landing directory's name begins with."""
    stamp = landed.directory.name[: len("20261124T183000Z")]
    try:
        return dt.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    except ValueError:
        return None
