"""The four source systems of the contract as one HTTP server: their auth, their paging, their words.

Belongs here: requests → answers. Doesn't: the world (world.py) or its faults (faults.py).
Each system lies below a prefix of its own: /cases, /ratings, /services, /registry.
Control: GET /__log, GET and POST /__clock, GET /__truth, GET, POST and DELETE /__scenario.
"""

import base64
import datetime as dt
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from demo.answers import Answer, send, sent_status
from demo.faults import FaultRule, Request, Scenario
from demo.lists import Snapshot
from demo.routes import ROUTES, Asked, Query, page_asked
from demo.spoil import records, spoilt
from demo.world import World

# Secrets of a server that holds invented data and listens on loopback.
DEMO_CREDENTIALS = {
    "cases": "motcua-demo:case-secret-0001",
    "ratings": "rating-key-0002",
    "services": "demo:service-pass-0003",
    "registry": "registry-token-0004",
}
TOKEN_SECONDS = 3600


@dataclass
class State:
    """What the server remembers between requests."""

    world: World
    scenario: Scenario
    snapshot: Snapshot
    tokens: dict[str, float] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def set_clock(self, clock: dt.datetime) -> None:
        """Show the world as it stands at `clock`."""
        self.snapshot = Snapshot(self.world, clock, self.snapshot.changes)

    def mutate(self, rule: FaultRule, path: str, page: bytes) -> None:
        """Change the world by a rule, between the page that has been made and the next."""
        now = self.snapshot
        if now.changes.make(path, records(json.loads(page)), rule.arguments["ops"], now.clock):
            self.set_clock(now.clock)


@dataclass
class DemoServer:
    """A running server: `urls` by system, `close` ends it."""

    state: State
    _server: ThreadingHTTPServer

    @property
    def address(self) -> str:
        """http://host:port."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def urls(self) -> dict[str, str]:
        """The base address of each system."""
        return {system: f"{self.address}/{system}" for system in DEMO_CREDENTIALS}

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def wait(self) -> None:
        """Serve until interrupted."""
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            self.close()


def serve(
    world: World, host: str = "127.0.0.1", port: int = 0, scenario: Scenario | None = None,
    clock: dt.datetime | None = None,
) -> DemoServer:  # fmt: skip
    """Start serving a world in a thread; port 0 takes a free one."""
    state = State(world, scenario or Scenario(), Snapshot(world, clock or world.end))

    class Handler(SystemsHandler):
        shared = state

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="demo-systems", daemon=True).start()
    return DemoServer(state, server)


class SystemsHandler(BaseHTTPRequestHandler):
    """Routes a request to its system."""

    shared: State
    protocol_version = "HTTP/1.1"
    # A page is sent in one piece; waiting for more would cost 40 ms each.
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the base class's)
        """Nothing on stderr: /__log has it."""

    def do_GET(self) -> None:
        """Answer a GET."""
        self._handle()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._handle()

    def do_DELETE(self) -> None:
        """Answer a DELETE."""
        self._handle()

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        if parts.path.startswith("/__"):
            send(self, self._control(parts.path, body), None)
            return
        _, system, rest = (
            ("/", *parts.path.removeprefix("/").split("/", 1))[:3]
            if "/" in parts.path[1:]
            else ("/", "", "")
        )
        rule = self.shared.scenario.next_rule(
            Request(system, f"/{rest}", parts.query, page_asked(query))
        )
        answer = self._answer(system, f"/{rest}", query, body, rule)
        with self.shared.lock:
            self.shared.log.append({
                "at": time.time(), "method": self.command, "system": system, "path": f"/{rest}", "query": query,
                "status": sent_status(answer, rule), "fault": rule.do if rule else None,
            })  # fmt: skip
        if rule and rule.do == "mutate_between_pages" and answer.status == HTTPStatus.OK:
            self.shared.mutate(rule, f"/{rest}", answer.body)
        send(self, answer, rule)

    def _answer(
        self, system: str, path: str, query: Query, body: bytes, rule: FaultRule | None
    ) -> Answer:
        if rule and rule.do == "expire_token":
            self.shared.tokens.clear()
        if system == "cases" and path == "/oauth/token":
            return self._token(body)
        if system not in DEMO_CREDENTIALS:
            return Answer.error(404, "not_found")
        if not self._may(system):
            return Answer.error(401, "unauthorized")
        route = ROUTES.get((system, path))
        if route is None:
            return Answer.error(404, "not_found")
        try:
            asked = Asked(self.shared.snapshot, f"http://{self.headers.get('Host', 'localhost')}")
            return spoilt(route(asked, query, rule), rule)
        except ValueError:
            return Answer.error(400, "bad_request")

    def _token(self, body: bytes) -> Answer:
        form = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
        given = f"{form.get('client_id')}:{form.get('client_secret')}"
        if form.get("grant_type") != "client_credentials" or given != DEMO_CREDENTIALS["cases"]:
            return Answer.error(401, "invalid_client")
        token = secrets.token_urlsafe(24)
        self.shared.tokens[token] = time.time() + TOKEN_SECONDS
        return Answer.json(
            {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        )

    def _may(self, system: str) -> bool:
        given = self.headers.get("Authorization", "")
        secret = DEMO_CREDENTIALS[system]
        if system == "cases":
            return self.shared.tokens.get(given.removeprefix("Bearer "), 0) > time.time()
        if system == "ratings":
            return secrets.compare_digest(self.headers.get("X-API-Key", ""), secret)
        if system == "services":
            return given == f"Basic {base64.b64encode(secret.encode()).decode()}"
        return given == f"Bearer {secret}"

    def _control(self, path: str, body: bytes) -> Answer:
        state = self.shared
        if path == "/__log":
            return Answer.json(state.log)
        if path == "/__truth":
            return Answer.json(state.snapshot.truth())
        if path == "/__clock":
            if self.command == "POST":
                state.set_clock(dt.datetime.fromisoformat(json.loads(body)["now"]))
            return Answer.json({"now": state.snapshot.clock.isoformat()})
        if path == "/__scenario":
            if self.command == "DELETE":
                state.scenario = Scenario()
            elif self.command == "POST":
                state.scenario = Scenario.parse(json.loads(body))
            return Answer.json([vars(rule) for rule in state.scenario.rules])
        return Answer.error(404, "not_found")
