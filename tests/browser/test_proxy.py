"""The reverse proxy before the UI: who comes is asked for, and viewers get the read-only one."""

import base64
import http.server
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import (
    PROJECT,
)
from tests.support.programs import free_port, program

DEPLOY = PROJECT / "deploy"


class _Behind(http.server.BaseHTTPRequestHandler):
    """What stands behind the proxy; it tells the path and whether a password came through."""

    def do_GET(self) -> None:
        body = f"{self.server.server_port} {self.path} {self.headers.get('Authorization')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[tuple[str, int, int]]:
    """The packaged nginx configuration, running, with real passwords and two servers behind."""
    nginx, openssl = program("nginx"), program("openssl")
    behind = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Behind) for _ in range(2)]
    for server in behind:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    web, viewer = (server.server_port for server in behind)
    for name, users in (("admins", ["lan"]), ("viewers", ["lan", "minh"])):
        lines = []
        for user in users:
            made = subprocess.run(
                [openssl, "passwd", "-apr1", f"{user}-password"],
                capture_output=True,
                text=True,
                check=True,
            )
            lines.append(f"{user}:{made.stdout.strip()}")
        (tmp_path / f"{name}.htpasswd").write_text("\n".join(lines) + "\n", encoding="ascii")
        (tmp_path / f"{name}.htpasswd").chmod(0o644)
    tmp_path.chmod(0o755)
    # The server's workers are nobody: they must get through pytest's own folders, one more with workers.
    for parent in tmp_path.parents:
        if parent.name.startswith(("pytest-", "popen-")):
            parent.chmod(0o755)
    port = free_port()
    text = (DEPLOY / "nginx" / "nginx.conf").read_text(encoding="utf-8")
    for here, there in (
        ("/tmp/", f"{tmp_path}/"), ("listen 8080", f"listen 127.0.0.1:{port}"), ("web:3000", f"127.0.0.1:{web}"),
        ("viewer:3000", f"127.0.0.1:{viewer}"), ("/etc/nginx/admins", f"{tmp_path}/admins"),
        ("/etc/nginx/viewers", f"{tmp_path}/viewers"),
        ("/dev/stdout", f"{tmp_path}/access.log"), ("/dev/stderr", f"{tmp_path}/error.log"),
    ):  # fmt: skip
        assert here in text
        text = text.replace(here, there)
    (tmp_path / "nginx.conf").write_text(text, encoding="utf-8")
    arguments = [
        nginx,
        "-p",
        str(tmp_path),
        "-c",
        str(tmp_path / "nginx.conf"),
        "-e",
        str(tmp_path / "error.log"),
    ]
    tried = subprocess.run([*arguments, "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    process = subprocess.Popen([*arguments, "-g", "daemon off;"])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            threading.Event().wait(0.05)
        yield f"http://127.0.0.1:{port}", web, viewer
    finally:
        process.terminate()
        process.wait()
        for server in behind:
            server.shutdown()
            server.server_close()


def _get(address: str, user: str | None = None) -> tuple[int, str]:
    request = urllib.request.Request(address)
    if user is not None:
        token = base64.b64encode(f"{user}:{user}-password".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_the_proxy_asks_who_comes(proxy: tuple[str, int, int]) -> None:
    address, web, viewer = proxy
    assert _get(f"{address}/healthz")[0] == 200
    for path in (
        "/",
        "/viewer",
        "/viewer/runs",
        "/reports/scorecard.html",
        "/published/kpi.duckdb",
        "/graphql",
    ):
        assert _get(address + path)[0] == 401, path
        assert _get(address + path, "eve")[0] == 401, path
    assert _get(f"{address}/runs", "lan") == (200, f"{web} /runs None")
    assert _get(f"{address}/viewer/runs", "minh") == (200, f"{viewer} /viewer/runs None")
    assert _get(f"{address}/graphql", "minh")[0] == 401, "a viewer doesn't get to the buttons"
