"""What `sources.yml` may say about systems and their entities, strictly typed and frozen.

Belongs here: the models, what each word means (docs/reference.md is written from it) and what they must hold by
themselves. Doesn't: file drops (drop_layouts.py), reading the file (file.py),
following it (pull). All paths into a record are dotted names ("a.b") or lists of names.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from sources.spec.drop_layouts import DropSpec
from sources.spec.types import (
    FieldSpec,
    Names,
    RecordPath,
    SpecModel,
    TextMap,
    check_names,
    known_zone,
    named_fields,
)


class AuthSpec(SpecModel):
    """How a system is shown who asks. The secret itself is passed in, never written here."""

    kind: Literal["oauth2_client_credentials", "api_key", "basic", "bearer", "none"]
    """The secret is `id:secret`, a key, `user:password` or a token, by kind."""
    token_path: str = "/oauth/token"  # noqa: S105 (a path)
    """Where oauth2_client_credentials asks for its token."""
    client_auth: Literal["form", "basic"] = "form"
    """How it shows its id and secret there: in the form, or by HTTP Basic."""
    scope: str | None = None
    """The scope that it asks for."""
    header: str = "X-API-Key"
    """The header of an api_key."""


class WindowSpec(SpecModel):
    """The query parameters that bound a read, and how their values are written."""

    from_param: str = Field(alias="from")
    """The parameter of the first moment or day."""
    to_param: str = Field(alias="to")
    """The parameter of the last one."""
    type: Literal["datetime", "date"] = "datetime"
    """Whether the system compares moments or days."""
    format: str | None = None
    """A strftime pattern; without one, ISO 8601."""
    days_beyond: int = Field(default=1, ge=0, le=1)
    """Days that a date window asks past its last one, because a system may leave that one out; rows of the day
    beyond come twice then, and are counted so. 0 is for systems that refuse a day to come.
    """


class PagingSpec(SpecModel):
    """How one page leads to the next."""

    kind: Literal["none", "cursor", "page", "offset", "next_link", "link_header"]
    """How one page leads to the next."""
    param: str | None = None
    """The parameter of the cursor, the page or the offset."""
    next: RecordPath = ()
    """The place of the cursor (cursor) or the link (next_link) in the body."""
    first_page: int = 1
    """The number of the first page."""
    ends_at_total: bool = False
    """The total ends the read, instead of an empty page: for systems that refuse the page after the last."""
    may_shift: bool | None = None
    """Rows can move between pages while a read lasts, so it is verified at its end. Without a word, page, offset and
    link_header may.
    """

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


class PageSizeSpec(SpecModel):
    """How many rows a page is asked to hold; the system may answer with fewer."""

    param: str
    """The parameter."""
    rows: int = Field(gt=0, le=100_000)
    """How many rows are asked for, 100,000 at most."""


class TotalSpec(SpecModel):
    """Where the system tells its own row count: in the body or in a header."""

    body: RecordPath = ()
    """Its place in the body."""
    header: str | None = None
    """Or the header that tells it."""
    trusted: bool = True
    """No: it may be the page's own count, and is taken for that once it differs between pages."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.body) == bool(self.header):
            raise ValueError("a total needs exactly one of `body` and `header`")
        return self


class EntitySpec(SpecModel):
    """One list of a system: how it is asked, how its pages look, and what is kept of a record."""

    path: str
    """Below the system's address; begins with /."""
    params: TextMap = Field(default_factory=dict)
    """Parameters of every request."""
    window: WindowSpec | None = None
    """The parameters that bound a read by time."""
    paging: PagingSpec
    """How one page leads to the next."""
    page_size: PageSizeSpec | None = None
    """How many rows a page is asked to hold."""
    records: RecordPath = ()
    """Where the list stands in the body; empty: the body is the list."""
    total: TotalSpec | None = None
    """Where the system tells its own count of the rows."""
    error: RecordPath = ("error",)
    """Where a body with status 200 tells an error."""
    key: Names
    """The fields that name one record."""
    version: str | None = None
    """The field that orders versions of a record; the newest wins."""
    mode: Literal["incremental", "snapshot", "key_sweep"]
    """incremental: what changed since the cursor. snapshot: everything, each night. key_sweep: keys alone, to find
    what is gone or was missed.
    """
    of: str | None = None
    """The entity whose keys are swept."""
    overlap_days: float = Field(default=3, ge=0, le=366)
    """Days before the cursor that are read again."""
    start: dt.date | None = None
    """The first day that is ever asked for."""
    split: Literal["none", "month", "year"] = "none"
    """Longer reads are cut into these pieces."""
    concurrency: int = Field(default=1, ge=1, le=8)
    """Pieces that are read at the same time, 8 at most."""
    required: Names = ()
    """Fields that a page must have to be this entity, besides key and version."""
    fields: Mapping[str, FieldSpec]
    """What is kept of a record: our name, and where it stands there."""
    refused: frozenset[str] = frozenset()
    """Members that are known to be personal: not kept, and not told as drift."""

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


class SystemSpec(SpecModel):
    """One source system; its address and secret come from the settings."""

    label: str = ""
    """What people call it."""
    auth: AuthSpec
    """How it is shown who asks."""
    redirect_hosts: frozenset[str] = frozenset()
    """Other hosts that it may redirect to."""
    entities: Mapping[str, EntitySpec]
    """Its lists, by name; each becomes `raw.<system>__<entity>`."""

    @model_validator(mode="after")
    def _names(self) -> Self:
        check_names(self.entities)
        for name, entity in self.entities.items():
            if entity.of is not None and entity.of not in self.entities:
                raise ValueError(
                    f"{name} sweeps {entity.of!r}, which isn't an entity of this system"
                )
        return self


class SourcesSpec(SpecModel):
    """A whole source file."""

    version: Literal[1]
    """Of these words."""
    time_zone: str = "Asia/Ho_Chi_Minh"
    """In which moments and days are asked for, and dropped files dated."""
    systems: Mapping[str, SystemSpec]
    """Systems read over HTTP, by name."""
    drops: Mapping[str, DropSpec] = Field(default_factory=dict)
    """Kinds of dropped files, by name; each becomes `raw.drops__<name>`."""

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
