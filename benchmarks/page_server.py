"""The rendered world as four source systems: a small server that only sends files.

Belongs here: request → rendered page. Doesn't: making pages (rendering.py). It checks no secrets and
packs nothing, so that it never is what a measurement waits for. POST /__clock?n=0 or 1 moves the clock.
"""

import json
import sys
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

Query = dict[str, str]
_STARTS = ("updated_from", "received_from", "submitted_from", "changed_from", "decided_from")


@dataclass
class State:
    """The rendered lists by key, and where the clock stands."""

    folder: Path
    lists: dict[str, list[dict[str, Any]]]
    clock: int = 0

    @classmethod
    def read(cls, folder: Path) -> "State":
        """Read the index that rendering wrote."""
        lists: dict[str, list[dict[str, Any]]] = {}
        for entry in json.loads((folder / "index.json").read_text(encoding="utf-8")):
            lists.setdefault(entry["key"], []).append(entry)
        return cls(folder, lists)

    def pick(self, key: str, query: Query) -> dict[str, Any] | None:
        """The list rendered for this window: the days from the same one on, or the latest that begins no later."""
        known = [entry for entry in self.lists.get(key, ()) if entry["clock"] == self.clock]
        start = next((query[name] for name in _STARTS if name in query), None)
        for entry in known:
            if start and entry["end"] and entry["start"] == start:
                return entry
        older = [
            entry for entry in known
            if entry["end"] is None and (entry["start"] is None or (start and entry["start"] <= start))
        ]  # fmt: skip
        return max(older, key=lambda entry: entry["start"] or "", default=None)


class Handler(BaseHTTPRequestHandler):
    """Sends rendered pages."""

    state: State
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the base class's)
        """Nothing."""

    def do_POST(self) -> None:
        """A token for whoever asks, or the clock."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        if parts.path == "/__clock":
            self.state.clock = int(dict(parse_qsl(parts.query))["n"])
        token = {"access_token": "rendered", "token_type": "Bearer", "expires_in": 36000}
        self._send(200, json.dumps(token).encode(), {})

    def do_GET(self) -> None:
        """The page that the query asks for."""
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        _, system, rest = [*parts.path.split("/", 2), ""][:3]
        entry = self.state.pick(f"{system} /{rest}", query)
        if entry is None:
            self._send(404, b'{"error":"not_rendered"}', {})
            return
        number, headers = _number(query, entry["size"]), {}
        if rest == "ratings":
            headers["X-Total-Count"] = str(entry["rows"])
            if number + 1 < entry["pages"]:
                following = urlencode({**query, "page": number + 2})
                headers["Link"] = (
                    f'<http://{self.headers["Host"]}{parts.path}?{following}>; rel="next"'
                )
        if number >= entry["pages"]:
            empty = (
                b"[]"
                if rest == "ratings"
                else b'{"items":[],"data":[],"results":[],"next_cursor":null,"next":null}'
            )
            self._send(200, empty, headers)
            return
        path = self.state.folder / entry["folder"] / f"{number:05d}.json.gz"
        self._send(200, path.read_bytes(), {**headers, "Content-Encoding": "gzip"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _number(query: Query, size: int) -> int:
    if "page" in query:
        return int(query["page"]) - 1
    if "offset" in query:
        return -(-int(query["offset"]) // size)
    return int(query.get("cursor") or query.get("after") or 0)


def main() -> None:
    """Serve the folder that the command line names, and print the port."""
    Handler.state = State.read(Path(sys.argv[1]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
