"""Pulling an entity: which windows, in which order, on how many connections; and probing a system.

Belongs here: the package's front door. Doesn't: one window's reading (reading) or loading what landed
(the warehouse). A read that broke off is finished first, with its own window; then the asked one.
"""

import datetime as dt
import hashlib
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from sources.errors import SourceError, SpecError, UnauthorizedError
from sources.http.client import Access, Client, open_client
from sources.http.limits import Budget, ReadLimits
from sources.landing.batches import LandedBatch, next_number
from sources.landing.open_batch import OpenBatch, incomplete_batches, open_batch
from sources.pull.envelope import read_page
from sources.pull.paging import ask
from sources.pull.reading import OnProgress, PullProgress, WindowRead, now_text
from sources.pull.windows import Window, split_window, window_params
from sources.spec.systems import EntitySpec, SystemSpec

__all__ = ["Access", "Probe", "probe", "pull_entity"]


@dataclass(frozen=True)
class Probe:
    """What a probe found: reachable, credentials accepted, and a sentence for a person."""

    system: str
    reachable: bool
    authorised: bool
    message: str
    seconds: float

    @property
    def is_good(self) -> bool:
        """Whether a pull can be expected to work."""
        return self.reachable and self.authorised


def pull_entity(
    system_name: str,
    system: SystemSpec,
    entity_name: str,
    access: Access,
    landing_root: Path,
    window: Window | None,
    now: dt.datetime,
    *,
    zone: ZoneInfo,
    limits: ReadLimits | None = None,
    on_progress: OnProgress | None = None,
) -> list[LandedBatch]:
    """Read an entity's window into the landing; the batches in the order in which to load them.

    The first may be one that an earlier run left unfinished. Without a window a snapshot or a key
    sweep is read from the entity's `start` to `now`. The caller holds the site's lock.

    Raises:
        SourceError: what was finished before it stays as complete batches, and a later call goes on
            with the broken one at its page.
    """
    entity = _entity(system_name, system, entity_name)
    connect = open_client(system_name, system, access, Budget(limits or ReadLimits()))
    pull = _Pull(system_name, entity_name, entity, landing_root, now, zone, _Sum(on_progress))
    asked = window if entity.window and window else _whole_window(entity, now, zone)
    pieces: list[Window | None] = [None] if asked is None else [*split_window(entity, asked, zone)]
    # Numbered in the order of loading before anything is read: pieces are finished in any order.
    places = itertools.count(next_number(landing_root, system_name, entity_name))
    jobs: list[Callable[[Client], LandedBatch]] = [
        pull.resume(batch, next(places)) for batch in pull.unfinished()
    ]
    jobs += [pull.begin(piece, next(places)) for piece in pieces]
    return _run_all(jobs, connect, entity.concurrency)


def _entity(system_name: str, system: SystemSpec, name: str) -> EntitySpec:
    if name not in system.entities:
        raise SpecError(
            f"The source file has no {system_name}.{name}; add it, or correct the name."
        )
    return system.entities[name]


def _whole_window(entity: EntitySpec, now: dt.datetime, zone: ZoneInfo) -> Window | None:
    if entity.window is None or entity.start is None:
        return None
    if entity.mode == "incremental":
        raise SpecError("An incremental entity needs a window; take it from windows.next_window.")
    return Window(min(dt.datetime.combine(entity.start, dt.time(), zone), now), now)


class _Sum:
    """Adds up the windows of one call, so that its progress never runs backwards."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._by_window: dict[str, PullProgress] = {}

    def tell(self, one: PullProgress) -> None:
        with self._lock:
            self._by_window[one.batch_id] = one
            known = list(self._by_window.values())
        totals = [each.total for each in known if each.total is not None]
        whole = sum(totals) if len(totals) == len(known) else None
        pages, rows = sum(each.pages for each in known), sum(each.rows for each in known)
        if self._on_progress is not None:
            self._on_progress(PullProgress(one.batch_id, pages, rows, whole))


@dataclass(frozen=True)
class _Pull:
    """One call's reads: they differ only in their window."""

    system_name: str
    entity_name: str
    entity: EntitySpec
    root: Path
    now: dt.datetime
    zone: ZoneInfo
    sum: _Sum

    def unfinished(self) -> list[OpenBatch]:
        """Reads to go on with. A list without a change time is worth nothing half a day later."""
        found = incomplete_batches(self.root, self.system_name, self.entity_name)
        if self.entity.mode == "incremental":
            return found
        for batch in found:
            batch.discard()
        return []

    def resume(self, batch: OpenBatch, place: int) -> Callable[[Client], LandedBatch]:
        def job(client: Client) -> LandedBatch:
            batch.number = place
            if batch.progress.request != self._request(client.base_url):
                batch.start_over(now_text())
            params = self._params(self._window_of(batch))
            return WindowRead(client, self.entity, params, batch, self.sum.tell).run()

        return job

    def begin(self, window: Window | None, place: int) -> Callable[[Client], LandedBatch]:
        def job(client: Client) -> LandedBatch:
            bounds = (None, None) if window is None else _bounds(window)
            batch = open_batch(
                self.root,
                self.system_name,
                self.entity_name,
                self._name(window),
                window=bounds,
                request=self._request(client.base_url),
                started_at=now_text(),
                place=place,
            )
            params = self._params(window)
            return WindowRead(client, self.entity, params, batch, self.sum.tell).run()

        return job

    def _params(self, window: Window | None) -> Mapping[str, str]:
        size = self.entity.page_size
        asked = {size.param: str(size.rows)} if size else {}
        return {**self.entity.params, **asked, **window_params(self.entity, window, self.zone)}

    def _request(self, base_url: str) -> str:
        """What a resumed read must have in common with the broken one."""
        text = repr((base_url, self.entity.path, self._params(None), self.entity.paging))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _window_of(self, batch: OpenBatch) -> Window | None:
        start, end = batch.progress.window_start, batch.progress.window_end
        if start is None or end is None:
            return None
        return Window(dt.datetime.fromisoformat(start), dt.datetime.fromisoformat(end))

    def _name(self, window: Window | None) -> str:
        """Sortable by the time of reading, then by window; times in UTC, dates local."""
        read_at = _stamp(self.now)
        if window is None or self.entity.window is None:
            return f"{read_at}_all"
        if self.entity.window.type == "date":
            days = [f"{at.astimezone(self.zone):%Y%m%d}" for at in (window.start, window.end)]
            return f"{read_at}_{days[0]}_{days[1]}"
        return f"{read_at}_{_stamp(window.start)}_{_stamp(window.end)}"


def _stamp(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"


def _bounds(window: Window) -> tuple[str, str]:
    return window.start.isoformat(), window.end.isoformat()


def _run_all(
    jobs: list[Callable[[Client], LandedBatch]], connect: Callable[[], Client], concurrency: int
) -> list[LandedBatch]:
    """Run the jobs, begun in order; after a failure none is begun, and the first failure is raised."""
    if concurrency == 1 or len(jobs) == 1:
        client = connect()
        try:
            return [job(client) for job in jobs]
        finally:
            client.close()
    failed = False

    def guarded_job(job: Callable[[Client], LandedBatch]) -> LandedBatch | None:
        nonlocal failed
        if failed:
            return None
        client = connect()
        try:
            return job(client)
        except BaseException:
            failed = True
            raise
        finally:
            client.close()

    with ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="pull") as pool:
        futures: list[Future[LandedBatch | None]] = [pool.submit(guarded_job, job) for job in jobs]
    return [batch for future in futures if (batch := future.result()) is not None]


def probe(
    system_name: str,
    system: SystemSpec,
    access: Access,
    now: dt.datetime,
    *,
    zone: ZoneInfo,
    limits: ReadLimits | None = None,
) -> Probe:
    """Ask for one small page of the system's first entity; nothing is landed and nothing is raised."""
    patient = limits or ReadLimits()
    quick = replace(patient, attempts=1, response_seconds=min(patient.response_seconds, 20.0))
    began = time.monotonic()
    reachable, authorised, message = True, True, "OK"
    try:
        _ask_once(system_name, system, access, now, zone, quick)
    except UnauthorizedError as failure:
        authorised, message = False, str(failure)
    except SourceError as failure:
        reachable = authorised = False
        message = str(failure)
    return Probe(system_name, reachable, authorised, message, time.monotonic() - began)


def _ask_once(
    name: str,
    system: SystemSpec,
    access: Access,
    now: dt.datetime,
    zone: ZoneInfo,
    limits: ReadLimits,
) -> None:
    entity = _entity(name, system, next(iter(system.entities), ""))
    client = open_client(name, system, access, Budget(limits))()
    window = Window(now - dt.timedelta(minutes=1), now) if entity.window else None
    size = {entity.page_size.param: "1"} if entity.page_size else {}
    bounds = window_params(entity, window, zone)
    try:
        client.get(
            entity.path,
            {**entity.params, **size, **bounds, **ask(entity, {})[1]},
            lambda answer, what: read_page(answer.body.decoded, entity, answer.headers, what),
        )
    finally:
        client.close()
