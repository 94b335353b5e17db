"""Names that carry a number: what was made later has a larger one, whatever the clock said then.

Belongs here: numbered names of versions and backups, their order, and what counts as the future. Doesn't:
the folders themselves (versions.py, backup.py).

    v000012-20261124T183000Z    the number orders; the time is for people
    20261124T183000123456Z      an earlier release's name: older than any with a number
Both sort by text as they sort here, so that a listing of the folder shows the order, too.
"""

import datetime as dt
import re

# A clock may be a little off, and machines differ; beyond this a time is believed by nobody.
TOLERANCE = dt.timedelta(hours=1)
_NUMBERED = re.compile(r"[a-z](\d{6,})-")
_STAMP = re.compile(r"(?:^|-)(\d{8}T\d{6})\d*Z$")


def numbered_name(letter: str, number: int, at: dt.datetime) -> str:
    """The name of the `number`-th of its kind; `letter` says which kind."""
    return f"{letter}{number:06d}-{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"


def number_in(name: str) -> int:
    """The number that a name carries, 0 for a name of an earlier release."""
    found = _NUMBERED.match(name)
    return int(found[1]) if found else 0


def time_in(name: str) -> dt.datetime | None:
    """The time that a name carries, as the clock said it, or None."""
    found = _STAMP.search(name)
    if found is None:
        return None
    try:
        return dt.datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def is_future(at: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether a time can't have come yet, so that a clock was wrong."""
    return at is not None and at > now + TOLERANCE


def order_key(name: str, now: dt.datetime) -> tuple[int, bool, str]:
    """Sorts names by their making, oldest first.

    A name without a number has only its time. One that lies in the future tells nothing of its place, so it
    counts as the oldest: it must never pass for the newest.
    """
    return number_in(name), not is_future(time_in(name), now), name
