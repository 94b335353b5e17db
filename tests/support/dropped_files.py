"""Files for an inbox, and what became of them: landed rows, or the reason beside a file set aside.

Belongs here: making CSV and XLSX files, dropping and taking them. Doesn't: what is right or wrong in them.
"""

import csv
import datetime as dt
import gzip
import io
import json
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl

from sources.files.drops import Taken, take_inbox
from sources.landing.batches import LandedBatch
from sources.spec.file import load_spec
from sources.spec.systems import SourcesSpec

NOW = dt.datetime(2023, 11, 24, 16, 0, tzinfo=dt.UTC)
SPEC = load_spec()
CENTRE = "H37.01.TTPVHCC"
PLAN = [
    ["plan_no", "task_id", "task", "lead_agency_code", "due_on", "completed_on", "quality"],
    ["42/KH-UBND", "42-01", "Rà soát thủ tục, cắt giảm", "H37.07", "30/05/2023", "2023-05-26", ""],
    ["05/KH-VP", "0007", "Tập huấn\nhai ngày", "H37.01", "2023-06-30", "", "passed"],
]


def take(tmp_path: Path, sources: SourcesSpec = SPEC, **options: Any) -> list[Taken]:
    return take_inbox(
        sources, tmp_path / "inbox", tmp_path / "landing", {"centre": CENTRE}, NOW,
        **{"settle_seconds": 0.02, **options},
    )  # fmt: skip


def drop(tmp_path: Path, name: str, data: bytes, age: float = 60) -> Path:
    path = tmp_path / "inbox" / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(data)
    os.utime(path, (time.time() - age,) * 2)
    return path


def as_csv(rows: list[list[str]], separator: str = ",", encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(
    rows: list[list[Any]], change: Callable[[openpyxl.Workbook], object] | None = None
) -> bytes:
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    if change is not None:
        change(workbook)
    data = io.BytesIO()
    workbook.save(data)
    return data.getvalue()


def repack(
    data: bytes, edit: Callable[[str, bytes], bytes], extra: dict[str, bytes] | None = None
) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, edit(name, old.read(name)))
        for name, content in (extra or {}).items():
            new.writestr(name, content)
    return out.getvalue()


def landed(batch: LandedBatch | None) -> list[dict[str, Any]]:
    assert batch is not None
    batch.verify()
    return [
        row
        for path in batch.files
        for row in json.loads(gzip.decompress(path.read_bytes()))["rows"]
    ]


def taken_rows(
    tmp_path: Path, name: str, data: bytes, sources: SourcesSpec = SPEC
) -> list[dict[str, Any]]:
    drop(tmp_path, name, data)
    (result,) = take(tmp_path, sources)
    assert result.is_taken, result.reason_en
    return landed(result.batch)


def reason_of(tmp_path: Path, name: str, data: bytes) -> str:
    drop(tmp_path, name, data)
    (result,) = take(tmp_path)
    assert not result.is_taken
    assert result.reason_vi
    aside = tmp_path / "inbox" / "set_aside"
    reasons = list(aside.glob("*.reason.txt"))
    assert result.reason_vi in reasons[0].read_text()
    assert result.reason_en in reasons[0].read_text()
    kept = [path for path in aside.iterdir() if path not in reasons]
    assert kept[0].read_bytes() == data
    assert not list((tmp_path / "inbox").glob("*.*"))
    assert not list((tmp_path / "landing").rglob("*.gz"))
    return result.reason_en
