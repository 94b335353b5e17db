"""File drops: what people put into the inbox, landed like a page of a system or set aside with a reason.

Belongs here: taking one file from the inbox to the landing, once. Doesn't: the directory (inbox), the
formats (csv_table, xlsx_table), the columns (rows.py), loading (the warehouse).

A file lands whole or not at all: pages of {"rows": […]}, the original beside them, the manifest last.
The same bytes are taken once, whatever their name.
"""

import datetime as dt
import gzip
import hashlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from sources.disk import write_safely
from sources.errors import SetAsideError
from sources.files.csv_table import csv_rows
from sources.files.inbox import (
    ARCHIVE,
    look_at,
    name_date,
    put_away,
    read_dropped,
    set_aside,
    settled_files,
)
from sources.files.rows import Kind, Record, RecordMaker, kind_of, match_columns
from sources.files.xlsx_table import xlsx_rows
from sources.landing.batches import LandedBatch, complete_batches, next_number
from sources.landing.open_batch import OpenBatch, incomplete_batches, open_batch
from sources.pull.reading import now_text
from sources.spec.systems import SourcesSpec

SYSTEM = "drops"
ROWS_A_PAGE = 20_000
SETTLE_SECONDS = 2.0


@dataclass(frozen=True)
class Taken:
    """What became of one file. `drop` is its kind, None where its name fits none.

    A file that was taken before (`was_known`) counts as taken, and lands nothing. A file set aside
    has its reason in both languages.
    """

    name: str
    drop: str | None
    batch: LandedBatch | None = None
    was_known: bool = False
    reason_vi: str = ""
    reason_en: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether the file's content is in the landing."""
        return self.batch is not None or self.was_known


def take_inbox(
    sources: SourcesSpec,
    inbox: Path,
    landing_root: Path,
    values: Mapping[str, str],
    now: dt.datetime,
    *,
    settle_seconds: float = SETTLE_SECONDS,
) -> list[Taken]:
    """Take every file that is no longer being written; those still growing wait for the next call.

    `values` fill `${name}` in the source file's defaults. The caller holds the site's lock.

    Raises:
        LandingError: the disk is full or can't be written; the file in hand is still in the inbox.
    """
    for name in sources.drops:
        for broken in incomplete_batches(landing_root, SYSTEM, name):
            broken.discard()
    take = _Take(sources, landing_root, values, now)
    return [take.one(path) for path in settled_files(inbox, settle_seconds)]


@dataclass(frozen=True)
class _Take:
    sources: SourcesSpec
    root: Path
    values: Mapping[str, str]
    now: dt.datetime

    @property
    def _stamp(self) -> str:
        return f"{self.now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"

    def one(self, path: Path) -> Taken:
        """Land a file and archive it, or set it aside."""
        kind: Kind | None = None
        seen = look_at(path)
        try:
            data = read_dropped(path)
            kind = kind_of(self.sources, path.name)
            digest = hashlib.sha256(data).hexdigest()
            known = self._is_known(kind, digest)
            batch = None if known else self._land(path.name, kind, data, digest)
        except SetAsideError as reason:
            set_aside(path, reason, self._stamp)
            name = kind.name if kind else None
            return Taken(path.name, name, reason_vi=reason.reason_vi, reason_en=reason.reason_en)
        # A newer file may have come under the same name meanwhile; it's the next call's.
        if look_at(path) == seen:
            put_away(path, ARCHIVE, f"{self._stamp}_{digest[:12]}")
        return Taken(path.name, kind.name, batch, was_known=known)

    def _is_known(self, kind: Kind, digest: str) -> bool:
        return any(
            batch.manifest.source_sha256 == digest
            for batch in complete_batches(self.root, SYSTEM, kind.name)
        )

    def _land(self, name: str, kind: Kind, data: bytes, digest: str) -> LandedBatch:
        extension = name.rpartition(".")[2].lower()
        rows = _rows(extension, data)
        batch = open_batch(
            self.root,
            SYSTEM,
            kind.name,
            f"{self._stamp}_{digest[:12]}",
            started_at=now_text(),
            place=next_number(self.root, SYSTEM, kind.name),
        )
        try:
            self._fill(batch, kind, rows, name)
            write_safely(batch.directory / f"original.{extension}", data)
            return batch.finish(now_text(), None, (digest, name))
        except BaseException:
            batch.discard()
            raise

    def _fill(
        self, batch: OpenBatch, kind: Kind, rows: Iterator[tuple[int, list[str]]], name: str
    ) -> None:
        heading = next(rows, None)
        if heading is None:
            raise SetAsideError("Tệp không có dữ liệu.", "The file holds no data.")
        columns = match_columns(kind, heading[1], self.values)
        maker = RecordMaker(kind.drop, columns, self._file_at(name))
        for text in heading[1]:
            maker.statistics.add(text)
        records = maker.records(rows)
        while page := list(itertools.islice(records, ROWS_A_PAGE)):
            _add_page(batch, page)
        if not batch.progress.pages:
            _add_page(batch, [])
        if reason := maker.statistics.reason():
            raise SetAsideError(*reason)

    def _file_at(self, name: str) -> str:
        """The time that orders this file among others of its kind: the date in its name, or now."""
        day = name_date(name)
        zone = ZoneInfo(self.sources.time_zone)
        if day is not None and day <= self.now.astimezone(zone).date():
            return dt.datetime.combine(day, dt.time(), zone).isoformat()
        return self.now.astimezone(zone).isoformat()


def _rows(extension: str, data: bytes) -> Iterator[tuple[int, list[str]]]:
    if extension == "csv":
        return csv_rows(data)
    if extension == "xlsx":
        return xlsx_rows(data)
    raise SetAsideError(
        "Chỉ nhận tệp .csv (UTF-8) và .xlsx. Hãy lưu lại theo một trong hai dạng đó.",
        "Only .csv (UTF-8) and .xlsx files are taken. Save it as one of them.",
    )


def _add_page(batch: OpenBatch, records: list[Record]) -> None:
    text = msgspec.json.encode({"rows": records})
    batch.add_page(gzip.compress(text, compresslevel=1, mtime=0), len(text), len(records))
