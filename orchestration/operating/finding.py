"""A finding of the examination: what was looked at, how it stands, what to do.

Belongs here: its shape. Doesn't: finding anything (doctor.py, future.py).
"""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "bad"]


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `remedy` says what to do, empty when nothing is to be done."""

    subject: str
    state: State
    message: str
    remedy: str = ""
