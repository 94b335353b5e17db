"""Scenarios: what the simulated systems do wrong, and when.

Belongs here: rules that match a request, and what they do to its answer. Doesn't: the right answer
(server.py). A scenario is a JSON list of rules:

    {"match": {"path": "/api/v1/cases", "nth": 2, "times": 1}, "do": "status", "code": 503}

A rule matches every request that its `match` doesn't rule out; it needs none. `path` is the beginning of the
path, with or without the system before it; `page` the page asked for (1 = the first), `attempt` the how
manieth time this very request is made. Of the requests that match, `nth` is the one from which on the rule
holds (1 = the first), and `times` how often (absent = always). What each `do` takes:

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
    mutate_between_pages
                     ops: what becomes of the page's first rows once it is sent: {"op": "delete", "insert" or
                     "touch", "rows": 1}. The world stays changed, its keys and its truth too.
"""

import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.changes import OPS

# What each action takes.
ACTIONS: dict[str, frozenset[str]] = {
    "status": frozenset({"code", "headers"}),
    "stall": frozenset({"s"}),
    "drip": frozenset({"s"}),
    "reset": frozenset(),
    "truncate": frozenset({"bytes", "length"}),
    "half_gzip": frozenset({"bytes", "length"}),
    "body": frozenset({"text", "content_type", "code"}),
    "expire_token": frozenset(),
    "repeat_page": frozenset(),
    "lower_page_size": frozenset({"rows"}),
    "wrong_total": frozenset(),
    "edit": frozenset({"set", "drop", "rename", "shift_seconds", "repeat", "reverse", "rows"}),
    "withhold": frozenset({"rows", "from"}),
    "duplicate_keys": frozenset({"field"}),
    "foreign_next": frozenset({"url"}),
    "gzip_bomb": frozenset({"mebibytes"}),
    "mutate_between_pages": frozenset({"ops"}),
}
MATCHES = frozenset({"path", "page", "attempt", "nth", "times"})


class ScenarioError(ValueError):
    """The scenario file is wrong; the message says where."""


@dataclass(frozen=True)
class Request:
    """What a rule looks at: the system, the path below it, the query as sent, and the page it asks for."""

    system: str
    path: str
    query: str
    page: int


@dataclass
class FaultRule:
    """One rule and how often it has matched."""

    path: str
    do: str
    nth: int
    times: int | None
    arguments: dict[str, Any]
    page: int | None = None
    attempt: int | None = None
    seen: int = 0
    done: int = 0

    def matches(self, request: Request, attempt: int) -> bool:
        """Whether the request is one of those that the rule is about."""
        return (
            (
                request.path.startswith(self.path)
                or f"/{request.system}{request.path}".startswith(self.path)
            )
            and self.page in (None, request.page)
            and self.attempt in (None, attempt)
        )


@dataclass
class Scenario:
    """Rules in order; the first that holds is done."""

    rules: list[FaultRule] = field(default_factory=list)
    _asked: Counter[Request] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def read(cls, path: Path) -> "Scenario":
        """Read a scenario file."""
        return cls.parse(json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def parse(cls, document: object) -> "Scenario":
        """Check a scenario.

        Raises:
            ScenarioError: a rule's action, its match or what the action takes is unknown.
        """
        if not isinstance(document, list):
            raise ScenarioError("A scenario is a list of rules.")
        return cls([_rule(given, place) for place, given in enumerate(document, 1)])

    def next_rule(self, request: Request) -> FaultRule | None:
        """The rule for this request, counted as done; None when the answer shall be right."""
        with self._lock:
            self._asked[request] += 1
            for rule in self.rules:
                if not rule.matches(request, self._asked[request]):
                    continue
                rule.seen += 1
                if rule.seen >= rule.nth and (rule.times is None or rule.done < rule.times):
                    rule.done += 1
                    return rule
        return None


def _rule(given: object, place: int) -> FaultRule:
    """One rule, or the reason why it is none."""
    if not isinstance(given, dict) or str(given.get("do")) not in ACTIONS:
        raise ScenarioError(f"Rule {place} needs a do, one of {', '.join(sorted(ACTIONS))}.")
    match = given.get("match", {})
    if not isinstance(match, dict) or not match.keys() <= MATCHES:
        raise ScenarioError(f"Rule {place}: match takes {', '.join(sorted(MATCHES))}.")
    if not all(isinstance(number, int) for name, number in match.items() if name != "path"):
        raise ScenarioError(f"Rule {place}: all of match but path are whole numbers.")
    arguments = {name: value for name, value in given.items() if name not in ("match", "do")}
    takes = ACTIONS[given["do"]]
    if not arguments.keys() <= takes:
        raise ScenarioError(
            f"Rule {place}: {given['do']} takes {', '.join(sorted(takes)) or 'nothing'}."
        )
    ops = arguments.setdefault("ops", []) if "ops" in takes else []
    if not isinstance(ops, list) or not all(
        isinstance(op, dict) and op.get("op") in OPS and op.keys() <= {"op", "rows"} for op in ops
    ):
        raise ScenarioError(f"Rule {place}: each of ops takes op ({', '.join(OPS)}) and rows.")
    return FaultRule(
        str(match.get("path", "/")), given["do"], match.get("nth", 1), match.get("times"), arguments,
        match.get("page"), match.get("attempt"),
    )  # fmt: skip
