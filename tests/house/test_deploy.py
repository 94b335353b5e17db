"""Deployment files, checked by the programs that read them; who listens where."""

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_pydantic import ComposeSpecification

from orchestration.settings import (
    PROJECT,
    Settings,
    SettingsError,
    workspace_file,
)
from tests.support.programs import program

DEPLOY = PROJECT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())


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
    docker = program("docker")
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
    verify = program("systemd-analyze")
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
