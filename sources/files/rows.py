"""From a table's rows to the records that land: which layout, which column is which, what is filled in.

Belongs here: headings, required columns, word maps, local times of foreign files. Doesn't: reading files
(csv_table, xlsx_table), landing them (drops). Dates and numbers stay the text they are: staging casts.
"""

import datetime as dt
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sources.errors import SetAsideError, SpecError
from sources.files.legacy_text import TextStatistics
from sources.spec.drop_layouts import DropSpec, LayoutSpec
from sources.spec.headings import fold, heading_index
from sources.spec.systems import SourcesSpec

Record = dict[str, str | None]


@dataclass(frozen=True)
class Kind:
    """What a file is by its name: a kind of drop, perhaps in a foreign layout."""

    name: str
    drop: DropSpec
    layout: str | None = None


def kind_of(sources: SourcesSpec, file_name: str) -> Kind:
    """The kind whose prefix the file's name begins with; the longest prefix decides.

    Raises:
        SetAsideError: no prefix fits.
    """
    stem = fold(file_name.rsplit(".", 1)[0])
    found: list[tuple[int, Kind]] = []
    for name, drop in sources.drops.items():
        named = [(prefix, Kind(name, drop)) for prefix in drop.prefixes]
        for layout_name, layout in drop.layouts.items():
            kind = Kind(name, drop, layout_name)
            named += [(prefix, kind) for prefix in (layout_name, *layout.prefixes)]
        found += [(len(prefix), kind) for prefix, kind in named if stem.startswith(fold(prefix))]
    if found:
        return max(found, key=lambda item: item[0])[1]
    known = ", ".join(prefix for drop in sources.drops.values() for prefix in drop.prefixes)
    raise SetAsideError(
        f"Tên tệp phải bắt đầu bằng một trong: {known}.",
        f"The file's name must begin with one of: {known}.",
    )


@dataclass(frozen=True)
class Columns:
    """How a file's columns become a record: for each place its name, or None where it is dropped."""

    names: tuple[str | None, ...]
    unnamed: frozenset[int]
    constants: Mapping[str, str]
    layout: LayoutSpec | None


def match_columns(kind: Kind, headings: list[str], values: Mapping[str, str]) -> Columns:
    """Find the layout that these headings fit, and fill in what the file leaves out.

    `values` are what `${name}` in defaults and constants stands for.

    Raises:
        SetAsideError: required columns are missing, or a column comes twice.
    """
    drop = kind.drop
    layouts = [kind.layout] if kind.layout else [None, *_by_size(drop)]
    missing: list[str] = []
    for name in layouts:
        layout = drop.layouts[name] if name else None
        columns = _columns(drop, layout, headings, values)
        lacking = [
            column
            for column in drop.required
            if column not in columns.names and column not in columns.constants
        ]
        if not lacking:
            _check_unique(columns.names, headings)
            return columns
        missing = missing or lacking
    raise SetAsideError(
        f"Thiếu cột bắt buộc: {', '.join(missing)}. Hãy đặt tên cột ở dòng đầu tiên.",
        f"Required columns are missing: {', '.join(missing)}. Their names belong into the first row.",
    )


def _by_size(drop: DropSpec) -> list[str]:
    """Foreign layouts, the most particular first: one may be a part of another."""
    size = {
        name: len(layout.columns) + len(layout.ignored) for name, layout in drop.layouts.items()
    }
    return sorted(size, key=lambda name: -size[name])


def _columns(
    drop: DropSpec, layout: LayoutSpec | None, headings: list[str], values: Mapping[str, str]
) -> Columns:
    if layout is None:
        index = heading_index(drop.columns)
        ignored = {fold(name) for name in drop.refused}
        constants: dict[str, str] = {}
    else:
        index = {
            fold(heading): column
            for column, accepted in layout.columns.items()
            for heading in accepted
        }
        ignored = {fold(name) for name in (*drop.refused, *layout.ignored)}
        constants = dict(layout.constants)
        # Only a file that has every column of a layout is that layout.
        if not set(index) <= {fold(heading) for heading in headings}:
            index = {}
    names = [
        None
        if fold(heading) in ignored | {""}
        else index.get(fold(heading), _unknown(drop, heading))
        for heading in headings
    ]
    filled = {**drop.defaults, **constants}
    return Columns(
        names=tuple(names),
        unnamed=frozenset(place for place, heading in enumerate(headings) if not fold(heading)),
        constants={
            column: _filled(text, values) for column, text in filled.items() if column not in names
        },
        layout=layout,
    )


def _unknown(drop: DropSpec, heading: str) -> str:
    """A column that nobody knows lands under its heading, so that it is told as drift."""
    name = heading.strip()
    return f"?{name} (unmapped)" if name in drop.columns else f"?{name}"


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    if "${" in text:
        raise SpecError(
            f"The source file names {text!r} in a file drop, and nothing has that name."
        )
    return text


def _check_unique(names: tuple[str | None, ...], headings: list[str]) -> None:
    seen: dict[str, str] = {}
    for name, heading in zip(names, headings, strict=True):
        if name is not None and seen.setdefault(name, heading) is not heading:
            raise SetAsideError(
                f"Hai cột cùng mang nghĩa {name.lstrip('?')}. Hãy giữ lại một cột.",
                f"Two columns both mean {name.lstrip('?')}. Keep one of them.",
            )


class RecordMaker:
    """Turns rows into records of one file, and watches their text."""

    def __init__(self, drop: DropSpec, columns: Columns, file_at: str) -> None:
        self._drop = drop
        self._columns = columns
        self._file_at = file_at
        self.statistics = TextStatistics()
        layout = columns.layout
        self._maps = {
            column: {_word(theirs): ours for theirs, ours in codes.items()}
            for column, codes in (layout.maps.items() if layout else ())
        }
        self._zone = ZoneInfo(layout.time_zone) if layout and layout.time_zone else None
        self._pattern = layout.timestamp_format if layout else None
        chosen = layout.timestamp_columns if layout else ()
        self._times = frozenset(
            chosen or (name for name in columns.names if name and name.endswith("_at"))
        )

    def records(self, rows: Iterator[tuple[int, list[str]]]) -> Iterator[Record]:
        """One record a row; blank cells are null, every other cell the text it is.

        Raises:
            SetAsideError: a column without a heading holds data.
        """
        for number, cells in rows:
            record: Record = {}
            for place, (name, cell) in enumerate(zip(self._columns.names, cells, strict=True)):
                self.statistics.add(cell)
                if name is not None:
                    record[name.removeprefix("?")] = self._text(name, cell)
                elif place in self._columns.unnamed and cell.strip():
                    raise SetAsideError(
                        f"Cột {place + 1} không có tiêu đề nhưng dòng {number} có dữ liệu.",
                        f"Column {place + 1} has no heading, but row {number} has data in it.",
                    )
            yield self._completed(record)

    def _completed(self, record: Record) -> Record:
        for column, text in self._columns.constants.items():
            record[column] = text or None
        if record.get(self._drop.version) is None:
            record[self._drop.version] = self._file_at
        return record

    def _text(self, name: str, cell: str) -> str | None:
        if not cell.strip():
            return None
        if name in self._maps:
            return self._maps[name].get(_word(cell), cell)
        if name in self._times and self._zone is not None:
            return self._time(cell, self._zone)
        return cell

    def _time(self, cell: str, zone: ZoneInfo) -> str:
        """A foreign local time with its offset; what can't be read passes on, for staging to judge."""
        text = cell.strip()
        try:
            at = (
                dt.datetime.strptime(text, self._pattern)  # noqa: DTZ007 (the zone follows)
                if self._pattern
                else dt.datetime.fromisoformat(text)
            )
        except ValueError:
            return cell
        return (at if at.tzinfo else at.replace(tzinfo=zone)).isoformat()


def _word(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()
