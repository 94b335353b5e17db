"""Dagster's storage on a real PostgreSQL."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.settings import (
    Settings,
    use_dagster_home,
)
from tests.support.programs import free_port, program


@pytest.fixture
def postgres() -> Iterator[str]:
    """A cluster of its own, as the user postgres, on loopback."""
    import pwd

    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    initdb = str(found[-1] / "initdb") if found else program("initdb")
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
    port = free_port()
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
            cursor.execute(
                "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            )
            # Stock Dagster closes each and opens some two thousand in a night.
            assert cursor.fetchone()[0] >= 1, "the event log holds one"
    with psycopg2.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from runs where run_id = %s", [result.run_id])
        assert cursor.fetchone() == (1,)
        cursor.execute("select count(*) from event_logs where run_id = %s", [result.run_id])
        assert cursor.fetchone()[0] > 5
    for path in home.rglob("*"):
        assert path.is_dir() or b"canary-pg-password" not in path.read_bytes(), path
    assert not list(home.rglob("runs.db"))
