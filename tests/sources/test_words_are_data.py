"""Whatever a source file calls things, it is data: words, constants, names of fields and patterns of any letters."""

import json
import random
from pathlib import Path

import duckdb
import pytest

from assets.shapes import hashed_fields, raw_shapes
from orchestration.settings import Settings
from sources.spec.file import load_spec
from tests.conftest import END
from tests.support.more_systems import CURSOR, write_sources
from tests.support.quick_night import run_night
from tests.support.scripted_server import FakeSystem, serving

PIECES = (
    "{", "}", "{}", "{{", "{value}", "{0}", "'", "''", '"', "%", "%s", "%d", "\\", "\\n", "$", "$1", "$files", ";",
    "--", "/*", "?", "*", "[", "]", "(", "x", "Ê", "ợ", "đ", "ỹ", "Đã trả", "NULL", " ", "\u0301", "🏛", "#", "&", ":",
    "person_hash(", "|", "~", "`", ",", "1",
)  # fmt: skip


def words(draw: random.Random, count: int) -> list[str]:
    """Different words of one to six pieces; the map compares them trimmed."""
    found: set[str] = {"{", "}", "O'Brien", 'hồ "sơ"', "100 %", "C:\\temp\\new", "{value}"}
    while len(found) < count:
        if word := "".join(draw.choices(PIECES, k=draw.randint(1, 6))).strip():
            found.add(word)
    return sorted(found)


@pytest.mark.parametrize("seed", range(4))
def test_words_come_through_as_they_are(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    theirs, ours = words(draw, 60), words(draw, 60)
    draw.shuffle(ours)
    constant, place, member, literal = draw.sample(theirs, k=4)
    part = {"from": [member], "map": {theirs[0]: ours[0]}}
    fields = {
        "id": None,
        "state": {"from": ["word"], "map": dict(zip(theirs, ours, strict=True))},
        "said": {"constant": constant},
        "odd": {"from": [place, member]},
        "parts": {"type": "json", "from": ["parts"], "items": {"part": part}},
        "lent_at": {"from": ["day"], "format": f"{literal.replace('%', '%%')} %d/%m/%Y"},
        "person": {"from": ["word"], "hash": True},
    }  # fmt: skip
    rows = [
        {
            "id": f"{n:05d}", "word": word, place: {member: word}, "parts": [{member: word}],
            "day": f"{literal} 02/03/2023",
        }
        for n, word in enumerate([*theirs, "không có trong bảng"])
    ]  # fmt: skip
    entity = {**CURSOR, "fields": fields}
    sources = write_sources(
        tmp_path, archive={"auth": {"kind": "none"}, "entities": {"loan": entity}}
    )
    with serving(FakeSystem(rows=rows)) as system:
        settings = Settings.load(
            _env_file=None,
            home=tmp_path / "home",
            as_of=END,
            sources=sources,
            archive_url=system.address,
        )
        told = run_night(settings, only={"loan"}, builds=False)
    assert told["loan"]["fetched"] == len(rows)
    assert "unknown_fields" not in told["loan"]
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        found = connection.execute(
            "select id, state, said, odd, parts, lent_at, length(person) from raw.archive__loan order by id"
        ).fetchall()
    known = dict(zip(theirs, ours, strict=True))
    for row, (code, state, said, odd, parts, lent_at, hash_length) in zip(rows, found, strict=True):
        word = str(row["word"])
        assert (code, said, odd) == (row["id"], constant, word)
        assert state == known.get(word, word)
        assert json.loads(parts) == [{"part": ours[0] if word == theirs[0] else word}]
        assert lent_at == "2023-03-02T00:00:00"
        assert hash_length == 64
    assert ("raw.archive__loan", "person") in hashed_fields(raw_shapes(load_spec(sources)))
    assert ("raw.archive__loan", "said") not in hashed_fields(raw_shapes(load_spec(sources)))
