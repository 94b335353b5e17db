"""Erasure in the landing: records of a person leave the pages that hold them, and nothing else changes.

Belongs here: finding records by value, rewriting pages and their manifests, removing dropped originals.
Doesn't: the warehouse (warehouse.persons.erasure), or who may ask (the command). Pages are read as Python objects
here and nowhere else: erasure is rare, and must look into every corner of a record.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from sources.disk import write_safely
from sources.files.inbox import ARCHIVE, SET_ASIDE
from sources.landing.batches import MANIFEST, LandedBatch, complete_batches, list_entities
from sources.landing.manifest import PageEntry

SHORTEST_INSIDE = (
    9  # an id or a phone is also found inside longer text; a short code only by itself
)


@dataclass(frozen=True)
class ErasedLanding:
    """What left the landing: counts, and the case codes of the records that went."""

    pages: int
    records: int
    originals: int
    case_codes: frozenset[str]


def erase_in_landing(landing: Path, inbox: Path, values: Sequence[str]) -> ErasedLanding:
    """Remove every record that holds one of `values`; case codes found on the way are removed too."""
    wanted = {value.strip() for value in values if value.strip()}
    codes = frozenset(_codes(landing, wanted))
    wanted |= codes
    pages = records = originals = 0
    for batch in _batches(landing):
        changed: list[PageEntry] = []
        gone = 0
        for entry in batch.manifest.pages:
            path = batch.directory / entry.name
            body = _read(path)
            kept, removed = _without(body, wanted)
            changed.append(_rewrite(path, entry, kept, removed) if removed else entry)
            pages, gone = pages + bool(removed), gone + removed
        if gone:
            manifest = msgspec.structs.replace(
                batch.manifest, pages=changed, rows=batch.manifest.rows - gone
            )
            write_safely(batch.directory / MANIFEST, msgspec.json.encode(manifest))
            originals += _remove_originals(batch, inbox)
            records += gone
    return ErasedLanding(pages, records, originals + _remove_set_aside(inbox, wanted), codes)


def _batches(landing: Path) -> Iterator[LandedBatch]:
    for system, entity in list_entities(landing):
        yield from complete_batches(landing, system, entity)


def _codes(landing: Path, wanted: set[str]) -> Iterator[str]:
    """The case codes of the records that hold a value: their ratings and submissions go with them."""
    for batch in _batches(landing):
        for entry in batch.manifest.pages:
            for record in _records(_read(batch.directory / entry.name)):
                code = record.get("case_code")
                if isinstance(code, str) and _holds(record, wanted):
                    yield code


def _read(path: Path) -> Any:
    data = path.read_bytes()
    return json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)


def _records(body: Any) -> Iterator[dict[str, Any]]:
    """Every object of the page's lists, at whatever depth the list stands."""
    if isinstance(body, list):
        yield from (item for item in body if isinstance(item, dict))
    elif isinstance(body, dict):
        for value in body.values():
            yield from _records(value)


def _without(body: Any, wanted: set[str]) -> tuple[Any, int]:
    """The page without the records that hold a value, and how many went."""
    if isinstance(body, list):
        kept = [item for item in body if not (isinstance(item, dict) and _holds(item, wanted))]
        return kept, len(body) - len(kept)
    if isinstance(body, dict):
        parts = {key: _without(value, wanted) for key, value in body.items()}
        return {key: kept for key, (kept, _) in parts.items()}, sum(n for _, n in parts.values())
    return body, 0


def _holds(value: Any, wanted: set[str]) -> bool:
    if isinstance(value, dict):
        return any(_holds(part, wanted) for part in value.values())
    if isinstance(value, list):
        return any(_holds(part, wanted) for part in value)
    text = str(value).strip() if value is not None else ""
    return text in wanted or any(len(w) >= SHORTEST_INSIDE and w in text for w in wanted)


def _rewrite(path: Path, entry: PageEntry, body: Any, removed: int) -> PageEntry:
    decoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    data = gzip.compress(decoded, mtime=0) if path.suffix == ".gz" else decoded
    write_safely(path, data)
    return msgspec.structs.replace(
        entry, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data), rows=entry.rows - removed,
        decoded_bytes=len(decoded),
    )  # fmt: skip


def _remove_originals(batch: LandedBatch, inbox: Path) -> int:
    """A dropped file can't be cut; its rows stay in the pages, and the file itself goes."""
    sha = batch.manifest.source_sha256
    if sha is None:
        return 0
    pages = {entry.name for entry in batch.manifest.pages}
    originals = [
        path for path in batch.directory.iterdir() if path.name not in pages and path.name[0] != "_"
    ]
    archived = [
        path for path in (inbox / ARCHIVE).glob("**/*")
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha
    ]  # fmt: skip
    for path in (*originals, *archived):
        path.unlink()
    return len(originals) + len(archived)


def _remove_set_aside(inbox: Path, wanted: set[str]) -> int:
    """A file that couldn't be taken goes when its text holds a value."""
    removed = 0
    for path in (inbox / SET_ASIDE).glob("**/*"):
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
            if any(len(w) >= SHORTEST_INSIDE and w in text for w in wanted):
                path.unlink()
                removed += 1
    return removed
