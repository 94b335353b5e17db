"""The wire: a session that trusts nothing but the given certificates, and a hard end for each answer.

Belongs here: sockets, TLS, the deadline, origins. Doesn't: what an answer means (http). Neither the
environment nor .netrc is read: proxies, certificates and secrets are what the caller passes in.
"""

import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Url, parse_url

from sources.errors import PermanentError, SpecError
from sources.http.limits import ReadLimits

_DEFAULT_PORTS = {"http": 80, "https": 443}
# These loggers write addresses with their query, and broken headers; client.py says what there is to say.
for _name in ("urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).addFilter(lambda _record: False)
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True)
class Wire:
    """How the site is connected: its own certificate authority (a PEM file) and proxy, if any."""

    ca_bundle: Path | None = None
    proxy: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port: what a secret may be sent to."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, address: str) -> "Origin":
        """The origin of an absolute address.

        Raises:
            PermanentError: not an address that may be asked.
        """
        parsed = _parse(address)
        if parsed is None or parsed.scheme not in _DEFAULT_PORTS or not parsed.host or parsed.auth:
            raise PermanentError("A link isn't a plain http or https address; it isn't followed.")
        scheme = parsed.scheme
        return cls(scheme, parsed.host.lower().rstrip("."), parsed.port or _DEFAULT_PORTS[scheme])


def _parse(address: str) -> Url | None:
    # The same parser that requests sends by: two parsers that disagree are how links escape.
    if _UNSAFE.search(address):
        return None
    try:
        return parse_url(address)
    except ValueError:
        return None


def check_base_url(base_url: str) -> str:
    """A base address without its closing slash.

    Raises:
        SpecError: not a plain http(s) address; secrets and parameters don't belong in it.
    """
    parsed = _parse(base_url)
    plain = parsed and parsed.host and parsed.scheme in _DEFAULT_PORTS
    if not plain or parsed is None or parsed.auth or parsed.query or parsed.fragment:
        raise SpecError(
            "A system's address must look like https://host/path, with no user, secret, ? or # in it."
        )
    return base_url.rstrip("/")


def resolve_link(current: str, link: str, base_url: str) -> str:
    """The absolute address of a `next` link, which must stay with the system that gave it.

    Raises:
        PermanentError: it leads elsewhere; following it could reach what the system itself can't.
    """
    try:
        address = "" if _UNSAFE.search(link) else urljoin(current, link)
    except ValueError:
        address = ""
    if address and Origin.of(address) == Origin.of(base_url):
        return address
    raise PermanentError(
        "The system gave a next link to another origin (scheme, host or port); it isn't followed. "
        "Ask its operator to give links under its own address."
    )


class _Deadline:
    """Cuts the sockets of one session when an answer takes too long, also while its headers drip."""

    def __init__(self) -> None:
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()

    def watch(self, sock: socket.socket) -> None:
        with self._lock:
            self._sockets = {known for known in self._sockets if known.fileno() >= 0} | {sock}

    def cut(self) -> None:
        with self._lock:
            for sock in self._sockets:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class _Adapter(HTTPAdapter):
    """The usual adapter, whose connections report their sockets to the deadline."""

    def __init__(self, deadline: _Deadline) -> None:
        self._deadline = deadline
        super().__init__(max_retries=0, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self._deadline)


def _pool_classes(deadline: _Deadline) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            if isinstance(self.sock, socket.socket):
                deadline.watch(self.sock)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            if isinstance(self.sock, socket.socket):
                deadline.watch(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class Session:
    """One connection to one system; not shared between threads."""

    def __init__(self, wire: Wire, limits: ReadLimits) -> None:
        if wire.ca_bundle is not None and not wire.ca_bundle.is_file():
            raise SpecError(f"{wire.ca_bundle}: no such certificate file; correct the CA setting.")
        self._limits = limits
        self._deadline = _Deadline()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(wire.ca_bundle) if wire.ca_bundle else True
        if wire.proxy:
            self._session.proxies = {"http": wire.proxy, "https": wire.proxy}
        self._session.headers.clear()
        self._session.headers.update(
            {"User-Agent": "motcua/1", "Accept": "application/json", "Accept-Encoding": "gzip"}
        )
        self._session.mount("http://", _Adapter(self._deadline))
        self._session.mount("https://", _Adapter(self._deadline))

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def within(self, seconds: float) -> threading.Timer:
        """A running timer that cuts the connection after `seconds`; cancel it when the answer is in."""
        timer = threading.Timer(max(seconds, 0.001), self._deadline.cut)
        timer.daemon = True
        timer.start()
        return timer

    def send(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """Ask once; never follows a redirect, never reads the body.

        Raises:
            requests.RequestException, urllib3.exceptions.HTTPError: for client.py to translate.
        """
        return self._session.request(
            method,
            url,
            timeout=(self._limits.connect_seconds, self._limits.read_seconds),
            allow_redirects=False,
            stream=True,
            **kwargs,
        )


def has_broken_headers(response: requests.Response) -> bool:
    """Whether the headers broke off; the library only logs it and goes on without the rest."""
    original = getattr(response.raw, "_original_response", None)
    return bool(getattr(getattr(original, "msg", None), "defects", None))


def raw_chunks(
    response: requests.Response, size: int, check: Callable[[], None]
) -> Iterator[bytes]:
    """The body's bytes as they come off the wire, still packed; `check` runs after every piece."""
    while True:
        # read1 returns what one read of the socket brought: read would wait until `size` is there.
        chunk = response.raw.read1(size, decode_content=False)
        check()
        if not chunk:
            return
        yield chunk
