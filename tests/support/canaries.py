"""Canary persons and secrets, and a search for them by value in whatever a home holds.

A person is searched for in the forms in which text changes on its way: NFC, NFD, lower case, without
accents, base64 at every offset, plain SHA-256 and MD5. Files of databases, Parquet and XLSX are read value
by value, because their bytes are compressed and a search in them proves nothing.
"""

import base64
import gzip
import hashlib
import sqlite3
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ahocorasick
import duckdb
import msgspec

COUNT = 50


@dataclass(frozen=True)
class Person:
    """One invented person; every value occurs nowhere else."""

    name: str
    id_no: str
    phone: str
    email: str
    address: str
    ethnicity: str

    @classmethod
    def number(cls, n: int) -> "Person":
        return cls(
            name=f"Đặng Thị Kỳ Vỹ{_letters(n)}", id_no=f"0208{n:02d}776{n:02d}1", phone=f"09{n:02d}88{n:02d}17",
            email=f"kyvy{_letters(n)}@thu-rieng.vn", address=f"Ngõ {n + 700} Bản Khuổi Nhạ{_letters(n)}, Lạng Sơn",
            ethnicity=f"Pà Thẻn{_letters(n)}",
        )  # fmt: skip

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(vars(self).values())


def _letters(n: int) -> str:
    return f"q{chr(97 + n // 26)}{chr(97 + n % 26)}zx"


PEOPLE = tuple(Person.number(n) for n in range(COUNT))


def fold(text: str) -> str:
    """Lower case without accents: what NFC, NFD, upper and lower case all become."""
    plain = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
    return plain.encode("ascii", "ignore").decode().lower()


class Search:
    """Needles in all their forms; `hits` gives the needles that a text holds."""

    def __init__(self, needles: Iterator[str] | tuple[str, ...] | list[str]) -> None:
        self._folded, self._exact = ahocorasick.Automaton(), ahocorasick.Automaton()
        for needle in needles:
            self._folded.add_word(fold(needle), needle)
            for form in {
                unicodedata.normalize("NFC", needle), unicodedata.normalize("NFD", needle),
                needle.lower(), fold(needle), needle.upper(),
            }:  # fmt: skip
                data = form.encode()
                for digest in (hashlib.sha256, hashlib.md5):
                    self._folded.add_word(digest(data).hexdigest(), f"{digest.__name__}({needle})")
                for offset in range(3):
                    encoded = base64.b64encode(b"\0" * offset + data).decode()
                    # The first and last characters mix with what stands beside.
                    inner = encoded[4 if offset else 0 : -4]
                    if len(inner) >= 8:
                        self._exact.add_word(inner, f"base64({needle})")
                        self._exact.add_word(
                            inner.replace("+", "-").replace("/", "_"), f"base64url({needle})"
                        )
        self._folded.make_automaton()
        self._exact.make_automaton()

    def hits(self, text: str) -> set[str]:
        found = {needle for _, needle in self._folded.iter(fold(text))}
        # JSON may hold any letter as an escape.
        if "\\u" in text:
            plain = text.encode("latin-1", "backslashreplace").decode("unicode_escape", "replace")
            found |= {needle for _, needle in self._folded.iter(fold(plain))}
        return found | {needle for _, needle in self._exact.iter(text)}

    def in_file(self, path: Path) -> set[str]:
        """Hits in a file, read by what it is."""
        found: set[str] = set()
        for text in values_of(path):
            found |= self.hits(text)
        return found

    def below(self, folder: Path, without: tuple[str, ...] = ()) -> dict[str, set[str]]:
        """Hits in every file below a folder, by path; file names are searched too."""
        found = {}
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and not path.is_symlink() and not name.startswith(without):
                hits = self.in_file(path) | self.hits(path.name)
                if hits:
                    found[str(path.relative_to(folder))] = hits
        return found


def values_of(path: Path) -> Iterator[str]:
    """Everything a file says, as text: cells of databases and sheets, else its bytes."""
    with path.open("rb") as file:
        head = file.read(16)
    if head[8:12] == b"DUCK":
        yield from _duckdb_values(path)
    elif head.startswith(b"PAR1"):
        connection = duckdb.connect()
        for column, *_ in connection.execute(f"describe select * from '{path}'").fetchall():
            yield from _rows(connection, f"select distinct \"{column}\" from '{path}'")
        connection.close()
    elif head.startswith(b"SQLite"):
        yield from _sqlite_values(path)
    elif head.startswith(b"PK"):
        with zipfile.ZipFile(path) as parts:
            for name in parts.namelist():
                yield parts.read(name).decode("utf-8", "replace")
    elif head.startswith(b"\x1f\x8b"):
        yield gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
    else:
        yield path.read_bytes().decode("utf-8", "replace")


def _duckdb_values(path: Path, schemas: tuple[str, ...] = ()) -> Iterator[str]:
    connection = duckdb.connect(str(path), read_only=True)
    columns = connection.execute(
        "select schema_name, table_name, column_name, coalesce(comment, '') from duckdb_columns() where not internal"
    ).fetchall()
    for schema, table, column, comment in columns:
        if not schemas or schema in schemas:
            yield comment
            query = f'select distinct cast("{column}" as varchar) from {schema}."{table}" where "{column}" is not null'
            yield from _rows(connection, query)
    views = (
        "select sql from duckdb_views() where not internal "
        "union all select macro_definition from duckdb_functions() where not internal"
    )
    yield from _rows(connection, views)
    connection.close()


def _rows(connection: Any, query: str) -> Iterator[str]:
    result = connection.execute(query)
    while batch := result.fetchmany(50_000):
        yield "\n".join(str(value) for row in batch for value in row if value is not None)


def _sqlite_values(path: Path) -> Iterator[str]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    tables = [
        row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")
    ]
    for table in tables:
        for row in connection.execute(f'select * from "{table}"'):
            yield "\n".join(
                v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v)
                for v in row
                if v is not None
            )
    connection.close()
    # Deleted rows stay in free pages, as plain bytes.
    yield path.read_bytes().decode("utf-8", "replace")


def seed_people(server: Any) -> list[str]:
    """Put the canaries into the systems' records, in every field that a system may send; returns case codes."""
    snapshot = server.state.snapshot
    cases, ratings, staff = snapshot.case, snapshot.rating, snapshot.staff
    codes = []
    places = range(len(cases.rows) - COUNT, len(cases.rows))
    for person, place in zip(PEOPLE, places, strict=True):
        row = msgspec.json.decode(cases.rows[place])
        codes.append(row["case_code"])
        row |= {
            "applicant_name": person.name, "applicant_id_no": person.id_no, "applicant_phone": person.phone,
            "applicant_email": person.email, "applicant_address": person.address,
            "applicant_ethnicity": person.ethnicity,
            # A field that nobody announced, and free text in fields that are kept.
            "ghi_chu_moi": f"Gọi {person.name} theo số {person.phone}",
            "exemption_reason": f"{person.name}, CCCD {person.id_no}",
        }  # fmt: skip
        for pause in row["pauses"]:
            pause["reason"] = f"Gọi lại {person.phone}"
        cases.rows[place] = msgspec.json.encode(row)
    # The newest ratings are about cases that stand, so they count and reach the marts.
    for person, place in zip(
        PEOPLE, range(max(0, len(ratings.rows) - COUNT), len(ratings.rows)), strict=False
    ):
        row = msgspec.json.decode(ratings.rows[place])
        row |= {
            "comment": f"Tôi là {person.name}, {person.phone}",
            "reason": f"{person.email} {person.id_no}",
        }
        ratings.rows[place] = msgspec.json.encode(row)
    for person, place in zip(PEOPLE, range(len(staff.rows)), strict=False):
        row = msgspec.json.decode(staff.rows[place])
        staff.rows[place] = msgspec.json.encode(row | {"full_name": person.name})
    return codes
