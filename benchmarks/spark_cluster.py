"""A Spark cluster on this machine: a master and workers, each a process of its own that may be killed.

Belongs here: starting, killing and ending those processes. Doesn't: sessions and queries (warehouse).
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

PATIENCE = 120.0
# What a session on such a cluster needs: everything speaks on loopback.
LOOPBACK: Mapping[str, str] = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.executor.cores": "1",
}
# Small tables wait for the compiler more than for the data.
SMALL: Mapping[str, str] = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
}


@dataclass(frozen=True)
class Cluster:
    """Where the master answers, and its workers."""

    master: str
    workers: tuple[subprocess.Popen[bytes], ...]

    def kill_worker(self, number: int = 0) -> None:
        """Kill a worker with all that it started, as a machine that loses its power."""
        os.killpg(self.workers[number].pid, signal.SIGKILL)
        self.workers[number].wait()


@contextmanager
def cluster(folder: Path, workers: int = 2, memory: str = "1g") -> Iterator[Cluster]:
    """A master and its workers (one core each), until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    master = f"spark://127.0.0.1:{port}"
    started: list[subprocess.Popen[bytes]] = []
    try:
        where = ["--host", "127.0.0.1", "--webui-port", "0"]
        log = folder / "master.log"
        started.append(_start(folder, "master", ["master.Master", *where, "--port", str(port)]))
        _wait_for(log, "Starting Spark master", 1)
        for number in range(workers):
            limits = ["--cores", "1", "--memory", memory, "--work-dir", str(folder / f"w{number}")]
            started.append(
                _start(folder, f"worker-{number}", ["worker.Worker", *where, *limits, master])
            )
        _wait_for(log, "Registering worker", workers)
        yield Cluster(master, tuple(started[1:]))
    finally:
        for process in reversed(started):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()


def _start(folder: Path, name: str, command: list[str]) -> "subprocess.Popen[bytes]":
    found = find_spec("pyspark")
    assert found is not None
    assert found.submodule_search_locations is not None
    home = Path(found.submodule_search_locations[0])
    settings = {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_HOME": str(home),
    }
    main, *rest = command
    with (folder / f"{name}.log").open("wb") as log:
        # A session of its own: whoever kills the group takes the executors too.
        return subprocess.Popen(
            [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{main}", *rest],
            env={**os.environ, **settings}, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip


def _wait_for(log: Path, word: str, times: int) -> None:
    ends = time.monotonic() + PATIENCE
    while log.read_text(encoding="utf-8", errors="replace").count(word) < times:
        if time.monotonic() > ends:
            raise TimeoutError(
                f"{log.name} doesn't say “{word}” {times} times after {PATIENCE:.0f} s."
            )
        time.sleep(0.1)
