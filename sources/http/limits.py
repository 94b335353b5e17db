"""How long and how much: the limits of a read, and the budget that one pull may spend.

Belongs here: numbers, the clock against them, Retry-After. Doesn't: asking (http). Seconds and bytes.
"""

import datetime as dt
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from sources.errors import BudgetError

MEBIBYTE = 1024 * 1024
_SECONDS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True)
class ReadLimits:
    """What one read may cost; the defaults suit a slow government server.

    response_seconds bounds one whole answer, however slowly it drips; pull_seconds a whole pull, waits
    included; wait_most_seconds a single wait, also one that the server asks for.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    response_seconds: float = 300.0
    attempts: int = 5
    wait_first_seconds: float = 1.0
    wait_most_seconds: float = 120.0
    pull_seconds: float = 1800.0
    compressed_bytes: int = 64 * MEBIBYTE
    decoded_bytes: int = 256 * MEBIBYTE
    pages_most: int = 100_000
    empty_pages_most: int = 100
    passes_most: int = 4
    verified_pages_most: int = 50


@dataclass
class Budget:
    """The time that one pull may still spend; shared by all its requests and threads."""

    limits: ReadLimits
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def remaining_seconds(self) -> float:
        """What is left; negative when it is spent."""
        return self.limits.pull_seconds - (self.clock() - self.started)

    def check(self, what: str) -> None:
        """Stop before a request that could no longer finish.

        Raises:
            BudgetError: the pull has used its time.
        """
        if self.remaining_seconds <= 0:
            raise BudgetError(
                f"{what}: the {self.limits.pull_seconds:.0f} s for one pull are used up; "
                "run again, and it goes on at the page it had reached."
            )

    def check_wait(self, what: str, asked: float) -> None:
        """Refuse a wait that the server asks for and that is longer than we may wait.

        Raises:
            BudgetError: run again later.
        """
        allowed = min(self.limits.wait_most_seconds, self.remaining_seconds)
        if asked > allowed:
            raise BudgetError(
                f"{what}: the system asks to wait {asked:.0f} s, more than the {max(allowed, 0):.0f} s "
                "allowed; run again after that, and it goes on at the page it had reached."
            )

    def backoff_seconds(self, attempt: int) -> float:
        """The wait after failed attempt number `attempt` (from 1): doubling, with full jitter."""
        longest = self.limits.wait_first_seconds * 2 ** (attempt - 1)
        longest = min(longest, self.limits.wait_most_seconds, max(self.remaining_seconds, 0))
        return random.uniform(longest / 2, longest)  # noqa: S311 (jitter, not a secret)


def retry_after_seconds(value: str | None, now: dt.datetime) -> float | None:
    """Seconds from a Retry-After header, or None where it says nothing usable.

    Both forms of RFC 9110 are read; a date that has passed means no wait, and a negative number or
    garbage means that the server's wish is unknown.
    """
    if value is None:
        return None
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=dt.UTC)
    return max((at - now).total_seconds(), 0.0)
