"""What the files beside landed pages say: the manifest of a batch, the progress of a broken read.

Belongs here: their shapes. Doesn't: writing and reading them (landing).
"""

import msgspec


class PageEntry(msgspec.Struct, frozen=True):
    """One landed page. Sizes in bytes; `sha256` is of the file, `digest` of its records."""

    name: str
    sha256: str
    bytes: int
    rows: int
    decoded_bytes: int


class PageProgress(msgspec.Struct, frozen=True):
    """A landed page of a read that isn't finished: what asked for it, and what it said."""

    page: PageEntry
    position: dict[str, str | int]
    digest: str
    total: int | None


class Progress(msgspec.Struct, frozen=True):
    """How far a read has come; `position` is the page to ask for next."""

    window_start: str | None
    window_end: str | None
    request: str
    started_at: str
    pages: list[PageProgress]
    position: dict[str, str | int] | None = None


class Manifest(msgspec.Struct, frozen=True):
    """What a complete batch says of itself; times are ISO 8601 with offset.

    `number` orders the batches of an entity, because a clock may have been wrong; 0 in an earlier release's.
    """

    batch_id: str
    system: str
    entity: str
    window_start: str | None
    window_end: str | None
    pages: list[PageEntry]
    rows: int
    source_total: int | None
    started_at: str
    finished_at: str
    complete: bool = True
    source_sha256: str | None = None
    source_name: str | None = None
    warnings: list[str] = []
    number: int = 0
