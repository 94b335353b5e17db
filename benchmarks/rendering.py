"""Rendering a world once: every page that a benchmark will be asked for, as gzip files on the disk.

Belongs here: rows → pages → files and their index, for two moments a working day apart. Doesn't: serving them
(page_server.py) or measuring. Rendered pages keep the source out of every measurement, and rows go by
in pieces, so that ten million cases need no more memory than the draw of their events.

A list of the index is {"key", "clock", "start", "end", "pages", "rows"}: key is "system path"; clock 0 or 1;
start and end are the bounds of its window, null for a list without one or from its beginning.
"""

import argparse
import datetime as dt
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from demo.cases import Cases
from demo.clockwork import LOCAL, iso_texts, local_seconds
from demo.snapshots import case_records, updated_at, visible
from demo.world import World

# A Saturday: the night after may bring nothing, and the third after that brings a working day.
END = dt.datetime(2026, 11, 21, 1, 30, tzinfo=LOCAL)
CLOCKS = (END, END + dt.timedelta(days=3))
YEARS = 5  # so that a day changes about 0.3 % of the cases
OVERLAP = dt.timedelta(days=3)
PIECE = 20_000
FIRST_YEAR = 2020
DRAWN_PROVINCE = "H37"  # the simulator knows this one; another's code is written in its place
DROPPED = ("plan_tasks", "feedback", "nominations")
Row = Mapping[str, Any]


@dataclass
class Rendering:
    """Writes pages below `folder` and remembers where they are."""

    folder: Path
    province: str = DRAWN_PROVINCE
    lists: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, key: str, clock: int, bounds: tuple[str | None, str | None], rows: Iterable[bytes], total: int
    ) -> None:  # fmt: skip
        """Render one list, whose rows are JSON already."""
        size, envelope = _SHAPES[key]
        name = f"{len(self.lists):03d}"
        waiting, number = iter(rows), 0
        page = list(islice(waiting, size))
        while page or number == 0:
            following = list(islice(waiting, size))
            body = envelope(b",".join(page), number, bool(following), size, total, bounds)
            body = body.replace(DRAWN_PROVINCE.encode(), self.province.encode())
            path = self.folder / name / f"{number:05d}.json.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(body, compresslevel=6, mtime=0))
            number, page = number + 1, following
        self.lists.append({
            "key": key, "clock": clock, "start": bounds[0], "end": bounds[1], "folder": name,
            "pages": number, "rows": total, "size": size,
        })  # fmt: skip


def _cursor(rows: bytes, number: int, more: bool, size: int, total: int, bounds: Any) -> bytes:
    tail = json.dumps({"next_cursor": str(number + 1) if more else None, "total": total})
    return b'{"data":[' + rows + b"]," + tail[1:].encode()


def _array(rows: bytes, number: int, more: bool, size: int, total: int, bounds: Any) -> bytes:
    return b"[" + rows + b"]"


def _offset(rows: bytes, number: int, more: bool, size: int, total: int, bounds: Any) -> bytes:
    tail = json.dumps({"offset": number * size, "limit": size, "count": total})
    return b'{"items":[' + rows + b"]," + tail[1:].encode()


def _link(rows: bytes, number: int, more: bool, size: int, total: int, bounds: Any) -> bytes:
    start, end = bounds
    window = f"decided_from={start}&decided_to={end}&" if start else ""
    tail = json.dumps({"next": f"/registry/decisions?{window}after={number + 1}" if more else None})
    return b'{"results":[' + rows + b"]," + tail[1:].encode()


_SHAPES: dict[str, tuple[int, Any]] = {
    "cases /api/v1/cases": (1000, _cursor),
    "cases /api/v1/case-keys": (1000, _cursor),
    "cases /api/v1/agencies": (1000, _cursor),
    "cases /api/v1/procedures": (1000, _cursor),
    "cases /api/v1/staff": (1000, _cursor),
    "ratings /ratings": (500, _array),
    "services /v2/services": (500, _offset),
    "services /v2/submissions": (500, _offset),
    "registry /decisions": (100, _link),
}


def render(folder: Path, cases: int, province: str = DRAWN_PROVINCE, seed: int = 2023) -> None:
    """Render a world of about `cases` cases into `folder`; the index is written last."""
    world = World.build(seed=seed, end=END, years=YEARS, cases_per_year=cases // YEARS)
    made = Rendering(folder, province)
    encode = msgspec.json.Encoder().encode
    for clock, now in enumerate(CLOCKS):
        _render_cases(made, world, clock)
        _render_windowed(
            made, clock, "ratings /ratings", world.rating_rows, "submitted_at", "rating_id"
        )
        _render_windowed(
            made,
            clock,
            "services /v2/submissions",
            world.submission_rows,
            "changed_at",
            "submission_id",
        )
        registers = world.registers
        for key, rows in (
            ("cases /api/v1/agencies", registers.agencies), ("cases /api/v1/procedures", registers.procedures),
            ("cases /api/v1/staff", registers.staff), ("services /v2/services", registers.services),
        ):  # fmt: skip
            made.add(key, clock, (None, None), map(encode, rows), len(rows))
        decisions = [row for row in world.decision_rows(now) if row["decided_on"]]
        decisions.sort(key=lambda row: (row["decided_on"], row["decision_no"]))
        _render_years(
            made,
            clock,
            "registry /decisions",
            [(row["decided_on"], encode(row)) for row in decisions],
        )
    dropped = {name: _recoded(getattr(world, name), province) for name in DROPPED}
    replace(world, **dropped).write_drops(folder / "inbox", END)
    (folder / "index.json").write_text(json.dumps(made.lists), encoding="utf-8")


def _recoded(rows: Iterable[Row], province: str) -> list[dict[str, Any]]:
    return [
        {
            name: value.replace(DRAWN_PROVINCE, province) if isinstance(value, str) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def _render_cases(made: Rendering, world: World, clock: int) -> None:
    key, now = "cases /api/v1/cases", local_seconds(CLOCKS[clock])
    places = visible(world.cases, now)
    changed = updated_at(world.cases, now)[places]
    first_shown = visible(world.cases, local_seconds(CLOCKS[0]))
    newest = updated_at(world.cases, local_seconds(CLOCKS[0]))[first_shown].max()
    recent = places[changed >= newest - int(OVERLAP.total_seconds())]
    start = iso_texts(np.array([newest - int(OVERLAP.total_seconds())]))[0]
    made.add(key, clock, (start, None), _encoded(world, recent, now), len(recent))
    if clock == 0:
        made.add(key, clock, (None, None), _encoded(world, places, now), len(places))
        keys = _keys(world, places, changed)
        _render_years(made, clock, "cases /api/v1/case-keys", keys)


def _encoded(world: World, places: Any, now: int) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    for low in range(0, len(places), PIECE):
        piece = places[low : low + PIECE]
        cases = Cases(**{f.name: getattr(world.cases, f.name)[piece] for f in fields(Cases)})
        yield from map(encode, case_records(cases, world.registers, np.arange(len(piece)), now))


def _keys(world: World, places: Any, changed: Any) -> list[tuple[str, bytes]]:
    received = world.cases.received[places]
    here = received <= local_seconds(CLOCKS[0])
    days = [str(text)[:10] for text in iso_texts(received[here])]
    updated = iso_texts(changed[here])
    rows = zip(days, world.cases.code[places][here].tolist(), updated, strict=True)
    encode = msgspec.json.Encoder().encode
    return [(day, encode({"case_code": code, "updated_at": at})) for day, code, at in sorted(rows)]


def _render_windowed(
    made: Rendering, clock: int, key: str, rows_at: Any, cursor: str, name: str
) -> None:
    rows = sorted(rows_at(CLOCKS[clock]), key=lambda row: (row[cursor], row[name]))
    newest = max(dt.datetime.fromisoformat(row[cursor]) for row in rows_at(CLOCKS[0]))
    start = (newest - OVERLAP).astimezone(LOCAL).isoformat()
    encode = msgspec.json.Encoder().encode
    recent = [row for row in rows if row[cursor] >= start]
    made.add(key, clock, (start, None), map(encode, recent), len(recent))
    if clock == 0:
        made.add(key, clock, (None, None), map(encode, rows), len(rows))


def _render_years(made: Rendering, clock: int, key: str, rows: list[tuple[str, bytes]]) -> None:
    """The list by years, as the product asks for it, and in one, as its peers do."""
    today = str(CLOCKS[clock].date())
    made.add(key, clock, (None, None), (row for _, row in rows), len(rows))
    for year in range(FIRST_YEAR, CLOCKS[clock].year + 1):
        start, end = f"{year}-01-01", min(f"{year}-12-31", today)
        of_year = [row for day, row in rows if start <= day <= end]
        made.add(key, clock, (start, end), of_year, len(of_year))


def main() -> None:
    """Render into the folder that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cases", type=int, required=True)
    parser.add_argument("--province", default=DRAWN_PROVINCE)
    parser.add_argument("--seed", type=int, default=2023)
    given = parser.parse_args()
    render(given.folder, given.cases, given.province, given.seed)


if __name__ == "__main__":
    main()
