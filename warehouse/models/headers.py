"""The comment block at the head of a file in sql/: what the table promises, in YAML.

Belongs here: reading a header, what its folder says for all of its files, what a header must hold.
Doesn't: what the query reads and in which order tables are built (catalog.py).

    /* @model
    description: What a row is, ending with its grain.
    grain: [key columns]
    columns: {name: "Nhãn tiếng Việt. English."}
    */

`columns: schema.table` takes the columns of that table's header. A `header.yml` beside the files holds
what they share; a file's own keys come before it, and its own columns are added to the shared ones.
`each: {name: word}` makes a table of each name: the file is written for the first word, which stands in the query
as a text ('word') and, for people, in the description; for the others it is replaced.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from warehouse.errors import CatalogError

SHARED = "header.yml"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_REQUIRED = {"description", "grain", "columns"}
_KEYS = _REQUIRED | {"keep", "version", "publish", "unit", "gate", "keyed", "grows", "each"}
_BLOCK = re.compile(r"\A\s*/\*\s*@model\s*\n(?P<yaml>.*?)\*/(?P<query>.*)\Z", re.DOTALL)
# libyaml reads ten times faster, and every command reads all of these files.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_headed(path: Path, root: Path) -> tuple[dict[str, Any], str]:
    """The complete header of a file below `root` (the sql folder), and the bare query behind it.

    Raises:
        CatalogError: there is no header, or it lacks something; the message names file and mend.
    """
    own, query = _split(path)
    header = _with_columns(path, own, root)
    _check(path, header)
    return header, query.strip().rstrip(";")


def variants(path: Path, header: dict[str, Any], query: str) -> Iterator[tuple[str, str, str]]:
    """Name, description and query of each table that a headed file makes: one, unless it says `each`.

    Raises:
        CatalogError: `each` is no mapping of names to words, each its own, or its first word isn't in the query.
    """
    described = str(header["description"]).strip()
    if "each" not in header:
        yield path.stem, described, query
        return
    each = header["each"]
    if not isinstance(each, dict) or not each or not all(map(_is_plain, each.values())):
        raise CatalogError(
            f"{path}: `each` maps names of tables to words without quotes around or in them; write "
            '{name: word}, and "42" for a word of digits.'
        )
    if odd := [name for name in each if not _NAME.fullmatch(str(name))]:
        raise CatalogError(
            f"{path}: `each` names {odd}; a table's name is small letters, digits and _, and begins with a letter."
        )
    if len(set(each.values())) < len(each):
        raise CatalogError(f"{path}: `each` gives one word to several names; give each its own.")
    first = next(iter(each.values()))
    if f"'{first}'" not in query:
        raise CatalogError(
            f"{path}: the query doesn't hold '{first}', the first word of `each`; write it for that one."
        )
    for name, word in each.items():
        yield name, described.replace(first, word), query.replace(f"'{first}'", f"'{word}'")


def _is_plain(word: object) -> bool:
    return isinstance(word, str) and word != "" and "'" not in word


def differences(path: Path, columns: Iterable[str], found: Iterable[str]) -> Iterator[str]:
    """How the columns that a file's query gives differ from those of its header: one sentence each, with its mend."""
    listed, given = list(columns), list(found)
    for name in listed:
        if name not in given:
            yield f"{path}: the header lists {name}, which the query doesn't give; select it, or drop its line."
    for name in given:
        if name not in listed:
            yield (
                f'{path}: the query gives {name}, which the header doesn\'t list; add `{name}: "Nhãn. Label."` under '
                "`columns` at the top of the file, or leave it out."
            )


def _split(path: Path) -> tuple[dict[str, Any], str]:
    match = _BLOCK.match(path.read_text(encoding="utf-8"))
    if not match:
        raise CatalogError(f"{path} has no header; begin it with a `/* @model … */` comment block.")
    return _mapping(path, match["yaml"]), match["query"]


def _with_columns(path: Path, own: dict[str, Any], root: Path) -> dict[str, Any]:
    """The file's header over what its folder shares, with columns that lie elsewhere fetched."""
    beside = path.parent / SHARED
    shared = _shared(beside) if beside.exists() else {}
    columns = own.get("columns") or {}
    if isinstance(columns, str):
        columns = _columns_of(path, columns, root)
    return {**shared, **own, "columns": {**shared.get("columns", {}), **columns}}


def _shared(path: Path) -> dict[str, Any]:
    shared = _mapping(path, path.read_text(encoding="utf-8"))
    if unknown := shared.keys() - _KEYS:
        raise CatalogError(f"{path} has unknown {sorted(unknown)}; use {', '.join(sorted(_KEYS))}.")
    return shared


def _columns_of(path: Path, table: str, root: Path) -> dict[str, str]:
    other = root.joinpath(*table.split(".")).with_suffix(".sql")
    if not other.is_file():
        raise CatalogError(f"{path} takes the columns of {table}, but there is no {other}.")
    columns = _split(other)[0].get("columns")
    if not isinstance(columns, dict):
        raise CatalogError(f"{path} takes the columns of {table}, which lists none itself.")
    return columns


def _mapping(path: Path, text: str) -> dict[str, Any]:
    try:
        found = yaml.load(text, Loader=_LOADER)  # noqa: S506 (a safe loader)
    except yaml.YAMLError as error:
        raise CatalogError(f"{path}: the header is no valid YAML ({error}).") from None
    if not isinstance(found, dict):
        raise CatalogError(
            f"{path}: the header must be a mapping with description, grain, columns."
        )
    return found


def _check(path: Path, header: dict[str, Any]) -> None:
    missing = {name for name in _REQUIRED if not header.get(name)}
    unknown = header.keys() - _KEYS
    if missing or unknown:
        raise CatalogError(
            f"{path}: the header lacks {sorted(missing)} and has unknown {sorted(unknown)}; mend these keys."
        )
    undocumented = [name for name, label in header["columns"].items() if not label]
    if undocumented:
        raise CatalogError(f"{path}: give {', '.join(undocumented)} a label in the header.")
    own = {name for name in header["grain"] if not name.startswith("_")}
    if strangers := own - header["columns"].keys():
        raise CatalogError(f"{path}: the grain names {sorted(strangers)}, which are no columns.")
