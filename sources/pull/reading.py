"""One window of one entity, page by page, from the system to the landing.

Belongs here: the order of asking, checking, landing and going on; verifying lists that may shift. Doesn't:
choosing windows (pull), asking (http), paging rules (paging), files (landing).

A list that shifts while it is read by page or offset loses rows without a sign. So after the last page
the first is asked for again (or, where the system gives no total, all of them): if the total moved or
rows changed, the whole list is read anew, until two passes agree. A list with a cursor ought to hold still,
so one whose total moved is read anew once, and only while it is short: the overlap and the sweep find the rest.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sources.errors import BudgetError, LoopError, PermanentError, UnauthorizedError
from sources.http.client import Answer, Client
from sources.landing.batches import LandedBatch
from sources.landing.manifest import PageProgress
from sources.landing.open_batch import OpenBatch
from sources.pull.envelope import PageFacts, read_page
from sources.pull.paging import LoopGuard, Position, Seen, after, ask, settled_total, totals_moved
from sources.spec.systems import EntitySpec


@dataclass(frozen=True)
class PullProgress:
    """How far a call has come; `total` is the system's own count of the rows, where it gives one."""

    batch_id: str
    pages: int
    rows: int
    total: int | None


OnProgress = Callable[[PullProgress], None]


def now_text() -> str:
    """The wall clock, as manifests write it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")


class WindowRead:
    """Reads one window into one open batch."""

    def __init__(
        self,
        client: Client,
        entity: EntitySpec,
        params: Mapping[str, str],
        batch: OpenBatch,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._client = client
        self._entity = entity
        self._params = dict(params)
        self._batch = batch
        self._on_progress = on_progress
        self._moved_on = False

    @property
    def _what(self) -> str:
        return f"{self._batch.system}/{self._batch.entity}"

    def run(self) -> LandedBatch:
        """Read to the end, or on from where an earlier read broke off, and land the batch.

        Raises:
            SourceError: what came so far stays, and a later run goes on with it.
        """
        earlier: list[str] = []
        for _ in range(self._client.limits.passes_most):
            self._read_or_restart()
            digests = self._digests()
            if digests == earlier:
                self._batch.warnings.append("total_moved")
            if digests == earlier or not self._has_shifted(is_first=not earlier):
                total = settled_total(self._entity, self._totals())
                return self._batch.finish(now_text(), total)
            earlier = digests
            self._batch.start_over(now_text())
        raise LoopError(
            f"{self._what}: the list keeps changing while it is read; run again when the system is quieter."
        )

    def _read_or_restart(self) -> None:
        resumed = bool(self._batch.progress.pages)
        try:
            self._read_pages()
            return
        except (BudgetError, UnauthorizedError):
            raise
        except LoopError:
            # The place to go on is part of the circle: a later run begins the window anew.
            self._batch.start_over(now_text())
            raise
        except PermanentError:
            # A cursor from last night may no longer be known; from the first page it is a new question.
            if not resumed or self._batch.progress.position is None or self._moved_on:
                raise
        self._batch.start_over(now_text())
        self._read_pages()

    def _read_pages(self) -> None:
        """From the batch's position to the end of the list, landing every page."""
        guard = LoopGuard(self._what, self._client.limits)
        rows, total = 0, None
        for done in self._batch.progress.pages:
            rows += done.page.rows
            total = total if done.total is None else done.total
            guard.check(done.position, PageFacts(done.page.rows, done.digest))
        self._moved_on = False
        position: Position | None = self._batch.progress.position
        while position is not None:
            answer, page = self._fetch(position)
            self._moved_on = True
            guard.check(position, page)
            rows += page.rows
            total = total if page.total is None else page.total
            following = after(
                self._entity, position, page, Seen(rows, total, answer.url, self._client.base_url)
            )
            self._batch.add_page(
                answer.body.stored,
                len(answer.body.decoded),
                page.rows,
                digest=page.digest,
                total=page.total,
                position=position,
                following=following,
            )
            if self._on_progress is not None:
                pages = len(self._batch.progress.pages)
                self._on_progress(PullProgress(self._batch.batch_id, pages, rows, total))
            position = following

    def _fetch(self, position: Position) -> tuple[Answer, PageFacts]:
        link, params = ask(self._entity, position)
        # A link carries the system's own parameters; ours would come twice.
        query = {} if link else self._params | params
        return self._client.get(
            link or self._entity.path, query, self._read, refused=self._batch.keep_refused
        )

    def _read(self, answer: Answer, what: str) -> PageFacts:
        return read_page(answer.body.decoded, self._entity, answer.headers, what)

    def _pages(self) -> list[PageProgress]:
        return self._batch.progress.pages

    def _digests(self) -> list[str]:
        return [done.digest for done in self._pages()]

    def _totals(self) -> list[tuple[int, int | None]]:
        return [(done.page.rows, done.total) for done in self._pages()]

    def _has_shifted(self, *, is_first: bool) -> bool:
        """Whether rows may have moved between the pages of the pass that has just ended."""
        filled = [done for done in self._pages() if done.page.rows]
        if len(filled) < 2:
            return False
        has_moved = totals_moved(self._entity, self._totals())
        few = len(filled) <= self._client.limits.verified_pages_most
        if not self._entity.paging.shifts:
            return has_moved and few and is_first
        if has_moved:
            return True
        has_total = settled_total(self._entity, self._totals()) is not None
        again = filled[:1] if has_total or not few else filled
        return any(self._differs(done) for done in again)

    def _differs(self, done: PageProgress) -> bool:
        _, page = self._fetch(done.position)
        return page.digest != done.digest or page.total != done.total
