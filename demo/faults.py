"""Scenarios: what the simulated systems do wrong, and when.

Belongs here: rules that match a request, and what they do to its answer. Doesn't: the right answer
(server.py). A scenario is a JSON list of rules:

    {"match": {"path": "/api/v1/cases", "nth": 2, "times": 1}, "do": "status", "code": 503}

`path` is a prefix of the path below the system, `nth` the request to it from which on the rule holds
(1 = the first), `times` how often (absent = always). What each `do` takes:

    status           code, headers (Retry-After: seconds, a date, or garbage)
    stall, drip      s: seconds before the answer, or between two of its bytes
    reset            nothing: the connection breaks in the middle
    truncate         bytes, length (true: the header still promises all); half_gzip is cut while packed
    body             text, content_type, code: a login page, an error envelope, NaN
    expire_token     nothing: every token is refused from now on
    repeat_page      nothing: the first page, whatever was asked
    lower_page_size  rows
    wrong_total      nothing: seven too many
    edit             set, drop, rename, shift_seconds, repeat, reverse; rows: only the first ones
    withhold         rows, from (start or end): rows that aren't there yet, or any more
    duplicate_keys   field: comes twice in the first record
    foreign_next     url: where the link to the next page leads
    gzip_bomb        mebibytes, unpacked
"""

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ACTIONS = frozenset({
    "status", "stall", "drip", "reset", "truncate", "half_gzip", "body", "expire_token", "repeat_page",
    "lower_page_size", "wrong_total", "edit", "withhold", "duplicate_keys", "foreign_next", "gzip_bomb",
})  # fmt: skip


class ScenarioError(ValueError):
    """The scenario file is wrong; the message says where."""


@dataclass
class Rule:
    """One rule and how often it has matched."""

    path: str
    do: str
    nth: int
    times: int | None
    arguments: dict[str, Any]
    seen: int = 0
    done: int = 0


@dataclass
class Scenario:
    """Rules in order; the first that holds is done."""

    rules: list[Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def read(cls, path: Path) -> "Scenario":
        """Read a scenario file."""
        return cls.parse(json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def parse(cls, document: object) -> "Scenario":
        """Check a scenario.

        Raises:
            ScenarioError: a rule has no match or an unknown action.
        """
        if not isinstance(document, list):
            raise ScenarioError("A scenario is a list of rules.")
        rules = []
        for place, given in enumerate(document, 1):
            match = given.get("match")
            if not isinstance(match, dict) or "path" not in match or given.get("do") not in ACTIONS:
                raise ScenarioError(
                    f"Rule {place} needs match.path and do, one of {', '.join(sorted(ACTIONS))}."
                )
            arguments = {
                name: value for name, value in given.items() if name not in ("match", "do")
            }
            rules.append(
                Rule(match["path"], given["do"], match.get("nth", 1), match.get("times"), arguments)
            )
        return cls(rules)

    def next_rule(self, path: str) -> Rule | None:
        """The rule for this request, counted as done; None when the answer shall be right."""
        with self._lock:
            for rule in self.rules:
                if not path.startswith(rule.path):
                    continue
                rule.seen += 1
                if rule.seen >= rule.nth and (rule.times is None or rule.done < rule.times):
                    rule.done += 1
                    return rule
        return None
