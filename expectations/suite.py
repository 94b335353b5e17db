"""Suites: what must hold of each table, read from suites/<schema>.<table>.yml, strictly.

Belongs here: the shape of an entry and every complaint about one, told with file and entry before any
run. Doesn't: running (runner.py), SQL of rules (predicates.py). Great Expectations isn't imported here.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any, Literal, get_args

import yaml

from common import quoting
from expectations.predicates import PredicateError, breaks, condition_columns
from expectations.remedy import usual_remedy
from expectations.vocabulary import SUPPORTED, UNEXPECTED_ROWS, UNSUPPORTED

# libyaml reads ten times faster, and every command reads all of these files.
_YAML: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Severity = Literal["critical", "warning", "info"]
SUITES = Path(__file__).parent / "suites"
_SUITE_FIELDS = frozenset({"table", "key", "remedy", "rules"})
_RULE_FIELDS = frozenset(
    {"id", "type", "kwargs", "severity", "reason", "reason_en", "remedy", "owner", "row", "any_day"}
)
_TABLE = re.compile(r"\b(raw|seeds|staging|core|marts|quarantine|meta)\.([a-z][a-z0-9_]*)")
_TEXTS = ("id", "type", "reason", "reason_en", "owner")


class SuiteError(ValueError):
    """One or more suites are defined wrongly; the message names file, entry and cure of each."""


@dataclass(frozen=True)
class Rule:
    """One entry of a suite.

    `remedy` says in Vietnamese what a person does when it fails, `any_day` why a critical rule that reads the
    day can't stop a healthy site, whatever day it is. `row` is true where a broken row goes to
    quarantine: critical, in staging, judged by one row alone.
    `breaks` is the SQL condition that is true for a row that breaks it, None for rules about the table.
    """

    id: str
    type: str
    kwargs: Mapping[str, Any]
    severity: Severity
    reason: str
    reason_en: str
    owner: str
    row: bool
    breaks: str | None
    remedy: str = ""
    any_day: str = ""

    @property
    def reads(self) -> frozenset[str]:
        """The other tables its SQL names, as schema.table."""
        texts = (self.kwargs.get("unexpected_rows_query"), self.breaks)
        return frozenset(
            f"{schema}.{name}"
            for text in texts
            for schema, name in _TABLE.findall(str(text or "").replace('"', ""))
        )


@dataclass(frozen=True)
class Suite:
    """What must hold of one table; `key` are the columns that name a row."""

    table: str
    key: tuple[str, ...]
    rules: tuple[Rule, ...]
    path: Path

    @property
    def reads(self) -> frozenset[str]:
        """The other tables that must stand before this suite can run."""
        named = frozenset(table for rule in self.rules for table in rule.reads)
        return named - {self.table}

    @property
    def row_rules(self) -> tuple[Rule, ...]:
        """The rules that split broken rows into quarantine."""
        return tuple(rule for rule in self.rules if rule.row)


def load_suites(
    folder: Path = SUITES, columns: Mapping[str, Collection[str]] | None = None
) -> dict[str, Suite]:
    """Every suite of a folder by table; all complaints at once.

    Args:
        folder: holds <schema>.<table>.yml files.
        columns: columns by table, from the catalogue; when given, rules on unknown tables or columns
            are definition errors.

    Raises:
        SuiteError: some suite is defined wrongly.
    """
    suites: dict[str, Suite] = {}
    complaints: list[str] = []
    for path in sorted(folder.glob("*.yml")):
        try:
            suite = load_suite(path, None if columns is None else _known(path, columns))
        except SuiteError as error:
            complaints.append(str(error))
        else:
            suites[suite.table] = suite
    if complaints:
        raise SuiteError("\n".join(complaints))
    return suites


def load_suite(path: Path, columns: Collection[str] | None = None) -> Suite:
    """Read one suite; `columns` are the table's, where known.

    Raises:
        SuiteError: each line is one complaint, `file, entry: what is wrong; what to do`.
    """
    document = _parsed(path)
    complaints = list(_suite_complaints(document, path, columns))
    rules: list[Rule] = []
    seen: set[str] = set()
    entries = document.get("rules")
    for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
        found = list(_entry_complaints(entry, columns))
        name = entry.get("id", f"#{number}") if isinstance(entry, dict) else f"#{number}"
        if name in seen:
            found.append("this id is taken; give each entry its own")
        seen.add(name)
        if not found:
            try:
                rules.append(_rule(entry, document, path.stem))
            except PredicateError as error:
                found.append(f"{error}")
        complaints.extend(f"{path.name}, entry {name}: {text}" for text in found)
    if complaints:
        raise SuiteError("\n".join(complaints))
    return Suite(str(document["table"]), tuple(document["key"]), tuple(rules), path)


def _known(path: Path, columns: Mapping[str, Collection[str]]) -> Collection[str]:
    if path.stem not in columns:
        raise SuiteError(
            f"{path.name}: there is no table {path.stem}{_nearest(path.stem, columns)}; "
            "name the file after the table it checks."
        )
    return columns[path.stem]


def _parsed(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_YAML)  # noqa: S506 (a safe loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f", line {line + 1}" if isinstance(line, int) else ""
        raise SuiteError(f"{path.name}{where}: this isn't readable YAML; mend it.") from None
    if not isinstance(document, dict):
        raise SuiteError(f"{path.name}: a suite is a mapping with table, key and rules.")
    return document


def _suite_complaints(
    document: Mapping[str, Any], path: Path, columns: Collection[str] | None
) -> Iterator[str]:
    for field in sorted(set(document) - _SUITE_FIELDS):
        yield f"{path.name}: unknown field {field!r}{_nearest(field, _SUITE_FIELDS)}."
    if document.get("table") != path.stem:
        yield f"{path.name}: `table` must be {path.stem}, as the file is called."
    if not isinstance(document.get("rules"), list) or not document["rules"]:
        yield f"{path.name}: `rules` must list at least one entry."
    key = document.get("key")
    if not isinstance(key, list) or not key:
        yield f"{path.name}: `key` must list the columns that name a row."
    elif columns is not None:
        for name in sorted(set(key) - set(columns)):
            yield f"{path.name}: key column {name} isn't in the table{_nearest(name, columns)}."


def _entry_complaints(entry: Any, columns: Collection[str] | None) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield "an entry is a mapping with id, type, kwargs, severity, reason, reason_en and owner"
        return
    for field in sorted(set(entry) - _RULE_FIELDS):
        yield f"unknown field {field!r}{_nearest(field, _RULE_FIELDS)}"
    yield from _text_complaints(entry)
    if entry.get("severity") not in get_args(Severity):
        yield f"`severity` must be one of {', '.join(get_args(Severity))}"
    if not isinstance(entry.get("row", False), bool):
        yield "`row` must be true or false"
    kwargs = entry.get("kwargs", {})
    if not isinstance(kwargs, dict):
        yield "`kwargs` must be a mapping of arguments"
    elif isinstance(entry.get("type"), str):
        yield from _type_complaints(entry["type"], kwargs, columns)


def _text_complaints(entry: Mapping[str, Any]) -> Iterator[str]:
    for field in ("remedy", "any_day"):
        if not isinstance(entry.get(field, ""), str):
            yield f"`{field}` must be words, as the other entries have it"
    for field in _TEXTS:
        if not isinstance(entry.get(field), str) or not entry[field].strip():
            yield f"`{field}` is missing; every entry says it in words"


def _type_complaints(
    kind: str, kwargs: Mapping[str, Any], columns: Collection[str] | None
) -> Iterator[str]:
    if kind not in SUPPORTED:
        if kind in UNSUPPORTED:
            yield f"{kind} can't run inside DuckDB; say it as {UNEXPECTED_ROWS} instead"
        else:
            yield f"unknown expectation type {kind!r}{_nearest(kind, SUPPORTED)}"
        return
    spec = SUPPORTED[kind]
    for name in sorted(spec.required - set(kwargs)):
        yield f"argument {name!r} is missing"
    for name in sorted(set(kwargs) - spec.arguments):
        yield f"{kind} takes no argument {name!r}{_nearest(name, spec.arguments)}"
    if kind == UNEXPECTED_ROWS:
        yield from _query_complaints(kwargs)
    if columns is not None:
        for name in sorted(_columns_named(kind, kwargs) - set(columns)):
            yield f"column {name!r} isn't in the table{_nearest(name, columns)}"


def _query_complaints(kwargs: Mapping[str, Any]) -> Iterator[str]:
    if len(kwargs) != 1:
        yield "give either unexpected_rows_query or row_predicate, not both and not neither"
        return
    text = str(next(iter(kwargs.values())))
    if "row_predicate" in kwargs:
        if ";" in text or not text.strip():
            yield "row_predicate must be one SQL condition, true for a broken row, without `;`"
        return
    try:
        fields = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        fields = set()
    if fields != {"batch"}:
        yield "the query must read from {batch} and double every other brace, as in [0-9]{{5}}"


def _columns_named(kind: str, kwargs: Mapping[str, Any]) -> set[str]:
    named = condition_columns(kwargs.get("row_condition"))
    if kind == "expect_column_to_exist":
        return named
    for argument in SUPPORTED[kind].columns:
        named.update(_names(kwargs.get(argument)))
    return named


def _names(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(name) for name in value]
    return [] if value is None else [str(value)]


def _rule(entry: Mapping[str, Any], document: Mapping[str, Any], table: str) -> Rule:
    kind, kwargs = str(entry["type"]), dict(entry.get("kwargs", {}))
    by_row = "row_predicate" in kwargs or (SUPPORTED[kind].row and kwargs.get("mostly") is None)
    # Only staging has a quarantine: a broken row further on is a fault of ours, and stops the night.
    splits = entry["severity"] == "critical" and by_row and table.startswith("staging.")
    row = splits and entry.get("row", True)
    if entry.get("row") and not row:
        raise PredicateError(
            "`row: true` needs a staging table, severity critical and a rule that judges single rows "
            "without `mostly`; drop it or mend the rule"
        )
    condition = breaks(kind, kwargs) if by_row else None
    if "row_predicate" in kwargs:
        kwargs = {"unexpected_rows_query": _query_of(condition or "", _names(document.get("key")))}
    elif "unexpected_rows_query" in kwargs:
        # Trimmed as the library trims it, because its count is looked up by this text.
        kwargs = {"unexpected_rows_query": str(kwargs["unexpected_rows_query"]).strip("; \n")}
    texts = {field: str(entry.get(field, "")).strip() for field in (*_TEXTS, "any_day")}
    # The entry's own words, or the suite's for all its rules, or what its kind calls for.
    said = entry.get("remedy") or document.get("remedy")
    remedy = str(said).strip() if said else usual_remedy(table, entry["severity"], row)
    return Rule(
        **texts, kwargs=kwargs, severity=entry["severity"], row=row, breaks=condition, remedy=remedy
    )


def _query_of(condition: str, key: list[str]) -> str:
    doubled = condition.replace("{", "{{").replace("}", "}}")
    return f"select {', '.join(map(quoting.name, key))} from {{batch}} where {doubled}"


def _nearest(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""
