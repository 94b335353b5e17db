"""Alerts: one a cause, kept until it was told on every channel, tried again until it is.

Belongs here: remembering causes below MOTCUA_HOME/alerts.json and delivering them. Doesn't: finding
causes (watch.py) or sending (messengers.py). A message that can't be sent never fails a run.
Which runs were looked at is remembered by their ids: a time would be wrong for as long as a clock was ahead.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from common.disk import OWNER_ONLY, write_whole
from orchestration.operating.messengers import MessengerError, Send
from warehouse.store.sequence import is_future

FORGOTTEN_AFTER = dt.timedelta(days=30)
RUNS_REMEMBERED = 1000


@dataclass(frozen=True)
class Cause:
    """Something wrong: `key` names it, so that the same cause is told once while it lasts."""

    key: str
    subject: str
    text: str


@dataclass
class Open:
    """A cause that was found: since when, and which channels were told."""

    subject: str
    text: str
    first_at: str
    told: list[str] = field(default_factory=list)
    attempts: int = 0


class Alerts:
    """The open causes of a home, and the ended runs that were looked at.

    `seen_until` is what an earlier release kept instead: when the last run that it looked at had ended.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.open: dict[str, Open] = {}
        self.seen_runs: list[str] | None = None
        self.seen_until = 0.0
        if path.is_file():
            read = json.loads(path.read_text(encoding="utf-8"))
            self.seen_runs = read.get("seen_runs")
            self.seen_until = float(read.get("seen_until", 0.0))
            self.open = {key: Open(**value) for key, value in read["open"].items()}

    def found(self, causes: Iterable[Cause], now: dt.datetime) -> None:
        """Remember causes; one that is open already is not told again."""
        for cause in causes:
            if cause.key not in self.open:
                self.open[cause.key] = Open(cause.subject, cause.text, now.isoformat())

    def saw(self, runs: Iterable[str]) -> None:
        """Remember ended runs, the newest first; so many that none comes back as new when others are deleted."""
        kept = dict.fromkeys([*runs, *(self.seen_runs or [])])
        self.seen_runs = list(kept)[:RUNS_REMEMBERED]

    def over(self, prefix: str, still: Iterable[str] = ()) -> None:
        """Close the causes that begin with `prefix`, but those that still stand."""
        standing = set(still)
        for key in [key for key in self.open if key.startswith(prefix) and key not in standing]:
            del self.open[key]

    def deliver(self, channels: Mapping[str, Send], now: dt.datetime) -> list[str]:
        """Tell every channel what it wasn't told; returns one line for each that couldn't be told.

        What was told is forgotten after a while, so that it is told again if it lasts. What wasn't told is
        never forgotten for its age: the clock may have jumped.
        """
        failures = []
        for key, alert in list(self.open.items()):
            first_at = dt.datetime.fromisoformat(alert.first_at)
            if is_future(first_at, now):
                first_at = now
                alert.first_at = now.isoformat()
            if now - first_at > FORGOTTEN_AFTER and set(channels) <= set(alert.told):
                del self.open[key]
                continue
            for name, send in channels.items():
                if name in alert.told:
                    continue
                alert.attempts += 1
                message = {
                    "subject": alert.subject, "text": f"{alert.subject}\n{alert.text}",
                    "cause": key, "at": alert.first_at,
                }  # fmt: skip
                try:
                    send(message)
                except MessengerError as error:
                    failures.append(f"{name}: {error}")
                else:
                    alert.told.append(name)
        return failures

    def save(self) -> None:
        """Write what is open, whole or not at all."""
        payload = {
            "seen_runs": self.seen_runs or [],
            "open": {key: vars(alert) for key, alert in self.open.items()},
        }
        write_whole(self.path, json.dumps(payload, ensure_ascii=False, indent=1), OWNER_ONLY)
