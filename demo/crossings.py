"""Cases received here for an agency elsewhere (phi địa giới), since NĐ 309/2026.

Belongs here: which cases these are, and when the competent agency gets the file. Doesn't: any draw of chance;
a case's own code decides, so that the worlds of earlier seeds stay what they were.
"""

import datetime as dt
import zlib

import numpy as np

from demo.cases import Cases
from demo.clockwork import DAY, NEVER, WorkingDays, day_number

SINCE = day_number(dt.date(2026, 8, 5)) * DAY
SHARE = 25  # one case in so many


def cross_boundaries(cases: Cases, calendar: WorkingDays) -> None:
    """Send some cases elsewhere: the file arrives on the next working day, if the clock hasn't ended by then."""
    ends = [cases.finished, cases.returned, cases.withdrawn, cases.stopped, cases.rejected]
    end = np.minimum.reduce(ends)
    for place in np.flatnonzero((cases.submitted >= SINCE) & (cases.received < NEVER)).tolist():
        drawn = zlib.crc32(str(cases.code[place]).encode())
        if drawn % SHARE == 0:
            day = calendar.add(cases.received[place : place + 1] // DAY, np.ones(1, dtype=np.int64))
            arrival = int(day[0]) * DAY + 8 * 3600 + drawn // SHARE % 7200
            if arrival < end[place]:
                cases.competent[place] = arrival
