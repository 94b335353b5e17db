"""Pulling an entity: which windows, in which order, on how many connections; and probing a system.

Belongs here: the package's front door. Doesn't: one window's reading (reading) or loading what landed
(the warehouse). A read that broke off is finished first, with its own window; then the asked one.
"""

import datetime as dt
import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from sources.envelope import read_page
from sources.errors import SourceError, SpecError, UnauthorizedError
from sources.http import Client, open_client
from sources.landing import LandedBatch, OpenBatch, incomplete_batches, open_batch
from sources.limits import Budget, Limits
from sources.paging import ask
from sources.reading import OnProgress, WindowRead, now_text
from sources.spec import EntitySpec, SourcesSpec
from sources.transport import Wire
from sources.windows import Window, split_window, window_params


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
    sources: SourcesSpec,
    system: str,
    entity: str,
    *,
    base_url: str,
    credential: str | None,
    landing: Path,
    window: tuple[dt.datetime, dt.datetime] | None,
    now: dt.datetime,
    progress: OnProgress | None = None,
    limits: Limits | None = None,
    wire: Wire | None = None,
) -> list[LandedBatch]:
    """Read an entity's window into the landing; the batches in the order in which to load them.

    The first may be one that an earlier run left unfinished. Without a window a snapshot or a key
    sweep is read from the entity's `start` to `now`. The caller holds the site's lock.

    Raises:
        SourceError: what was finished before it stays as complete batches, and a later call goes on
            with the broken one at its page.
    """
    spec = _entity(sources, system, entity)
    connect = open_client(
        system, sources.systems[system], base_url, credential, Budget(limits or Limits()), wire
    )
    zone = ZoneInfo(sources.time_zone)
    pull = _Pull(system, entity, spec, landing, now, zone, _Rows(progress))
    asked = _normal_window(spec, window, now, zone)
    pieces: list[Window | None] = [None] if asked is None else [*split_window(spec, asked, zone)]
    jobs: list[Callable[[Client], LandedBatch]] = [
        pull.resume(batch) for batch in pull.unfinished()
    ]
    jobs += [pull.begin(piece) for piece in pieces]
    return _run_all(jobs, connect, spec.concurrency)


def _entity(sources: SourcesSpec, system: str, name: str) -> EntitySpec:
    entities = sources.systems[system].entities if system in sources.systems else {}
    if name not in entities:
        raise SpecError(f"The source file has no {system}.{name}; add it, or correct the name.")
    return entities[name]


def _normal_window(
    entity: EntitySpec,
    window: tuple[dt.datetime, dt.datetime] | None,
    now: dt.datetime,
    zone: ZoneInfo,
) -> Window | None:
    if entity.window is None:
        return None
    if window is not None:
        return Window(*window)
    if entity.start is None or entity.mode == "incremental":
        raise SpecError("An incremental entity needs a window; take it from windows.next_window.")
    return Window(min(dt.datetime.combine(entity.start, dt.time(), zone), now), now)


class _Rows:
    """Adds up the rows of one call's windows, so that its progress never runs backwards."""

    def __init__(self, progress: OnProgress | None) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._by_window: dict[str, tuple[int, int | None]] = {}

    def of(self, batch: OpenBatch) -> OnProgress:
        def tell(rows: int, total: int | None) -> None:
            with self._lock:
                self._by_window[batch.batch_id] = (rows, total)
                counted = list(self._by_window.values())
            totals = [total for _, total in counted if total is not None]
            if self._progress is not None:
                whole = sum(totals) if len(totals) == len(counted) else None
                self._progress(sum(rows for rows, _ in counted), whole)

        return tell


@dataclass(frozen=True)
class _Pull:
    """One call's reads: they differ only in their window."""

    system_name: str
    entity_name: str
    entity: EntitySpec
    root: Path
    now: dt.datetime
    zone: ZoneInfo
    rows: _Rows

    def unfinished(self) -> list[OpenBatch]:
        """Reads to go on with. A list without a change time is worth nothing half a day later."""
        found = incomplete_batches(self.root, self.system_name, self.entity_name)
        if self.entity.mode == "incremental":
            return found
        for batch in found:
            batch.discard()
        return []

    def resume(self, batch: OpenBatch) -> Callable[[Client], LandedBatch]:
        def job(client: Client) -> LandedBatch:
            if batch.progress.request != self._request(client.base_url):
                batch.start_over(now_text())
            params = self._params(self._window_of(batch))
            return WindowRead(client, self.entity, params, batch, self.rows.of(batch)).run()

        return job

    def begin(self, window: Window | None) -> Callable[[Client], LandedBatch]:
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
            )
            params = self._params(window)
            return WindowRead(client, self.entity, params, batch, self.rows.of(batch)).run()

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
    sources: SourcesSpec,
    system: str,
    *,
    base_url: str,
    credential: str | None,
    now: dt.datetime,
    limits: Limits | None = None,
    wire: Wire | None = None,
) -> Probe:
    """Ask for one small page of the system's first entity; nothing is landed and nothing is raised."""
    patient = limits or Limits()
    quick = replace(patient, attempts=1, response_seconds=min(patient.response_seconds, 20.0))
    began = time.monotonic()
    reachable, authorised, message = True, True, "OK"
    try:
        _ask_once(sources, system, base_url, credential, now, quick, wire)
    except UnauthorizedError as failure:
        authorised, message = False, str(failure)
    except SourceError as failure:
        reachable = authorised = False
        message = str(failure)
    return Probe(system, reachable, authorised, message, time.monotonic() - began)


def _ask_once(
    sources: SourcesSpec,
    system: str,
    base_url: str,
    credential: str | None,
    now: dt.datetime,
    limits: Limits,
    wire: Wire | None,
) -> None:
    entity = _entity(sources, system, next(iter(sources.systems[system].entities), ""))
    client = open_client(
        system, sources.systems[system], base_url, credential, Budget(limits), wire
    )()
    window = Window(now - dt.timedelta(minutes=1), now) if entity.window else None
    size = {entity.page_size.param: "1"} if entity.page_size else {}
    bounds = window_params(entity, window, ZoneInfo(sources.time_zone))
    try:
        client.get(
            entity.path,
            {**entity.params, **size, **bounds, **ask(entity, {})[1]},
            lambda answer, what: read_page(answer.body.decoded, entity, answer.headers, what),
        )
    finally:
        client.close()
