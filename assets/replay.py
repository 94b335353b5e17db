"""Replaying a list: its landed batches loaded again, as they lie on the disk.

Belongs here: which of them, and whether every byte is still there. Doesn't: asking a system (pull.py).
"""

from assets.batches import verified
from assets.entity_run import EntityRun
from sources.landing.batches import LandedBatch, complete_batches


def landed_again(run: EntityRun) -> list[LandedBatch]:
    """The batches of the days that are asked for, in the order of landing.

    Raises:
        LandingError: a page is missing or damaged.
    """
    standing = complete_batches(run.night.site.landing, run.system, run.name)
    return [verified(batch) for batch in standing if _is_in_days(run, batch)]


def _is_in_days(run: EntityRun, batch: LandedBatch) -> bool:
    day, asked = batch.started_at.astimezone(run.zone).date(), run.asked
    return (asked.day_from is None or day >= asked.day_from) and (
        asked.day_to is None or day <= asked.day_to
    )
