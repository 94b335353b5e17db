"""Pulling a list of the scripted server, and the oracle: what was landed is the truth, whole and readable.

Belongs here: the settings and windows that tests of pulling share. Doesn't: the server (scripted_server.py).
"""

import datetime as dt
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.local_time import LOCAL as ZONE
from sources.http.client import Access
from sources.http.limits import ReadLimits
from sources.http.transport import Wire
from sources.landing.batches import LandedBatch, complete_batches
from sources.pull.entity import pull_entity
from sources.pull.windows import Window
from sources.spec.systems import SourcesSpec
from tests.support.scripted_server import (
    SECRETS,
    FakeSystem,
    Row,
)

NOW = dt.datetime(2023, 11, 24, 16, 0, tzinfo=dt.UTC)
QUICK = ReadLimits(
    connect_seconds=1, read_seconds=0.6, response_seconds=1.0, wait_first_seconds=0.01, attempts=3,
    wait_most_seconds=1.2, pull_seconds=20, compressed_bytes=2_000_000, decoded_bytes=4_000_000,
    empty_pages_most=5,
)  # fmt: skip
PAGINGS: dict[str, dict[str, Any]] = {
    "cursor": {
        "paging": {"kind": "cursor", "param": "cursor", "next": "next_cursor"},
        "records": "data",
        "total": {"body": "total"},
    },
    "page": {
        "paging": {"kind": "page", "param": "page"},
        "records": "rows",
        "total": {"body": "total"},
    },
    "offset": {
        "paging": {"kind": "offset", "param": "offset"},
        "records": "items",
        "total": {"body": "count", "trusted": False},
    },
    "next_link": {"paging": {"kind": "next_link", "next": "next"}, "records": "results"},
    "link_header": {
        "paging": {"kind": "link_header", "param": "page"},
        "total": {"header": "X-Total-Count"},
    },
}
SHIFTING = ["page", "offset", "link_header"]
INCREMENTAL = {
    "mode": "incremental",
    "version": "updated_at",
    "start": "2023-01-01",
    "window": {"from": "from", "to": "to", "type": "datetime"},
}
FIRST = Window(dt.datetime(2023, 4, 1, tzinfo=ZONE), dt.datetime(2023, 6, 1, tzinfo=ZONE))
SECOND = Window(dt.datetime(2023, 5, 29, tzinfo=ZONE), dt.datetime(2023, 7, 1, tzinfo=ZONE))
Start = Callable[[FakeSystem], FakeSystem]


def spec_for(system: FakeSystem, **entity: Any) -> SourcesSpec:
    body = {
        "path": "/list",
        "key": "id",
        "mode": "snapshot",
        "page_size": {"param": "limit", "rows": 10},
        "fields": {"id": None, "name": None, "updated_at": None},
        **PAGINGS[system.paging],
        **entity,
    }
    auth = {"kind": system.auth}
    return SourcesSpec.model_validate(
        {"version": 1, "systems": {"sys": {"auth": auth, "entities": {"thing": body}}}}
    )


def pull(system: FakeSystem, landing: Path, **options: Any) -> list[LandedBatch]:
    entity = options.pop("entity", {})
    access = Access(
        options.pop("base_url", system.address),
        options.pop("credential", SECRETS[system.auth] or None),
        options.pop("wire", Wire()),
    )
    window = options.pop("window", None)
    now = options.pop("now", NOW)
    spec = options.pop("spec", None) or spec_for(system, **entity)
    return pull_entity(
        "sys", spec.systems["sys"], "thing", access, landing, window, now,
        **{"zone": ZONE, "limits": QUICK, **options},
    )  # fmt: skip


def landed_rows(batches: list[LandedBatch], records: str | None) -> list[Row]:
    rows: list[Row] = []
    for batch in batches:
        batch.verify()
        for path in batch.files:
            document = json.loads(gzip.decompress(path.read_bytes()))
            rows += document[records] if records else document
    return rows


def check_truth(
    system: FakeSystem, batches: list[LandedBatch], *, duplicates: bool = False
) -> None:
    """The oracle: landed = truth, by content; the manifest's counts are the files' counts."""
    rows = landed_rows(batches, PAGINGS[system.paging].get("records"))
    assert sum(batch.rows for batch in batches) == len(rows)
    unique = {json.dumps(row, sort_keys=True) for row in rows}
    assert unique == {json.dumps(row, sort_keys=True) for row in system.rows}
    assert duplicates or len(rows) == len(unique)


def check_nothing(landing: Path) -> None:
    assert complete_batches(landing, "sys", "thing") == []
    assert not list(landing.rglob("*.tmp"))
