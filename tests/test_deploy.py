"""Deployment files, checked by the programs that read them; storage on a real PostgreSQL; who listens where."""

import base64
import http.server
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from compose_pydantic import ComposeSpecification

from orchestration.settings import (
    PROJECT,
    Settings,
    SettingsError,
    use_dagster_home,
    workspace_file,
)

DEPLOY = PROJECT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed here")
    return found


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8")))


def test_compose_is_a_compose_file(compose: dict[str, Any]) -> None:
    """By the models of the compose specification, which refuse words they don't know."""
    plain = {key: value for key, value in compose.items() if not key.startswith("x-")}
    ComposeSpecification.model_validate(plain)
    plain["services"] = {**plain["services"], "web": {**plain["services"]["web"], "comand": "x"}}
    with pytest.raises(ValueError, match="comand"):
        ComposeSpecification.model_validate(plain)


def test_docker_reads_the_compose_file(tmp_path: Path) -> None:
    docker = _program("docker")
    if subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker has no compose plugin here")
    shutil.copyfile(PROJECT / "compose.yaml", tmp_path / "compose.yaml")
    (tmp_path / ".env").write_text("MOTCUA_POSTGRES_PASSWORD=x\n", encoding="utf-8")
    done = subprocess.run(
        [docker, "compose", "config", "--quiet"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_services_run_without_root_with_health_and_few_secrets(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        assert service["healthcheck"]["test"], name
        assert name == "postgres" or service["user"] != "0:0"
        assert name == "postgres" or service["read_only"] is True
    assert [name for name, s in services.items() if "ports" in s] == ["proxy"]
    assert services["proxy"]["ports"] == ["${MOTCUA_LISTEN:-127.0.0.1:8080}:8080"]
    sees_secrets = {name for name, s in services.items() if "env_file" in s}
    sees_persons = {
        name for name, s in services.items() if any("restricted" in v for v in s["volumes"])
    }
    assert sees_secrets == sees_persons == {"code", "daemon"}
    assert "--read-only" in services["viewer"]["command"]
    assert re.search(
        r"^USER motcua$", (PROJECT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_systemd_reads_the_units(tmp_path: Path) -> None:
    verify = _program("systemd-analyze")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8")
        # The program isn't installed there on this machine; the rest of the unit is read as it is.
        text = text.replace("/opt/motcua/.venv/bin/motcua", sys.executable).replace(
            "file:/opt", "file:/"
        )
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    units = [str(tmp_path / unit.name) for unit in UNITS]
    done = subprocess.run(
        [verify, "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "motcua" in line]
    assert not ours, "\n".join(ours)
    assert done.returncode == 0, done.stderr


def test_units_name_commands_that_exist() -> None:
    from orchestration.cli import main

    for unit in UNITS:
        for words in re.findall(
            r"^ExecStart=\S+ (.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE
        ):
            command = main.commands[words.split()[0]]
            options = {name for parameter in command.params for name in parameter.opts}
            assert {word for word in words.split() if word.startswith("--")} <= options
    for service in ("code", "daemon", "web", "viewer"):
        text = (PROJECT / "compose.yaml").read_text(encoding="utf-8")
        words = yaml.safe_load(text)["services"][service]["command"]
        options = {name for parameter in main.commands[words[0]].params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options


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
    nginx, openssl = _program("nginx"), _program("openssl")
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
    port = _free_port()
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


@pytest.fixture
def postgres() -> Iterator[str]:
    """A cluster of its own, as the user postgres, on loopback."""
    import pwd

    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    initdb = str(found[-1] / "initdb") if found else _program("initdb")
    postgres = str(Path(initdb).resolve().parent / "postgres")
    if not Path(postgres).exists():
        pytest.skip("the PostgreSQL server is not installed here")
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("there is no user postgres here")
    if os.geteuid() not in (0, user.pw_uid):
        pytest.skip("PostgreSQL must be started by root or by the user postgres")
    folder = Path(tempfile.mkdtemp())
    os.chown(folder, user.pw_uid, user.pw_gid)
    who: dict[str, Any] = {"user": "postgres", "group": user.pw_gid} if os.geteuid() == 0 else {}
    (folder / "pw").write_text("canary-pg-password", encoding="ascii")
    (folder / "pw").chmod(0o644)
    subprocess.run(
        [initdb, "-D", str(folder / "db"), "-U", "motcua", "-A", "scram-sha-256", f"--pwfile={folder}/pw", "-N"],
        check=True, capture_output=True, cwd=folder, **who,
    )  # fmt: skip
    port = _free_port()
    server = subprocess.Popen(
        [postgres, "-D", str(folder / "db"), "-p", str(port), "-c", "listen_addresses=127.0.0.1",
         "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **who,
    )  # fmt: skip
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            threading.Event().wait(0.1)
        yield f"postgresql://motcua:canary-pg-password@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


@dg.op
def nothing() -> None:
    """A run to remember."""


@dg.job
def remembered() -> None:
    nothing()


@pytest.mark.slow
def test_dagster_storage_on_postgresql(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MOTCUA_DAGSTER_POSTGRES moves runs and events there; the password stays out of every file."""
    import psycopg2

    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("MOTCUA_DAGSTER_POSTGRES", postgres)
    settings = Settings.load(home=tmp_path, _env_file=None)
    home = use_dagster_home(settings)
    with dg.DagsterInstance.get() as instance:
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        result = remembered.execute_in_process(quiet, instance=instance)
        assert instance.get_run_by_id(result.run_id) is not None
    with psycopg2.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from runs where run_id = %s", [result.run_id])
        assert cursor.fetchone() == (1,)
        cursor.execute("select count(*) from event_logs where run_id = %s", [result.run_id])
        assert cursor.fetchone()[0] > 5
    for path in home.rglob("*"):
        assert path.is_dir() or b"canary-pg-password" not in path.read_bytes(), path
    assert not list(home.rglob("runs.db"))


def test_everything_listens_on_loopback_unless_told() -> None:
    """No command that serves has another default, and the demo server, started plainly, proves it."""
    from demo.server import serve
    from demo.world import World
    from orchestration.cli import main
    from tests.conftest import END

    hosts = {
        name: parameter.default
        for name, command in main.commands.items()
        for parameter in command.params
        if parameter.name == "host"
    }
    assert hosts.keys() >= {"serve-demo", "ui", "web", "code"}
    assert set(hosts.values()) == {"127.0.0.1"}
    server = serve(World.build(seed=1, years=1, cases_per_year=300, procedures=300, end=END))
    try:
        assert server.address.startswith("http://127.0.0.1:")
        port = int(server.address.rsplit(":", 1)[1])
        with socket.socket() as outside:
            # Another address of this machine: a server bound to all interfaces would answer there.
            assert outside.connect_ex(("127.0.0.2", port)) != 0
    finally:
        server.close()


def test_a_code_server_is_named_by_a_setting(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path, _env_file=None, code_server="code:4000")
    read = yaml.safe_load(workspace_file(settings).read_text(encoding="utf-8"))
    assert read["load_from"][0]["grpc_server"] == {
        "host": "code",
        "port": 4000,
        "location_name": "motcua",
    }
    with pytest.raises(SettingsError, match="host:port"):
        Settings.load(home=tmp_path, _env_file=None, code_server="code")
