"""How one page leads to the next, and the guards against lists that loop, shift or end too early.

Belongs here: a small rule for each kind, and what a read has seen so far. Doesn't: asking (http),
writing (landing). A position is a small dict of JSON values, so that a broken read can go on at it.

No rule trusts a page's size or a total: offset moves by the rows that came; page and offset end on an
empty page. Where a Link header is missing although the total says that
rows are left (a proxy may strip it), link_header goes on by page number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sources.errors import LoopError
from sources.http.limits import ReadLimits
from sources.http.transport import resolve_link
from sources.pull.envelope import PageFacts
from sources.spec.systems import EntitySpec, PagingSpec

Position = Mapping[str, str | int]


@dataclass(frozen=True)
class Seen:
    """What a read knows after a page: rows so far, the newest total, the address of the page."""

    rows: int
    total: int | None
    url: str
    base_url: str


def ask(entity: EntitySpec, position: Position) -> tuple[str | None, dict[str, str]]:
    """The link to follow (None: the entity's own path) and the parameters of a position; {} is the first."""
    paging = entity.paging
    if "url" in position:
        return str(position["url"]), {}
    if paging.param is None:
        return None, {}
    if paging.kind == "cursor":
        return None, {paging.param: str(position["cursor"])} if "cursor" in position else {}
    if paging.kind == "offset":
        return None, {paging.param: str(position.get("offset", 0))}
    return None, {paging.param: str(position.get("page", paging.first_page))}


def after(entity: EntitySpec, position: Position, page: PageFacts, seen: Seen) -> Position | None:
    """The position after a page, or None at the end.

    Raises:
        PermanentError: the system gave a link to another origin.
    """
    kind = entity.paging.kind
    if kind == "cursor":
        return None if page.next is None else {"cursor": page.next}
    if kind == "next_link":
        return (
            None if page.next is None else {"url": resolve_link(seen.url, page.next, seen.base_url)}
        )
    if kind == "link_header":
        return _after_link_header(entity.paging, position, page, seen)
    if kind in ("page", "offset") and not _is_last(entity, page, seen):
        if kind == "offset":
            return {"offset": int(position.get("offset", 0)) + page.rows}
        return {"page": int(position.get("page", entity.paging.first_page)) + 1}
    return None


def _is_last(entity: EntitySpec, page: PageFacts, seen: Seen) -> bool:
    return page.rows == 0 or (entity.paging.ends_at_total and seen.total == seen.rows)


def _after_link_header(
    paging: PagingSpec, position: Position, page: PageFacts, seen: Seen
) -> Position | None:
    number = int(position.get("page", paging.first_page)) + 1
    if page.link is not None:
        return {"url": resolve_link(seen.url, page.link, seen.base_url), "page": number}
    left = seen.total is not None and seen.total > seen.rows and page.rows > 0
    return {"page": number} if left and paging.param else None


@dataclass
class LoopGuard:
    """Stops a read that goes in circles; `what` begins its sentences."""

    what: str
    limits: ReadLimits
    positions: set[str] = field(default_factory=set)
    digests: set[str] = field(default_factory=set)
    empty_in_a_row: int = 0
    pages: int = 0

    def check(self, position: Position, page: PageFacts) -> None:
        """Take note of a page.

        Raises:
            LoopError: the same position or the same rows came before, or there is no end to it.
        """
        self.pages += 1
        mark = repr(sorted(position.items()))
        if mark in self.positions:
            raise LoopError(
                f"{self.what}: the system leads to the same page twice; its operator must mend it."
            )
        if page.rows and page.digest in self.digests:
            raise LoopError(
                f"{self.what}: page {self.pages} holds the very rows of an earlier one; the system's paging "
                "stands still, and its operator must mend it."
            )
        self.empty_in_a_row = 0 if page.rows else self.empty_in_a_row + 1
        if (
            self.empty_in_a_row > self.limits.empty_pages_most
            or self.pages > self.limits.pages_most
        ):
            raise LoopError(
                f"{self.what}: no end after {self.pages} pages; its operator must look into it."
            )
        self.positions.add(mark)
        self.digests.add(page.digest)


def settled_total(entity: EntitySpec, pages: list[tuple[int, int | None]]) -> int | None:
    """The system's own row count, from the (rows, total) of a read's pages; None where it gave none.

    A count that isn't trusted to be the list's is taken for the page's own as soon as it differs
    between pages.
    """
    totals = [total for _, total in pages if total is not None]
    if not totals or entity.total is None:
        return None
    if not entity.total.trusted and len(set(totals)) > 1:
        return None
    return totals[-1]


def totals_moved(entity: EntitySpec, pages: list[tuple[int, int | None]]) -> bool:
    """Whether the total changed while the list was read: then rows may have moved between pages."""
    told = [(rows, total) for rows, total in pages if total is not None]
    if (
        entity.total is not None
        and not entity.total.trusted
        and all(rows == total for rows, total in told)
    ):
        return False
    return len({total for _, total in told}) > 1
