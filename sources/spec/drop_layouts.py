"""What `sources.yml` may say about dropped files: names, headings, foreign layouts.

Belongs here: the models and what they must hold by themselves. Doesn't: taking files (drops).
"""

from collections.abc import Mapping
from typing import Self

from pydantic import Field, field_validator, model_validator

from sources.spec.headings import heading_index
from sources.spec.types import FieldSpec, Model, Names, TextMap, check_names, known_zone


class LayoutSpec(Model):
    """A foreign layout of a dropped file: its own headings, constants, words and times."""

    prefixes: Names = ()
    columns: Mapping[str, Names]
    constants: TextMap = Field(default_factory=dict)
    maps: Mapping[str, TextMap] = Field(default_factory=dict)
    time_zone: str | None = None
    timestamp_format: str | None = None
    timestamp_columns: Names = ()
    ignored: Names = ()

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return known_zone(value)


class DropSpec(Model):
    """One kind of dropped file: what its name begins with, its columns and what it must have.

    `defaults` fill a column that the file doesn't have; `${name}` in a value is passed in by the
    caller. `version` is the column that orders versions of a row; it is filled with the file's own
    time where a row has none. `words` lists the only values that the file may set for a column.
    `hashed` columns are kept as keyed hashes, as a field with `hash: true` is.
    """

    prefixes: Names
    key: Names
    version: str = "file_at"
    required: Names
    columns: Mapping[str, Names]
    # Older source files name these; a cell is text in any case, and staging reads the lists in it.
    json_columns: Names = ()
    words: Mapping[str, Names] = Field(default_factory=dict)
    defaults: TextMap = Field(default_factory=dict)
    refused: Names = ()
    hashed: Names = ()
    layouts: Mapping[str, LayoutSpec] = Field(default_factory=dict)

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
