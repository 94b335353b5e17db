"""What `sources.yml` may say about systems and their entities, strictly typed and frozen.

Belongs here: the models and what they must hold by themselves. Doesn't: file drops (drop_spec),
reading the file (spec_file), following it (pull). All paths into a record are dotted names ("a.b") or lists of names.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from sources.spec.drop_layouts import DropSpec
from sources.spec.types import (
    FieldSpec,
    Model,
    Names,
    RecordPath,
    TextMap,
    check_names,
    known_zone,
    named_fields,
)


class AuthSpec(Model):
    """How a system is shown who asks. The secret itself is passed in, never written here."""

    kind: Literal["oauth2_client_credentials", "api_key", "basic", "bearer", "none"]
    token_path: str = "/oauth/token"  # noqa: S105 (a path)
    client_auth: Literal["form", "basic"] = "form"
    scope: str | None = None
    header: str = "X-API-Key"


class WindowSpec(Model):
    """The query parameters that bound a read, and how their values are written.

    A date window asks `days_beyond` days past its last one, because a system may leave that one out; rows
    of the day beyond come twice then, and are counted so. 0 is for systems that refuse a day to come.
    """

    from_param: str = Field(alias="from")
    to_param: str = Field(alias="to")
    type: Literal["datetime", "date"] = "datetime"
    format: str | None = None
    days_beyond: int = Field(default=1, ge=0, le=1)


class PagingSpec(Model):
    """How one page leads to the next.

    `next` is the place of the cursor (cursor) or link (next_link) in the body; `param` the query
    parameter of the cursor, page or offset. `may_shift`: rows can move between pages while a read
    lasts, so the read is verified at its end (paging.py). `ends_at_total` is for systems that refuse the
    page after the last: their total then ends the read, instead of an empty page.
    """

    kind: Literal["none", "cursor", "page", "offset", "next_link", "link_header"]
    param: str | None = None
    next: RecordPath = ()
    first_page: int = 1
    ends_at_total: bool = False
    may_shift: bool | None = None

    @property
    def shifts(self) -> bool:
        """Whether rows may move between pages during a read."""
        by_kind = self.kind in ("page", "offset", "link_header")
        return by_kind if self.may_shift is None else self.may_shift

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind in ("cursor", "page", "offset") and not self.param:
            raise ValueError(
                f"paging of kind {self.kind} needs `param`, the query parameter's name"
            )
        if self.kind in ("cursor", "next_link") and not self.next:
            raise ValueError(f"paging of kind {self.kind} needs `next`, its place in the body")
        return self


class PageSizeSpec(Model):
    """How many rows a page is asked to hold; the system may answer with fewer."""

    param: str
    rows: int = Field(gt=0, le=100_000)


class TotalSpec(Model):
    """Where the system tells its own row count. Not `trusted`: it may be the page's count."""

    body: RecordPath = ()
    header: str | None = None
    trusted: bool = True

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.body) == bool(self.header):
            raise ValueError("a total needs exactly one of `body` and `header`")
        return self


class EntitySpec(Model):
    """One list of a system: how it is asked, how its pages look, and what is kept of a record."""

    path: str
    params: TextMap = Field(default_factory=dict)
    window: WindowSpec | None = None
    paging: PagingSpec
    page_size: PageSizeSpec | None = None
    records: RecordPath = ()
    total: TotalSpec | None = None
    error: RecordPath = ("error",)
    key: Names
    version: str | None = None
    mode: Literal["incremental", "snapshot", "key_sweep"]
    of: str | None = None
    overlap_days: float = Field(default=3, ge=0, le=366)
    start: dt.date | None = None
    split: Literal["none", "month", "year"] = "none"
    concurrency: int = Field(default=1, ge=1, le=8)
    required: Names = ()
    fields: Mapping[str, FieldSpec]
    refused: frozenset[str] = frozenset()

    @field_validator("fields", mode="before")
    @classmethod
    def _fields(cls, value: object) -> object:
        return named_fields(value) if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_names(self.fields)
        wanted = {*self.key, *self.required, *((self.version,) if self.version else ())}
        if missing := sorted(wanted - self.fields.keys()):
            raise ValueError(
                f"`key`, `version` and `required` name {missing}, which `fields` lacks"
            )
        if kept := sorted(self.refused & {f.path[0] for f in self.fields.values() if f.path}):
            raise ValueError(f"{kept} can't be both kept in `fields` and `refused`")
        if self.mode == "incremental" and not (self.window and self.version and self.start):
            raise ValueError("mode incremental needs `window`, `version` and `start`")
        if self.window and not self.start:
            raise ValueError("a `window` needs `start`, the first day that is ever asked for")
        if (self.mode == "key_sweep") != (self.of is not None):
            raise ValueError("`of` names the swept entity, and belongs to mode key_sweep alone")
        if self.split != "none" and not self.window:
            raise ValueError("`split` needs a `window` to split")
        if not self.path.startswith("/"):
            raise ValueError("`path` begins with /")
        return self

    @property
    def required_fields(self) -> frozenset[str]:
        """Fields without which a page is not this entity: key, version and those declared."""
        version = (self.version,) if self.version else ()
        return frozenset((*self.key, *self.required, *version))


class SystemSpec(Model):
    """One source system; its address and secret come from the settings."""

    label: str = ""
    auth: AuthSpec
    redirect_hosts: frozenset[str] = frozenset()
    entities: Mapping[str, EntitySpec]

    @model_validator(mode="after")
    def _names(self) -> Self:
        check_names(self.entities)
        for name, entity in self.entities.items():
            if entity.of is not None and entity.of not in self.entities:
                raise ValueError(
                    f"{name} sweeps {entity.of!r}, which isn't an entity of this system"
                )
        return self


class SourcesSpec(Model):
    """A whole source file."""

    version: Literal[1]
    time_zone: str = "Asia/Ho_Chi_Minh"
    systems: Mapping[str, SystemSpec]
    drops: Mapping[str, DropSpec] = Field(default_factory=dict)

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return known_zone(value) or value

    @model_validator(mode="after")
    def _names(self) -> Self:
        check_names(self.systems)
        check_names(self.drops)
        if "drops" in self.systems:
            raise ValueError("a system can't be called drops: file drops land under that name")
        return self
