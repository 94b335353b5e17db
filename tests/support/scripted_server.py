"""A small scripted HTTP server on loopback for the tests of sources.

Belongs here: the contract's five pagings and four auths over rows held in memory, and a script that
says what goes wrong at which request. Doesn't: the faults themselves (server_faults.py), the simulated
systems (demo) or our own code.
"""

import base64
import contextlib
import datetime as dt
import gzip
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

Row = dict[str, Any]
SECRETS = {
    "oauth2_client_credentials": "client-canary-1:secret-canary-2",
    "api_key": "key-canary-3",
    "basic": "user-canary-4:pass-canary-5",
    "bearer": "bearer-canary-6",
    "none": "",
}


def make_rows(count: int, start: int = 0) -> list[Row]:
    first = dt.datetime(2023, 4, 27, 8, 0, tzinfo=dt.timezone(dt.timedelta(hours=7)))
    return [
        {
            "id": f"{n:05d}",
            "name": f"Hồ sơ số {n}",
            "updated_at": (first + dt.timedelta(minutes=n)).isoformat(),
        }
        for n in range(start, start + count)
    ]


@dataclass
class Reply:
    """What will be sent; a script step may change any of it, or take over with `take_over`."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    packed: bool = True
    length: int | None = None
    has_length: bool = True
    take_over: Callable[["Handler"], None] | None = None


Step = Callable[[Reply, "FakeSystem"], None]


@dataclass
class FakeSystem:
    """One list of rows behind one paging and one auth. `script`: request number (from 1) → step."""

    paging: str = "cursor"
    auth: str = "none"
    rows: list[Row] = field(default_factory=lambda: make_rows(25))
    page_size: int = 10
    script: dict[int, Step] = field(default_factory=dict)
    always: Step | None = None
    before: dict[int, Callable[["FakeSystem"], None]] = field(default_factory=dict)
    total: Callable[[int], int | None] = lambda count: count
    count_is_page: bool = False
    token_step: Step | None = None
    token_seconds: object = 3600
    log: list[dict[str, Any]] = field(default_factory=list)
    tokens: int = 0
    token: str = ""
    address: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def asked(self) -> int:
        return sum(1 for entry in self.log if entry["path"] == "/list")

    # -- answers -----------------------------------------------------------------------------------

    def is_let_in(self, headers: Any) -> bool:
        given = headers.get("Authorization", "")
        if self.auth == "none":
            return True
        if self.auth == "api_key":
            return bool(headers.get("X-API-Key") == SECRETS["api_key"])
        if self.auth == "basic":
            return bool(given == "Basic " + base64.b64encode(SECRETS["basic"].encode()).decode())
        if self.auth == "bearer":
            return bool(given == "Bearer " + SECRETS["bearer"])
        return bool(self.token) and bool(given == "Bearer " + self.token)

    def page(self, query: dict[str, str]) -> Reply:
        rows = self.rows
        if "to" in query:
            rows = [r for r in rows if query["from"] <= r["updated_at"][: len(query["from"])]]
            rows = [r for r in rows if r["updated_at"][: len(query["to"])] <= query["to"]]
        size = min(int(query.get("limit", self.page_size)), self.page_size)
        total = self.total(len(rows))
        if self.paging == "cursor":
            after = query.get("cursor", "")
            left = [r for r in rows if r["id"] > after]
            shown = left[:size]
            following = shown[-1]["id"] if len(left) > size else None
            return self._json({"data": shown, "next_cursor": following, "total": total})
        if self.paging == "offset":
            start = int(query.get("offset", 0))
            shown = rows[start : start + size]
            count = len(shown) if self.count_is_page else total
            return self._json({"items": shown, "offset": start, "limit": size, "count": count})
        number = int(query.get("page", 1))
        shown = rows[(number - 1) * size : number * size]
        more = number * size < len(rows)
        address = f"{self.address}/list?" + urlencode(query | {"page": str(number + 1)})
        if self.paging == "next_link":
            return self._json({"results": shown, "next": address if more else None})
        reply = self._json(
            shown if self.paging == "link_header" else {"rows": shown, "total": total}
        )
        if self.paging == "link_header":
            reply.headers["X-Total-Count"] = str(total)
            if more:
                reply.headers["Link"] = (
                    f'<{self.address}/list?x>; rel="first", <{address}>; rel="next"'
                )
        return reply

    @staticmethod
    def _json(document: object) -> Reply:
        body = json.dumps(document, ensure_ascii=False).encode()
        return Reply(body=body, headers={"Content-Type": "application/json; charset=utf-8"})

    def answer(
        self, method: str, path: str, query: dict[str, str], headers: Any, form: str
    ) -> Reply:
        if path == "/oauth/token":
            return self._token(form)
        with self.lock:
            self.log.append(
                {"at": time.monotonic(), "path": path, "query": query, "headers": dict(headers)}
            )
            number = self.asked
        if path != "/list":
            return Reply(status=404, body=b"{}", headers={"Content-Type": "application/json"})
        if number in self.before:
            self.before[number](self)
        if not self.is_let_in(headers):
            reply = Reply(
                status=401, body=b'{"error":"x"}', headers={"Content-Type": "application/json"}
            )
        else:
            reply = self.page(query)
        step = self.script.get(number, self.always)
        if step is not None:
            step(reply, self)
        return reply

    def _token(self, form: str) -> Reply:
        given = {name: values[0] for name, values in parse_qs(form).items()}
        self.log.append(
            {"at": time.monotonic(), "path": "/oauth/token", "query": {}, "headers": {}}
        )
        pair = f"{given.get('client_id')}:{given.get('client_secret')}"
        if pair != SECRETS["oauth2_client_credentials"]:
            return Reply(status=401, body=b"{}", headers={"Content-Type": "application/json"})
        self.tokens += 1
        self.token = f"token-canary-{self.tokens}"
        document = {
            "access_token": self.token,
            "token_type": "Bearer",
            "expires_in": self.token_seconds,
        }
        reply = self._json(document)
        if self.token_step is not None:
            self.token_step(reply, self)
        return reply


class Handler(BaseHTTPRequestHandler):
    system: FakeSystem
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        reply = self.system.answer(self.command, parts.path, query, self.headers, form)
        if reply.take_over is not None:
            # The client may have hung up already: that's what many of these faults are about.
            with contextlib.suppress(OSError):
                reply.take_over(self)
            self.close_connection = True
            return
        body = gzip.compress(reply.body, 1, mtime=0) if reply.packed and reply.body else reply.body
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.packed and reply.body and "Content-Encoding" not in reply.headers:
            self.send_header("Content-Encoding", "gzip")
        if reply.has_length:
            self.send_header("Content-Length", str(reply.length or len(body)))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)
        if reply.length is not None:
            self.close_connection = True


@contextlib.contextmanager
def serving(system: FakeSystem, tls: ssl.SSLContext | None = None) -> Iterator[FakeSystem]:
    class Bound(Handler):
        pass

    Bound.system = system
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
    # A client that hangs up in the middle is what the tests are about, not news.
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    system.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield system
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def starting() -> Iterator[Callable[[FakeSystem], FakeSystem]]:
    """A starter of servers that all end together."""
    with contextlib.ExitStack() as stack:
        yield lambda system: stack.enter_context(serving(system))
