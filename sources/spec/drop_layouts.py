"""What `sources.yml` may say about dropped files: names, headings, foreign layouts.

Belongs here: the models and what they must hold by themselves. Doesn't: taking files (drops).
"""

from collections.abc import Mapping
from typing import Self

from pydantic import Field, field_validator, model_validator

from sources.spec.headings import heading_index
from sources.spec.types import FieldSpec, Names, SpecModel, TextMap, check_names, known_zone


class LayoutSpec(SpecModel):
    """A foreign layout of a dropped file: its own headings, constants, words and times."""

    prefixes: Names = ()
    """What names of such files begin with, besides the layout's own name. Other files have it by their headings."""
    columns: Mapping[str, Names]
    """Our column to the headings that mean it; a file has the layout if it has all of them."""
    constants: TextMap = Field(default_factory=dict)
    """What the file doesn't say, by column; `${centre}` is MOTCUA_CENTRE."""
    maps: Mapping[str, TextMap] = Field(default_factory=dict)
    """Their words to ours, by column; others stay, for staging to judge."""
    time_zone: str | None = None
    """Of times without an offset."""
    timestamp_format: str | None = None
    """A strptime pattern of times; without one, ISO 8601."""
    timestamp_columns: Names = ()
    """Columns that hold times; without a word, those whose name ends with `_at`."""
    ignored: Names = ()
    """Headings that aren't kept and aren't told as drift."""

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return known_zone(value)


class DropSpec(SpecModel):
    """One kind of dropped file: what its name begins with, its columns and what it must have."""

    prefixes: Names
    """What a file's name begins with; the longest that fits decides."""
    key: Names
    """The columns that name one row."""
    version: str = "file_at"
    """The column that orders versions of a row; filled with the file's own time where a row has none."""
    required: Names
    """Columns without which a file is set aside."""
    columns: Mapping[str, Names]
    """Our column to other headings that mean it; accents, case and punctuation don't count."""
    json_columns: Names = ()
    """Of older source files; a cell is text in any case, and staging reads the lists in it."""
    words: Mapping[str, Names] = Field(default_factory=dict)
    """The only values that the source file itself may set for a column."""
    defaults: TextMap = Field(default_factory=dict)
    """What fills a column that the file doesn't have; `${centre}` is MOTCUA_CENTRE."""
    refused: Names = ()
    """Headings that are known to be personal: not kept, and not told as drift."""
    hashed: Names = ()
    """Columns that are kept as keyed hashes only."""
    layouts: Mapping[str, LayoutSpec] = Field(default_factory=dict)
    """Foreign layouts of such files, by name."""

    @field_validator("columns", mode="before")
    @classmethod
    def _columns(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {name: given or () for name, given in value.items()}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_names(self.columns)
        heading_index(self.columns)
        wanted = {*self.key, *self.required, *self.defaults, *self.json_columns, *self.words}
        wanted |= {*self.hashed}
        if missing := sorted(wanted - self.columns.keys()):
            raise ValueError(f"{missing} are named but `columns` lacks them")
        for name, layout in self.layouts.items():
            used = {*layout.columns, *layout.constants, *layout.maps, *layout.timestamp_columns}
            if missing := sorted(used - self.columns.keys()):
                raise ValueError(f"layout {name} fills {missing}, which `columns` lacks")
            self._check_words(name, layout)
            filled = {*layout.columns, *layout.constants, *self.defaults}
            if missing := sorted({*self.required} - filled):
                raise ValueError(f"layout {name} leaves the required {missing} unfilled")
        return self

    def _check_words(self, name: str, layout: LayoutSpec) -> None:
        """A setting that nobody knows is an error here, before a row is read by it."""
        for column, allowed in self.words.items():
            set_here = [layout.constants.get(column), *layout.maps.get(column, {}).values()]
            for value in set_here:
                if value is not None and value not in allowed:
                    raise ValueError(
                        f"layout {name} sets {column} to {value!r}; it may be {' or '.join(allowed)}"
                    )

    @property
    def fields(self) -> Mapping[str, FieldSpec]:
        """The landed rows' fields: the columns, and the version column where it is our own."""
        names = dict.fromkeys((*self.columns, self.version))
        return {name: FieldSpec(path=(name,), hash=name in self.hashed) for name in names}
