"""The words that both halves of a source file share: paths, maps, names and fields.

Belongs here: small types and their checks. Doesn't: systems (systems.py) and file drops (drop_layouts.py).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

NAME_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,62}")


def _as_path(value: object) -> object:
    """Split "a.b" to ("a", "b"); a list stays as it is, for names that hold dots themselves."""
    if isinstance(value, str):
        return tuple(value.split(".")) if value else ()
    return tuple(value) if isinstance(value, list) else value


def _as_list(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _as_text_map(value: object) -> object:
    """Code maps compare text with text; YAML reads 1 and true as something else."""
    if not isinstance(value, dict):
        return value
    return {_as_text(key): _as_text(item) for key, item in value.items()}


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


RecordPath = Annotated[tuple[str, ...], BeforeValidator(_as_path)]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
TextMap = Annotated[Mapping[str, str], BeforeValidator(_as_text_map)]


class SpecModel(BaseModel):
    """Frozen, and unknown words are errors: a misspelt key must not be silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class FieldSpec(SpecModel):
    """One kept field: where it stands in the record, and how its codes and times are written."""

    path: RecordPath = Field(default=(), alias="from")
    """Where it stands in the record; empty in the file: under its own name."""
    type: Literal["text", "json"] = "text"
    """How it is kept: a json list or object stays one cell."""
    items: Mapping[str, "FieldSpec"] | None = None
    """New names of the members of the objects in a json list."""
    map: TextMap | None = None
    """The system's words to ours; a word that isn't named stays, for staging to judge."""
    format: str | None = None
    """A strptime pattern of local times without an offset."""
    constant: str | None = None
    """Stands for a field that the system never sends."""
    hash: bool = False
    """A person key: kept only as a keyed hash."""
    optional: bool = False
    """That it stays out of a page is no drift."""

    @field_validator("items", mode="before")
    @classmethod
    def _items(cls, value: object) -> object:
        return named_fields(value) if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.items is not None and self.type != "json":
            raise ValueError("`items` needs `type: json`")
        if self.constant is not None and self.path:
            raise ValueError("a field is read `from` the record or `constant`, not both")
        return self


def named_fields(value: dict[object, object]) -> dict[str, object]:
    """Expand the short forms: nothing = the same name, text = the path."""
    fields: dict[str, object] = {}
    for name, given in value.items():
        body = {"from": given} if isinstance(given, str | list) else dict(given or {})  # type: ignore[call-overload]
        if not {"from", "path", "constant"} & body.keys():
            body["from"] = [str(name)]
        fields[str(name)] = body
    return fields


def check_names(names: Iterable[str]) -> None:
    """Refuse names that can't be a table's or a column's."""
    for name in names:
        if not NAME_PATTERN.fullmatch(name):
            raise ValueError(f"{name!r} isn't a name: lower-case letters, digits and _ only")


def known_zone(value: str | None) -> str | None:
    """The time zone's name, refused where there is no such zone."""
    if value is not None:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} isn't a time zone, such as Asia/Ho_Chi_Minh") from None
    return value
