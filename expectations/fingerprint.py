"""What a rule's verdict hangs on, as one text: equal texts mean an equal verdict, so it needn't be asked again.

Belongs here: the text of a rule, which rules read more than tables, outcomes kept from an earlier run. Doesn't:
what tables hold (the caller knows), where outcomes are kept, running rules.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

from expectations.outcome import Outcome, State, Verdict, outcome_of
from expectations.suite import Rule, Suite

# The run's or the machine's clock, the run's own row, what the session holds, what is drawn.
_READS_MORE = re.compile(
    r"\b(?:meta\.run_context|now|today|get_current_\w+|current_\w+|local_?time\w*|transaction_timestamp|getvariable"
    r"|current_setting|person_hash|random|uuid\w*|gen_random_uuid|nextval|currval|read_\w+|as_of\w*)\b",
    re.IGNORECASE,
)
# How a rule is counted and judged belongs to its verdict, too.
_CODE = Path(__file__).parent


@dataclass(frozen=True)
class LastSaid:
    """What a rule said last, of which `run_id` is the run that asked it."""

    fingerprint: str
    run_id: str
    state: State
    evaluated: int
    failed: int
    keys: tuple[str, ...]


def reads_only_tables(rule: Rule) -> bool:
    """Whether a rule's words name nothing but tables: no day, no clock, nothing drawn."""
    texts = (rule.breaks, *(rule.kwargs.values()))
    return not any(_READS_MORE.search(str(text).replace('"', "")) for text in texts)


def tables_of(suite: Suite, rule: Rule) -> frozenset[str]:
    """Every table that a rule reads, its own among them."""
    return rule.reads | {suite.table}


def fingerprint(
    suite: Suite, rule: Rule, contents: Mapping[str, str], surroundings: Sequence[str]
) -> str | None:
    """All that a rule's verdict hangs on; None where it hangs on more than is known.

    Args:
        suite: the rule's suite.
        rule: what is asked.
        contents: what each table holds, by table.
        surroundings: what else must be equal: macros, versions.
    """
    read = sorted(tables_of(suite, rule))
    if not reads_only_tables(rule) or not all(contents.get(table) for table in read):
        return None
    said = (
        suite.table, suite.key, rule.id, rule.type, _plain(rule.kwargs), rule.breaks,
        [(table, contents[table]) for table in read], tuple(surroundings), own_version(),
    )  # fmt: skip
    return hashlib.sha256(repr(said).encode()).hexdigest()


@cache
def own_version() -> str:
    """Great Expectations' version and the text of what counts and judges here."""
    code = b"".join(path.read_bytes() for path in sorted(_CODE.glob("*.py")))
    return f"{version('great_expectations')} {hashlib.sha256(code).hexdigest()}"


def carry(suite: Suite, rule: Rule, kept: LastSaid | None, now: str | None) -> Outcome | None:
    """The outcome kept of an earlier run, where its fingerprint is the present one; None: the rule must be asked.

    What could not run is always tried again.
    """
    if kept is None or now is None or kept.fingerprint != now or kept.state == "error":
        return None
    verdict = Verdict(kept.state, kept.evaluated, kept.failed)
    outcome = outcome_of(suite, rule, verdict, kept.keys)
    return replace(outcome, fingerprint=now, carried_from=kept.run_id)


def _plain(value: object) -> object:
    """Arguments in one order, so that equal ones have equal texts."""
    if isinstance(value, Mapping):
        return [(str(name), _plain(value[name])) for name in sorted(value, key=str)]
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
