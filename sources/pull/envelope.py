"""What a page says about itself: how many rows, what comes next, the system's own total.

Belongs here: decoding the envelope. Records stay raw bytes: they're counted and hashed, never made
into Python objects. Doesn't: asking for pages (http, paging), reading records (the warehouse).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from sources.errors import PermanentError, TransientError
from sources.spec.systems import EntitySpec
from sources.spec.types import RecordPath

_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[^,;"]+(?:"[^"]*")?)*)')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)
_FINE_ERRORS = (b"null", b"false", b'""', b"0", b'"0"', b"[]", b"{}")


class _Name:
    """A member name that equals only itself, so that a name given twice is seen twice."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


T = TypeVar("T")
Members = dict[str, msgspec.Raw]
_OBJECT = msgspec.json.Decoder(dict[_Name, msgspec.Raw], dec_hook=lambda _kind, text: _Name(text))
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_SCALAR = msgspec.json.Decoder(str | int | None)


@dataclass(frozen=True)
class PageFacts:
    """One page: its rows, where it leads, and digests that tell a repeated page or a shifted list.

    `next` is the cursor or link in the body, `link` the Link header's rel=next.
    """

    rows: int
    digest: str
    next: str | None = None
    total: int | None = None
    link: str | None = None


def read_page(
    decoded: bytes, entity: EntitySpec, headers: Mapping[str, str], what: str
) -> PageFacts:
    """Check a page and say what it holds; `headers` have lower-case names.

    Raises:
        TransientError: not whole or not valid JSON, or the system reports an error with status 200.
        PermanentError: valid JSON without the list of records where the source file says it is.
    """
    members: Members | None = None
    listed: bytes | msgspec.Raw = decoded
    place = "the list of records"
    if entity.records or decoded[:64].lstrip()[:1] == b"{":
        members = _members(decoded, what)
        _check_error(members, entity.error, what)
        listed = _listed(members, entity, what)
        place = f"{'.'.join(entity.records)!r}"
    return PageFacts(
        rows=len(_decode(_LIST, listed, what, place)),
        digest=hashlib.sha256(listed).hexdigest(),
        next=_next(members, entity, what),
        total=_total(members, entity, headers),
        link=next_link(headers.get("link", "")),
    )


def _decode(decoder: msgspec.json.Decoder[T], raw: bytes | msgspec.Raw, what: str, place: str) -> T:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        problem = f"{place} isn't where or what the source file says; if the system changed, correct the file."
    except RecursionError:
        problem = "the answer is nested too deeply to be data."
    except msgspec.DecodeError:
        problem = ""
    if problem:
        raise PermanentError(f"{what}: {problem}")
    raise TransientError(f"{what}: the answer isn't valid JSON (cut off, or NaN in it).")


def _members(raw: bytes | msgspec.Raw, what: str) -> Members:
    pairs = _decode(_OBJECT, raw, what, "the object around the records")
    members = {name.text: value for name, value in pairs.items()}
    if len(members) < len(pairs):
        raise PermanentError(
            f"{what}: the answer has a member twice; which one is meant can't be known."
        )
    return members


def _find(members: Members | None, path: RecordPath, what: str) -> msgspec.Raw | None:
    """The raw value at a path, or None where a member is missing."""
    if members is None or not path:
        return None
    for name in path[:-1]:
        inner = members.get(name)
        if inner is None or not bytes(inner).startswith(b"{"):
            return None
        members = _members(inner, what)
    return members.get(path[-1])


def _listed(members: Members, entity: EntitySpec, what: str) -> msgspec.Raw:
    raw = _find(members, entity.records, what)
    if raw is None:
        place = ".".join(entity.records) or "a bare list"
        raise PermanentError(
            f"{what}: the answer has no {place!r}; if the system changed, correct `records` in the "
            "source file."
        )
    return raw


def _check_error(members: Members, path: RecordPath, what: str) -> None:
    raw = _find(members, path, what)
    if raw is not None and bytes(raw).strip() not in _FINE_ERRORS:
        raise TransientError(f"{what}: the system answered 200 with an error in it.")


def _scalar(raw: msgspec.Raw | None) -> str | None:
    if raw is None:
        return None
    try:
        value = _SCALAR.decode(raw)
    except msgspec.MsgspecError:
        return None
    return None if value is None else str(value)


def _next(members: Members | None, entity: EntitySpec, what: str) -> str | None:
    path = entity.paging.next
    if not path:
        return None
    raw = _find(members, path, what)
    value = _scalar(raw)
    if raw is not None and value is None and bytes(raw).strip() != b"null":
        raise PermanentError(f"{what}: {'.'.join(path)!r} is neither text, number nor null.")
    return value or None


def _total(members: Members | None, entity: EntitySpec, headers: Mapping[str, str]) -> int | None:
    """The system's own count; one that can't be read is none, for it only informs."""
    if entity.total is None:
        return None
    if entity.total.header:
        text = headers.get(entity.total.header.lower())
    else:
        text = _scalar(_find(members, entity.total.body, "total"))
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


def next_link(header: str) -> str | None:
    """The target of rel=next in a Link header (RFC 8288), or None."""
    for target, parameters in _LINK.findall(header):
        found = _REL.search(parameters)
        if found and "next" in (found[1] or found[2] or "").lower().split():
            return str(target).strip() or None
    return None
